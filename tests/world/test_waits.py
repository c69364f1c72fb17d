"""``docs/waits.md`` is true: each row of its tables is a test of that name.

pytest "tests/world/test_waits.py::test_the_page_is_right[time.sleep(t)]"
"""

from __future__ import annotations

import _thread
import asyncio
import atexit
import contextlib
import ctypes
import functools
import logging
import multiprocessing
import os
import queue
import re
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import uuid
import warnings
from concurrent import futures
from datetime import date, datetime, timedelta, timezone
from email.utils import formatdate
from multiprocessing.pool import ThreadPool
from pathlib import Path

import grpc
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import running
from flyte_testkit.clock import VirtualClock, _watch
from flyte_testkit.errors import HopelessWait
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import _ticks, governed_by

PAGE = Path(__file__).parent.parent.parent / "docs" / "waits.md"
ROWS = {}
START = datetime(2024, 1, 1)
LONG = 3600  # more than anything here takes in real time

OLD_EXECUTOR = futures.ThreadPoolExecutor(2)
OLD_CREW = ThreadPool(2)
atexit.register(OLD_CREW.terminate)  # one that still runs warns when Python ends
OLD_LOCK = threading.Lock()
OLD_EVENT = threading.Event()
list(OLD_EXECUTOR.map(abs, range(2)))


def row(name):
    def write(test):
        assert name not in ROWS
        ROWS[name] = test
        return test

    return write


