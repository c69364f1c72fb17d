from __future__ import annotations

import asyncio
import contextlib
import copy
import copyreg
import datetime as dt
import importlib
import importlib.util
import itertools
import logging
import pickle
import queue
import subprocess
import sys
import textwrap
import threading
import time
import types
from concurrent import futures
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from time import monotonic, sleep
from unittest import mock

import grpc
import pytest
from freezegun import api, freeze_time
from hypothesis import given
from hypothesis import strategies as st

from flyte_testkit.clock import SystemClock, VirtualClock
from flyte_testkit.errors import ClockError, HopelessWait, NestedFreezeError
from flyte_testkit.world import (
    _bindings,
    _reins,
    _sleeps,
    _world,
    governed_by,
    local_time,
)

pytestmark = pytest.mark.usefixtures("small_heap")
UTC = timezone.utc
REAL = {"sleep": sleep, "monotonic": monotonic, "datetime": datetime, "date": date}


@pytest.fixture
def new_york():
    with local_time("America/New_York"):
        yield


# Sleeping


def test_sleep_moves_the_clock(clock, governed):
    time.sleep(600)
    time.sleep(540)
    assert clock.elapsed == 1140


def test_a_sleep_takes_whatever_stands_for_a_whole_number(clock, governed):
    class Minutes:
        def __index__(self):
            return 120

    time.sleep(Minutes())

    assert clock.elapsed == 120


def test_a_sleep_imported_by_name_moves_the_clock(clock, governed):
    sleep(30)
    assert clock.elapsed == 30


def test_a_sleep_refuses_what_the_real_one_refuses(clock, governed):
    with pytest.raises(ValueError, match="non-negative"):
        time.sleep(-1)
    with pytest.raises(TypeError):
        time.sleep(timedelta(seconds=1))
    with pytest.raises(TypeError):
        time.sleep("1")
    time.sleep(0)
    assert clock.elapsed == 0


def test_a_sleep_bound_as_a_default_moves_the_clock(clock, module_of):
    code = module_of(
        """
        import time

        def poll(seconds, sleep=time.sleep, *, again=time.sleep):
            sleep(seconds)
            again(seconds)

        class Poller:
            sleep = time.sleep
            static = staticmethod(time.sleep)

            def __init__(self):
                self.own = time.sleep

        poller = Poller()
        """
    )
    before = (code.poll.__defaults__, dict(code.poll.__kwdefaults__), dict(vars(code.Poller)))
    with governed_by(clock):
        code.poll(10)
        assert clock.elapsed == 20
        code.poller.sleep(10)
        code.poller.static(10)
        code.Poller.sleep(10)
        code.poller.own(10)
        assert clock.elapsed == 60
    assert before == (code.poll.__defaults__, code.poll.__kwdefaults__, dict(vars(code.Poller)))
    assert code.poller.own is REAL["sleep"]


def test_a_clock_bound_as_a_default_follows_the_clock(clock, module_of):
    code = module_of(
        """
        import time

        def deadline(seconds, now=time.monotonic, *, clock=time.time):
            return now() + seconds, clock() + seconds

        def closed_over(now):
            return lambda: now()

        class Loop:
            clock = staticmethod(time.perf_counter)

            def __init__(self, now=time.time):
                self.now = now

        closure, loop = closed_over(time.monotonic), Loop()
        """
    )
    before = [*code.deadline.__defaults__, code.closure(), code.loop.now]
    with governed_by(clock):
        first = [*code.deadline(5), code.closure(), code.loop.clock(), code.loop.now()]
        clock.advance(3600)
        later = [*code.deadline(5), code.closure(), code.loop.clock(), code.loop.now()]
        assert [round(b - a, 3) for a, b in zip(first, later, strict=True)] == [3600] * 5
    assert code.deadline.__defaults__ == (REAL["monotonic"],)
    assert code.loop.now is time.time
    assert abs(code.closure() - before[1]) < 60


def test_a_sleep_that_no_patch_reaches_is_named(clock, module_of):
    module_of("import time; pauses = (time.sleep,)")
    entered = governed_by(clock)
    with pytest.warns(RuntimeWarning, match=r"code_under_test\.pauses\[0\] has held"), entered:
        assert any("code_under_test.pauses" in stray for stray in entered.strays)


