"""Busy waits beside one another, and beside readings that are no sign of a time-out."""

import contextlib
import io
import logging
import threading
import time
from concurrent import futures

import pytest

from flyte_testkit.errors import HopelessWait
from flyte_testkit.world import _ticks


@pytest.fixture
def impatient(monkeypatch):
    """Busy waits are found at once: how long they really take is no matter of these tests."""
    monkeypatch.setattr(_ticks, "_LONG", 0.0)


def test_two_busy_waits_at_once_both_end(clock, governed, impatient, together, recwarn):
    ends = []

    def wait(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        ends.append(clock.elapsed)

    together(lambda: wait(3), lambda: wait(2))
    assert ends == pytest.approx([2, 3], abs=0.003)
    assert len(recwarn) == 1


def test_a_thread_that_waits_busily_is_waited_for_busily(clock, governed, impatient, recwarn):
    def wait():
        end = time.monotonic() + 2
        while time.monotonic() < end:
            pass

    thread = threading.Thread(target=wait)
    thread.start()
    while thread.is_alive():
        time.sleep(0)
    assert clock.elapsed == pytest.approx(2, abs=0.003)


def test_work_beside_a_busy_wait_takes_no_time(clock, governed, impatient, together, recwarn):
    ends = []

    def wait():
        end = time.monotonic() + 2
        while time.monotonic() < end:
            pass

    def work():
        time.sleep(1)
        for _ in range(1_000):
            time.time()
        ends.append(clock.elapsed)

    together(wait, work)
    assert ends == [1]


def writes_log_lines(log):
    while not threading.Event().wait(0):
        log.info("still waiting")


def gives_futures_no_time(log):
    while True:
        with contextlib.suppress(futures.TimeoutError):
            next(futures.as_completed([futures.Future()], timeout=0))


@pytest.mark.parametrize("wait", [writes_log_lines, gives_futures_no_time])
def test_readings_of_others_give_a_busy_wait_no_end(clock, governed, impatient, recwarn, wait):
    log = logging.Logger("code_under_test")  # noqa: LOG001  nobody else's
    log.addHandler(logging.StreamHandler(io.StringIO()))
    clock.idle_sleeps = 20
    with pytest.raises(HopelessWait, match="nothing is scheduled"):
        wait(log)
    assert clock.elapsed < 1


def test_a_busy_wait_that_only_tells_the_time_ends_at_the_limit(
    clock, governed, impatient, recwarn, monkeypatch
):
    monkeypatch.setattr(_ticks, "_FINE", 1_000_000)
    monkeypatch.setattr(_ticks, "_GROWTH", 0.01)
    began = time.monotonic()
    with pytest.raises(HopelessWait, match="limit of 30 days"):
        while time.monotonic() >= began:
            pass
    assert clock.moves < 3_000  # of 2,592,000,000 milliseconds: each takes real time


def test_a_long_busy_wait_ends_late_by_a_share_of_its_length_at_most(
    clock, governed, impatient, recwarn, monkeypatch
):
    monkeypatch.setattr(_ticks, "_FINE", 1_000_000)
    monkeypatch.setattr(_ticks, "_GROWTH", 0.01)
    end = time.monotonic() + 3600
    while time.monotonic() < end:
        pass
    assert 0 <= clock.elapsed - 3600 < 36
    assert clock.moves < 3_000
