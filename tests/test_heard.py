"""Who has heard of a hopeless wait: each way of catching one, by name and otherwise."""

# ruff: noqa: B017, BLE001, E722, PT017, PT027, RUF061, S110, SIM105  each way, also the bad ones
# ruff: noqa: S301  it was pickled here

import contextlib
import pickle
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import pytest

from flyte_testkit import HopelessWait, errors
from flyte_testkit.clock._heard import Verdicts


@pytest.fixture
def verdicts():
    return Verdicts()


def wait(verdicts):
    raise verdicts.say("nothing is scheduled")


def expects(kind, verdicts):
    with pytest.raises(kind):
        wait(verdicts)


def ends_by_pytest(verdicts):
    with pytest.raises(HopelessWait, match="nothing is scheduled"):
        wait(verdicts)


def ends_by_pytest_in_its_older_form(verdicts):
    pytest.raises(HopelessWait, wait, verdicts)


def ends_by_one_of_several(verdicts):
    expects((ValueError, HopelessWait), verdicts)


def ends_by_the_name_of_a_module(verdicts):
    with pytest.raises(errors.HopelessWait):
        wait(verdicts)


def ends_by_except(verdicts):
    try:
        wait(verdicts)
    except HopelessWait:
        pass


def ends_by_suppress(verdicts):
    with contextlib.suppress(HopelessWait):
        wait(verdicts)


def ends_by_unittest(verdicts):
    with unittest.TestCase().assertRaises(HopelessWait):
        wait(verdicts)


def ends_by_unittest_in_its_older_form(verdicts):
    unittest.TestCase().assertRaisesRegex(HopelessWait, "scheduled", wait, verdicts)


def ends_in_a_pool_and_is_asked_for(verdicts):
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(wait, verdicts)
        with pytest.raises(HopelessWait):
            ended.result()


def ends_by_a_local_name(verdicts):
    from flyte_testkit import HopelessWait as Hopeless

    try:
        wait(verdicts)
    except Hopeless:
        pass


def ends_by_a_tuple(verdicts):
    try:
        wait(verdicts)
    except (ValueError, HopelessWait):
        pass


@contextlib.contextmanager
def hopeless():
    try:
        yield
    except HopelessWait:
        pass


def ends_by_a_context_manager(verdicts):
    with hopeless():
        wait(verdicts)


def ends_after_clearing_up(verdicts):
    with pytest.raises(HopelessWait):
        try:
            wait(verdicts)
        finally:
            verdicts = None


def ends_by_asking_what_it_is(verdicts):
    try:
        wait(verdicts)
    except BaseException as error:
        assert isinstance(error, HopelessWait)


BY_NAME = [value for name, value in sorted(vars().items()) if name.startswith("ends_")]


@pytest.mark.parametrize("ends", BY_NAME)
def test_whoever_catches_it_by_name_has_heard(ends, verdicts):
    ends(verdicts)
    assert verdicts.unheard() is None


def swallowed_by_bare_except(verdicts):
    try:
        wait(verdicts)
    except:
        pass


def swallowed_by_base_exception(verdicts):
    with contextlib.suppress(BaseException):
        wait(verdicts)


def swallowed_by_pytest(verdicts):
    expects(BaseException, verdicts)


def swallowed_by_unittest(verdicts):
    with unittest.TestCase().assertRaises(BaseException):
        wait(verdicts)


def swallowed_by_a_future(verdicts):
    with ThreadPoolExecutor() as pool:
        pool.submit(wait, verdicts)


def swallowed_by_a_future_that_is_asked_what_it_raised(verdicts):
    with ThreadPoolExecutor() as pool:
        assert isinstance(pool.submit(wait, verdicts).exception(), BaseException)


def swallowed_by_a_thread(verdicts):
    thread = threading.Thread(target=swallowed_by_bare_except, args=(verdicts,))
    thread.start()
    thread.join()


def swallowed_by_what_comes_next(verdicts):
    try:
        try:
            wait(verdicts)
        finally:
            raise ValueError
    except ValueError:
        pass


def swallowed_by_one_who_expects_it_later(verdicts):
    try:
        wait(verdicts)
    except:
        pass
    with contextlib.suppress(HopelessWait):
        pass


SWALLOWED = [value for name, value in sorted(vars().items()) if name.startswith("swallowed_")]


@pytest.mark.parametrize("swallowed", SWALLOWED)
def test_whoever_swallows_it_has_not(swallowed, verdicts):
    swallowed(verdicts)
    assert str(verdicts.unheard()) == "nothing is scheduled"


def test_it_is_told_once(verdicts):
    swallowed_by_bare_except(verdicts)
    assert verdicts.unheard() is not None
    assert verdicts.unheard() is None


def test_one_who_hears_is_enough(verdicts):
    swallowed_by_bare_except(verdicts)
    ends_by_pytest(verdicts)
    assert verdicts.unheard() is None


def test_another_verdict_is_another_matter(verdicts):
    ends_by_pytest(verdicts)
    verdicts.say("something else")
    assert str(verdicts.unheard()) == "something else"


def test_what_was_never_raised_is_told_too(verdicts):
    verdicts.say("a server said so")
    assert str(verdicts.unheard()) == "a server said so"


def test_what_is_forgiven_is_not_told(verdicts):
    swallowed_by_bare_except(verdicts)
    assert str(verdicts.forgive()) == "nothing is scheduled"
    assert verdicts.unheard() is None
    assert Verdicts().forgive() is None


def test_it_can_be_pickled_and_read():
    error = pickle.loads(pickle.dumps(Verdicts().say("nothing is scheduled")))
    assert (type(error), repr(error)) == (HopelessWait, "HopelessWait('nothing is scheduled')")