def test_a_mock_that_wraps_sleep_moves_the_clock(clock, governed):
    wrapping = mock.Mock(wraps=time.sleep)
    wrapping(30)
    with mock.patch.object(time, "sleep", side_effect=time.sleep) as patched:
        time.sleep(30)
    assert patched.call_count == 1
    assert clock.elapsed == 60


def test_the_machinery_sleeps_for_real(clock, governed):
    pool = types.FunctionType(
        compile("import time\ntime.sleep(0.001)", "<grpc>", "exec"), {"__name__": "grpc._channel"}
    )
    pool()
    assert clock.elapsed == 0


def test_a_module_that_is_only_called_like_machinery_is_none():
    assert _reins.is_machinery("grpc._channel")
    assert _reins.is_machinery("concurrent.futures._base")
    assert _reins.is_machinery("flyte_testkit.clock._mover")
    assert not _reins.is_machinery("grpc_retries")
    assert not _reins.is_machinery("queue_worker.main")
    assert not _reins.is_machinery("flyte_testkit.client._time")
    assert not _reins.is_machinery("concurrent")


# Threads


def test_two_threads_that_sleep_300_seconds_take_300_seconds(clock, governed):
    threads = [threading.Thread(target=time.sleep, args=(300,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1000)
    assert clock.elapsed == 300


def test_jobs_of_a_pool_sleep_side_by_side(clock, governed):
    seen = []

    def job(number):
        time.sleep(60 * number)
        seen.append((number, clock.elapsed))
        return number

    with futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(job, [4, 3, 2, 1])) == [4, 3, 2, 1]
        assert seen == [(1, 60), (2, 120), (3, 180), (4, 240)]
        for future in [pool.submit(time.sleep, 100) for _ in range(4)]:
            future.result(1000)
    assert clock.elapsed == 340


def test_a_thread_started_under_it_lives_before_time_moves(clock, governed):
    seen = []
    for _ in range(20):
        threading.Thread(target=lambda: seen.append(clock.elapsed)).start()
        time.sleep(10)
    assert seen == [10 * n for n in range(20)]


def test_a_timer_fires_at_its_virtual_time(clock, governed):
    seen = []
    timer = threading.Timer(300, lambda: seen.append(clock.elapsed))
    timer.start()
    time.sleep(600)
    timer.join(30)
    assert seen == [300]


def test_join_and_result_time_out_on_the_clock(clock, governed):
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    thread.join(60)
    assert (thread.is_alive(), clock.elapsed) == (True, 60)
    with futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(release.wait)
        with pytest.raises(futures.TimeoutError):
            future.result(timeout=3600)
        release.set()
    thread.join(30)
    assert (thread.is_alive(), clock.elapsed) == (False, 3660)


def test_a_thread_that_cannot_start_takes_no_part(clock, governed):
    thread = threading.Thread(target=print)
    thread.start()
    thread.join(30)
    with pytest.raises(RuntimeError, match="only be started once"):
        thread.start()
    time.sleep(5)
    assert clock.elapsed == 5


# Waits with a timeout


def test_an_event_times_out_on_the_clock(clock, governed):
    assert not threading.Event().wait(60)
    assert not threading.Event().wait(timeout=0.5)
    assert clock.elapsed == 60.5


def test_an_event_that_is_set_ends_the_wait(clock, governed):
    event = threading.Event()

    def setter():
        time.sleep(20)
        event.set()

    threading.Thread(target=setter).start()
    assert event.wait(60)
    assert clock.elapsed == 20


def test_a_callback_may_end_a_wait(clock, governed):
    event = threading.Event()
    clock.call_later(20, event.set)
    assert event.wait(60)
    assert clock.elapsed == 20


@pytest.mark.parametrize("before", [0, 0.1, 0.7, 1234.567, 1e6])
@pytest.mark.parametrize("timeout", [0.1, 0.3, 5, 3599.9])
def test_queues_and_semaphores_time_out_to_the_microsecond(clock, governed, before, timeout):
    clock.advance(before)
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=timeout)
    assert clock.elapsed == pytest.approx(before + timeout, abs=1e-9)
    full = queue.Queue(1)
    full.put(1)
    with pytest.raises(queue.Full):
        full.put(2, timeout=timeout)
    assert not threading.Semaphore(0).acquire(timeout=timeout)
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, timeout=timeout)
    assert clock.elapsed == pytest.approx(before + 4 * timeout, abs=1e-9)


