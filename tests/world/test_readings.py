from __future__ import annotations

import asyncio
import calendar
import email.utils
import importlib
import itertools
import logging
import multiprocessing
import random
import sched
import sys
import threading
import time
import uuid
from concurrent import futures
from datetime import date, datetime, timedelta, timezone
from multiprocessing.pool import ThreadPool
from unittest import mock

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import HopelessWait
from flyte_testkit.world import _ticks, governed_by, local_time

UTC = timezone.utc
EPOCH = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no clock_gettime")


def now_as_timestamp():
    return datetime.now().timestamp()


def named(name, *where):
    """A function of ``time``, or of ``datetime``, as code calls it that does not hold it."""

    def read():
        return getattr(time if hasattr(time, name) else datetime, name)(*where)

    read.__name__ = name
    return read


SECONDS = [*map(named, ("time", "monotonic", "perf_counter")), now_as_timestamp]


# Sleeps that are reckoned from readings end at the instant that was meant


@pytest.mark.parametrize("read", SECONDS)
@pytest.mark.parametrize("before", [0, 1, 30, 5000])
@pytest.mark.parametrize("length", [100, 0.1, 3599.9, 86_400 * 3])
def test_what_is_left_is_slept_exactly(clock, governed, read, before, length):
    for _ in range(before):
        read()
    end = read() + length
    while (left := end - read()) > 0:
        time.sleep(left)
    assert clock.elapsed == length


@pytest.mark.parametrize("read", SECONDS)
@pytest.mark.parametrize("start", [0.25, 0.1234567, 12.000033, 7.9999])
def test_it_is_exact_from_odd_instants_too(clock, governed, read, start):
    time.sleep(start)
    began = clock.elapsed
    end = read() + 100
    while (left := end - read()) > 0:
        read()
        time.sleep(left)
    assert clock.elapsed - began == pytest.approx(100, abs=1e-9)


