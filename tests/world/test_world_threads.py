from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
import types
from multiprocessing import dummy

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by

REAL_SLEEP = time.sleep


@pytest.mark.parametrize(
    "wait",
    [
        lambda event: event.wait(100),
        lambda event: event.wait(),
        lambda event: any(event.wait(30) for _ in range(4)),
    ],
    ids=["in time", "for ever", "again and again"],
)
@pytest.mark.parametrize("last", [50, 10, 5])
def test_whoever_is_released_at_its_end_leaves_nobody_behind(clock, governed, together, wait, last):
    done, seen = threading.Event(), []

    def poller():
        time.sleep(10)
        done.set()

    def waiter():
        wait(done)
        seen.append(clock.elapsed)

    together(poller, waiter, lambda: time.sleep(last))
    assert (seen, clock.elapsed) == ([10], max(10, last))


def test_threads_run_in_the_order_in_which_they_were_started(clock, governed, together):
    seen = []
    together(*(lambda n=n: seen.append((n, clock.elapsed)) for n in range(50)))
    assert seen == [(n, 0) for n in range(50)]


def test_a_thread_is_dead_for_all_once_it_was_joined(governed, together):
    for _ in range(50):
        thread = threading.Thread(target=time.sleep, args=(1,))
        thread.start()
        thread.join(2)
        assert not thread.is_alive()
        assert thread not in threading.enumerate()


def test_a_thread_that_ends_at_the_instant_is_alive_if_it_comes_later(clock, governed):
    thread = threading.Thread(target=time.sleep, args=(5,))
    thread.start()
    time.sleep(5)
    assert thread.is_alive()  # the main thread came first, and wakes first
    thread.join()
    assert not thread.is_alive()


def test_joining_what_has_ended_takes_no_time(clock, governed):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    thread.join(60)
    thread.join()
    assert clock.elapsed == 0


def test_a_thread_may_be_joined_by_many_and_in_vain(clock, governed, together):
    slow = threading.Thread(target=time.sleep, args=(100,))
    slow.start()
    seen = []

    def join(timeout):
        slow.join(timeout)
        seen.append((timeout, clock.elapsed, slow.is_alive()))

    together(lambda: join(30), lambda: join(None), lambda: join(200), lambda: join(0))
    assert seen == [(0, 0, True), (30, 30, True), (None, 100, False), (200, 100, False)]


def test_joining_oneself_or_what_was_not_started_is_refused_as_in_life(governed):
    with pytest.raises(RuntimeError, match="cannot join current thread"):
        threading.current_thread().join()
    with pytest.raises(RuntimeError, match="before it is started"):
        threading.Thread(target=int).join(5)


def test_a_thread_keeps_a_run_of_its_own(clock, governed):
    class Nap(threading.Thread):
        def run(self):
            time.sleep(7)

    nap = Nap()
    nap.start()
    nap.join()
    own = threading.Thread()
    own.run = lambda: time.sleep(3)
    own.start()
    own.join()
    assert clock.elapsed == 10
    assert "run" in vars(own)
    assert "run" not in vars(nap)
    assert "_bootstrap_inner" not in vars(nap)


def test_what_a_thread_raises_stops_nobody(clock, governed, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join(60)
    time.sleep(5)
    assert clock.elapsed == 5


def test_threads_of_multiprocessing_dummy_are_threads(clock, governed):
    thread = dummy.Process(target=time.sleep, args=(30,))
    thread.start()
    thread.join()
    assert clock.elapsed == 30


def test_a_timer_may_be_cancelled(clock, governed):
    seen = []
    timer = threading.Timer(300, seen.append, ["rang"])
    timer.start()
    time.sleep(100)
    timer.cancel()
    timer.join()
    assert (seen, clock.elapsed) == ([], 100)


# What blocks for real


def test_time_stands_while_a_child_process_runs(clock, governed):
    stop, beats = [], []

    def beat():
        while not stop:
            time.sleep(1)
            beats.append(clock.elapsed)

    thread = threading.Thread(target=beat)
    thread.start()
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)"], check=True)
    seen = list(beats)
    stop.append(True)
    thread.join()
    assert seen == []
    assert clock.elapsed <= 1


def test_threads_that_block_each_other_in_pipes_get_on(clock, governed, together):
    first, second = os.pipe(), os.pipe()

    def ping():
        os.write(first[1], b"x")
        os.read(second[0], 1)

    def pong():
        os.read(first[0], 1)
        os.write(second[1], b"x")

    together(pong, ping)
    assert clock.elapsed == 0
    assert clock.preempted


def test_a_thread_that_spins_on_a_flag_lets_the_other_set_it(clock, governed):
    flag = []
    thread = threading.Thread(target=flag.append, args=(1,))
    thread.start()
    while not flag:
        pass
    thread.join()
    assert clock.elapsed == 0


def test_a_forked_child_lives_in_real_time(governed):
    child = os.fork()
    if not child:
        started = os.times().elapsed  # in hundredths; nothing stands in for it
        time.sleep(0.05)
        slept = os.times().elapsed - started
        os._exit(0 if slept > 0.03 and time.gmtime().tm_year > 2024 else 1)
    assert os.waitpid(child, 0)[1] == 0


# Threads of another time


class App:
    """An application with a worker of its own, that waits for work."""

    def __init__(self):
        self.jobs, self.results = queue.Queue(), queue.Queue()
        self.worker = threading.Thread(target=self._work, daemon=True)
        self.worker.start()
        while not self.jobs.not_empty._waiters:
            REAL_SLEEP(0.001)

    def _work(self):
        while (length := self.jobs.get()) is not None:
            time.sleep(length)
            self.results.put(length)


@pytest.fixture
def app():
    app = App()
    yield app
    app.jobs.put(None)
    app.worker.join(10)
    assert not app.worker.is_alive()


def test_a_thread_older_than_the_world_lives_on_the_clock(app):
    for _ in range(3):  # the second time it is one that another world has left behind
        clock = VirtualClock()
        with governed_by(clock):
            app.jobs.put(10)
            assert app.results.get(timeout=60) == 10
            assert clock.elapsed == 10
            app.jobs.put(5)
            app.jobs.put(7)
            time.sleep(30)
            assert clock.elapsed == 40
            assert app.results.qsize() == 2
            assert [app.results.get(), app.results.get()] == [5, 7]


def test_a_thread_that_outlives_its_world_is_not_judged_by_it(app):
    with governed_by(VirtualClock()) as world:
        app.jobs.put(1)
        assert app.results.get() == 1
        clock = world.clock
    REAL_SLEEP(2.5)  # longer than silence lasts
    assert clock.broken is None
    assert app.worker.is_alive()


def test_a_timer_older_than_the_world_that_calls_machinery_takes_no_part(clock):
    struck = threading.Event()
    strike = types.FunctionType(struck.set.__func__.__code__, {"__name__": "pytest_timeout"})
    strike.__module__ = "pytest_timeout"
    guard = threading.Timer(3600, strike, (struck,))
    guard.daemon = True
    guard.start()
    try:
        with governed_by(clock):
            time.sleep(7200)
            assert clock.elapsed == 7200
        assert not struck.is_set()
    finally:
        guard.cancel()
