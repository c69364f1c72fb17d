from __future__ import annotations

import _thread
import gc
import itertools
import queue
import re
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from flyte_testkit.clock import Clock, SystemClock, VirtualClock
from flyte_testkit.clock._members import Members
from flyte_testkit.errors import ClockError, HopelessWait
from flyte_testkit.world import governed_by

UTC = timezone.utc


class Engine:
    """A source with one thing due, or none."""

    def __init__(self, due: datetime | None = None, story: str = "") -> None:
        self.due = due
        self.told = story

    def next_due(self) -> datetime | None:
        return self.due

    def story(self) -> str:
        return self.told


def sleep_for_ever(clock, length):
    while True:
        clock.sleep(length)


def fail():
    raise IndexError


def in_threads(clock, *bodies):
    """Run bodies side by side, each as a thread that takes part from its start."""
    threads = [threading.Thread(target=body, daemon=True) for body in bodies]
    for thread in threads:
        clock.join(thread)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def run_together(*bodies):
    """Run bodies side by side in a world."""
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# Reading


def test_starts_with_the_year_2024():
    assert VirtualClock().now() == datetime(2024, 1, 1, tzinfo=UTC)
    assert VirtualClock().elapsed == 0


def test_starts_where_it_is_told():
    start = datetime(2024, 3, 10, 1, 59, 50, 123456, tzinfo=timezone(timedelta(hours=-5)))
    clock = VirtualClock(start)
    assert clock.now() == start
    assert clock.now().tzinfo is UTC


def test_refuses_a_start_without_a_time_zone():
    with pytest.raises(ClockError, match=r"'2024-03-10T00:00:00'.* has no time zone"):
        VirtualClock(start=datetime(2024, 3, 10))


def test_a_misspelt_keyword_is_told_which_was_meant():
    with pytest.raises(
        TypeError, match=r"^VirtualClock\(\) got .*'limits'\. Did you mean 'limit'\?"
    ):
        VirtualClock(limits=60)


def test_reading_moves_nothing():
    clock = VirtualClock()
    assert clock.now() == clock.now()
    assert clock.moves == 0


def test_elapsed_is_a_sum_without_drift():
    clock = VirtualClock(limit=None)
    for _ in range(1000):
        clock.sleep(0.1)
    assert clock.elapsed == 100
    clock.advance(0.3)
    assert clock.elapsed == 100.3
    assert clock.now() == datetime(2024, 1, 1, 0, 1, 40, 300000, tzinfo=UTC)


def test_seconds_and_timedeltas_are_one():
    clock = VirtualClock()
    clock.sleep(timedelta(minutes=10))
    clock.sleep(540)
    assert clock.elapsed == 1140


def test_the_shortest_sleep_moves_time():
    clock = VirtualClock()
    clock.sleep(1e-9)
    assert clock.elapsed == 0.000001


def test_its_repr_tells_the_time():
    clock = VirtualClock()
    clock.sleep(3600)
    assert repr(clock) == "<VirtualClock 2024-01-01T01:00:00+00:00, 3,600 s after its start>"


# Sleeping alone


def test_a_sleep_of_zero_moves_nothing():
    clock = VirtualClock()
    clock.sleep(0)
    assert (clock.elapsed, clock.moves) == (0, 0)


@pytest.mark.parametrize("length", [-1, -0.5, -1e-9, timedelta(seconds=-1)])
def test_a_negative_sleep_is_refused_as_the_real_one_is(length):
    with pytest.raises(ValueError, match="sleep length must be non-negative"):
        VirtualClock().sleep(length)


def test_sleeps_must_be_numbers_and_finite():
    with pytest.raises(ValueError, match="nan"):
        VirtualClock().sleep(float("nan"))
    with pytest.raises(OverflowError, match="inf"):
        VirtualClock().sleep(float("inf"))


# Moving