def rows_of_the_page():
    return re.findall(r"^\| `(.+?)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_each_row_of_the_page_is_a_test_and_each_test_a_row():
    assert rows_of_the_page() == list(ROWS)


@pytest.fixture
def impatient(monkeypatch):
    """Let real patience be short: what is waited for is that it ends."""
    monkeypatch.setattr(_ticks, "_LONG", 0.05)
    monkeypatch.setattr(_watch, "_SPIN", 50_000_000)
    monkeypatch.setattr(_watch, "_SILENCE", 0.2)


BEFORE = {
    "default_factory=datetime.now": "holders",
    "map(time.sleep, ts)": "naps",
    "sched.scheduler.run()": "fresh_sched",
}


@pytest.mark.parametrize("name", ROWS)
def test_the_page_is_right(name, impatient, request):
    clock = VirtualClock()
    with contextlib.ExitStack() as stack:
        if name in BEFORE:  # what is held by somebody before the world
            request.getfixturevalue(BEFORE[name])
        if name == "map(time.sleep, ts)":
            told = r"held_by_a_test\.naps \(a map\) has held time\.sleep since before the world"
            stack.enter_context(pytest.warns(RuntimeWarning, match=told))
        stack.enter_context(governed_by(clock))
        ROWS[name](clock)


@pytest.fixture(scope="session", autouse=True)
def closes_what_is_older():
    """Wait for the last test of all: whoever steals work comes back to a module after others."""
    yield
    OLD_EXECUTOR.shutdown()
    OLD_CREW.terminate()
    OLD_CREW.join()


def beside(*functions):
    """Start each function in a thread of its own, and join them."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def hour():
    time.sleep(LONG)


def really(seconds):
    """Take real time, without a wait of Python's."""
    ctypes.CDLL(None).usleep(int(seconds * 1e6))


# Waits on the clock


@row("time.sleep(t)")
def _(clock):
    beside(hour, lambda: time.sleep(60))
    assert clock.elapsed == LONG


@row("threading.Event.wait(t)")
def _(clock):
    event, got = threading.Event(), []
    threading.Timer(90, event.set).start()
    got.append(event.wait(60))
    got.append(event.wait(60))
    assert (got, clock.elapsed) == ([False, True], 90)


@row("threading.Condition.wait(t), wait_for(f, t)")
def _(clock):
    condition, here = threading.Condition(), []

    def come():
        time.sleep(30)
        with condition:
            here.append(1)
            condition.notify()

    threading.Thread(target=come).start()
    with condition:
        assert not condition.wait(10)
        assert condition.wait_for(lambda: here, 60)
        assert clock.elapsed == 30
        assert not condition.wait_for(lambda: len(here) > 1, 60)
    assert clock.elapsed == 90


@row("threading.Semaphore.acquire(timeout=t)")
def _(clock):
    for semaphore in (threading.Semaphore(0), threading.BoundedSemaphore(1)):
        semaphore.acquire(blocking=False)
        threading.Timer(90, semaphore.release).start()
        assert not semaphore.acquire(timeout=60)
        assert semaphore.acquire(timeout=60)
    assert clock.elapsed == 180


@row("threading.Barrier.wait(t)")
def _(clock):
    barrier = threading.Barrier(2, timeout=60)
    threading.Thread(target=lambda: time.sleep(30) or barrier.wait()).start()
    barrier.wait()
    assert clock.elapsed == 30
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()
    assert clock.elapsed == 90


@row("threading.Timer(t, f)")
def _(clock):
    at = []
    called_off = threading.Timer(20, at.append, [0])
    for timer in (threading.Timer(30, lambda: at.append(clock.elapsed)), called_off):
        timer.start()
    time.sleep(10)
    called_off.cancel()
    time.sleep(50)
    assert at == [30]


@row("threading.Thread.join(t), is_alive()")
def _(clock):
    thread = threading.Thread(target=hour)
    thread.start()
    thread.join(60)
    assert (thread.is_alive(), clock.elapsed) == (True, 60)
    thread.join()
    assert (thread.is_alive(), clock.elapsed) == (False, LONG)


@row("_thread.start_new_thread(f, args)")
def _(clock):
    done = threading.Event()

    def sets(event, *, after):
        time.sleep(after)
        event.set()

    assert _thread.start_new_thread(sets, (done,), {"after": 5}) > 0
    assert done.wait(60)
    assert clock.elapsed == 5


@row("threading.Lock.acquire(timeout=t), RLock")
def _(clock):
    for lock in (threading.Lock(), threading.RLock(), threading.Condition()):

        def hold(lock=lock):
            with lock:
                time.sleep(100)

        thread = threading.Thread(target=hold)
        thread.start()
        time.sleep(10)
        assert not lock.acquire(timeout=30)
        assert lock.acquire(timeout=500)
        lock.release()
        thread.join()
    assert clock.elapsed == 300


@row("with lock:")
def _(clock):
    lock, order = threading.Lock(), []

    def take(name):
        with lock:
            order.append((name, clock.elapsed))
            time.sleep(10)

    beside(*(functools.partial(take, name) for name in "abc"))
    assert order == [("a", 0), ("b", 10), ("c", 20)]


@row("queue.Queue.get(timeout=t), put, join")
def _(clock):
    for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
        began, jobs = clock.elapsed, kind(maxsize=1)
        with pytest.raises(queue.Empty):
            jobs.get(timeout=60)
        jobs.put(1)
        with pytest.raises(queue.Full):
            jobs.put(2, timeout=60)
        threading.Timer(30, lambda jobs=jobs: (jobs.get(), jobs.task_done())).start()
        jobs.join()
        assert clock.elapsed - began == 150


@row("queue.SimpleQueue.get(timeout=t)")
def _(clock):
    jobs = queue.SimpleQueue()
    threading.Timer(90, jobs.put, [1]).start()
    with pytest.raises(queue.Empty):
        jobs.get(timeout=60)
    assert jobs.get(timeout=60) == 1
    assert clock.elapsed == 90


@row("concurrent.futures.Future.result(t), exception(t)")
def _(clock):
    with futures.ThreadPoolExecutor() as pool:
        job = pool.submit(time.sleep, LONG)
        for ask in (job.result, job.exception):
            with pytest.raises(futures.TimeoutError):
                ask(60)
        assert clock.elapsed == 120
        job.result(LONG)
    assert clock.elapsed == LONG


@row("concurrent.futures.wait(fs, t), as_completed(fs, t)")
def _(clock):
    with futures.ThreadPoolExecutor() as pool:
        jobs = [pool.submit(time.sleep, seconds) for seconds in (10, 20, 300)]
        done, open_ = futures.wait(jobs, 15)
        assert (len(done), len(open_), clock.elapsed) == (1, 2, 15)
        at = []
        with pytest.raises(futures.TimeoutError):
            at += (clock.elapsed for _ in futures.as_completed(jobs, 60))
        assert clock.elapsed == 75
    assert clock.elapsed == 300


@row("concurrent.futures.Executor.map(f, xs, timeout=t)")
def _(clock):
    with futures.ThreadPoolExecutor(2) as pool, pytest.raises(futures.TimeoutError):
        list(pool.map(time.sleep, [10, 300], timeout=60))
    assert clock.elapsed == 300


@row("concurrent.futures.ThreadPoolExecutor(n)")
def _(clock):
    for number, pool in enumerate((futures.ThreadPoolExecutor(2), OLD_EXECUTOR), 1):
        jobs = [pool.submit(time.sleep, seconds) for seconds in (10, 20, 30)]
        for job in jobs:
            job.result()
        assert clock.elapsed == 40 * number
    with futures.ThreadPoolExecutor() as pool:
        pool.submit(time.sleep, 20)
    assert clock.elapsed == 100


@row("multiprocessing.pool.ThreadPool(n)")
def _(clock):
    with ThreadPool(2) as young:
        for number, pool in enumerate((young, OLD_CREW)):
            began = clock.elapsed
            job = pool.apply_async(time.sleep, [100])
            with pytest.raises(multiprocessing.TimeoutError):
                job.get(60)
            job.wait(60)
            assert (job.ready(), clock.elapsed - began) == (True, 100)
            pool.map(time.sleep, [10, 20, 30], 1)
            assert clock.elapsed - began == 140
            assert list(pool.imap_unordered(abs, [-1])) == [1]
            with pytest.raises(multiprocessing.TimeoutError):
                pool.imap(time.sleep, [100]).next(60)
            assert clock.elapsed - began == 200, number
            time.sleep(40)


@row("sched.scheduler.run()")
def _(clock):
    at, sched = [], sys.modules["sched"]
    for scheduler in (sched.scheduler(time.monotonic, time.sleep), sched.scheduler()):
        began = clock.elapsed
        for delay in (60, 0.1, 7.3):
            scheduler.enter(delay, 1, lambda began=began: at.append(clock.elapsed - began))
        scheduler.run()
    assert [round(seconds, 6) for seconds in at] == [0.1, 7.3, 60] * 2
    assert clock.elapsed == 120


@row("signal.alarm(t), setitimer(ITIMER_REAL, t)")
def _(clock):
    def ring(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        for wait in (hour, threading.Event().wait, lambda: queue.Queue().get(timeout=LONG)):
            began = clock.elapsed
            signal.alarm(60)
            with pytest.raises(TimeoutError):
                wait()
            assert clock.elapsed - began == 60
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(TimeoutError):
            time.sleep(60)
        assert clock.elapsed == 180.5
        signal.alarm(60)
        assert signal.alarm(0) == 60
    finally:
        signal.signal(signal.SIGALRM, before)


@row("time.sleep(t) in a signal handler")
def _(clock):
    before = signal.signal(signal.SIGALRM, lambda *_: time.sleep(5))
    try:
        signal.alarm(60)
        time.sleep(62)
        assert clock.elapsed == 65
        signal.alarm(60)
        time.sleep(100)
        assert clock.elapsed == 165
    finally:
        signal.signal(signal.SIGALRM, before)


@row("pause = threading.Event().wait")
def _(clock):
    threading.Event().wait(timeout=60)
    OLD_EVENT.wait(60)
    assert clock.elapsed == 120


# Event loops


@row("await asyncio.sleep(t), loop.call_later(t, f)")
def _(clock):
    async def main():
        struck = asyncio.Event()
        asyncio.get_running_loop().call_later(90, struck.set)
        await struck.wait()
        await asyncio.sleep(LONG)

    asyncio.run(main())
    assert clock.elapsed == LONG + 90


@row("asyncio.wait_for(a, t), asyncio.timeout(t)")
def _(clock):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), LONG)
        if hasattr(asyncio, "timeout"):  # from Python 3.11 on
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60):
                    await asyncio.sleep(LONG)
            assert clock.elapsed == LONG + 60

    asyncio.run(main())
    assert clock.elapsed >= LONG


