"""Loops that are older than the world, or outlive it: their time goes on without a jump."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by

SOON = 0.05


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def beside():
    """A loop that runs in a thread of its own, older than any world of the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    assert not thread.is_alive()
    loop.close()


def test_an_older_loop_sleeps_on_the_clock(loop, clock):
    loop.run_until_complete(asyncio.sleep(0))
    with governed_by(clock):
        loop.run_until_complete(asyncio.sleep(3600))
    assert clock.elapsed == 3600


def test_the_time_of_a_loop_never_jumps(loop, clock):
    before = loop.time()
    with governed_by(clock):
        assert 0 <= loop.time() - before < 1
        loop.run_until_complete(asyncio.sleep(3600))
        within = loop.time()
    assert within - before == pytest.approx(3600, abs=1)
    assert 0 <= loop.time() - before < 5  # what the world took


def test_a_timer_from_before_has_as_long_to_go_on_the_clock(loop, clock):
    struck = []
    before = loop.time()
    loop.call_later(600, lambda: struck.append(clock.elapsed))
    with governed_by(clock):
        gone = loop.time() - before  # in real time, which a busy machine has little of
        loop.run_until_complete(asyncio.sleep(3600))
    assert 600 - gone - 0.001 <= struck[0] <= 600


def test_a_timer_from_the_world_has_as_long_to_go_in_real_time(loop, clock):
    struck = []

    async def later():
        await asyncio.sleep(1000)
        loop.call_later(3600 + SOON, struck.append, "late")
        loop.call_later(SOON, struck.append, "soon")
        loop.call_later(3600, struck.append, "never")

    with governed_by(clock):
        loop.run_until_complete(later())
    loop.run_until_complete(asyncio.sleep(3 * SOON))
    assert struck == ["soon"]


def test_a_timer_goes_through_several_worlds(loop):
    struck = []
    loop.call_later(250, struck.append, True)
    for number in range(3):
        clock = VirtualClock()
        with governed_by(clock):
            loop.run_until_complete(asyncio.sleep(100))
        loop.run_until_complete(asyncio.sleep(0))
        assert struck == ([True] if number == 2 else [])


def test_timers_with_rests_below_a_microsecond_make_no_loop_spin(loop, clock):
    struck = []
    for number in range(50):
        loop.call_at(loop.time() + 1 + number * 1.37e-7, struck.append, number)
    with governed_by(clock):
        loop.run_until_complete(asyncio.sleep(5))
    assert sorted(struck) == list(range(50))


def test_the_resolution_of_a_loop_is_its_own_again(loop, clock):
    before = loop._clock_resolution
    with governed_by(clock):
        loop.run_until_complete(asyncio.sleep(1))
        assert loop._clock_resolution != before
    assert loop._clock_resolution == before
    assert "select" not in vars(loop._selector)


def test_a_world_may_be_entered_within_a_coroutine(loop, clock):
    async def main():
        await asyncio.sleep(0)
        with governed_by(clock):
            await asyncio.sleep(3600)
            await asyncio.wait_for(asyncio.to_thread(time.sleep, 60), 100)
        await asyncio.sleep(SOON)

    loop.run_until_complete(main())
    assert clock.elapsed == 3660


def test_a_world_may_be_left_within_a_coroutine(loop, clock):
    world = governed_by(clock)
    world.__enter__()

    async def main():
        await asyncio.sleep(3600)
        world.__exit__(None, None, None)
        began = time.perf_counter()
        await asyncio.sleep(SOON)
        return time.perf_counter() - began

    assert SOON / 2 < loop.run_until_complete(main()) < 10
    assert clock.elapsed == 3600


def test_a_clock_may_be_exchanged_under_a_loop(loop, clock):
    other = VirtualClock()
    with governed_by(clock) as world:
        before = loop.time()
        loop.run_until_complete(asyncio.sleep(100))
        world.clock = other
        loop.run_until_complete(asyncio.sleep(50))
        assert loop.time() - before == pytest.approx(150)
    assert (clock.elapsed, other.elapsed) == (100, 50)


# In a thread of their own