def test_a_queue_hands_over_what_comes_in_time(clock, governed):
    items = queue.Queue()

    def producer():
        for number in range(3):
            time.sleep(10)
            items.put(number)

    threading.Thread(target=producer).start()
    assert [items.get(timeout=15) for _ in range(3)] == [0, 1, 2]
    assert clock.elapsed == 30


def test_a_barrier_times_out_on_the_clock(clock, governed):
    with pytest.raises(threading.BrokenBarrierError):
        threading.Barrier(2).wait(timeout=30)
    assert clock.elapsed == 30


def test_a_condition_must_be_acquired(governed):
    with pytest.raises(RuntimeError, match="un-acquired lock"):
        threading.Condition().wait(5)


def test_a_hopeless_wait_is_told_so_and_leaves_the_condition_usable(clock, governed):
    clock.limit = 100
    condition = threading.Condition()
    with condition:
        with pytest.raises(HopelessWait, match="limit of 100 s"):
            condition.wait(1000)
        assert not condition._waiters
        condition.notify_all()


def test_a_callback_may_end_a_wait_without_a_timeout(clock, governed):
    event = threading.Event()
    clock.call_later(20, event.set)
    assert event.wait()
    items = queue.Queue()
    clock.call_later(20, items.put, "item")
    assert items.get() == "item"
    assert clock.elapsed == 40


def test_a_consumer_that_waits_for_ever_stops_nobody(clock, governed):
    items = queue.Queue()
    seen = []

    def consume():
        while items.get() is not None:
            seen.append(clock.elapsed)

    consumer = threading.Thread(target=consume)
    consumer.start()
    time.sleep(10)
    clock.call_later(5, items.put, 1)
    time.sleep(10)
    items.put(None)
    consumer.join(30)
    assert (seen, clock.elapsed) == ([15], 20)


def test_who_waits_for_ever_moves_time_while_the_others_wait_for_real(clock, governed):
    event = threading.Event()
    waiter = threading.Thread(target=event.wait)
    waiter.start()
    clock.call_later(20, event.set)
    waiter.join(30)
    assert not waiter.is_alive()
    assert clock.elapsed == 20


# Readings


def test_all_readings_follow_the_clock(clock, governed):
    clock.move_to(datetime(2024, 3, 10, 12, 30, 15, tzinfo=UTC))
    started = time.monotonic()
    counted = time.perf_counter()
    time.sleep(3600)
    assert 3600 < time.monotonic() - started < 3600.001
    assert 3600 < time.perf_counter() - counted < 3600.001
    epoch = clock.now().timestamp()
    assert epoch < time.time() < epoch + 0.001
    assert epoch < time.time_ns() / 1e9 < epoch + 0.001
    assert time.gmtime()[:5] == (2024, 3, 10, 13, 30)
    assert time.strftime("%Y-%m-%d", time.localtime()) == time.strftime("%Y-%m-%d")
    assert datetime.now(UTC).replace(microsecond=0) == clock.now()
    assert datetime.utcnow().replace(microsecond=0) == clock.now().replace(tzinfo=None)
    assert datetime.now().replace(microsecond=0).astimezone(UTC) == clock.now()
    assert datetime.today().date() == date.today() == datetime.now().date()
    assert time.ctime() == time.asctime(time.localtime())
    assert dt.datetime.now().year == 2024


