from __future__ import annotations

import queue
import sys
import threading
import time
import types

import pytest

from flyte_testkit.world import _locks, governed_by


@pytest.fixture(params=["Lock", "RLock"])
def lock(request, governed):
    return getattr(threading, request.param)()


def test_a_lock_times_out_on_the_clock(clock, lock, together):
    seen = []

    def holder():
        with lock:
            time.sleep(10)

    def wanting(timeout):
        seen.append((lock.acquire(timeout=timeout), clock.elapsed))
        if seen[-1][0]:
            lock.release()

    together(holder, lambda: wanting(3), lambda: wanting(20), lambda: wanting(10))
    assert seen == [(False, 3), (True, 10), (True, 10)]


def test_a_lock_is_handed_to_who_came_first(clock, lock, together):
    seen = []

    def take(name, after):
        time.sleep(after)
        with lock:
            seen.append((name, clock.elapsed))
            time.sleep(10)

    together(*(lambda n=n: take(n, 1 - n / 10) for n in range(3)))
    assert seen == [(2, 0.8), (1, 10.8), (0, 20.8)]


def test_who_releases_a_lock_that_others_want_must_wait_for_it_again(clock, lock, together):
    seen = []

    def greedy():
        for _ in range(3):
            with lock:
                seen.append("greedy")
                time.sleep(1)

    def modest():
        time.sleep(0.5)
        with lock:
            seen.append("modest")

    together(greedy, modest)
    assert seen == ["greedy", "modest", "greedy", "greedy"]


def test_locks_refuse_what_the_real_ones_refuse(lock):
    with pytest.raises(ValueError, match="non-blocking"):
        lock.acquire(False, 5)
    with pytest.raises(ValueError, match="timeout"):
        lock.acquire(timeout=-5)
    with pytest.raises(RuntimeError):
        lock.release()


def test_a_lock_that_is_taken_is_refused_at_once_without_blocking(clock, lock, together):
    seen = []
    with lock:
        together(lambda: seen.append((lock.acquire(False), lock.acquire(timeout=0))))
    assert (seen, clock.elapsed) == ([(False, False)], 0)


def test_an_rlock_is_released_as_often_as_it_was_taken(clock, governed, together):
    lock = threading.RLock()
    seen = []

    def owner():
        with lock, lock:
            lock.acquire(timeout=5)
            lock.release()
            time.sleep(10)
        time.sleep(5)

    def other():
        with lock:
            seen.append(clock.elapsed)
        with pytest.raises(RuntimeError, match="un-acquired"):
            lock.release()

    together(owner, other)
    assert seen == [10]


@pytest.mark.parametrize("kind", ["Lock", "RLock", None])
def test_a_condition_may_be_held_across_a_sleep(clock, governed, together, kind):
    condition = threading.Condition(kind and getattr(threading, kind)())
    seen = []

    def holder():
        with condition:
            time.sleep(10)
            condition.notify()
            time.sleep(10)

    def waiter():
        with condition:
            seen.append((condition.wait(15), clock.elapsed))

    together(waiter, holder)
    assert seen == [(True, 20)]  # notified in time; it waits for the lock, then


def test_a_simple_queue_times_out_on_the_clock(clock, governed, together):
    items = queue.SimpleQueue()
    seen = []

    def consume(timeout):
        try:
            seen.append((items.get(timeout=timeout), clock.elapsed))
        except queue.Empty:
            seen.append((None, clock.elapsed))

    together(lambda: consume(3), lambda: consume(20), lambda: (time.sleep(10), items.put("item")))
    assert seen == [(None, 3), ("item", 10)]
    assert items.empty()


def test_they_pass_for_the_real_ones(governed):
    assert isinstance(threading.Lock(), threading.Lock)
    assert isinstance(threading.RLock(), threading.RLock)
    assert isinstance(_locks.REAL_LOCK(), threading.Lock)
    assert isinstance(_locks.REAL_QUEUE(), queue.SimpleQueue)
    assert not isinstance(threading.RLock(), threading.Lock)
    assert isinstance(threading.Lock | None, types.UnionType)
    assert repr(threading.Lock()).startswith("<unlocked threading.Lock")
    assert queue.SimpleQueue[int]

    class Own(queue.SimpleQueue):
        pass

    assert type(Own()) is Own