def test_time_cannot_go_backwards():
    clock = VirtualClock()
    with pytest.raises(ClockError, match=r"advance\(-5\) would move time backwards"):
        clock.advance(-5)
    with pytest.raises(ClockError, match="it is 2024-01-01T00:00:00"):
        clock.move_to(datetime(2023, 1, 1, tzinfo=UTC))


def test_moves_to_an_instant():
    clock = VirtualClock()
    clock.move_to(datetime(2024, 1, 2, tzinfo=UTC))
    assert clock.elapsed == 86_400
    clock.move_to(clock.now())
    assert clock.elapsed == 86_400


def test_move_to_wants_an_aware_datetime():
    with pytest.raises(ClockError, match="has no time zone"):
        VirtualClock().move_to(datetime(2025, 1, 1))
    with pytest.raises(ClockError, match=r"'2025-01-01'.* is no datetime"):
        VirtualClock().move_to("2025-01-01")


# Callbacks


def test_callbacks_run_at_exactly_their_instants():
    clock = VirtualClock()
    seen = []
    for delay in (30, 10, 20.5):
        clock.call_later(delay, lambda: seen.append(clock.elapsed))
    clock.sleep(25)
    assert seen == [10, 20.5]
    clock.advance(5)
    assert seen == [10, 20.5, 30]
    assert clock.elapsed == 30


def test_callbacks_of_one_instant_run_in_the_order_of_asking():
    clock = VirtualClock()
    seen = []
    clock.call_later(5, seen.append, "a")
    clock.call_at(clock.now() + timedelta(seconds=5), seen.append, "b")
    clock.call_later(5, seen.append, "c")
    clock.sleep(5)
    assert seen == ["a", "b", "c"]


def test_a_callback_may_schedule_another():
    clock = VirtualClock()
    seen = []
    clock.call_later(5, lambda: clock.call_later(5, lambda: seen.append(clock.elapsed)))
    clock.sleep(60)
    assert seen == [10]


def test_a_cancelled_callback_does_not_run():
    clock = VirtualClock()
    seen = []
    handle = clock.call_later(5, seen.append, "never")
    assert clock.pending
    handle.cancel()
    handle.cancel()
    assert not clock.pending
    clock.sleep(10)
    assert seen == []


def test_cancelling_what_has_happened_does_nothing():
    clock = VirtualClock()
    handle = clock.call_later(5, int)
    clock.sleep(5)
    handle.cancel()
    assert not clock.pending
    clock.call_later(5, int)
    assert clock.pending


def test_call_at_refuses_the_past():
    clock = VirtualClock()
    clock.sleep(60)
    with pytest.raises(ClockError, match="comes too late: it is 2024-01-01T00:01:00"):
        clock.call_at(datetime(2024, 1, 1, tzinfo=UTC), print)
    with pytest.raises(ValueError, match="delay must be non-negative"):
        clock.call_later(-1, print)


def test_what_a_callback_raises_reaches_whoever_waits():
    clock = VirtualClock()
    clock.call_later(5, fail)
    with pytest.raises(IndexError):
        clock.sleep(10)
    assert clock.elapsed == 5
    clock.sleep(10)
    assert clock.elapsed == 15


@pytest.mark.parametrize("wait", [VirtualClock.sleep, VirtualClock.advance])
def test_a_callback_cannot_wait(wait):
    clock = VirtualClock()
    clock.call_later(5, wait, clock, 1)
    with pytest.raises(ClockError, match=r"a callback .* tried to wait"):
        clock.sleep(10)


def test_callbacks_run_without_the_lock():
    clock = VirtualClock()

    def ask():
        with ThreadPoolExecutor(1) as pool:  # another thread may use the clock meanwhile
            pool.submit(clock.call_later, 1, int).result(5)

    clock.call_later(5, ask)
    clock.sleep(10)
    assert not clock.pending


# Sleeping side by side


def test_two_threads_that_sleep_300_seconds_take_300_seconds():
    clock = VirtualClock()
    in_threads(clock, lambda: clock.sleep(300), lambda: clock.sleep(300))
    assert clock.elapsed == 300


