"""Event loops are members as threads are: exact, in one order, each time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from concurrent import futures

import pytest
from loop_programs import PROGRAMS, WANTED, play

from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import HopelessWait
from flyte_testkit.world import _ticks, governed_by

SHORT = [name for name in PROGRAMS if name not in "ab"]


@pytest.mark.parametrize("name", SHORT)
def test_every_event_comes_at_its_instant_and_the_journal_is_the_same_each_time(name):
    if name == "g":
        pytest.importorskip("anyio")
    first = play(name)
    assert first[0] == WANTED[name]
    for _ in range(4):
        assert play(name) == first


def test_an_hour_of_polls_is_exact():
    events, journal = play("a", hours=1)
    assert events == [(3600, "121 polls")]
    assert [at for _, at, *_ in journal] == [30 * number for number in range(121)]


def test_tasks_that_poll_by_asynchronous_calls_are_exact():
    events, journal = play("b", tasks=10, seconds=300)
    assert events == [(300, "110 calls")]
    assert sorted({at for _, at, *_ in journal}) == [30 * number for number in range(11)]


# The timers of a loop


@pytest.mark.parametrize(
    "length", [1e-6, 0.001, 0.3, 30, 99.999999, 86_400, 200_000.5], ids=lambda length: f"{length}"
)
def test_a_sleep_is_as_long_as_it_says(clock, governed, length):
    asyncio.run(asyncio.sleep(length))
    assert clock.elapsed == length


def test_what_the_clock_cannot_tell_is_no_time_and_ends(clock, governed):
    async def main():
        for _ in range(10):
            await asyncio.sleep(1e-7)
            await asyncio.sleep(4.9e-7)

    asyncio.run(main())
    assert clock.elapsed < 1e-4


def test_the_time_of_a_loop_is_the_clocks(clock, governed):
    async def main():
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(3600)
        return loop.time() - began

    assert asyncio.run(main()) == pytest.approx(3600, abs=1e-6)


def test_timers_strike_in_order_and_may_be_called_off(clock, governed):
    async def main():
        loop, struck = asyncio.get_running_loop(), []
        for length in (30, 10, 20):
            loop.call_later(length, lambda n=length: struck.append((n, clock.elapsed)))
        loop.call_at(loop.time() + 15, lambda: struck.append((15, clock.elapsed)))
        loop.call_later(5, struck.append, "never").cancel()
        await asyncio.sleep(60)
        return struck

    assert asyncio.run(main()) == [(10, 10), (15, 15), (20, 20), (30, 30)]


def test_a_function_of_time_may_be_a_callback(clock, governed):
    async def main():
        asyncio.get_running_loop().call_later(5, time.sleep, 10)
        await asyncio.sleep(7)
        return clock.elapsed

    assert asyncio.run(main()) == 15


def test_a_timeout_cancels_at_its_instant(clock, governed):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3600)
        return clock.elapsed

    assert asyncio.run(main()) == 3600


@pytest.mark.skipif(not hasattr(asyncio, "timeout"), reason="Python 3.10 has no asyncio.timeout")
def test_the_scope_of_a_timeout_may_be_moved(clock, governed):
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60) as scope:
                scope.reschedule(asyncio.get_running_loop().time() + 600)
                await asyncio.sleep(3600)

    asyncio.run(main())
    assert clock.elapsed == 600


def test_a_thousand_tasks_sleep_side_by_side(clock, governed):
    async def main():
        await asyncio.gather(*(asyncio.sleep(number / 10) for number in range(1000)))

    asyncio.run(main())
    assert clock.elapsed == 99.9


def test_readings_in_a_coroutine_are_the_clocks(clock, governed):
    async def main():
        began, wall = time.monotonic(), time.time()
        await asyncio.sleep(100)
        return time.monotonic() - began, time.time() - wall

    assert asyncio.run(main()) == pytest.approx((100, 100), abs=1e-3)


def test_a_sleep_that_blocks_the_loop_blocks_it_on_the_clock(clock, governed):
    async def main():
        time.sleep(50)
        await asyncio.sleep(10)

    asyncio.run(main())
    assert clock.elapsed == 60


def test_debug_mode_tells_slow_callbacks_in_the_time_of_the_clock(clock, governed, caplog):
    async def main():
        time.sleep(50)

    with caplog.at_level(logging.WARNING, "asyncio"):
        asyncio.run(main(), debug=True)
    assert "took 50.000 seconds" in caplog.text
    assert clock.elapsed == 50


@pytest.fixture
def hasty(monkeypatch):
    """Take a wait for a busy one at once."""
    monkeypatch.setattr(_ticks, "_LONG", 0.0)


def test_a_busy_wait_for_the_time_of_the_loop_ends(clock, governed, hasty):
    async def main():
        loop = asyncio.get_running_loop()
        end = loop.time() + 1
        while loop.time() < end:
            await asyncio.sleep(0)

    with pytest.warns(RuntimeWarning, match="busy wait"):
        asyncio.run(main())
    assert clock.elapsed == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("whose", ["another thread", "another task"])
def test_a_busy_wait_for_what_somebody_else_does_later_ends(clock, governed, hasty, whose):
    done = []

    async def other():
        await asyncio.sleep(5)
        done.append(True)

    async def main():
        if whose == "another task":
            task = asyncio.create_task(other())
        else:
            threading.Thread(target=lambda: (time.sleep(5), done.append(True))).start()
        while not done:
            await asyncio.sleep(0)
        return whose == "another task" and await task

    told = f"^{__name__} asked .* a busy wait.* Let the loop sleep: await asyncio.sleep"
    with pytest.warns(RuntimeWarning, match=told):
        asyncio.run(main())
    assert clock.elapsed == pytest.approx(5, abs=0.01)


def test_a_busy_wait_beside_a_task_that_only_beats_is_hopeless(governed, hasty):
    governed.clock.idle_sleeps = 20

    async def beat():
        while True:
            await asyncio.sleep(0.01)

    async def main():
        beating = asyncio.create_task(beat())
        while not beating.done():
            await asyncio.sleep(0)

    with pytest.warns(RuntimeWarning, match="busy wait"), pytest.raises(HopelessWait):
        asyncio.run(main())


# Sleeps without an end


@pytest.mark.parametrize("length", [math.inf, 1e300, 1e13])
@pytest.mark.parametrize("how", ["sleep", "wait_for", "call_later", "call_at"])
def test_what_is_never_due_may_be_waited_for(clock, governed, how, length):
    async def main():
        loop = asyncio.get_running_loop()
        if how == "wait_for":
            return await asyncio.wait_for(asyncio.sleep(5, "slept"), length)
        if how == "sleep":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.sleep(length), 5)
            return "slept"
        timer = getattr(loop, how)(length, pytest.fail)
        await asyncio.sleep(5)
        timer.cancel()
        return "slept"

    assert asyncio.run(main()) == "slept"
    assert clock.elapsed == 5


def test_who_sleeps_for_ever_waits_without_a_timeout(clock, governed, soon_hopeless):
    with pytest.raises(HopelessWait, match="every thread waits without a timeout"):
        asyncio.run(asyncio.sleep(math.inf))
    assert clock.elapsed == 0


# Loops beside threads


def test_two_loops_and_ten_threads_share_one_clock(clock, governed, together):
    seen = []

    def loop(name, length):
        async def main():
            for _ in range(3):
                await asyncio.sleep(length)
                seen.append((clock.elapsed, name))

        return lambda: asyncio.run(main())

    def thread(number):
        return lambda: (time.sleep(number), seen.append((clock.elapsed, number)))

    together(loop("a", 2), loop("b", 3), *(thread(number) for number in range(1, 11)))
    assert seen == sorted(seen, key=lambda entry: entry[0])
    assert [name for at, name in seen if at == 6] == ["a", "b", 6]
    assert len(seen) == 16
    assert (clock.elapsed, clock.preempted) == (10, 0)


def test_a_thread_wakes_a_loop_before_time_moves_on(clock, governed):
    async def main():
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        timer = threading.Timer(10, lambda: loop.call_soon_threadsafe(woken.set))
        timer.start()
        await asyncio.wait_for(woken.wait(), 3600)
        return clock.elapsed

    assert asyncio.run(main()) == 10


def test_a_coroutine_is_awaited_from_a_thread_with_a_timeout(clock, governed):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with pytest.raises(futures.TimeoutError):
        asyncio.run_coroutine_threadsafe(asyncio.sleep(60), loop).result(10)
    assert clock.elapsed == 10
    assert asyncio.run_coroutine_threadsafe(asyncio.sleep(5, "done"), loop).result(10) == "done"
    assert clock.elapsed == 15
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_locks_queues_and_conditions_of_asyncio_wait_on_the_clock(clock, governed):
    async def main():
        queue, lock = asyncio.Queue(1), asyncio.Lock()
        seen = []

        async def produce():
            for number in range(3):
                async with lock:
                    await asyncio.sleep(10)
                await queue.put(number)

        task = asyncio.create_task(produce())
        for _ in range(3):
            await queue.get()
            seen.append(clock.elapsed)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(queue.get(), 5)
        await task
        return seen

    assert asyncio.run(main()) == [10, 20, 30]
    assert clock.elapsed == 35


def test_a_job_that_a_loop_awaits_lives_on_the_clock(clock, governed):
    async def body():
        return await asyncio.gather(
            asyncio.to_thread(time.sleep, 200), asyncio.to_thread(time.sleep, 100)
        )

    asyncio.run(body())
    assert clock.elapsed == 200


def test_a_pool_of_ones_own_does_so_too(clock, governed):
    async def main():
        with futures.ThreadPoolExecutor(1) as pool:
            loop = asyncio.get_running_loop()
            await asyncio.gather(
                *(loop.run_in_executor(pool, time.sleep, 60) for _ in range(3)), asyncio.sleep(100)
            )
            return clock.elapsed

    assert asyncio.run(main()) == 180


def test_a_job_that_is_given_up_goes_on(clock, governed):
    ended = []

    async def main():
        job = asyncio.to_thread(lambda: (time.sleep(100), ended.append(clock.elapsed)))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(job, 60)
        assert clock.elapsed == 60

    asyncio.run(main())
    assert ended == [100]


def test_a_job_of_another_process_takes_no_time(clock, governed):
    async def main():
        with futures.ProcessPoolExecutor(1) as pool:
            loop = asyncio.get_running_loop()
            job = loop.run_in_executor(pool, abs, -1)
            return await asyncio.wait_for(job, 1)

    with contextlib.suppress(DeprecationWarning):
        assert asyncio.run(main()) == 1
    assert clock.elapsed == 0


@pytest.mark.parametrize("beside", [0, 5000], ids=["alone", "beside a timer"])
def test_time_moves_while_a_loop_awaits_nothing_but_other_threads(clock, governed, beside):
    async def from_thread():
        woken, loop = asyncio.Event(), asyncio.get_running_loop()
        threading.Thread(
            target=lambda: (time.sleep(3600), loop.call_soon_threadsafe(woken.set))
        ).start()
        await woken.wait()
        assert clock.elapsed == 3600

    async def body():
        with futures.ThreadPoolExecutor() as pool:
            job = asyncio.wrap_future(pool.submit(time.sleep, 60))
            await asyncio.gather(from_thread(), job, asyncio.sleep(beside))

    asyncio.run(body())
    assert clock.elapsed == max(3600, beside)


def test_a_loop_beside_the_test_lives_with_it(clock, governed):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def body():
        time.sleep(5)
        await asyncio.sleep(2)
        return clock.elapsed

    assert asyncio.run_coroutine_threadsafe(body(), loop).result(60) == 7
    time.sleep(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert clock.elapsed == 67


def test_a_selector_of_ones_own_will_do(clock, governed):
    import selectors

    for kind in (selectors.SelectSelector, selectors.PollSelector):
        loop = asyncio.SelectorEventLoop(kind())
        woken = asyncio.Event()
        timer = threading.Timer(5, lambda it=loop, e=woken: it.call_soon_threadsafe(e.set))
        timer.start()
        loop.run_until_complete(asyncio.wait_for(woken.wait(), 60))
        loop.close()
        timer.join()
    assert clock.elapsed == 10


# Signals


@pytest.mark.parametrize("how", ["plainly", "by the loop"])
def test_an_alarm_wakes_a_loop_at_its_virtual_instant(clock, governed, how):
    async def main():
        loop, struck = asyncio.get_running_loop(), asyncio.Event()
        before = signal.getsignal(signal.SIGALRM)
        if how == "plainly":
            signal.signal(signal.SIGALRM, lambda *_: struck.set())
        else:
            loop.add_signal_handler(signal.SIGALRM, struck.set)
        signal.alarm(30)
        await asyncio.wait([asyncio.create_task(struck.wait())], timeout=3600)
        if how != "plainly":
            loop.remove_signal_handler(signal.SIGALRM)
        signal.signal(signal.SIGALRM, before)
        return clock.elapsed

    # Without the loop's help nobody wakes it: so it is in life, too.
    assert asyncio.run(main()) == (3600 if how == "plainly" else 30)


# Hopeless waits


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a thread"])
def test_a_loop_that_awaits_nothing_is_hopeless(clock, governed, beside, soon_hopeless):
    async def body():
        await asyncio.Event().wait()

    if beside:
        threading.Thread(target=time.sleep, args=(60,)).start()
    with pytest.raises(HopelessWait, match="nothing is scheduled"):
        asyncio.run(body())
    assert clock.elapsed == 60 * beside


def test_a_loop_that_polls_for_nothing_is_hopeless(clock, governed):
    async def main():
        while True:
            await asyncio.sleep(30)

    with pytest.raises(HopelessWait, match="slept 3,000 times in a row"):
        asyncio.run(main())


def test_many_tasks_that_poll_are_given_as_many_sleeps_each(clock, governed):
    async def poll(times):
        for _ in range(times):
            await asyncio.sleep(1)

    async def main(times):
        await asyncio.gather(*(poll(times) for _ in range(5)))

    asyncio.run(main(2900))
    assert clock.elapsed == 2900


def test_a_poll_with_a_timeout_around_it_has_an_end(clock, governed):
    async def poll():
        while True:
            await asyncio.sleep(1)

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(poll(), 10_000)

    asyncio.run(main())
    assert clock.elapsed == 10_000


def test_beyond_the_limit_a_wait_of_a_loop_is_hopeless():
    clock = VirtualClock(limit=3600)
    with governed_by(clock), pytest.raises(HopelessWait, match=r"limit of 3,600 s"):
        asyncio.run(asyncio.sleep(3601))


def test_it_says_which_tasks_wait_and_where(clock, governed, soon_hopeless):
    async def parts():
        await asyncio.Queue().get()
        yield 1

    async def reads():
        async for _ in parts():
            pass

    async def waits():
        await asyncio.Event().wait()

    async def main():
        named = asyncio.create_task(reads(), name="reader")
        await asyncio.gather(named, *(waits() for _ in range(9)))

    with pytest.raises(HopelessWait) as caught:
        asyncio.run(main())
    _, thread, reader, outermost, first, *_, more, _, _ = str(caught.value).splitlines()
    assert thread.startswith("  'MainThread' waits since 0 s, without a timeout, at ")
    assert re.fullmatch(r"    task 'reader' at .*test_loops.py:\d+, in parts", reader)
    assert re.fullmatch(r"    task 'Task-\d+' at .*test_loops.py:\d+, in main", outermost)
    assert first.endswith(", in waits")
    assert more == "    and 3 more tasks"


def test_a_loop_that_serves_sockets_is_not_hopeless(clock, governed):
    late = "import socket, sys, time; time.sleep(2.6); socket.create_connection(sys.argv[1:])"

    async def main():
        came = asyncio.Event()

        def serve(_, writer):
            writer.close()
            came.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        with subprocess.Popen([sys.executable, "-c", late, host, str(port)]):
            await came.wait()
        server.close()

    asyncio.run(main())
    assert clock.elapsed == 0


def test_time_moves_while_a_loop_awaits_somebody_to_connect(clock, governed):
    async def body():
        loop, came = asyncio.get_running_loop(), asyncio.Event()

        def serve(_, writer):
            writer.close()
            came.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()

        def connect():
            time.sleep(3600)
            socket.create_connection(address).close()

        thread = threading.Thread(target=connect)
        thread.start()
        await came.wait()
        server.close()
        await loop.run_in_executor(None, thread.join)

    asyncio.run(body())
    assert clock.elapsed == 3600


# Whoever runs the loop


class TestOfTheStandardLibrary(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.world = governed_by(self.clock)
        self.world.__enter__()
        self.addCleanup(self.world.__exit__, None, None, None)

    async def asyncSetUp(self):
        await asyncio.sleep(10)

    async def test_it_sleeps_on_the_clock(self):
        await asyncio.sleep(3600)
        await asyncio.to_thread(time.sleep, 100)
        self.assertEqual(self.clock.elapsed, 3710)  # noqa: PT009  as such tests do
