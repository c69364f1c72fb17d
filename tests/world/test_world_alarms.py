from __future__ import annotations

import os
import signal
import threading
import time
from concurrent import futures

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by


class TimeIsUpError(Exception):
    pass


@pytest.fixture
def strikes():
    """Let SIGALRM raise in the main thread."""

    def strike(*_):
        raise TimeIsUpError

    before = signal.signal(signal.SIGALRM, strike)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def rings(clock):
    """Let SIGALRM write down when it came."""
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(clock.elapsed))
    yield seen
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "wait",
    [
        lambda: time.sleep(3600),
        lambda: threading.Event().wait(3600),
        lambda: threading.Event().wait(),
        lambda: [time.sleep(3) for _ in range(1000)],
    ],
)
def test_an_alarm_strikes_whoever_waits(clock, governed, strikes, wait):
    signal.alarm(10)
    with pytest.raises(TimeIsUpError):
        wait()
    assert clock.elapsed == 10


def test_an_alarm_strikes_around_a_job_of_an_hour(clock, governed, strikes):
    with futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(time.sleep, 3600)
        signal.alarm(60)
        with pytest.raises(TimeIsUpError):
            job.result()
        assert clock.elapsed == 60
    assert clock.elapsed == 3600


def test_an_alarm_may_be_set_anew_and_cancelled(clock, governed, rings):
    assert signal.alarm(50) == 0
    time.sleep(20)
    assert signal.alarm(100) == 30
    time.sleep(0.5)
    assert signal.alarm(0) == 100
    time.sleep(1000)
    assert rings == []


def test_a_timer_repeats_itself(clock, governed, rings):
    signal.setitimer(signal.ITIMER_REAL, 5, 2.5)
    time.sleep(12)
    assert rings == [5, 7.5, 10]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.5, 2.5)
    assert signal.setitimer(signal.ITIMER_REAL, 0) == (0.5, 2.5)
    time.sleep(12)
    assert (len(rings), clock.elapsed) == (3, 24)


def test_a_handler_may_sleep_while_its_thread_sleeps(clock, governed):
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: (time.sleep(5), seen.append(clock.elapsed)))
    try:
        signal.alarm(10)
        time.sleep(12)
        seen.append(clock.elapsed)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [15, 15]  # in life, too, the handler outlasts the sleep


def test_a_thread_may_wait_while_the_alarm_rings(clock, governed, rings):
    signal.alarm(10)
    thread = threading.Thread(target=time.sleep, args=(30,))
    thread.start()
    thread.join()
    assert (rings, clock.elapsed) == ([10], 30)


def test_an_alarm_that_is_left_behind_never_rings(clock, rings):
    with governed_by(clock):
        signal.alarm(10)
    with governed_by(VirtualClock()):
        time.sleep(100)
    assert rings == []


def test_timers_of_processor_time_stay_real(clock, governed):
    assert signal.setitimer(signal.ITIMER_VIRTUAL, 0) == (0, 0)
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    with pytest.raises(OSError, match="argument"):
        signal.setitimer(signal.ITIMER_REAL, -1)


# Signals that a process sends to itself


@pytest.fixture(
    params=[
        lambda: os.kill(os.getpid(), signal.SIGUSR1),
        lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1),
    ],
    ids=["os.kill", "pthread_kill"],
)
def send(request):
    return request.param


@pytest.fixture
def handled_by():
    """Let SIGUSR1 be handled by a function."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda function: signal.signal(signal.SIGUSR1, lambda *_: function())
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("length", [20, 5])
def test_a_signal_is_handled_before_time_moves_on(clock, governed, send, handled_by, length):
    seen = []
    handled_by(lambda: (seen.append(clock.elapsed), time.sleep(5)))
    sender = threading.Thread(target=lambda: (time.sleep(3), send()))
    sender.start()
    time.sleep(length)
    assert (seen, clock.elapsed) == ([3], max(length, 8))
    sender.join()


@pytest.mark.parametrize(
    "wait",
    [
        lambda event: event.wait(),
        lambda event: event.wait(60),
        lambda _: [time.sleep(1) for _ in range(10)],
        lambda _: threading.current_thread().child.join(),
    ],
)
def test_a_signal_comes_wherever_the_main_thread_waits(clock, governed, send, handled_by, wait):
    event, seen = threading.Event(), []
    handled_by(lambda: (seen.append(clock.elapsed), event.set()))
    sender = threading.Thread(target=lambda: (time.sleep(3), send(), time.sleep(10)))
    threading.current_thread().child = sender
    sender.start()
    wait(event)
    assert seen == [3]
    sender.join()
    assert clock.elapsed == 13


def test_a_signal_raises_in_the_main_thread(clock, governed, send, handled_by):
    def strike():
        raise TimeIsUpError

    handled_by(strike)
    sender = threading.Thread(target=lambda: (time.sleep(3), send()))
    sender.start()
    with pytest.raises(TimeIsUpError):
        time.sleep(20)
    sender.join()
    assert clock.elapsed == 3


def test_a_signal_to_oneself_is_handled_at_once(clock, governed, send, handled_by):
    seen = []
    handled_by(lambda: seen.append(clock.elapsed))
    time.sleep(3)
    send()
    assert seen == [3]


def test_what_is_no_signal_is_refused_as_ever(clock, governed):
    os.kill(os.getpid(), 0)
    with pytest.raises((OSError, ValueError)):
        os.kill(os.getpid(), 4711)
    with pytest.raises(TypeError):
        os.kill(os.getpid(), "SIGUSR1")