def test_readings_strictly_increase_and_the_clock_stays_exact(clock, governed):
    for read in (time.time, datetime.now, datetime.utcnow, time.monotonic):
        readings = [read() for _ in range(60)]
        assert all(a < b for a, b in itertools.pairwise(readings))
    for read in (time.monotonic, time.monotonic_ns, time.perf_counter, time.time_ns):
        a, b, c = read(), read(), read()
        assert a < b < c
    assert clock.elapsed == 0
    assert clock.now() == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_deadline_is_passed_once_it_is_waited_for(clock, governed):
    polls = 0
    deadline = datetime.now() + timedelta(seconds=60)
    while datetime.now() < deadline:
        polls += 1
        time.sleep(30)
    assert datetime.now() > deadline
    assert (polls, clock.elapsed) == (3, 90) or (polls, clock.elapsed) == (2, 60)
    assert polls == 2


def test_local_time_knows_summer_time(clock, new_york):
    clock.move_to(datetime(2024, 11, 3, 5, 59, 50, tzinfo=UTC))
    with governed_by(clock):
        before = datetime.now()
        assert (before.hour, before.minute, before.fold) == (1, 59, 0)
        assert time.localtime().tm_isdst == 1
        time.sleep(60)
        after = datetime.now()
        assert (after.hour, after.minute, after.fold) == (1, 0, 1)
        assert time.localtime().tm_isdst == 0
        assert after < before
        assert after.timestamp() - before.timestamp() == pytest.approx(60, abs=0.001)
        assert after.astimezone().utcoffset() == timedelta(hours=-5)
        assert before.astimezone().utcoffset() == timedelta(hours=-4)
        assert datetime.fromtimestamp(before.timestamp()) == before
        assert time.strftime("%H:%M %Z") == "01:00 EST"
    clock.move_to(datetime(2024, 11, 4, 3, tzinfo=UTC))
    with governed_by(clock):
        assert date.today() == date(2024, 11, 3)
        assert datetime.now(UTC).date() == date(2024, 11, 4)


def test_log_records_carry_the_time_of_the_world(clock, governed, caplog):
    clock.advance(60)
    logging.getLogger("nightly").warning("late")
    assert caplog.records[0].created == pytest.approx(clock.now().timestamp(), abs=0.001)


def test_fake_and_real_classes_are_one_to_type_checks(governed):
    fake = datetime.now()
    assert type(fake) == REAL["datetime"]  # noqa: E721  the comparison is the point
    assert REAL["datetime"] == type(fake)  # noqa: E721
    assert type(fake) in {REAL["datetime"]: 1}
    assert date in {REAL["date"]: 1}
    assert date != datetime
    assert isinstance(REAL["datetime"](2024, 1, 1), datetime)
    assert isinstance(fake, REAL["datetime"])
    assert pickle.loads(pickle.dumps(fake)) == fake  # noqa: S301  our own bytes
    assert copy.deepcopy(fake) == fake


def test_arithmetic_stays_in_the_family(governed):
    start = datetime.now()
    assert type(start + timedelta(1)) is type(start)
    assert (start + timedelta(1)) - start == timedelta(1)
    assert type(datetime.fromtimestamp(0, UTC)) is type(start)


@given(st.integers(1, 5))
def test_bodies_of_given_are_governed(length):
    clock = VirtualClock()
    with governed_by(clock):
        start = time.time()
        time.sleep(length)
        assert time.time() - start > length
    assert clock.elapsed == length


# The machinery


@contextlib.contextmanager
def served(handler, threads=1):
    """Serve one method, and give the way to call it."""
    server = grpc.server(futures.ThreadPoolExecutor(threads))
    generic = grpc.method_handlers_generic_handler("Service", {"Method": handler})
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel.unary_unary("/Service/Method")
    finally:
        server.stop(None).wait(30)


def test_a_call_with_a_timeout_keeps_real_time(clock, governed):
    def double(request, context):
        return request * 2

    with served(grpc.unary_unary_rpc_method_handler(double)) as call:
        assert call(b"ab", timeout=30) == b"abab"
        assert call.future(b"ab", timeout=30).result(timeout=30) == b"abab"
        time.sleep(3600)
        assert call(b"ab", timeout=30) == b"abab"
        with futures.ThreadPoolExecutor(2) as pool:
            assert pool.submit(call, b"c", timeout=30).result(30) == b"cc"
    assert clock.elapsed == 3600


