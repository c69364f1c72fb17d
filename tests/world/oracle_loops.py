"""Event loops in the simulation: asyncio's own loop, stepped whenever the rules give it a turn.

What tasks of one loop do to each other is asyncio's affair, and its own code says it. What a loop
does beside threads is told by the rules: it is ready when a timer of it is due or when another
thread calls it, and keeps its turn until all of its tasks wait.

Ignorant of the scheduler.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Loop", "play_tasks"]

DUE = 4e-7  # seconds


class Loop(asyncio.SelectorEventLoop):
    """A loop whose time is the simulation's, and which never blocks."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.waiting = deque()
        super().__init__()
        self._clock_resolution = 5e-7
        self._selector.select = lambda _: []

    def time(self):
        return self.kernel.now / 1_000_000

    def call_at(self, when, callback, *args, context=None):
        return super().call_at(round(when * 1e6) / 1e6, callback, *args, context=context)

    def _write_to_self(self):
        self.kernel.settle_first(self.waiting)

    def left(self):
        """Return how many microseconds there are to the next timer; None for ever."""
        if self._ready or self._stopping:
            return 0
        due = [handle._when for handle in self._scheduled if not handle._cancelled]
        if not due:
            return None
        left = min(due) - self.time()
        return max(1, round(left * 1e6)) if left >= DUE else 0

    def steps(self, main):
        """Run until a coroutine is done."""
        future = self.within(lambda: asyncio.ensure_future(main, loop=self))
        future.add_done_callback(lambda _: self.stop())
        while not self._stopping:
            left = self.left()
            if left != 0:
                yield from self.kernel.wait(self.waiting, left)
            self.within(self._run_once)
        self._stopping = False
        self.close()
        future.result()

    def within(self, act):
        asyncio._set_running_loop(self)
        try:
            return act()
        finally:
            asyncio._set_running_loop(None)


class Tasks:
    """What the tasks of one loop share, and a method for each of their steps."""

    def __init__(self, play, loop):
        self.play = play
        self.loop = loop
        self.flags = [asyncio.Event() for _ in range(2)]
        self.line = asyncio.Queue(1)
        self.lock = asyncio.Lock()

    async def nap(self, length):
        await asyncio.sleep(length)

    async def lift(self, flag):
        self.flags[flag].set()

    async def lower(self, flag):
        self.flags[flag].clear()

    async def await_flag(self, flag, timeout):
        return await asyncio.wait_for(self.flags[flag].wait(), timeout)

    async def push(self, timeout):
        await asyncio.wait_for(self.line.put(1), timeout)

    async def pull(self, timeout):
        return await asyncio.wait_for(self.line.get(), timeout)

    async def lock_for(self, length):
        async with self.lock:
            await asyncio.sleep(length)

    async def beside(self, lengths, timeout):
        naps = [asyncio.ensure_future(asyncio.sleep(length)) for length in lengths]
        done, left = await asyncio.wait(naps, timeout=timeout)
        for each in left:
            each.cancel()
        return len(done)

    async def hand(self, job, timeout):
        if self.play.refusal is not None:
            raise _raised(self.play.refusal)
        work = self.play.pool.submit(self.play.job(job))
        mine = self.loop.create_future()

        def copy():
            if mine.cancelled():
                return
            if work.state in ("cancelled", "told"):
                mine.cancel()
            elif type(work.result) is int:
                mine.set_result(work.result)
            else:
                mine.set_exception(_raised(work.result))

        def ended():
            if not self.loop.is_closed():
                self.loop.call_soon_threadsafe(copy)

        work.callbacks.append(ended)
        mine.add_done_callback(lambda it: it.cancelled() and work.cancel())
        return await asyncio.wait_for(mine, timeout)

    async def set(self, event):
        self.play.set(event)

    async def clear(self, event):
        self.play.clear(event)

    async def release(self, semaphore):
        self.play.release(semaphore)

    async def later(self, delay, name, number):
        self.play.later(delay, name, number)

    async def call_loop(self, number, flag):
        return self.play.call_loop(number, flag)


def _raised(name):
    return {"ValueError": ValueError, "RuntimeError": RuntimeError}[str(name)]()


async def body(play, tasks, who, steps):
    for number, (name, *rest) in enumerate(steps, 1):
        try:
            result = await getattr(tasks, name)(*rest)
        except Exception as error:  # noqa: BLE001  it is what comes of the step
            result = type(error).__name__
        play.log.append([who, str(number), play.kernel.now, result])


def play_tasks(play, number, bodies):
    """Play the tasks of the loop with this number, in the thread whose turn it is."""
    loop = Loop(play.kernel)
    tasks = loop.within(lambda: Tasks(play, loop))
    play.loops[number] = tasks

    async def main():
        names = [f"task{number}.{each}" for each in range(len(bodies))]
        await asyncio.gather(
            *(body(play, tasks, *each) for each in zip(names, bodies, strict=True))
        )

    yield from loop.steps(main())