def test_an_older_loop_works_for_the_world(beside):
    async def body(clock):
        await asyncio.sleep(50)
        return clock.elapsed

    for _ in range(2):
        clock = VirtualClock()
        with governed_by(clock):
            other = threading.Thread(target=time.sleep, args=(10,))
            other.start()
            assert asyncio.run_coroutine_threadsafe(body(clock), beside).result() == 50
            other.join()
        assert clock.elapsed == 50
        began = time.perf_counter()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(SOON), beside).result(10)
        assert time.perf_counter() - began > SOON / 2


def test_a_service_from_before_lives_in_each_world_and_in_between(beside):
    beats, lives = [], threading.Event()

    async def beat():
        lives.set()
        while True:
            await asyncio.sleep(100)
            beats.append(True)

    service = asyncio.run_coroutine_threadsafe(beat(), beside)
    lives.wait(10)
    for number in range(1, 4):
        clock = VirtualClock()
        with governed_by(clock):
            time.sleep(100.5)
            assert clock.elapsed == 100.5
        assert len(beats) == number
    service.cancel()


def test_a_loop_that_outlives_its_world_goes_on_in_real_time(clock):
    loop = asyncio.new_event_loop()
    with governed_by(clock):
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(3600), loop).result()
    began = time.perf_counter()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(SOON), loop).result(10)
    assert time.perf_counter() - began > SOON / 2
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    assert not thread.is_alive()
    loop.close()


def test_a_loop_that_sleeps_when_its_world_ends_is_ended_and_told(clock):
    loop = asyncio.new_event_loop()
    world = governed_by(clock)
    world.__enter__()
    thread = threading.Thread(target=loop.run_forever, name="a loop")
    thread.start()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(3600), loop)
    time.sleep(1)
    with pytest.warns(RuntimeWarning, match="'a loop' at .* still waited|still waited .*'a loop'"):
        world.__exit__(None, None, None)
    thread.join(10)
    assert not thread.is_alive()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


class OfItsOwnSteps(asyncio.SelectorEventLoop):
    """A loop that waits in its own way, as ``nest_asyncio`` makes them wait."""

    def _run_once(self):
        self._process_events(self._selector.select(SOON))
        for _ in range(len(self._ready)):
            self._ready.popleft()._run()


def test_a_loop_that_waits_in_its_own_way_does_not_hold_time(clock):
    async def wait(there, gate):
        there.set()
        await gate

    loop, there = OfItsOwnSteps(), threading.Event()
    gate = loop.create_future()
    thread = threading.Thread(target=loop.run_until_complete, args=(wait(there, gate),))
    thread.start()
    there.wait(10)
    before = time.monotonic()
    with governed_by(clock):
        time.sleep(3600)
    took = time.monotonic() - before
    loop.call_soon_threadsafe(gate.set_result, None)
    thread.join(10)
    loop.close()
    assert clock.elapsed == 3600
    assert took < 2


class CountsItsSteps(asyncio.SelectorEventLoop):
    """A loop that waits as any other, and does something beside."""

    steps = 0

    def _run_once(self):
        self.steps += 1
        super()._run_once()


def test_a_loop_that_does_something_beside_each_step_takes_part(clock):
    async def wait(there, begun):
        asyncio.get_running_loop().call_soon(there.set)  # once it waits
        while not begun.is_set():  # the world: entering it may take longer than one of these
            await asyncio.sleep(SOON)
        await asyncio.sleep(3600)

    loop, there, begun = CountsItsSteps(), threading.Event(), threading.Event()
    waiting = wait(there, begun)
    thread = threading.Thread(target=loop.run_until_complete, args=(waiting,), daemon=True)
    thread.start()
    there.wait(10)
    with governed_by(clock):
        begun.set()
        thread.join(7200)
        assert not thread.is_alive()
    loop.close()
    assert 3600 <= clock.elapsed < 3601
    assert loop.steps > 2


def test_a_loop_begins_with_a_time_that_floats_hold(clock, governed):
    """Else it would be chance how it is rounded, and whether two sums of it are equal."""

    async def main():
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(30)
        return began, loop.time()

    began, ended = asyncio.run(main())
    assert (began * 64 % 1, ended - began) == (0, 30)