def test_sleepers_wake_by_time_then_by_the_order_of_joining():
    clock = VirtualClock()
    seen = []

    def sleeper(name, *lengths):
        def body():
            for length in lengths:
                clock.sleep(length)
                seen.append((clock.elapsed, name))

        return body

    for _ in range(10):
        start = clock.elapsed
        seen.clear()
        in_threads(clock, sleeper("a", 10, 10, 10), sleeper("b", 10, 20), sleeper("c", 5, 5, 5, 15))
        assert [(at - start, name) for at, name in seen] == [
            (5, "c"), (10, "a"), (10, "b"), (10, "c"), (15, "c"),
            (20, "a"), (30, "a"), (30, "b"), (30, "c"),
        ]  # fmt: skip


def test_one_thread_finishes_what_it_does_before_the_next_wakes():
    clock = VirtualClock()
    running = []
    overlaps = []

    def body():
        for _ in range(20):
            clock.sleep(1)
            running.append(1)
            overlaps.append(len(running))
            sum(range(2000))
            running.pop()

    in_threads(clock, body, body, body)
    assert set(overlaps) == {1}
    assert clock.elapsed == 20


def test_callbacks_come_before_the_sleepers_of_their_instant():
    clock = VirtualClock()
    seen = []

    def body():
        clock.sleep(10)
        seen.append("sleeper")

    clock.call_later(10, seen.append, "callback")
    in_threads(clock, body)
    assert seen == ["callback", "sleeper"]


def test_advance_lets_the_other_threads_live_through_that_time():
    clock = VirtualClock()
    seen = []

    def body():
        for _ in range(4):
            clock.sleep(30)
            seen.append(clock.elapsed)

    thread = threading.Thread(target=body)
    clock.join()
    clock.join(thread)
    thread.start()
    clock.advance(100)
    assert (clock.elapsed, seen) == (100, [30, 60, 90])
    clock.advance(20)
    thread.join(30)
    assert (clock.elapsed, seen) == (120, [30, 60, 90, 120])


def test_time_stands_while_another_thread_works():
    clock = VirtualClock()
    at = []

    def work():
        deadline = time.monotonic() + 0.02
        while time.monotonic() < deadline:
            pass
        at.append(clock.elapsed)

    in_threads(clock, work, lambda: clock.sleep(60))
    assert at == [0]


@pytest.mark.parametrize("length", [0.001, 60])
def test_idle_pool_threads_do_not_stop_time(length):
    clock = VirtualClock()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(clock.sleep, [1, 2, 3, 4]))
        before = clock.elapsed
        for _ in range(50):
            clock.sleep(length)
        assert clock.elapsed == pytest.approx(before + 50 * length)


def test_a_job_handed_to_an_idle_pool_starts_before_time_moves():
    clock = VirtualClock()
    with governed_by(clock), ThreadPoolExecutor(2) as pool:
        list(pool.map(clock.sleep, [1, 1]))
        for _ in range(30):
            now = clock.elapsed
            job = pool.submit(lambda: (clock.elapsed, clock.sleep(2)))
            clock.sleep(5)
            assert job.result(5)[0] == now


def test_a_notified_thread_runs_before_time_moves():
    clock = VirtualClock()
    items = queue.Queue()
    seen = []

    def consumer():
        while items.get() is not None:
            seen.append(clock.elapsed)

    def producer():
        for _ in range(30):
            items.put(1)
            clock.sleep(10)
        items.put(None)

    with governed_by(clock):
        run_together(consumer, producer)
    assert seen == [10 * n for n in range(30)]


def test_a_thread_that_waits_for_another_to_end_waits():
    clock = VirtualClock()

    def outer():
        run_together(lambda: clock.sleep(60))
        clock.sleep(5)

    with governed_by(clock):
        run_together(outer, lambda: clock.sleep(100))
    assert clock.elapsed == 100


