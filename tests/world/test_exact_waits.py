"""``elapsed`` is what was waited, to the microsecond, whoever reckons the waits and however."""

from __future__ import annotations

import math
import queue
import random
import sched
import signal
import threading
import time
from concurrent import futures
from datetime import datetime, timedelta
from multiprocessing.pool import ThreadPool

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by


@pytest.fixture
def clock():
    clock = VirtualClock()
    with governed_by(clock):
        yield clock


READINGS = {  # looked up when they are called, in the world
    "time.time": lambda: time.time(),  # noqa: PLW0108  as above
    "time.monotonic": lambda: time.monotonic(),  # noqa: PLW0108  as above
    "time.perf_counter": lambda: time.perf_counter(),  # noqa: PLW0108  as above
    "time.time_ns": lambda: time.time_ns() / 1e9,
    "time.monotonic_ns": lambda: time.monotonic_ns() / 1e9,
}


@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS)
@pytest.mark.parametrize("before", [0, 1, 30, 5000])
def test_a_sleep_until_a_deadline_ends_there(clock, read, before):
    for _ in range(before):
        read()
    end = read() + 100
    while (left := end - read()) > 0:
        time.sleep(left)
    assert clock.elapsed == 100


def test_a_sleep_until_a_datetime_ends_there(clock):
    end = datetime.now() + timedelta(seconds=100)
    while (left := (end - datetime.now()).total_seconds()) > 0:
        time.sleep(left)
    assert clock.elapsed == 100


def test_a_hundred_thousand_readings_move_nothing(clock):
    readings = [time.monotonic() for _ in range(50_000)]
    times = [time.time() for _ in range(50_000)]
    assert clock.elapsed == 0
    assert readings == sorted(readings)
    assert times == sorted(times)
    assert readings[-1] - readings[0] < 0.001
    assert times[-1] - times[0] < 0.001
    time.sleep(10)
    assert clock.elapsed == 10
    assert time.monotonic() - readings[0] == pytest.approx(10, abs=0.0001)


def test_many_short_waits_add_up(clock):
    for _ in range(1000):
        time.monotonic()
        time.sleep(0.1)
        time.time()
    assert clock.elapsed == 100


def test_waits_of_all_lengths_until_deadlines_end_there(clock):
    chance = random.Random(0)  # noqa: S311  not for secrets
    for _ in range(300):
        began, length = clock.elapsed, chance.randint(1, 10**7) / 1e6
        end = time.monotonic() + length
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, chance.choice((0.25, 1, 5))))
        assert clock.elapsed - began == pytest.approx(length, abs=1e-9)


def test_events_with_a_deadline_end_there(clock):
    event, end = threading.Event(), time.monotonic() + 60
    while (left := end - time.monotonic()) > 0 and not event.wait(min(left, 7)):
        pass
    assert clock.elapsed == 60


def test_a_scheduler_of_the_standard_library_keeps_its_times(clock):
    at, scheduler = [], sched.scheduler(time.time, time.sleep)
    for delay in (1, 2.5, 3600, 7.3):
        scheduler.enter(delay, 1, lambda: at.append(clock.elapsed))
    scheduler.run()
    assert at == [1, 2.5, 7.3, 3600]


def test_tenacity_waits_exactly(clock):
    tenacity = pytest.importorskip("tenacity")
    tries = []

    @tenacity.retry(wait=tenacity.wait_fixed(30), stop=tenacity.stop_after_delay(600))
    def attempt():
        tries.append(clock.elapsed)
        raise ValueError

    with pytest.raises(tenacity.RetryError):
        attempt()
    assert tries == [30.0 * number for number in range(21)]
    assert clock.elapsed == 600


def test_apscheduler_keeps_its_times(clock):
    background = pytest.importorskip("apscheduler.schedulers.background")
    at, over = [], threading.Event()

    def job():
        at.append(clock.elapsed)
        if len(at) == 5:
            over.set()

    scheduler = background.BackgroundScheduler(timezone="UTC")
    scheduler.add_job(job, "interval", seconds=60)
    scheduler.start()
    try:
        assert over.wait(3600)
    finally:
        scheduler.shutdown()
    assert at == [60, 120, 180, 240, 300]
    assert clock.elapsed == 300


# Waits that Python refuses


def held(kind):
    """Return a lock that another thread has; an ``RLock`` knows who."""
    lock = kind()
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    thread.join()
    return lock


def listen(timeout):
    condition = threading.Condition()
    with condition:
        condition.wait(timeout)


def join(timeout):
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    try:
        thread.join(timeout)
    finally:
        ends.set()
        thread.join()


def get_result(timeout):
    ends = threading.Event()
    with ThreadPool(1) as pool:
        try:
            pool.apply_async(ends.wait).get(timeout)
        finally:
            ends.set()


WAITS = {
    "sleep": lambda timeout: time.sleep(timeout),  # noqa: PLW0108  looked up in the world
    "Event.wait": lambda timeout: threading.Event().wait(timeout),
    "Condition.wait": listen,
    "Semaphore.acquire": lambda timeout: threading.Semaphore(0).acquire(timeout=timeout),
    "Barrier.wait": lambda timeout: threading.Barrier(2).wait(timeout),
    "Queue.get": lambda timeout: queue.Queue().get(timeout=timeout),
    "SimpleQueue.get": lambda timeout: queue.SimpleQueue().get(timeout=timeout),
    "Lock.acquire": lambda timeout: held(threading.Lock).acquire(timeout=timeout),
    "RLock.acquire": lambda timeout: held(threading.RLock).acquire(timeout=timeout),
    "free Lock": lambda timeout: threading.Lock().acquire(timeout=timeout),
    "free RLock": lambda timeout: threading.RLock().acquire(timeout=timeout),
    "Thread.join": join,
    "Future.result": lambda timeout: futures.Future().result(timeout),
    "futures.wait": lambda timeout: futures.wait([futures.Future()], timeout),
    "as_completed": lambda timeout: list(futures.as_completed([futures.Future()], timeout)),
    "AsyncResult.get": get_result,
    "setitimer": lambda timeout: signal.setitimer(signal.ITIMER_REAL, timeout),
}


@pytest.mark.parametrize("length", [1e20, 10**30, math.inf, threading.TIMEOUT_MAX * 2])
@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_timeout_too_large_for_python_is_refused_and_breaks_nothing(clock, wait, length):
    if wait is WAITS["setitimer"] and length < 1e11:
        pytest.skip("the system takes it, and the alarm with it")
    with pytest.raises(OverflowError):
        wait(length)
    assert (clock.broken, clock.elapsed) == (None, 0)
    time.sleep(10)
    assert clock.elapsed == 10


@pytest.mark.parametrize("name", ["sleep", "Lock.acquire", "RLock.acquire", "free Lock"])
def test_a_timeout_that_is_no_number_is_refused_and_breaks_nothing(clock, name):
    with pytest.raises(ValueError, match="number"):
        WAITS[name](math.nan)
    with pytest.raises(ValueError, match="number"):
        clock.sleeper(math.nan)
    time.sleep(10)
    assert (clock.broken, clock.elapsed) == (None, 10)


def test_who_waits_for_no_time_at_all_waits_not(clock):
    assert not threading.Event().wait(math.nan)
    assert not threading.Event().wait(-math.inf)
    with pytest.raises(futures.TimeoutError):
        futures.Future().result(-1e20)
    assert clock.elapsed == 0


def test_the_longest_timeout_of_all_is_none(clock):
    event = threading.Event()
    clock.call_later(60, event.set)
    assert event.wait(threading.TIMEOUT_MAX)
    assert clock.elapsed == 60