@row("asyncio.to_thread(f), loop.run_in_executor(pool, f)")
def _(clock):
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.gather(asyncio.to_thread(hour), loop.run_in_executor(OLD_EXECUTOR, hour))

    asyncio.run(main())
    assert clock.elapsed == LONG


@row("loop.call_soon_threadsafe(f)")
def _(clock):
    async def main():
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        threading.Timer(90, lambda: loop.call_soon_threadsafe(woken.set)).start()
        await asyncio.wait_for(woken.wait(), LONG)

    asyncio.run(main())
    assert clock.elapsed == 90


@row("await stub.GetExecution(…)")
def _(clock):
    with FakeFlyteAdmin(clock=clock) as admin:
        admin.add_execution("train", running(60).succeeds())
        admin.on("GetExecution").hangs(times=1)
        request = execution_pb2.WorkflowExecutionGetRequest(
            id={"project": "flytesnacks", "domain": "development", "name": "train"}
        )

        async def main():
            async with grpc.aio.insecure_channel(admin.endpoint) as channel:
                stub = admin_pb2_grpc.AdminServiceStub(channel)
                with pytest.raises(grpc.RpcError):
                    await stub.GetExecution(request, timeout=90)
                assert clock.elapsed == 90
                await asyncio.wait_for(stub.GetExecution(request), 1)

        asyncio.run(main())
    assert clock.elapsed == 90


