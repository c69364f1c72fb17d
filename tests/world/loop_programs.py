"""Programs with event loops whose every event is known, to the microsecond; played in a world.

A program takes a running server and leaves its events in a list: an instant in seconds and what
happened. ``benchmarks/loops.py`` plays them many times, at load.

Ignorant of what is promised of them: the tests say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import warnings

import grpc
from flyteidl.admin import execution_pb2, version_pb2
from flyteidl.service import admin_pb2_grpc
from google.protobuf import text_format

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

__all__ = ["PROGRAMS", "WANTED", "play"]


def request_of(name):
    return execution_pb2.WorkflowExecutionGetRequest(
        id={"project": "flytesnacks", "domain": "development", "name": name}
    )


@contextlib.asynccontextmanager
async def asynchronous(admin):
    async with grpc.aio.insecure_channel(admin.endpoint) as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


def a(admin, say, hours=24):
    """Poll each half minute for hours, in a thread."""
    admin.add_execution("train", running(hours * 3600).succeeds())

    async def main():
        with admin.channel() as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            polls = 0
            while True:
                found = await asyncio.to_thread(stub.GetExecution, request_of("train"))
                polls += 1
                if found.closure.phase == 4:
                    break
                await asyncio.sleep(30)
            say(f"{polls} polls")

    asyncio.run(main())


def b(admin, say, tasks=50, seconds=3600):
    """Poll from many tasks at once, by asynchronous calls."""
    for number in range(tasks):
        admin.add_execution(f"run-{number}", running(seconds).succeeds())

    async def poll(stub, number):
        while (await stub.GetExecution(request_of(f"run-{number}"))).closure.phase != 4:
            await asyncio.sleep(30)

    async def main():
        async with asynchronous(admin) as stub:
            await asyncio.gather(*(poll(stub, number) for number in range(tasks)))

    asyncio.run(main())
    say(f"{len(admin.calls)} calls")


def c(_, say):
    """Give a job of an hour up after a minute."""

    async def main():
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(time.sleep, 3600), 60)
        say("gives up")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the join that gives up after 300 s
        asyncio.run(main())
    say("ends")


def d(_, say):
    """Let a loop, threads, a timer and jobs wait for each other."""
    rung, called = threading.Event(), asyncio.Event()

    def knock():
        for _ in range(3):
            time.sleep(100)
            say("knocks")
        rung.set()

    async def main():
        loop = asyncio.get_running_loop()
        threads = [
            threading.Thread(target=knock),
            threading.Thread(target=lambda: (rung.wait(400), say("was rung"))),
            threading.Timer(600, lambda: loop.call_soon_threadsafe(called.set)),
        ]
        for thread in threads:
            thread.start()
        job = asyncio.create_task(asyncio.to_thread(rung.wait, 200))
        await asyncio.sleep(100)
        say("has slept")
        say(f"job: {await job}")
        await asyncio.wait_for(called.wait(), 700)
        say("was called")
        say(f"{await asyncio.to_thread(threading.Event().wait, 20)}")
        for thread in threads:
            thread.join()

    asyncio.run(main())


def e(_, say):
    """Let two loops in two threads call each other."""
    loops = [asyncio.new_event_loop() for _ in range(2)]
    threads = [threading.Thread(target=loop.run_forever) for loop in loops]

    async def work(name, length, other):
        for _ in range(3):
            await asyncio.sleep(length)
            say(name)
        if other is not None:
            there = asyncio.run_coroutine_threadsafe(work(f"{name}, there", 7, None), other)
            await asyncio.wrap_future(there)
            say(f"{name}, back")

    for thread in threads:
        thread.start()
    works = [
        asyncio.run_coroutine_threadsafe(work("one", 10, loops[1]), loops[0]),
        asyncio.run_coroutine_threadsafe(work("two", 15, loops[0]), loops[1]),
    ]
    for each in works:
        each.result(1000)
    for loop, thread in zip(loops, threads, strict=True):
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def f(admin, say):
    """Ask what the server holds back, beside another that it answers late."""
    admin.add_execution("train", running(60).succeeds())
    admin.on("GetExecution").hangs(times=1)
    admin.on("GetVersion").delays(45)
    version = version_pb2.GetVersionRequest()

    async def held(stub):
        try:
            await stub.GetExecution(request_of("train"), timeout=20)
        except grpc.aio.AioRpcError as error:
            say(error.code().name)

    async def given_up(stub):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(
                stub.GetVersion(version_pb2.GetVersionRequest(), timeout=500), 10
            )
        say("gives up")

    async def main():
        async with asynchronous(admin) as stub:
            await asyncio.gather(held(stub), given_up(stub), asyncio.sleep(5))
            await stub.GetVersion(version)
            say("late")
            phase = (await stub.GetExecution(request_of("train"))).closure.phase
            say(f"phase {phase}")

    asyncio.run(main())


def g(_, say):
    """Do as a service of anyio does: groups, scopes, threads, streams."""
    import anyio

    async def produce(stream):
        async with stream:
            for number in range(3):
                await anyio.sleep(30)
                await stream.send(number)

    async def main():
        send, receive = anyio.create_memory_object_stream(0)
        async with anyio.create_task_group() as group:
            group.start_soon(produce, send)
            async with receive:
                async for number in receive:
                    say(f"got {number}")
        with anyio.move_on_after(60) as scope:
            await anyio.sleep(3600)
        say(f"cancelled: {scope.cancelled_caught}")
        await anyio.to_thread.run_sync(time.sleep, 1800)
        say("job")
        with anyio.move_on_after(10):
            await anyio.to_thread.run_sync(time.sleep, 50, abandon_on_cancel=True)
        say("abandoned")
        await anyio.sleep(60)  # it goes on for 40

    anyio.run(main)


def h(_, say):
    """Talk over sockets, both ends here: the server takes its time."""

    async def serve(reader, writer):
        while line := await reader.readline():
            await asyncio.sleep(int(line))
            writer.write(b"done\n")
            await writer.drain()
        writer.close()

    async def ask(address, seconds, timeout):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"%d\n" % seconds)
        try:
            got = (await asyncio.wait_for(reader.readline(), timeout)).decode().strip()
        except asyncio.TimeoutError:
            got = "no answer"
        writer.close()
        await writer.wait_closed()
        say(f"{seconds}: {got}")

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        await asyncio.gather(ask(address, 5, 30), ask(address, 40, 20), ask(address, 20, 30))
        await asyncio.sleep(30)  # the server says it to nobody
        server.close()

    asyncio.run(main())


PROGRAMS = {program.__name__: program for program in (a, b, c, d, e, f, g, h)}

_end = asyncio.BaseEventLoop.shutdown_default_executor.__code__
_JOIN_GIVES_UP = "timeouts" in _end.co_names  # asyncio.run waits for its jobs, but 300 s at most

WANTED = {
    "a": [(86400, "2881 polls")],
    "b": [(3600, "6050 calls")],
    "c": [(60, "gives up"), (360 if _JOIN_GIVES_UP else 3600, "ends")],
    "d": [
        (100, "has slept"),
        (100, "knocks"),
        (200, "knocks"),
        (200, "job: False"),
        (300, "knocks"),
        (300, "was rung"),
        (600, "was called"),
        (620, "False"),
    ],
    "e": [
        (10, "one"),
        (15, "two"),
        (20, "one"),
        (30, "one"),
        (30, "two"),
        (37, "one, there"),
        (44, "one, there"),
        (45, "two"),
        (51, "one, there"),
        (51, "one, back"),
        (52, "two, there"),
        (59, "two, there"),
        (66, "two, there"),
        (66, "two, back"),
    ],
    "f": [
        (10, "gives up"),
        (20, "DEADLINE_EXCEEDED"),
        (65, "late"),
        (65, "phase 4"),
    ],
    "g": [
        (30, "got 0"),
        (60, "got 1"),
        (90, "got 2"),
        (150, "cancelled: True"),
        (1950, "job"),
        (1960, "abandoned"),
    ],
    "h": [(5, "5: done"), (20, "40: no answer"), (20, "20: done")],
}


def play(name, **options):
    """Play a program in a world of its own; return its events, and the server's journal."""
    events = []
    with FakeFlyteAdmin(strict=False) as admin, governed_by(admin.clock):
        PROGRAMS[name](admin, lambda what: events.append((admin.clock.elapsed, what)), **options)
        assert admin.clock.preempted == 0
        journal = [
            (call.rpc, call.at, call.code, text_format.MessageToString(call.request))
            for call in admin.calls
        ]
    return events, journal