def test_machinery_gets_the_real_ones(governed):
    grpc = types.FunctionType(
        compile(
            "import threading, queue\nmade = threading.Lock(), queue.SimpleQueue()", "", "exec"
        ),
        space := {"__name__": "grpc._channel"},
    )
    grpc()
    assert type(space["made"][0]) is type(_locks.REAL_LOCK())
    assert type(space["made"][1]) is _locks.REAL_QUEUE
    assert type(threading.Event()._cond._lock) is type(_locks.REAL_LOCK())


def test_a_lock_made_in_a_world_works_after_it(clock):
    with governed_by(clock):
        lock = threading.Lock()
    thread = threading.Thread(target=lambda: (lock.acquire(), lock.release()))
    with lock:
        thread.start()
        assert not lock.acquire(timeout=0.001)
    thread.join(10)
    assert not thread.is_alive()


def test_a_lock_made_before_a_world_works_in_it(clock, together):
    lock, seen = threading.Lock(), []

    def take():
        with lock:
            time.sleep(10)
            seen.append(clock.elapsed)

    with governed_by(clock):
        together(take, take)
    assert seen == [10, 20]


def test_installed_packages_get_the_real_ones_outside_of_a_world():
    space = {"__name__": "queuing", "__file__": queue.__file__}
    exec("import threading\nmade = threading.Lock()", space)  # noqa: S102  the module is the point
    assert type(space["made"]) is type(_locks.REAL_LOCK())


# Older than the world

OLD = """
from _queue import SimpleQueue
from _thread import RLock, allocate_lock as Lock

LOCK, RLOCK, QUEUE = Lock(), RLock(), SimpleQueue()

class Cache:
    guard = Lock()

    def __init__(self):
        self.own = RLock()

CACHE = Cache()
del Lock, RLock, SimpleQueue
"""


@pytest.fixture
def old(tmp_path, monkeypatch):
    (tmp_path / "older_than_the_world.py").write_text(OLD)
    monkeypatch.syspath_prepend(tmp_path)
    import older_than_the_world

    yield older_than_the_world
    del sys.modules["older_than_the_world"]


PATHS = ["LOCK", "RLOCK", "CACHE.own", "Cache.guard"]


def named(module, path):
    for name in path.split("."):
        module = getattr(module, name)
    return module


@pytest.mark.parametrize("path", PATHS)
def test_older_locks_are_waited_for_on_the_clock(clock, old, together, path):
    before = named(old, path)
    seen = []

    def holder():
        with named(old, path):
            time.sleep(10)

    def wanting():
        seen.append((named(old, path).acquire(timeout=3), clock.elapsed))
        with named(old, path):
            seen.append(clock.elapsed)

    with governed_by(clock):
        together(holder, wanting)
    assert seen == [(False, 3), 10]
    assert named(old, path) is before


@pytest.mark.parametrize("path", PATHS)
def test_who_holds_the_older_lock_itself_is_respected(clock, old, together, path):
    itself, seen = named(old, path), []
    with governed_by(clock):
        with itself:
            together(lambda: seen.append(named(old, path).acquire(False)))
        with named(old, path):
            together(lambda: seen.append(itself.acquire(False)))
    assert seen == [False, False]


def test_an_older_rlock_serves_a_condition(clock, old, together):
    seen = []
    with governed_by(clock):
        condition = threading.Condition(old.RLOCK)

        def waiter():
            with condition, condition:
                seen.append((condition.wait(60), clock.elapsed))

        def notifier():
            time.sleep(5)
            with condition:
                condition.notify()

        together(waiter, notifier)
    assert seen == [(True, 5)]


def test_an_older_queue_is_waited_for_on_the_clock(clock, old, together):
    before, seen = old.QUEUE, []
    before.put("old")

    def consume():
        seen.append((old.QUEUE.get(), clock.elapsed))
        with pytest.raises(queue.Empty):
            old.QUEUE.get(timeout=3)
        seen.append((old.QUEUE.get(timeout=60), clock.elapsed))
        with pytest.raises(queue.Empty):
            old.QUEUE.get(block=False)

    with governed_by(clock):
        together(consume, lambda: (time.sleep(10), old.QUEUE.put("new")))
        assert (old.QUEUE.empty(), old.QUEUE.qsize()) == (True, 0)
    assert seen == [("old", 0), ("new", 10)]
    assert old.QUEUE is before
