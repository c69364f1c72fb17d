import time
from types import SimpleNamespace

import pytest
from broken_suites import FIND, Waiting
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting_loops import RIGHT

from flyte_testkit.errors import BrokenLaw
from flyte_testkit.laws._bounds import is_early, is_late, no_earlier_than, no_later_than

OUTAGE = "test_keeps_its_time_budget_in_an_outage"


def passes(check, elapsed):
    flyte_admin = SimpleNamespace(clock=SimpleNamespace(elapsed=elapsed))
    try:
        exec(check, {"flyte_admin": flyte_admin})  # noqa: S102  our own words
    except AssertionError:
        return False
    return True


@given(latest=st.floats(0, 1e6), micros=st.integers(-200_000, 200_000))
@settings(derandomize=True)
def test_a_law_and_the_test_that_it_prints_have_one_bound(latest, micros):
    at = round(latest * 1_000_000 + micros) / 1_000_000

    assert passes(no_later_than(latest), at) is not is_late(at, latest)
    assert passes(no_earlier_than(latest), at) is not is_early(at, latest)


def gives_up_so_late(seconds):
    def wait(remote, execution, timeout):
        try:
            return RIGHT(remote, execution, timeout)
        except TimeoutError:
            time.sleep(seconds)
            raise

    return wait


def suite(seconds):
    loop = staticmethod(gives_up_so_late(seconds))
    body = {"__module__": __name__, "loop": loop, "settings": settings(FIND, max_examples=40)}
    return type("AtTheEdge", (Waiting,), body)()


@pytest.mark.parametrize("seconds", [1, 1.05, 1.1])
def test_a_loop_at_the_edge_keeps_the_law_of_outages(seconds):
    getattr(suite(seconds), OUTAGE)()


def test_a_loop_beyond_the_edge_is_told_with_a_test_that_fails_there_and_not_before():
    with pytest.raises(BrokenLaw) as broken:
        getattr(suite(1.2), OUTAGE)()

    text = str(broken.value)
    check = text.splitlines()[-1].strip()
    timeout = float(text.split("wait was given ")[1].split(" s", maxsplit=1)[0])
    assert not passes(check, timeout + 1.2)
    assert passes(check, round(timeout + 1.1, 6))


@pytest.mark.parametrize(("seconds", "kept"), [(0.1, True), (0.101, False)])
def test_elsewhere_only_rounding_is_forgiven(seconds, kept):
    law = suite(seconds).test_keeps_its_time_budget
    if kept:
        law()
        return
    with pytest.raises(BrokenLaw, match="keeps its time budget"):
        law()