def test_what_is_left_by_datetimes_is_slept_exactly(clock, governed):
    for _ in range(1000):
        datetime.now()
    end = datetime.now(UTC) + timedelta(seconds=100)
    while (left := (end - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(left)
    assert clock.elapsed == 100


@pytest.mark.parametrize(
    "read", [named("time_ns"), named("monotonic_ns"), named("perf_counter_ns")]
)
def test_what_is_left_in_nanoseconds_is_slept_exactly(clock, governed, read):
    for _ in range(50):
        read()
    end = read() + 100 * 10**9
    while (left := end - read()) > 0:
        time.sleep(left / 1e9)
    assert clock.elapsed == 100


@pytest.mark.parametrize("length", [0.99999, 0.0123456, 1 / 3, 1e-6, 29.999984, 0.000488])
def test_a_length_that_somebody_wrote_is_not_bent(clock, governed, length):
    for _ in range(500):
        time.time()
    time.sleep(length)
    assert clock.elapsed == round(length, 6)
    time.sleep(30)
    assert clock.elapsed == round(length + 30, 6)


def test_jitter_is_not_bent_either(clock, governed):
    drawn, expected = random.Random(7), 0  # noqa: S311  no secrets here
    for _ in range(200):
        time.time()
        length = drawn.uniform(0, 10)
        expected += round(length * 1e6)
        time.sleep(length)
    assert clock.elapsed == expected / 1e6


def test_a_wait_with_a_timeout_lands_as_a_sleep_does(clock, governed):
    event = threading.Event()
    for _ in range(60):
        time.time()
    end = time.time() + 100
    while (left := end - time.time()) > 0:
        event.wait(left)
    assert clock.elapsed == 100


def test_an_interval_loop_does_not_creep(clock, governed):
    due, at = time.monotonic(), []
    for _ in range(1000):
        due += 10
        time.sleep(max(0, due - time.monotonic()))
        at.append(clock.elapsed)
    assert at == [10.0 * n for n in range(1, 1001)]


def test_sched_runs_to_the_instant(clock, fresh_sched, governed):
    at, jobs = [], fresh_sched.scheduler()
    for delay in (30, 10, 20.5):
        jobs.enter(delay, 1, lambda: at.append(clock.elapsed))
    jobs.run()
    assert at == [10, 20.5, 30]


@pytest.mark.parametrize("timefunc", [named("time"), named("monotonic")])
def test_sched_by_other_clocks_runs_to_the_instant(clock, governed, timefunc):
    at, jobs = [], sched.scheduler(timefunc, time.sleep)
    jobs.enterabs(timefunc() + 3600, 1, lambda: at.append(clock.elapsed))
    jobs.run()
    assert at == [3600]


# A later reading is later, as in life


@pytest.mark.parametrize(
    ("read", "many"),
    [
        (named("time"), 60),
        (named("time_ns"), 60),
        (named("monotonic"), 300),
        (named("monotonic_ns"), 200),
        (named("perf_counter"), 300),
        (named("perf_counter_ns"), 200),
        (named("now"), 10_000),
        (named("utcnow"), 300),
        (named("now", UTC), 300),
        (named("today"), 300),
    ],
)
def test_readings_of_one_instant_differ(clock, governed, read, many):
    readings = [read() for _ in range(many)]
    assert all(a < b for a, b in itertools.pairwise(readings))
    assert clock.elapsed == 0


@pytest.mark.parametrize(
    "read", [named("time"), named("monotonic"), named("perf_counter_ns"), named("now")]
)
def test_readings_never_fall_back(clock, governed, read):
    readings = [read() for _ in range(1000)]
    for _ in range(300):
        readings += [read() for _ in range(3)]
        time.sleep(0.001)
    assert all(a <= b for a, b in itertools.pairwise(readings))


@pytest.mark.parametrize("read", [named("time"), named("monotonic"), named("now")])
@pytest.mark.parametrize("before", [0, 1, 5000])
def test_a_deadline_is_reached_by_the_poll_that_is_due(clock, governed, read, before):
    for _ in range(before):
        read()
    length = timedelta(seconds=600) if read.__name__ == "now" else 600
    deadline, polls = read() + length, 0
    while read() < deadline:
        polls += 1
        time.sleep(30)
    assert read() > deadline
    assert (polls, clock.elapsed) == (20, 600)


@pytest.mark.parametrize("read", [named("time"), named("monotonic")])
def test_a_timeout_is_exceeded_by_the_poll_that_is_due(clock, governed, read):
    for _ in range(5000):
        read()
    began = read()
    while not read() - began > 600:
        time.sleep(30)
    assert clock.elapsed == 600


def test_a_hundred_thousand_readings_move_nothing(clock, governed):
    began = time.monotonic()
    for _ in range(100_000):  # a busy wait is two seconds of them, on a slow machine half a million
        time.monotonic()
    time.sleep(10)
    assert clock.elapsed == 10
    assert time.monotonic() - began == pytest.approx(10, abs=1e-6)


@pytest.mark.parametrize(
    ("read", "bound"), [(named("time"), 1e-4), (named("monotonic"), 1e-6), (now_as_timestamp, 1e-9)]
)
def test_readings_stay_close_to_the_clock(clock, governed, read, bound):
    zero = read()
    for _ in range(2000):
        read()
        read()
        time.sleep(1)
    assert read() - zero == pytest.approx(2000, abs=bound)


def test_drift_survives_years(clock, governed):
    clock.limit = None
    clock.move_to(datetime(2090, 1, 1, tzinfo=UTC))
    a, b, c = time.time(), time.time(), time.time()
    assert a < b < c


def test_monotonic_readings_differ_after_a_year(clock, governed):
    clock.limit = None
    time.sleep(365 * 86_400)
    for read in (time.monotonic, time.monotonic_ns, time.perf_counter):
        a, b, c = read(), read(), read()
        assert a < b < c


# What counts as a reading


@on_unix
def test_clock_gettime_follows_the_clock(clock, governed):
    clock.advance(3600)
    assert time.clock_gettime(time.CLOCK_REALTIME) == pytest.approx(EPOCH + 3600, abs=1e-4)
    assert time.clock_gettime_ns(time.CLOCK_REALTIME) // 10**9 == EPOCH + 3600
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    assert before == pytest.approx(time.monotonic(), abs=1e-6)
    time.sleep(60)
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - before == pytest.approx(60, abs=1e-6)
    assert time.clock_gettime_ns(time.CLOCK_MONOTONIC) > before * 1e9


@on_unix
def test_processor_time_is_real(clock, governed):
    clock.advance(86_400)
    for clock_id in (time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID):
        assert time.clock_gettime(clock_id) < 86_400
        assert time.clock_gettime_ns(clock_id) < 86_400e9
    assert time.process_time() < 86_400
    assert time.thread_time() < 86_400


@on_unix
def test_a_clock_that_is_none_is_refused(governed):
    with pytest.raises(OSError, match="Invalid argument"):
        time.clock_gettime(12345)
    with pytest.raises(TypeError):
        time.clock_gettime("realtime")
    with pytest.raises(TypeError):
        time.clock_gettime([])


def test_the_standard_library_reads_the_clock_for_its_caller(clock, governed):
    clock.advance(3600)
    assert calendar.timegm(time.gmtime()) == EPOCH + 3600
    assert email.utils.formatdate() == "Mon, 01 Jan 2024 01:00:00 -0000"
    assert email.utils.localtime().timestamp() == EPOCH + 3600
    record = logging.makeLogRecord({})
    assert record.created == pytest.approx(EPOCH + 3600, abs=1e-4)
    assert logging.Formatter("%(asctime)s").format(record).endswith(",000")
    assert date.today() == datetime.now().date()


def test_a_uuid_of_time_has_the_time_of_the_world(clock, governed):
    ticks = (uuid.uuid1().time - 0x01B21DD213814000) / 10_000_000
    assert ticks == pytest.approx(EPOCH, abs=1e-3)


def test_uuids_are_as_before_afterwards(clock):
    before = {name: vars(uuid)[name] for name in ("_generate_time_safe", "_last_timestamp")}
    with governed_by(clock):
        uuid.uuid1()
    assert before == {name: vars(uuid)[name] for name in before}


def test_readings_need_no_argument_and_refuse_a_wrong_one(governed):
    with pytest.raises(TypeError):
        time.time(1)
    with pytest.raises(TypeError):
        time.localtime("now")
    with pytest.raises(TypeError):
        datetime.now("UTC")
    with pytest.raises(TypeError):
        datetime.utcnow(UTC)


# Waits that are too short, or none


@pytest.mark.parametrize("length", [1e-9, 1e-7, 4.9e-7, 5e-324])
def test_a_loop_of_very_short_sleeps_ends(clock, governed, length):
    end, times = time.monotonic() + 0.01, 0
    while time.monotonic() < end:
        time.sleep(length)
        times += 1
    assert times < 1000
    assert clock.elapsed == pytest.approx(0.01, abs=1e-4)


def test_a_very_short_sleep_moves_readings_and_no_clock(clock, governed):
    before = time.monotonic(), time.time()
    time.sleep(1e-9)
    assert (time.monotonic() > before[0], time.time() > before[1]) == (True, True)
    assert clock.elapsed == 0


@pytest.fixture
def impatient(monkeypatch):
    """Busy waits are found at once: how long they really take is no matter of these tests."""
    monkeypatch.setattr(_ticks, "_LONG", 0.0)


@pytest.mark.parametrize("read", SECONDS)
def test_a_busy_wait_ends_in_time_and_is_told_once(clock, governed, impatient, read, recwarn):
    for _ in range(2):
        end = read() + 5
        while read() < end:
            pass
    assert clock.elapsed == pytest.approx(10, abs=0.0021)
    [told] = recwarn
    assert (told.category, told.filename) == (RuntimeWarning, __file__)
    assert str(told.message) == (
        "test_readings asked 4,096 times for the time, or whether something is done, while it was "
        "0 s and nothing waited: a busy wait, which moves no clock. From now on each look of it "
        "takes a millisecond on the clock. Let the loop sleep: time.sleep(0.01)."
    )


def test_a_busy_wait_is_told_and_never_raised_into(clock, governed, impatient, recwarn):
    end = time.monotonic() + 0.01  # this suite makes errors of warnings
    while time.monotonic() < end:
        pass
    assert len(recwarn) == 1


def test_a_busy_wait_of_minutes_is_not_hopeless(clock, governed, impatient, recwarn):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pass
    assert clock.elapsed == pytest.approx(60, abs=0.002)


def test_a_busy_wait_beside_a_sleeper_lets_it_wake(clock, governed, impatient, recwarn):
    woken = []
    sleeper = threading.Thread(target=lambda: (time.sleep(2), woken.append(clock.elapsed)))
    sleeper.start()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        pass
    sleeper.join()
    assert woken == [2]
    assert clock.elapsed == pytest.approx(3, abs=0.002)


def sleeps_for_nothing():
    while True:
        time.sleep(0)


def looks_at_an_event():
    while not threading.Event().wait(0):
        pass


def lets_other_tasks_run():
    async def main():
        while True:
            await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.parametrize("wait", [sleeps_for_nothing, looks_at_an_event, lets_other_tasks_run])
@pytest.mark.parametrize("read", SECONDS)
def test_a_reading_from_before_gives_a_busy_wait_no_end(clock, governed, impatient, read, wait):
    clock.idle_sleeps = 20
    read()  # as whoever says later how long it took
    with pytest.warns(RuntimeWarning, match="busy wait"), pytest.raises(HopelessWait):
        wait()
    assert clock.elapsed < 1


def test_a_busy_wait_that_reads_the_time_seldom_has_an_end(clock, governed, impatient, recwarn):
    clock.idle_sleeps = 20
    end = time.monotonic() + 5
    for number in itertools.count(1):
        time.sleep(0)
        if number % 3_000 == 0 and time.monotonic() > end:
            break
    assert 5 <= clock.elapsed < 9


def test_slow_work_that_looks_at_the_time_is_no_busy_wait(clock, governed, recwarn):
    for _ in range(20_000):
        time.time()
    assert clock.elapsed == 0
    assert not recwarn.list


# Looks


def looks(clock, thread, event, future, items):
    return {
        "is_alive": thread.is_alive,
        "is_set": lambda: not event.is_set(),
        "done": lambda: not future.done(),
        "empty": items.empty,
        "active_count": lambda: thread in threading.enumerate() and threading.active_count() > 1,
    }


@pytest.mark.parametrize("look", ["is_alive", "is_set", "done", "empty", "active_count"])
def test_asking_until_it_is_so_ends(clock, governed, impatient, recwarn, look):
    queue = importlib.import_module("queue")
    event, future, items = threading.Event(), futures.Future(), queue.Queue()

    def work():
        time.sleep(5)
        event.set()
        future.set_result(1)
        items.put(1)

    thread = threading.Thread(target=work)
    thread.start()
    waits = looks(clock, thread, event, future, items)[look]
    while waits():
        pass
    assert clock.elapsed == pytest.approx(5, abs=0.002)
    assert len(recwarn) == 1
    thread.join()


def refused(refusal, ask, *args, **kwargs):
    """Say whether what does not wait was refused."""
    try:
        return ask(*args, **kwargs) is False
    except refusal:
        return True


def tries(event, future, result, items, full, simple, permits, lock):
    queue = importlib.import_module("queue")
    return {
        "Event.wait(0)": lambda: not event.wait(0),
        "Future.result(0)": lambda: refused(futures.TimeoutError, future.result, 0),
        "futures.wait(0)": lambda: not futures.wait([future], timeout=0).done,
        "AsyncResult.ready()": lambda: not result.ready(),
        "AsyncResult.get(0)": lambda: refused(multiprocessing.TimeoutError, result.get, 0),
        "Queue.get_nowait()": lambda: refused(queue.Empty, items.get_nowait),
        "Queue.get(False)": lambda: refused(queue.Empty, items.get, False),
        "Queue.get(timeout=0)": lambda: refused(queue.Empty, items.get, timeout=0),
        "Queue.put_nowait()": lambda: refused(queue.Full, full.put_nowait, 2),
        "Queue.put(2, False)": lambda: refused(queue.Full, full.put, 2, False),
        "SimpleQueue.empty()": simple.empty,
        "SimpleQueue.get_nowait()": lambda: refused(queue.Empty, simple.get_nowait),
        "SimpleQueue.get(block=False)": lambda: refused(queue.Empty, simple.get, block=False),
        "Semaphore.acquire(blocking=False)": lambda: not permits.acquire(blocking=False),
        "Lock.acquire(False)": lambda: not lock.acquire(False),
        "Lock.acquire(timeout=0)": lambda: not lock.acquire(timeout=0),
    }


@pytest.mark.parametrize("attempt", tries(*[mock.Mock()] * 8))
def test_trying_until_it_works_ends(clock, governed, impatient, recwarn, attempt):
    queue = importlib.import_module("queue")
    event, future = threading.Event(), futures.Future()
    items, full, simple = queue.Queue(), queue.Queue(1), queue.SimpleQueue()
    permits, lock = threading.Semaphore(0), threading.Lock()
    full.put(1)
    lock.acquire()

    def work():
        time.sleep(5)
        event.set()
        future.set_result(1)
        items.put(1)
        full.get()
        simple.put(1)
        permits.release()
        lock.release()

    with ThreadPool(1) as pool:
        result = pool.apply_async(work)
        waits = tries(event, future, result, items, full, simple, permits, lock)[attempt]
        while waits():
            pass
        assert clock.elapsed == pytest.approx(5, abs=0.002)
        result.get()
    [told] = recwarn
    assert told.filename == __file__


def test_a_condition_that_is_waited_for_without_time_is_notified(
    clock, governed, impatient, recwarn
):
    condition = threading.Condition()

    def work():
        time.sleep(5)
        with condition:
            condition.notify()

    threading.Thread(target=work).start()
    with condition:
        while not condition.wait(0):
            pass
    assert clock.elapsed == pytest.approx(5, abs=0.002)


def test_trying_an_rlock_until_it_works_ends(clock, governed, impatient, recwarn):
    lock = threading.RLock()

    def work():
        with lock:
            time.sleep(5)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(1)
    while not lock.acquire(blocking=False):
        pass
    lock.release()
    assert clock.elapsed == pytest.approx(5, abs=0.002)
    thread.join()


def test_yielding_until_another_thread_is_done_ends(clock, governed, impatient, recwarn):
    done = []
    thread = threading.Thread(target=lambda: (time.sleep(5), done.append(1)))
    thread.start()
    while not done:
        time.sleep(0)
    assert clock.elapsed == pytest.approx(5, abs=0.002)
    assert len(recwarn) == 1
    thread.join()


def test_taking_much_from_a_queue_is_no_busy_wait(clock, governed, impatient, recwarn):
    queue = importlib.import_module("queue")
    items, simple, permits = queue.Queue(), queue.SimpleQueue(), threading.Semaphore(10_000)
    for number in range(10_000):
        items.put_nowait(number)
        simple.put_nowait(number)
    for number in range(10_000):
        assert items.get_nowait() == simple.get_nowait() == number
        assert permits.acquire(blocking=False)
    assert clock.elapsed == 0
    assert not recwarn.list


def test_trying_for_ever_is_hopeless(clock, governed, impatient, recwarn):
    event = threading.Event()
    with pytest.raises(HopelessWait, match="nothing is scheduled"):
        while not event.wait(0):
            pass


def test_asking_for_ever_is_hopeless(clock, governed, impatient, recwarn):
    event = threading.Event()
    with pytest.raises(HopelessWait, match="nothing is scheduled"):
        while not event.is_set():
            pass


def test_asking_until_a_deadline_is_not_hopeless(clock, governed, impatient, recwarn):
    event, end = threading.Event(), time.monotonic() + 20
    while not event.is_set() and time.monotonic() < end:
        pass
    assert clock.elapsed == pytest.approx(20, abs=0.002)


# Outside


def test_nothing_is_virtual_outside(clock):
    with governed_by(clock), local_time("America/New_York"):
        kept = time.time, time.monotonic, datetime.now, date.today, time.localtime, uuid.uuid1
    assert [bool(read()) for read in kept] == [True] * 6
    assert kept[0]() > EPOCH
    assert kept[2]().timestamp() == pytest.approx(time.time(), abs=60)
    assert kept[3]() == date.today()
    assert type(kept[2]()) is datetime


def test_two_clocks_read_one_after_the_other():
    readings = []
    for clock in (VirtualClock(), VirtualClock()):
        with governed_by(clock):
            readings.append((time.time(), time.monotonic(), datetime.now(UTC)))
    assert readings[0][0] == readings[1][0]
    assert readings[0][2] == readings[1][2]