@row("await inner.read()")
def _(clock):
    async def answer(_, writer):
        await asyncio.sleep(90)
        writer.write(b"x")
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await asyncio.wait_for(reader.read(1), LONG) == b"x"
        writer.close()
        server.close()

    asyncio.run(main())
    assert clock.elapsed == 90


@row("anyio.sleep(t), move_on_after(t), to_thread.run_sync(f)")
def _(clock):
    anyio = pytest.importorskip("anyio")

    async def main():
        with anyio.move_on_after(90):
            await anyio.sleep(LONG)
        await anyio.to_thread.run_sync(hour)

    anyio.run(main)
    assert clock.elapsed == LONG + 90


@row("await asyncio.Event().wait()")
def _(clock):
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(HopelessWait):
        asyncio.run(main())


@row("while not flag: await asyncio.sleep(0)")
def _(clock):
    flag = []

    async def main():
        threading.Thread(target=lambda: (time.sleep(1), flag.append(True))).start()
        while not flag:
            await asyncio.sleep(0)

    with pytest.warns(RuntimeWarning, match="busy wait"):
        asyncio.run(main())
    assert clock.elapsed == pytest.approx(1, abs=0.01)


# Waits that are real: time stands still meanwhile


def stands_still(clock, wait):
    """Whether time stands still in a wait, though somebody sleeps beside."""
    over = []

    def beat():
        while not over:
            time.sleep(1)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        wait()
        return clock.elapsed == 0
    finally:
        over.append(True)
        thread.join()


@row("select.select(r, w, x, t), poll, selectors")
def _(clock):
    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)

        def wait():
            assert select.select([ours], [], [], 0.05) == ([], [], [])
            assert selector.select(0.05) == []
            assert select.poll().poll(50) == []

        assert stands_still(clock, wait)


@row("socket.settimeout(t)")
def _(clock):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.05)

        def wait():
            with pytest.raises(TimeoutError if sys.version_info > (3, 10) else socket.timeout):
                ours.recv(1)

        assert stands_still(clock, wait)


@row("os.read(pipe), socket.recv()")
def _(clock):
    ours, theirs = socket.socketpair()
    out, into = os.pipe()
    with ours, theirs:

        def wait():
            got = []
            reads = [lambda: got.append(os.read(out, 1)), lambda: got.append(ours.recv(1))]
            beside(*reads, lambda: os.write(into, b"x"), lambda: theirs.send(b"x"))
            assert got == [b"x", b"x"]

        assert stands_still(clock, wait)
    os.close(out)
    os.close(into)


@row("subprocess.run(timeout=t), Popen.wait(t)")
def _(clock):
    sleeps = [sys.executable, "-c", "import time; time.sleep(30)"]

    def wait():
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(sleeps, timeout=0.05, check=False)
        with subprocess.Popen(sleeps) as child:
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.05)
            child.kill()

    assert stands_still(clock, wait)


@row("multiprocessing.Process.join(t), Queue.get(timeout=t)")
def _(clock):
    fork = multiprocessing.get_context("fork")

    def wait():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork, from 3.12 on
            child = fork.Process(target=really, args=[5])
            child.start()
        child.join(0.05)
        assert child.is_alive()
        with pytest.raises(queue.Empty):
            fork.Queue().get(timeout=0.05)
        child.kill()
        child.join()

    assert stands_still(clock, wait)