def test_a_thread_blocked_by_a_sleeper_in_a_bare_lock_waits():
    clock = VirtualClock()
    seen = []

    def holder():
        with lock:
            clock.sleep(10)

    def wanting():
        clock.sleep(1)
        with lock:
            seen.append(clock.elapsed)

    def acquiring():
        clock.sleep(2)
        lock.acquire()
        seen.append(clock.elapsed)
        lock.release()

    with governed_by(clock):
        lock = threading.Lock()
        run_together(holder, wanting, acquiring)
    assert seen == [10, 10]


def test_threads_that_ended_or_left_stop_nothing():
    clock = VirtualClock()
    in_threads(clock, lambda: clock.sleep(1))
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    clock.join(thread)
    clock.leave(thread)
    thread.start()
    clock.sleep(5)
    done.set()
    thread.join()
    assert clock.elapsed == 6


def test_a_released_sleeper_wakes_before_its_time():
    clock = VirtualClock()
    sleeper = clock.sleeper(100)
    in_threads(clock, lambda: (clock.sleep(7), sleeper.release()))
    assert clock.park(sleeper)
    assert clock.elapsed == 7
    assert not clock.park(clock.sleeper(100))
    assert clock.elapsed == 107


# Calls that the server holds back


def call(clock, answered, name="1"):
    """Return a body that stands in a call until a lock is released, as in gRPC."""

    def body():
        calls = clock.mover.calls
        member = calls.enter(name)
        try:
            answered.acquire()
        finally:
            calls.leave(name, member)

    return body


@pytest.fixture
def answered():
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


@pytest.mark.parametrize("name", ["1", None])
def test_a_held_call_waits_and_time_reaches_its_answer(answered, name):
    clock = VirtualClock()

    def hold():
        hold = clock.hold("GetExecution", name)

        def answer():
            clock.release(hold)
            clock.release(hold)
            answered.release()

        clock.call_later(30, answer)

    in_threads(clock, call(clock, answered), hold)
    assert clock.elapsed == 30


def test_a_call_that_is_held_before_its_caller_stands_in_it_waits(answered):
    clock = VirtualClock()
    hold = clock.hold("GetExecution", "1")
    clock.call_later(30, lambda: (clock.release(hold), answered.release()))
    in_threads(clock, call(clock, answered))
    assert clock.elapsed == 30


def test_a_call_that_is_not_held_runs(answered):
    clock = VirtualClock()
    at = []

    def answer():
        time.sleep(0.02)
        at.append(clock.elapsed)
        answered.release()

    threading.Thread(target=answer).start()
    in_threads(clock, call(clock, answered), lambda: clock.sleep(60))
    assert at == [0]


def test_a_call_runs_although_another_is_held(answered):
    clock = VirtualClock()
    other = _thread.allocate_lock()
    other.acquire()
    clock.hold("GetExecution", "2")
    at = []

    def answer():
        time.sleep(0.02)
        at.append(clock.elapsed)
        other.release()
        answered.release()

    threading.Thread(target=answer).start()
    in_threads(clock, call(clock, answered), call(clock, other, "2"), lambda: clock.sleep(60))
    assert at == [0]


def test_time_stands_while_a_call_is_on_the_wire():
    clock = VirtualClock()
    calls = clock.mover.calls
    calls.fly("1")
    at = []

    def land():
        time.sleep(0.02)
        at.append(clock.elapsed)
        calls.land("1")

    threading.Thread(target=land).start()
    in_threads(clock, lambda: clock.sleep(60))
    assert (at, clock.elapsed) == ([0], 60)


def test_what_a_callback_raises_while_only_calls_wait_breaks_the_clock(answered):
    clock = VirtualClock()
    clock.when_broken(answered.release)
    clock.hold("GetExecution", "1")
    clock.call_later(30, fail)
    in_threads(clock, call(clock, answered))
    assert "IndexError" in str(clock.broken)


# Hopeless waits


def told(caught):
    """What an error says, line by line, without the numbers of lines of code."""
    return [re.sub(r"\.py:\d+, in \w+", ".py", line) for line in str(caught.value).splitlines()]


