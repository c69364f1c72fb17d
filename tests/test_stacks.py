"""The stacks of other threads are taken while nothing else runs, or CPython 3.11 would crash."""

import asyncio
import gc
import re
import sys
import threading
from _thread import allocate_lock
from pathlib import Path

import pytest

import flyte_testkit
from flyte_testkit import VirtualClock
from flyte_testkit.clock._stacks import innermost, stack, undisturbed
from flyte_testkit.clock._tasks import all_tasks, tasks_in
from flyte_testkit.world import governed_by

PACKAGE = Path(flyte_testkit.__file__).parent
DEEP = 12


class Restless:
    """A thread that returns from all it is in, and is somewhere else, whenever it is told to."""

    def __init__(self):
        self._go, self._there = allocate_lock(), allocate_lock()  # no clock knows them
        self._go.acquire()
        self._there.acquire()
        self._ended = False
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()
        self._there.acquire()

    def go_on(self):
        if not self._ended:
            self._go.release()
            self._there.acquire()

    def end(self):
        self._ended = True
        self._go.release()
        self.thread.join()

    def _work(self):
        while not self._ended:
            self.deep(DEEP)
            self.rest(DEEP, 1, 2, 3, 4, 5, 6, 7, 8)

    def deep(self, steps):
        if steps:
            self.deep(steps - 1)
        else:
            self._stand()

    def rest(self, steps, *more):
        a = b = c = d = e = f = g = h = steps, more
        if steps:
            self.rest(steps - 1, *more, a, b, c, d, e, f, g, h)
        else:
            self._stand()

    def _stand(self):
        if not self._ended:
            self._there.release()
            self._go.acquire()


class Garbage:
    """What lets another thread go on when it is collected, as a channel of gRPC does."""

    def __init__(self, let_go):
        self.let_go, self.circle = let_go, self

    def __del__(self):
        self.let_go()


@pytest.fixture
def crowd():
    threads = [Restless() for _ in range(4)]
    before = gc.get_threshold()
    yield threads
    gc.set_threshold(*before)
    gc.enable()
    for each in threads:
        each.end()


def look_at_each_collection(crowd, look, step):
    """Look again and again, with a collection due some allocations later each time."""

    def go_on():
        for each in crowd:
            each.go_on()

    for allocations in range(1, 1200, step):
        gc.disable()
        gc.collect(0)
        Garbage(go_on)
        gc.set_threshold(allocations, 1000, 1000)
        gc.enable()
        look()


def test_no_stack_goes_on_while_it_is_taken(crowd):
    def look():
        frames = innermost()
        for each in crowd:
            names = [frame.f_code.co_name for frame in stack(frames[each.thread.ident])]
            assert names[1 : DEEP + 2] in (["deep"] * (DEEP + 1), ["rest"] * (DEEP + 1))

    look_at_each_collection(crowd, look, step=3)


def test_worlds_are_entered_while_threads_go_on_and_things_are_collected(crowd):
    def look():
        with governed_by(VirtualClock()):
            pass

    look_at_each_collection(crowd, look, step=20)


@pytest.mark.parametrize("was", [True, False])
def test_collections_go_on_afterwards_if_they_did_before(crowd, was):
    (gc.enable if was else gc.disable)()
    assert undisturbed(gc.isenabled) is False
    assert gc.isenabled() is was
    with pytest.raises(ZeroDivisionError):
        undisturbed(divmod, 1, 0)
    assert gc.isenabled() is was


def test_an_answer_may_be_anything():
    assert undisturbed(dict) == {}
    assert undisturbed(getattr, object(), "cr_frame", None) is None


def test_a_stack_begins_with_its_frame_and_ends_with_the_first():
    own = stack(sys._getframe())
    assert own[0] is sys._getframe()
    assert [one.f_back for one in own] == [*own[1:], None]
    assert stack(None) == []


def test_one_does_not_see_oneself():
    assert threading.get_ident() not in innermost()


def test_the_tasks_of_a_thread_are_those_of_its_loop():
    async def wait(gate):
        await gate.wait()

    async def main():
        gate = asyncio.Event()
        waiting = asyncio.ensure_future(wait(gate))
        done = asyncio.ensure_future(asyncio.sleep(0))
        await done
        found = await asyncio.get_running_loop().run_in_executor(None, tasks_in, here)
        assert set(found) == asyncio.all_tasks() == {waiting, asyncio.current_task()}
        assert set(found) <= set(all_tasks())
        assert tasks_in(0) == []
        gate.set()
        await waiting

    here = threading.get_ident()
    asyncio.run(main())


def test_one_place_asks_for_the_stacks_of_other_threads():
    asking = re.compile(r"sys\._current_frames|import _current_frames|\.(cr|gi|ag)_frame\b")
    found = [path for path in PACKAGE.rglob("*.py") if asking.search(path.read_text("utf-8"))]
    assert found == [PACKAGE / "clock" / "_stacks.py"]
