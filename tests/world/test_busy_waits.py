"""Busy waits beside one another, and beside readings that are no sign of a time-out."""

import asyncio
import contextlib
import io
import logging
import signal
import threading
import time
from concurrent import futures

import pytest

from flyte_testkit.errors import HopelessWait
from flyte_testkit.world import _lives, _ticks


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


def test_joining_a_thread_for_no_time_until_it_is_done_ends(clock, governed, impatient, recwarn):
    done = []
    thread = threading.Thread(target=lambda: (time.sleep(5), done.append(1)))
    thread.start()
    while not done:
        thread.join(0)
    assert clock.elapsed == pytest.approx(5, abs=0.002)
    thread.join()


def test_threads_after_a_busy_one_read_the_time_for_nothing(clock, governed, impatient, recwarn):
    def wait():
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass

    def read():
        for _ in range(9):
            time.monotonic()

    for told in (wait, *[read] * 5):  # one of them has the ident of the first
        thread = threading.Thread(target=told)
        thread.start()
        thread.join()
    assert clock.elapsed == pytest.approx(1, abs=0.0011)


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


@pytest.mark.parametrize("read", ["time", "monotonic", "perf_counter"])
def test_the_time_can_be_read_after_a_hopeless_busy_wait(clock, governed, impatient, recwarn, read):
    clock.idle_sleeps = 20
    event = threading.Event()
    with pytest.raises(HopelessWait):
        while not event.is_set():
            pass
    for _ in range(100):
        getattr(time, read)()  # as whoever says how long it took
    assert not event.is_set()


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


async def waits_for_tasks_without_time(flag):
    pending = {asyncio.create_task(flag.wait())}
    while pending:
        _, pending = await asyncio.wait(pending, timeout=0)


async def begins_tasks(flag):
    async def look():
        return flag._value

    while not await asyncio.create_task(look()):
        pass


async def calls_itself_soon(flag):
    await _by_callbacks(flag, lambda loop, again: loop.call_soon(again))


async def calls_itself_after_no_time(flag):
    await _by_callbacks(flag, lambda loop, again: loop.call_later(0, again))


async def _by_callbacks(flag, repeat):
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def again():
        if flag._value:
            done.set_result(None)
        else:
            repeat(loop, again)

    again()
    await done


LOOPS = [
    waits_for_tasks_without_time,
    begins_tasks,
    calls_itself_soon,
    calls_itself_after_no_time,
]


@pytest.fixture
def attentive(monkeypatch):
    """Each round of an event loop that waits for nothing counts: the tests take less long."""
    monkeypatch.setattr(_lives, "_FEW", 1)


@pytest.mark.parametrize("wait", LOOPS)
def test_a_loop_that_goes_round_without_a_pause_meets_its_timers(
    clock, governed, impatient, attentive, recwarn, wait
):
    clock.idle_sleeps = 20

    async def main():
        flag = asyncio.Event()
        asyncio.get_running_loop().call_later(5, flag.set)
        await wait(flag)
        assert clock.elapsed == pytest.approx(5, abs=0.003)

    asyncio.run(main())
    assert clock.elapsed == pytest.approx(5, abs=0.02)  # closing it takes a few rounds
    assert len(recwarn) == 1


@pytest.mark.parametrize("wait", LOOPS)
def test_a_loop_that_goes_round_in_vain_is_hopeless(
    clock, governed, impatient, attentive, recwarn, wait
):
    clock.idle_sleeps = 20

    async def main():
        await wait(asyncio.Event())

    with pytest.raises(HopelessWait, match="nothing is scheduled"):
        asyncio.run(main())
    assert clock.elapsed < 1


def test_tasks_that_work_go_many_rounds_in_no_time(clock, governed, impatient, recwarn):
    async def main():
        queue = asyncio.Queue(1)

        async def fill():
            for number in range(10_000):
                await queue.put(number)

        filling = asyncio.create_task(fill())
        for number in range(10_000):
            assert await queue.get() == number
        await filling

    asyncio.run(main())
    assert clock.elapsed == 0
    assert not recwarn.list


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no alarm")
def test_asking_what_is_left_of_an_alarm_ends(clock, governed, impatient, recwarn):
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(clock.elapsed))
    try:
        signal.setitimer(signal.ITIMER_REAL, 5)
        while signal.getitimer(signal.ITIMER_REAL)[0] > 0:
            pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [5]