def test_waiting_past_the_limit_is_hopeless():
    clock = VirtualClock(limit=timedelta(days=2))
    clock.watch(Engine(datetime(2025, 1, 1, tzinfo=UTC), "nightly is RUNNING since ever"))
    with pytest.raises(HopelessWait) as caught:
        sleep_for_ever(clock, 3600)
    assert clock.elapsed == 48 * 3600
    assert told(caught) == [
        "the code under test waits longer than this clock's limit of 2 days.",
        "  nightly is RUNNING since ever",
        "  'MainThread' waits from 172,800 s to 176,400 s, at tests/test_clock.py",
        "It is 2024-01-03T00:00:00+00:00, 172,800 s after the start.",
        "Script an ending, give the wait a timeout, or raise flyte_clock.limit.",
    ]


def test_what_is_skipped_does_not_count_towards_the_limit():
    clock = VirtualClock(limit=100)
    clock.advance(1000)
    clock.sleep(100)
    with pytest.raises(HopelessWait):
        clock.sleep(1)


def test_the_limit_may_be_set():
    clock = VirtualClock()
    assert clock.limit == timedelta(days=30)
    clock.limit = 10
    assert clock.limit == timedelta(seconds=10)
    clock.limit = None
    clock.sleep(10**8)


def test_a_long_wait_beside_one_that_ends_is_not_hopeless():
    clock = VirtualClock(limit=100)
    sleeper = clock.sleeper(10**9)
    in_threads(clock, lambda: (clock.sleep(50), sleeper.release()))
    assert clock.park(sleeper)


def test_idle_sleeps_are_hopeless():
    clock = VirtualClock(idle_sleeps=100)
    clock.watch(Engine(story="nightly is RUNNING\n  running() never ends"))
    with pytest.raises(HopelessWait) as caught:
        sleep_for_ever(clock, 1)
    assert clock.elapsed == 100
    assert told(caught) == [
        "the code under test slept 100 times in a row, and nothing is scheduled any more.",
        "  nightly is RUNNING",
        "    running() never ends",
        "  'MainThread' has slept 100 times since 0 s, at tests/test_clock.py",
        "It is 2024-01-01T00:01:40+00:00, 100 s after the start.",
        "Script an ending, give the wait a timeout, or raise flyte_clock.idle_sleeps.",
    ]


def test_sleeps_are_not_idle_while_something_is_due():
    clock = VirtualClock(idle_sleeps=10)
    engine = Engine(clock.now() + timedelta(days=1))
    clock.watch(engine)
    for _ in range(50):
        clock.sleep(1)
    clock.unwatch(engine)
    clock.call_later(1000, int)
    for _ in range(50):
        clock.sleep(1)


def test_sleeps_are_counted_anew_once_something_stirs():
    clock = VirtualClock(idle_sleeps=10)
    for _ in range(5):
        for _ in range(10):
            clock.sleep(1)
        clock.stir()


def test_two_threads_that_wait_for_each_other_are_hopeless():
    clock = VirtualClock(idle_sleeps=50)
    ends = []

    def body():
        try:
            sleep_for_ever(clock, 1)
        except HopelessWait as error:
            ends.append(str(error))

    in_threads(clock, body, body)
    assert len(ends) == 2
    assert ends[0] == ends[1]


def test_a_thread_that_sleeps_long_keeps_hope_alive():
    clock = VirtualClock(idle_sleeps=10)
    done = []

    def watcher():
        while not done:
            clock.sleep(1)

    in_threads(clock, watcher, lambda: (clock.sleep(100), done.append(1)))
    assert clock.elapsed == 101


def test_giving_up_ends_every_sleep():
    clock = VirtualClock()
    ends = []

    def body():
        try:
            clock.sleep(60)
        except HopelessWait as error:
            ends.append(str(error).splitlines()[0])

    def judge():
        clock.sleep(1)
        clock.give_up("wait() waits for ever.", "Give it a timeout.")

    farewells = []
    clock.when_broken(lambda: farewells.append(clock.broken))
    in_threads(clock, body, body, judge)
    assert ends == ["wait() waits for ever."] * 2
    assert farewells == [clock.broken]
    assert str(clock.broken).endswith("Give it a timeout.")
    for length in (0, 1):
        with pytest.raises(HopelessWait, match="wait\\(\\) waits for ever"):
            clock.sleep(length)