def test_time_stands_while_another_thread_is_in_a_call(clock, governed):
    at = []

    def slow(request, context):
        _sleeps.REAL_SLEEP(0.02)
        at.append(clock.elapsed)
        return request

    with served(grpc.unary_unary_rpc_method_handler(slow)) as call:
        thread = threading.Thread(target=call, args=(b"",), kwargs={"timeout": 30})
        thread.start()
        time.sleep(60)
        thread.join(30)
    assert at == [0]


def test_calls_that_the_server_holds_back_are_answered_at_their_time(clock, governed):
    def held(request, context, send):
        hold = clock.hold()

        def answer():
            clock.release(hold)
            send(request)
            send(None)

        clock.call_later(30, answer)

    held.experimental_non_blocking = True
    held.experimental_thread_pool = None
    with served(grpc.unary_stream_rpc_method_handler(held), threads=2) as call:
        assert call(b"a", timeout=30) == b"a"
        assert clock.elapsed == 30
        with futures.ThreadPoolExecutor(4) as pool:
            assert list(pool.map(call, [b"b"] * 4)) == [b"b"] * 4
        assert clock.elapsed == 60


def test_subprocesses_keep_real_time(clock, governed):
    done = subprocess.run(
        [sys.executable, "-c", "print('here')"], timeout=60, capture_output=True, check=True
    )
    assert done.stdout.strip() == b"here"
    assert clock.elapsed == 0


def test_asyncio_lives_on_the_clock(clock, governed):
    async def body():
        await asyncio.sleep(60)
        return await asyncio.wait_for(asyncio.sleep(10, "done"), timeout=30)

    assert asyncio.run(body()) == "done"
    assert clock.elapsed == 70


# One world, and no other


def test_freeze_time_inside_is_refused_with_a_reason(clock, governed):
    with pytest.raises(NestedFreezeError, match="freeze_time") as caught:
        freeze_time("2024-05-01").start()
    assert "'2024-05-01T00:00:00'" in str(caught.value)
    assert "<VirtualClock 2024-01-01T00:00:00+00:00" in str(caught.value)
    assert "flyte_clock.move_to(...)" in str(caught.value)

    @freeze_time("2024-05-01")
    def body():
        raise AssertionError("it should not come to this")

    with pytest.raises(NestedFreezeError):
        body()


def test_a_world_inside_freeze_time_is_refused_with_a_reason(clock):
    with freeze_time("2024-05-01"), pytest.raises(NestedFreezeError, match="2024-05-01T00:00:00"):
        governed_by(clock).__enter__()
    assert not _reins.held


def test_a_second_world_is_refused_and_the_same_one_is_welcome(clock, governed):
    with pytest.raises(ClockError, match=r"assign world\.clock"):
        governed_by(VirtualClock()).__enter__()
    with governed_by(clock) as inner:
        time.sleep(5)
        other = inner.clock = VirtualClock()
        time.sleep(5)
    time.sleep(5)
    assert (clock.elapsed, other.elapsed) == (5, 10)


def test_the_clock_can_be_exchanged(clock, governed):
    time.sleep(100)
    before = time.monotonic()
    other = governed.clock = VirtualClock(datetime(2020, 1, 1, tzinfo=UTC))
    assert datetime.now().year in (2019, 2020)
    assert time.monotonic() > before
    time.sleep(7)
    assert (clock.elapsed, other.elapsed) == (100, 7)


def test_only_a_virtual_clock_can_govern():
    with pytest.raises(ClockError, match="needs a VirtualClock"):
        governed_by(SystemClock())


# Nothing leaks


