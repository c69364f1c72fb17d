import itertools
from types import SimpleNamespace

import pytest

from flyte_testkit import VirtualClock
from flyte_testkit.surprises import Surprises
from flyte_testkit.wire import guard


@pytest.fixture
def clock():
    clock = VirtualClock()
    clock.join()  # the code under test lives on it
    return clock


@pytest.fixture
def spin(clock, monkeypatch):
    """A guard in a world where each of its looks at the real time takes three seconds."""
    seconds = itertools.count(0, 3)
    monkeypatch.setattr(guard.time, "monotonic", lambda: next(seconds))
    return guard.SpinGuard(SimpleNamespace(clock=clock, surprises=Surprises()))


def call(at=0):
    return SimpleNamespace(rpc="GetExecution", at=at)


def test_the_same_call_again_and_again_is_a_loop(spin, clock):
    for _ in range(guard.MANY):
        spin.count(call(), b"train")

    assert "asked 200 times for the same GetExecution at 0 s" in str(clock.broken)
    assert "Let the loop sleep between its calls" in str(clock.broken)


def test_many_different_calls_are_none(spin, clock):
    for number in range(5 * guard.MANY):
        spin.count(call(), str(number).encode())

    assert clock.broken is None


def test_calls_between_which_time_passes_are_none(spin, clock):
    for second in range(5 * guard.MANY):
        spin.count(call(at=second), b"train")

    assert clock.broken is None


def test_few_calls_are_none_however_long_they_take(spin, clock):
    for _ in range(guard.MANY - 1):
        spin.count(call(), b"train")

    assert clock.broken is None


def test_a_clock_that_nobody_waits_on_is_told(spin, clock):
    clock.leave()
    for _ in range(guard.FEW + 1):
        spin.count(call(), b"train")

    assert "stood still at 0 s: the code under test sleeps for real" in str(clock.broken)
    assert "with governed_by(admin.clock)" in str(clock.broken)