def test_the_first_reason_stays():
    clock = VirtualClock()
    first = clock.give_up("one")
    assert clock.give_up("two") is first
    called = []
    clock.when_broken(lambda: called.append(1))
    assert called == [1]


@pytest.mark.parametrize("clock", [VirtualClock(), SystemClock()], ids=["virtual", "real"])
def test_who_is_forgotten_is_not_told_that_a_clock_gave_up(clock):
    called = []
    clock.when_broken(called.clear)
    clock.when_broken(lambda: called.append(1))
    clock.forget(called.clear)
    clock.forget(called.clear)
    clock.give_up("enough")
    assert called == [1]


def test_an_interruption_reaches_threads_that_do_not_sleep():
    clock = VirtualClock()
    ready = threading.Event()
    ends = []

    def busy():
        try:
            for _ in itertools.count():
                ready.set()
        except HopelessWait as error:
            ends.append((type(error).__name__, str(error).splitlines()[0]))

    def guard():
        ready.wait(5)
        clock.interrupt("RPCs without end.")

    in_threads(clock, busy, guard)
    assert ends == [("HopelessWait", "RPCs without end.")]


@pytest.mark.parametrize("end", ["interrupt", "strike"])
def test_who_stands_in_a_call_is_interrupted_when_it_is_answered(end):
    """Not before: whoever is interrupted within gRPC may leave with one of its locks."""
    clock = VirtualClock()
    ready, struck = threading.Event(), threading.Event()
    ends = []

    def caller():
        calls = clock.mover.calls
        member = calls.enter("a call")
        ready.set()
        struck.wait(5)
        ends.append("answered")
        try:
            calls.leave("a call", member)
        except HopelessWait as error:
            ends.append(str(error).splitlines()[0])

    def guard():
        ready.wait(5)
        getattr(clock, end)("RPCs without end.")
        struck.set()

    in_threads(clock, caller, guard)
    assert ends == ["answered", "RPCs without end."]


def test_leaving_swallows_an_interruption_that_is_on_its_way(monkeypatch):
    clock = VirtualClock()
    clock.join()
    remove = Members.remove
    calls = []

    def interrupted_once(members, member):
        calls.append(member)
        if len(calls) == 1:
            raise HopelessWait
        remove(members, member)

    monkeypatch.setattr(Members, "remove", interrupted_once)
    clock.leave()
    assert len(calls) == 2
    assert not clock.takes_part(threading.current_thread())


# Real time


def test_both_clocks_are_clocks():
    def ask(clock: Clock) -> datetime:
        return clock.now()

    assert ask(VirtualClock()) < ask(SystemClock())


def test_the_system_clock_calls_back_in_order():
    seen = queue.Queue()
    with SystemClock() as clock:
        now = clock.now()
        with clock._changed:
            clock.call_at(now + timedelta(milliseconds=1), seen.put, "b")
            clock.call_at(now, seen.put, "a")
        clock.call_later(60, seen.put, "never").cancel()
        assert [seen.get(timeout=10), seen.get(timeout=10)] == ["a", "b"]
        assert not clock.pending
        clock.sleep(0)
        assert clock.elapsed > 0
        assert clock.limit is None


def test_the_system_clock_ends_with_its_callbacks():
    clock = SystemClock()
    clock.call_later(60, print, "never")
    clock.close()
    with pytest.raises(ClockError, match="closed"):
        clock.call_later(1, print)


def test_real_time_cannot_be_moved():
    with pytest.raises(ClockError, match="cannot move real time"):
        SystemClock().advance(5)
    with pytest.raises(ClockError, match="cannot move real time"):
        SystemClock().move_to(datetime(2030, 1, 1, tzinfo=UTC))