def everything():
    owners = [time, threading, queue, dt, threading.Condition, threading.Thread]
    owners += [api.FakeDate, api.FakeDatetime, api.FakeDateMeta, api._freeze_time]
    owners += [sys.modules[__name__], asyncio.BaseEventLoop, asyncio.tasks]
    owners += [asyncio.selector_events.BaseSelectorEventLoop]
    owners += [asyncio.selector_events._SelectorSocketTransport]
    owners += [grpc.aio._call.UnaryUnaryCall, grpc.aio._channel, grpc.aio._interceptor]
    found = {
        (owner.__name__, name): value
        for owner in owners
        for name, value in vars(owner).items()
        if not name.startswith("@") and name not in ("_counter", "__abstractmethods__")
    }
    lists = (api.freeze_factories, api.ignore_lists, api.tick_flags, api.tz_offsets, sys.meta_path)
    found["lists"] = [list(each) for each in lists]
    found["copyreg"] = dict(copyreg.dispatch_table)
    found["limit"] = api.call_stack_inspection_limit
    found["hash"] = (hash(api.FakeDatetime), api.FakeDatetime == REAL["datetime"])
    found["held"] = list(_reins.held)
    return found


def throw(error):
    if error is not None:
        raise error


def differences(before, after):
    return [key for key in before if before[key] != after.get(key)] + list(after.keys() - before)


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt, HopelessWait])
def test_nothing_is_left_of_it(clock, error):
    before = everything()
    with pytest.raises(error) if error else contextlib.nullcontext(), governed_by(clock):
        assert "sleep" in {key[1] for key in differences(before, everything())}
        time.sleep(5)
        clock.call_later(5, throw, error)
        time.sleep(5)
    assert differences(before, everything()) == []
    assert time.sleep is REAL["sleep"]
    assert sleep is REAL["sleep"]