@row("os.fork(), os.waitpid(), os.read()")
def _(clock):
    def wait():
        there, back = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # as above
            child = os.fork()
        if not child:  # it lives in real time
            began = time.perf_counter()
            time.sleep(0.05)
            os.write(back, b"y" if time.perf_counter() - began < LONG else b"n")
            os._exit(0)
        told = select.select([there], [], [], 5)[0] and os.read(there, 1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert told == b"y"
        os.close(there)
        os.close(back)

    assert stands_still(clock, wait)


@row("await child.wait(), child.stdout.read()")
def _(clock):
    code = "import time; time.sleep(0.05); print('here')"

    async def main():
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=subprocess.PIPE
        )
        assert await asyncio.wait_for(child.stdout.read(), LONG) == b"here\n"
        assert await asyncio.wait_for(child.wait(), LONG) == 0

    assert stands_still(clock, lambda: asyncio.run(main()))


@row("await reader.read()")
def _(clock):
    code = """if True:
        import socket, time
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        ours, _ = server.accept()
        ours.recv(1)
        time.sleep(0.05)
        ours.send(b"x")
    """

    async def main(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"?")
        assert await asyncio.wait_for(reader.read(1), LONG) == b"x"
        writer.close()

    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        port = int(child.stdout.readline())
        assert stands_still(clock, lambda: asyncio.run(main(port)))


@row("await asyncio.sleep(t)")
def _(clock):
    uvloop = pytest.importorskip("uvloop")

    def wait():
        loop = uvloop.new_event_loop()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    assert stands_still(clock, wait)


@row("C code")
def _(clock):
    assert stands_still(clock, lambda: really(0.05))


# Waits that nobody ends


@row("threading.Event().wait()")
def _(clock):
    with pytest.raises(HopelessWait):
        threading.Event().wait()


@row("while True: time.sleep(t)")
def _(clock):
    with pytest.raises(HopelessWait):
        while True:
            time.sleep(1)


# Loops


@row("while monotonic() < end: pass")
def _(clock):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass
    assert clock.elapsed == pytest.approx(1, abs=0.01)


@row("while (left := end - monotonic()) > 0: sleep(left)")
def _(clock):
    end = time.monotonic() + 100
    while (left := end - time.monotonic()) > 0:
        time.sleep(left)
    assert clock.elapsed == 100


@row("while thread.is_alive(): pass")
def _(clock):
    event = threading.Event()
    timer = threading.Timer(5, event.set)
    timer.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while timer.is_alive():
            pass
    assert clock.elapsed == pytest.approx(5, abs=0.01)


@row("began = monotonic(); while not done(): sleep(0)")
def _(clock):
    time.monotonic()
    with pytest.warns(RuntimeWarning, match="busy wait"), pytest.raises(HopelessWait):
        waits_busily()
    assert clock.elapsed == pytest.approx(3, abs=0.1)


def waits_busily():
    while True:
        time.sleep(0)


@row("while not flag: pass")
def _(clock):
    flag = []
    threading.Thread(target=flag.append, args=[1]).start()
    while not flag:
        pass
    assert clock.elapsed == 0


# Readings


def moves_with(clock, read, *, by=LONG):
    before = read()
    clock.advance(by)
    return read() - before


@row("time.time(), time_ns()")
def _(clock):
    assert moves_with(clock, time.time) == pytest.approx(LONG, abs=1e-4)
    assert moves_with(clock, time.time_ns) == pytest.approx(LONG * 1e9, abs=1e5)


@row("time.monotonic(), perf_counter(), …_ns()")
def _(clock):
    for read in (time.monotonic, time.perf_counter):
        assert moves_with(clock, read) == pytest.approx(LONG, abs=1e-4)
    for read in (time.monotonic_ns, time.perf_counter_ns):
        assert moves_with(clock, read) == pytest.approx(LONG * 1e9, abs=1e5)