def test_giving_up_on_the_system_clock_says_farewell():
    clock = SystemClock()
    called = []
    clock.when_broken(lambda: called.append(1))
    assert clock.interrupt("enough") is clock.broken
    assert called == [1]


def test_waits_without_end_are_told_after_a_while(monkeypatch):
    from flyte_testkit.clock import _watch

    monkeypatch.setattr(_watch, "_SILENCE", 0.01)
    clock = VirtualClock()

    with pytest.raises(HopelessWait, match="every thread waits without a timeout"):
        clock.park(clock.sleeper(None))


def test_a_wait_without_end_goes_on_while_something_is_scheduled(monkeypatch):
    from flyte_testkit.clock import _watch

    monkeypatch.setattr(_watch, "_SILENCE", 0.01)
    clock = VirtualClock()
    sleeper = clock.sleeper(None)
    clock.call_later(3600, sleeper.release)

    assert clock.park(sleeper)
    assert clock.elapsed == 3600


def test_a_clock_without_threads_is_deserted():
    clock = VirtualClock()
    before = clock.deserted
    clock.sleep(1)

    assert (before, clock.deserted, SystemClock().deserted) == (True, False, False)


@pytest.mark.parametrize("verb", ["call_at", "call_later"])
def test_callbacks_take_keywords(verb):
    clock, seen = VirtualClock(), []
    when = clock.now() + timedelta(seconds=5) if verb == "call_at" else 5

    getattr(clock, verb)(when, lambda *args, **kwargs: seen.append((args, kwargs)), 1, cause="dear")
    clock.advance(5)

    assert seen == [((1,), {"cause": "dear"})]


def test_a_system_clock_passes_keywords_on_as_well():
    done = threading.Event()
    seen = []

    def note(**kwargs):
        seen.append(kwargs)
        done.set()

    with SystemClock() as clock:
        clock.call_later(0, note, cause="dear")
        assert done.wait(30)
    assert seen == [{"cause": "dear"}]


def test_a_mended_clock_hopes_anew():
    clock = VirtualClock(limit=100, idle_sleeps=3)
    with pytest.raises(HopelessWait):
        clock.sleep(101)
    with pytest.raises(HopelessWait):
        clock.sleep(1)

    clock.mend()

    clock.sleep(99)
    assert clock.broken is None
    with pytest.raises(HopelessWait):
        clock.sleep(2)


def test_the_limit_of_a_mended_clock_counts_from_now():
    clock = VirtualClock(limit=100)
    clock.sleep(90)
    clock.advance(1000)
    clock.mend()
    clock.sleep(90)

    clock.limit = 200

    clock.sleep(100)
    with pytest.raises(HopelessWait):
        clock.sleep(11)


class Dropped:
    """Cancels a callback when Python's collector finds it, at any moment."""

    def __init__(self, clock):
        self.itself = self
        self.callback = clock.call_later(60, print)

    def __del__(self):
        self.callback.cancel()


def test_what_the_collector_runs_may_cancel_a_callback():
    clock, usual = VirtualClock(), gc.get_threshold()
    kept = [(0, 0, 0, number, clock) for number in range(3000)]  # Python has no tuples in store
    try:
        for number in range(1, 500):
            Dropped(clock)
            gc.set_threshold(number % 10 + 1)  # it runs now here, now there
            clock.call_later(1, int)
            gc.set_threshold(*usual)
    finally:
        gc.set_threshold(*usual)
    gc.collect()
    clock.advance(1)
    assert kept
    assert not clock.pending


class Held:
    def __call__(self):
        pass


def test_a_callback_that_is_over_holds_nothing():
    clock = VirtualClock()
    held = [Held(), Held()]
    cancelled, run = (clock.call_later(60, it) for it in held)
    gone = [weakref.ref(it) for it in held]
    assert "Held object" in repr(run)
    held.clear()
    cancelled.cancel()
    clock.advance(60)
    assert [it() for it in gone] == [None, None]
    assert repr(run) == "<what is over at 2024-01-01T00:01:00+00:00>"