def test_a_failure_while_entering_leaves_nothing(clock, monkeypatch):
    before = everything()
    with monkeypatch.context() as patch:
        patch.setattr(_world, "module_bindings", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            governed_by(clock).__enter__()
    assert differences(before, everything()) == []


def test_modules_imported_under_it_get_the_real_functions_back(clock, tmp_path, monkeypatch):
    (tmp_path / "imported_late.py").write_text(
        "import time\nfrom datetime import datetime\nfrom time import sleep\n"
        "def poll(sleep=time.sleep): sleep(0.001)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with governed_by(clock):
        late = importlib.import_module("imported_late")
        late.sleep(5)
        late.poll()
        assert late.datetime.now(timezone.utc).year == 2024
    del sys.modules["imported_late"]
    assert clock.elapsed == 5.001
    late.poll()  # the default is still ours, and sleeps for real now
    assert clock.elapsed == 5.001


def test_modules_imported_under_it_are_cleaned(clock, tmp_path, monkeypatch):
    (tmp_path / "imported_later.py").write_text(
        "from datetime import datetime\nfrom time import sleep, time\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with governed_by(clock):
        late = importlib.import_module("imported_later")
    assert late.sleep is REAL["sleep"]
    assert late.datetime is REAL["datetime"]
    assert late.time is time.time
    del sys.modules["imported_later"]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Write modules that count as installed, not as code under test."""
    monkeypatch.setattr(_bindings, "_INSTALLED", (str(tmp_path),))
    monkeypatch.syspath_prepend(tmp_path)

    def write(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source)

    yield write
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_what_is_installed_is_imported_with_the_real_classes(clock, installed):
    installed(
        stamps="from datetime import date, datetime\nclass Stamp(datetime): pass\n",
        registry="import stamps\nfrom datetime import datetime\nKINDS = [datetime, stamps.date]\n",
    )
    with governed_by(clock):
        registry = importlib.import_module("registry")
        assert registry.stamps.Stamp.__base__ is REAL["datetime"]
        assert registry.KINDS[0] is REAL["datetime"]
        assert registry.KINDS[1] is REAL["date"]
        assert registry.datetime.now(timezone.utc).year == 2024
        assert registry.stamps.Stamp.now(UTC) == registry.KINDS[0].now(UTC) == clock.now()
        assert registry.stamps.date.today() == clock.now().astimezone().date()
    assert registry.datetime is registry.stamps.datetime is REAL["datetime"]


def test_an_import_that_fails_leaves_the_world_as_it_was(clock, installed):
    installed(broken="raise RuntimeError('not here')\n")
    with governed_by(clock):
        with pytest.raises(RuntimeError, match="not here"):
            importlib.import_module("broken")
        assert dt.datetime.now(UTC) == clock.now()


def test_a_module_that_was_found_under_it_may_be_loaded_after_it(clock, installed):
    installed(found_early="from datetime import datetime\n")
    with governed_by(clock):
        spec = importlib.util.find_spec("found_early")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert dt.datetime is module.datetime is REAL["datetime"]


@pytest.fixture
def loads_late(tmp_path, monkeypatch):
    """A module that loads when it is first used, as flytekit imports pandas."""
    (tmp_path / "loads_late.py").write_text("from time import sleep\nloaded = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    spec = importlib.util.find_spec("loads_late")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "loads_late", module)
    spec.loader.exec_module(module)
    return module


def is_loaded(module):
    return "loaded" in object.__getattribute__(module, "__dict__")


def test_modules_that_load_when_they_are_used_are_left_alone(clock, loads_late):
    with governed_by(clock):
        assert not is_loaded(loads_late)
    assert not is_loaded(loads_late)


def test_modules_that_load_under_it_are_cleaned(clock, loads_late):
    with governed_by(clock):
        loads_late.sleep(5)
    assert clock.elapsed == 5
    assert loads_late.sleep is REAL["sleep"]


def test_what_the_test_puts_in_place_of_a_patch_stays(clock):
    def own(_):
        pass

    try:
        with governed_by(clock):
            time.sleep = own
        assert time.sleep is own
    finally:
        time.sleep = REAL["sleep"]


def test_the_second_entry_sees_modules_that_came_in_between(clock, module_of):
    with governed_by(clock):
        pass
    code = module_of("from time import sleep")
    with governed_by(clock):
        code.sleep(5)
    assert clock.elapsed == 5


def test_all_of_this_package_but_the_client_is_machinery():
    package = importlib.import_module("flyte_testkit")
    names = {path.stem for path in Path(package.__path__[0]).iterdir()}
    assert all(_reins.is_machinery(f"flyte_testkit.{name}") for name in names - {"client"})


def test_the_cache_knows_what_is_installed():
    assert _bindings.is_installed(vars(textwrap))
    assert _bindings.is_installed(vars(grpc))
    assert not _bindings.is_installed(globals())


# flytekit

FLYTEKIT = """
import datetime, sys, time
from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by

Real = datetime.datetime
{early}
clock = VirtualClock()
with governed_by(clock):
    from flytekit import task, workflow
    from flytekit.core.type_engine import TypeEngine

    @task
    def shift(at: Real, day: datetime.date) -> datetime.datetime:
        return at + datetime.timedelta(days=1)

    @workflow
    def nightly(at: datetime.datetime, day: datetime.date) -> datetime.datetime:
        return shift(at=at, day=day)

    now = datetime.datetime.now(datetime.timezone.utc)
    for at in (now, Real(2024, 1, 1, tzinfo=now.tzinfo)):
        assert nightly(at=at, day=datetime.date.today()) == at + datetime.timedelta(days=1)
    time.sleep(5)
assert clock.elapsed == 5
for kind in (Real, datetime.datetime):
    assert TypeEngine.to_literal_type(kind).simple == 5, TypeEngine.to_literal_type(kind)
"""


@pytest.mark.parametrize("early", ["import flytekit", ""], ids=["before", "inside"])
def test_flytekit_takes_datetimes_wherever_it_is_imported_first(early, tmp_path):
    if importlib.util.find_spec("flytekit") is None:
        pytest.skip("flytekit is not installed")
    script = tmp_path / "shifting.py"
    script.write_text(FLYTEKIT.format(early=early))
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_our_own_client_reads_the_exact_time(clock):
    from flyte_testkit.client import _time

    with governed_by(clock):
        before = _time.monotonic()
        time.sleep(600)
        assert _time.monotonic() - before == 600


@pytest.mark.parametrize("by_name", [True, False])
def test_a_callback_that_sleeps_is_told_whoever_calls_sleep(clock, by_name):
    with governed_by(clock):
        if by_name:
            clock.call_later(5, time.sleep, 3)
        else:
            clock.call_later(5, lambda: time.sleep(3))
        with pytest.raises(ClockError, match="tried to wait"):
            clock.advance(10)