@row("time.clock_gettime(id), clock_gettime_ns(id)")
def _(clock):
    for kind in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC):
        read = functools.partial(lambda kind: time.clock_gettime(kind), kind)  # noqa: PLW0108  looked up in the world
        assert moves_with(clock, read) == pytest.approx(LONG, abs=1e-4)
    assert abs(time.clock_gettime(time.CLOCK_REALTIME) - time.time()) < 1e-3
    assert abs(time.clock_gettime_ns(time.CLOCK_MONOTONIC) - time.monotonic_ns()) < 1e6


@row("time.process_time(), thread_time()")
def _(clock):
    assert moves_with(clock, time.process_time) < 60
    assert moves_with(clock, time.thread_time) < 60


@row("time.localtime(), gmtime(), strftime(f), ctime()")
def _(clock):
    clock.advance(LONG)
    assert time.gmtime()[:5] == (2024, 1, 1, 1, 0)
    year = str(clock.now().astimezone().year)  # where one is
    assert time.strftime("%Y", time.gmtime()) == "2024"
    assert time.strftime("%Y") == str(time.localtime()[0]) == year
    assert year in time.ctime()
    assert year in time.asctime()


@row("datetime.now(), utcnow(), today(), date.today()")
def _(clock):
    clock.advance(LONG)
    assert datetime.now(timezone.utc) == START.replace(tzinfo=timezone.utc) + timedelta(hours=1)
    assert datetime.now().replace(second=0, microsecond=0) == datetime.today().replace(
        second=0, microsecond=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on
        assert datetime.utcnow() == START + timedelta(hours=1)
    assert date.today() == datetime.now().date()


@row("logging, uuid.uuid1(), email.utils.formatdate()")
def _(clock):
    record = logging.makeLogRecord({})
    assert abs(record.created - time.time()) < 1
    assert "2024" in formatdate()
    ticks = 0x01B21DD213814000  # of 100 ns, from 1582 to 1970
    assert abs((uuid.uuid1().time - ticks) / 1e7 - time.time()) < 1


@row("os.stat(f).st_mtime")
def _(clock):
    assert Path(__file__).stat().st_mtime > START.timestamp()


# References that were there before the world


HOLDERS = """
import functools, time
from dataclasses import dataclass, field
from datetime import datetime

@dataclass
class Stamped:
    at: datetime = field(default_factory=datetime.now)
    read: object = time.monotonic

class Later(datetime):
    pass

HELD = {"sleep": time.sleep, "reads": [time.time]}
NOW = datetime.now
PARTIAL = functools.partial(time.sleep, 60)
"""


@pytest.fixture
def holders(module_of):
    return module_of(HOLDERS)


@row("default_factory=datetime.now")
def _(clock):
    held = sys.modules["code_under_test"]
    year = clock.now().astimezone().year  # as in life, of where one is
    assert held.Stamped().at.year == held.NOW().year == held.Later.now().year == year
    held.HELD["sleep"](60)
    held.PARTIAL()
    assert moves_with(clock, held.HELD["reads"][0]) == pytest.approx(LONG, abs=1e-4)
    assert clock.elapsed == 120 + LONG


@pytest.fixture
def naps(small_heap, monkeypatch):
    """A module that holds what cannot be exchanged, older than the world."""
    module = types.ModuleType("held_by_a_test")
    module.naps = map(time.sleep, [0.01])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.naps


@row("map(time.sleep, ts)")
def _(clock):
    naps = sys.modules["held_by_a_test"].naps
    assert stands_still(clock, lambda: next(naps))
    assert list(naps) == []


# The rules


@row("R1")
def _(clock):
    order = []
    beside(*(functools.partial(order.append, number) for number in range(5)))
    assert order == list(range(5))


@row("R2")
def _(clock):
    order = []

    def sleeper(number):
        time.sleep(10)
        order.append(number)

    clock.call_later(10, order.append, "callback")
    beside(*(functools.partial(sleeper, number) for number in range(3)))
    assert order == ["callback", 0, 1, 2]


@row("R3")
def _(clock):
    ROWS["with lock:"](clock)


@row("R4")
def _(clock):
    event, got = threading.Event(), []
    beside(lambda: time.sleep(10) or event.set(), lambda: got.append(event.wait(10)))
    assert (got, clock.elapsed) == ([True], 10)
    got.clear()
    event.clear()
    beside(lambda: got.append(event.wait(10)), lambda: time.sleep(10) or event.set())
    assert (got, clock.elapsed) == ([False], 20)
