import gc

import pytest
from hypothesis import Phase, settings
from hypothesis.errors import InvalidArgument
from waiting_loops import POLL, RIGHT

from flyte_testkit import laws
from flyte_testkit.errors import BrokenLaw

QUICK = settings(
    derandomize=True, max_examples=2, database=None, phases=[Phase.explicit, Phase.generate]
)


class TestMarked(laws.WaitingLaws):
    """Never says success: three laws find that, and are marked in both the ways there are."""

    settings = QUICK
    client = "testkit"
    poll_interval = POLL

    def wait(self, remote, execution, timeout):
        RIGHT(remote, execution, timeout)
        return False

    @pytest.mark.xfail(reason="it never says success", raises=BrokenLaw)
    def test_ends_with_every_outcome(self):
        super().test_ends_with_every_outcome()

    @pytest.mark.xfail(reason="however late", raises=BrokenLaw)
    def test_waits_as_long_as_it_takes(self):
        super().test_waits_as_long_as_it_takes()

    test_survives_blips = pytest.mark.xfail(reason="nor does it here")(
        laws.WaitingLaws.test_survives_blips
    )
    test_threads_do_not_mix_up_executions = pytest.mark.skip(reason="it would take longer")(
        laws.WaitingLaws.test_threads_do_not_mix_up_executions
    )


def test_marks_of_a_law_are_inherited_and_leave_others_alone():
    derived = type("Derived", (TestMarked,), {})
    other = type("Other", (laws.WaitingLaws,), {"wait": TestMarked.wait})

    assert [mark.name for mark in derived.test_survives_blips.pytestmark] == ["xfail"]
    assert not hasattr(other.test_survives_blips, "pytestmark")


def test_every_class_has_tests_of_its_own():
    first = type("First", (laws.WaitingLaws,), {"wait": TestMarked.wait})
    second = type("Second", (first,), {})

    assert first.test_survives_blips is not second.test_survives_blips
    assert second.test_survives_blips.__qualname__ == "Second.test_survives_blips"
    assert second.test_survives_blips.__doc__.startswith("Outages no longer")


def test_a_law_is_told_once_by_name_and_with_what_it_promises():
    tests = [name for name in vars(TestMarked) if name.startswith("test_")]

    assert len(tests) == 22


def waits(self, remote, execution, timeout):
    return True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"wait": lambda _self, _remote: True}, "Write def wait(self, remote, execution, timeout)"),
        ({"wait": True}, "is no method"),
        ({"wait": waits, "poll_interval": 0}, "poll_interval = 0: it is a number, more than 0"),
        ({"wait": waits, "survives": -1}, "survives = -1: it is a number, 0 or more"),
        ({"wait": waits, "survives": float("inf")}, "survives = inf"),
        ({"wait": waits, "rpcs_per_second": "1"}, "rpcs_per_second = '1'"),
        ({"wait": waits, "rpc_timeout": 0}, "rpc_timeout = 0: it is a number, more than 0"),
        ({"wait": waits, "client": "mine"}, "'flytekit' or 'testkit'"),
        ({"wait": waits, "client": "ours"}, "Write client = 'testkit' for the client of flyte_te"),
        ({"wait": waits, "client": "tesktit"}, "Did you mean 'testkit'?"),
        ({"wait": waits, "may_terminate": "yes"}, "may_terminate = 'yes': it is True or False."),
        ({"wait": waits, "may_terminates": True}, "did you mean 'may_terminate'?"),
        ({"wait": waits, "blip_codes": ("UNAVAILABEL",)}, "Did you mean 'UNAVAILABLE'?"),
        ({"wait": waits, "blip_codes": "UNAVAILABLE"}, "blip_codes"),
        ({"wait": waits, "settings": 100}, "are no Hypothesis settings"),
        ({"wait": waits, "outputs": lambda _self, _remote: {}}, "def outputs(self, remote, exec"),
        ({"wait": waits, "poll_intervall": 5}, "did you mean 'poll_interval'?"),
    ],
)
def test_what_a_suite_cannot_mean_is_refused_when_it_is_defined(body, message):
    with pytest.raises(InvalidArgument) as refused:
        type("TestOurs", (laws.WaitingLaws,), body)

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"launch": lambda _self: None}, "Write def launch(self, remote)"),
        ({"launch_plan": ""}, "it is a name"),
        ({"inputs": [str]}, "write a dict by name"),
    ],
)
def test_what_a_launching_suite_cannot_mean_is_refused_as_well(body, message):
    with pytest.raises(InvalidArgument) as refused:
        type("TestOurs", (laws.LaunchingLaws,), body)

    assert message in str(refused.value)


def test_static_methods_and_defaults_serve_as_well():
    waits = staticmethod(lambda _remote, _execution, _timeout=60: True)
    suite = type("TestOurs", (laws.WaitingLaws,), {"wait": waits})

    assert suite.wait(None, None) is True


def test_a_suite_without_its_method_is_a_base_and_skips():
    import unittest

    body = {"survives": 0, "settings": QUICK, "client": "testkit"}
    base = type("Base", (laws.WaitingLaws,), body)

    with pytest.raises(unittest.SkipTest, match="promises to survive no outage"):
        base().test_survives_blips()
    with pytest.raises(unittest.SkipTest, match="promises no rpc_timeout"):
        base().test_keeps_its_time_budget_though_a_call_hangs()
    with pytest.raises(unittest.SkipTest, match="Base has no wait"):
        base().test_ends_with_every_outcome()


def test_settings_are_kept_but_for_the_deadline():
    suite = type("TestOurs", (laws.WaitingLaws,), {"wait": waits, "settings": QUICK})

    kept = suite.test_survives_blips._hypothesis_internal_use_settings

    assert (kept.max_examples, kept.deadline) == (2, None)


def look_at_the_collector(seen, meanwhile=lambda: None):
    """Run a law whose code under test takes down how often what is looked through."""

    class Waits(laws.WaitingLaws):
        client = "testkit"
        settings = settings(max_examples=1, database=None)

        def wait(self, remote, execution, timeout):
            meanwhile()
            seen.append(gc.get_threshold())
            return remote.wait(execution, timeout).is_successful

    Waits().test_says_success_only_of_success()


def test_while_a_law_runs_the_collector_looks_through_all_more_seldom():
    before, seen = gc.get_threshold(), []
    look_at_the_collector(seen)
    assert {often[:2] for often in seen} == {before[:2]}
    assert all(often[2] > before[2] for often in seen)
    assert gc.get_threshold() == before


def test_what_is_older_than_a_law_is_not_hidden_from_the_code_under_test(monkeypatch):
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 0)
    monkeypatch.setattr(gc, "freeze", lambda: pytest.fail("gc.get_referrers finds nothing frozen"))
    look_at_the_collector([])


def test_what_the_code_under_test_says_to_the_collector_in_a_law_holds_after_it():
    before = gc.get_threshold()
    try:
        look_at_the_collector([], lambda: gc.set_threshold(5_000, 20, 30))
        assert gc.get_threshold() == (5_000, 20, 30)
    finally:
        gc.set_threshold(*before)
