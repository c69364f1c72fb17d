"""While somebody outside of the process is at work for a loop, time stands still."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import socketserver
import subprocess
import sys
import threading
import time

import grpc
import pytest
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import _loops, _outside, _strangers, governed_by

SERVER = """if True:
    import socket, sys, time
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    ours, _ = server.accept()
    while line := ours.recv(100):
        for part in range(int(line)):
            time.sleep(0.2)
            ours.sendall(b"part" if part + 1 < int(line) else b"done\\n")
"""


@contextlib.contextmanager
def server_of(code, *arguments):
    """Run a server process; it prints its port."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    ) as child:
        yield int(child.stdout.readline())
        child.kill()


@pytest.fixture
def port():
    """The port of a server in another process, which takes a fifth of a second for its answer."""
    with server_of(SERVER) as port:
        yield port


@pytest.fixture
def beating(clock, governed):
    """Beat each second, in a thread; gives the beats so far."""
    stop, beats = threading.Event(), []

    def beat():
        while not stop.wait(1):
            beats.append(clock.elapsed)

    thread = threading.Thread(target=beat)
    thread.start()
    yield beats
    stop.set()
    thread.join()


def test_a_deadline_does_not_strike_while_another_process_answers(clock, port, governed):
    async def main():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(3):
            writer.write(b"1")
            assert await asyncio.wait_for(reader.readline(), 30) == b"done\n"
            assert clock.elapsed == 10 * number
            await asyncio.sleep(10)
        writer.close()

    asyncio.run(main())
    assert clock.elapsed == 30


def test_nor_while_more_comes_soon(clock, governed, monkeypatch):
    monkeypatch.setattr(_outside, "_GRACE", 10.0)  # a busy machine is slow
    quick = SERVER.replace("0.2", "0.03")
    with server_of(quick) as port:

        async def main():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"4")
            assert await asyncio.wait_for(reader.readline(), 30) == b"partpartpartdone\n"
            writer.close()

        asyncio.run(main())
    assert clock.elapsed == 0


@pytest.mark.parametrize("how", ["sock_recv", "add_reader"])
def test_nor_on_a_bare_socket(clock, port, beating, how):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket() as ours:
            ours.setblocking(False)
            await asyncio.wait_for(loop.sock_connect(ours, ("127.0.0.1", port)), 30)
            await loop.sock_sendall(ours, b"1")
            if how == "sock_recv":
                got = await asyncio.wait_for(loop.sock_recv(ours, 100), 30)
            else:
                came = asyncio.Event()
                loop.add_reader(ours, came.set)
                await asyncio.wait_for(came.wait(), 30)
                loop.remove_reader(ours)
                got = ours.recv(100)
        return got

    assert asyncio.run(main()) == b"done\n"
    assert clock.elapsed == 0


def test_a_deadline_strikes_in_real_time_if_there_is_no_answer(clock, governed):
    silent = SERVER.replace("0.2", "60")
    with server_of(silent) as port:

        async def main():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"1")
            began = time.process_time(), os.times().elapsed
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(reader.readline(), 0.3)
            writer.close()
            return os.times().elapsed - began[1]

        assert asyncio.run(main()) > 0.25
    assert clock.elapsed == 0.3


def test_time_stands_while_a_loop_awaits_a_child_process(clock, beating):
    async def main():
        child = await asyncio.create_subprocess_exec("sleep", "0.2")
        assert await asyncio.wait_for(child.wait(), 30) == 0
        return clock.elapsed

    assert asyncio.run(main()) == len(beating) == 0


def test_time_stands_while_a_loop_reads_from_a_child_process(clock, beating):
    code = "import time; time.sleep(0.2); print('here', flush=True); time.sleep(30)"

    async def main():
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=subprocess.PIPE
        )
        assert await asyncio.wait_for(child.stdout.readline(), 30) == b"here\n"
        at = clock.elapsed
        child.kill()
        await child.wait()
        return at

    assert asyncio.run(main()) == len(beating) == 0


def test_a_child_that_nobody_awaits_keeps_no_time(clock, governed):
    async def main():
        child = await asyncio.create_subprocess_exec("sleep", "30", stdout=subprocess.PIPE)
        await asyncio.sleep(3600)
        child.kill()
        await child.wait()

    asyncio.run(main())
    assert clock.elapsed == 3600


def test_who_answers_within_this_process_decides_by_its_own_waits(clock, governed):
    ready, told = threading.Event(), []

    def serve():
        async def answer(reader, writer):
            await reader.readline()
            await asyncio.sleep(20)
            writer.write(b"done\n")
            writer.close()

        async def main():
            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            told.extend(server.sockets[0].getsockname())
            ready.set()
            await asyncio.sleep(100)
            server.close()

        asyncio.run(main())

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait()

    async def main():
        reader, writer = await asyncio.open_connection(*told)
        writer.write(b"\n")
        got = await asyncio.wait_for(reader.readline(), 30)
        at = clock.elapsed
        writer.write(b"\n")
        writer.close()
        return got, at

    assert asyncio.run(main()) == (b"done\n", 20)
    thread.join()
    assert clock.elapsed == 100


class _Sleeps(socketserver.StreamRequestHandler):
    """Answers after as many seconds as it is told; negative ones are real."""

    def handle(self):
        while line := self.rfile.readline():
            if float(line) < 0:
                select.select([], [], [], -float(line))
            else:
                time.sleep(float(line))
            with contextlib.suppress(OSError):
                self.wfile.write(b"done\n")


@pytest.fixture(params=["older than the world", "from the world"])
def served(request, clock):
    """A server in threads of this process, and a world."""

    def serve():
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Sleeps)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        return server, thread

    server, thread = serve() if request.param == "older than the world" else (None, None)
    with governed_by(clock):
        if server is None:
            server, thread = serve()
        yield server.server_address
        server.shutdown()
        thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("lengths", "end"), [([-0.1, -0.1], 0), ([20, 5], 25), ([0, 50], 30), ([-0.1, 20], 20)]
)
def test_a_server_in_threads_is_waited_for_and_may_sleep_on_the_clock(clock, served, lengths, end):
    async def main():
        reader, writer = await asyncio.open_connection(*served)
        for length in lengths:
            writer.write(b"%f\n" % length)
            with contextlib.suppress(asyncio.TimeoutError):
                assert await asyncio.wait_for(reader.readline(), 30) == b"done\n"
        at = clock.elapsed
        writer.close()
        await asyncio.sleep(100)
        return at

    assert asyncio.run(main()) == end
    assert clock.elapsed == end + 100


def test_a_unix_socket_is_judged_by_the_process_at_its_other_end(clock, governed, tmp_path):
    path = str(tmp_path / "socket")
    code = SERVER.replace(
        'socket.create_server(("127.0.0.1", 0))',
        f"socket.socket(socket.AF_UNIX); server.bind({path!r}); server.listen()",
    ).replace("server.getsockname()[1]", "0")

    async def main():
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"1")
        got = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        return got

    with server_of(code):
        assert asyncio.run(main()) == b"done\n"
    assert clock.elapsed == 0


def test_an_idle_connection_keeps_no_time(clock, port, governed):
    async def main():
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(3600)
        writer.close()

    asyncio.run(main())
    assert clock.elapsed == 3600


def test_it_is_told_when_time_stands_still_for_long(clock, port, beating, monkeypatch):
    monkeypatch.setattr(_loops, "_TOLD", 0.05)

    async def main():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"1")
        await asyncio.wait_for(reader.readline(), 30)
        writer.close()

    with pytest.warns(RuntimeWarning, match="has waited for an answer from another process"):
        asyncio.run(main())


def test_a_loop_answers_a_thread_that_blocks_for_it(clock, governed):
    ready, told = threading.Event(), []

    async def serve():
        async def answer(reader, writer):
            writer.write(await reader.readline())
            writer.close()
            told.append(asyncio.get_running_loop())
            done.set()

        done = asyncio.Event()
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.append(server.sockets[0].getsockname())
        ready.set()
        await done.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    with socket.create_connection(told[0]) as ours:
        ours.sendall(b"hello\n")
        assert ours.recv(100) == b"hello\n"
    thread.join()
    assert clock.elapsed == 0


# Calls from loops that keep real time


@pytest.fixture
def anew():
    _strangers.forget()
    yield
    _strangers.forget()


@pytest.fixture(params=["tcp", "direct"])
def admin(request):
    with FakeFlyteAdmin(transport=request.param) as admin, governed_by(admin.clock):
        yield admin


def test_a_call_from_uvloop_is_told_that_its_sleeps_are_real(admin, anew):
    uvloop = pytest.importorskip("uvloop")

    async def ask():
        async with grpc.aio.insecure_channel(admin.endpoint) as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            await stub.GetVersion(version_pb2.GetVersionRequest())

    loop = uvloop.new_event_loop()
    with pytest.warns(RuntimeWarning, match=r"keeps real time \(uvloop.Loop\)"):
        loop.run_until_complete(ask())
    loop.close()


@pytest.mark.parametrize("kind", ["uvloop", "trio"])
def test_so_is_a_call_of_a_thread_that_runs_such_a_loop(admin, anew, kind):
    module = pytest.importorskip(kind)

    async def ask():
        with admin.channel() as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            stub.GetVersion(version_pb2.GetVersionRequest())

    def run():
        if kind == "trio":
            module.run(ask)
        else:
            loop = module.new_event_loop()
            loop.run_until_complete(ask())
            loop.close()

    with pytest.warns(RuntimeWarning, match=r"keeps real time \((uvloop.Loop|trio)\)") as told:
        run()
    assert told[0].filename == __file__  # where somebody can mend a line


def test_a_call_from_asyncios_own_loop_is_told_nothing(admin, anew):
    async def ask():
        with admin.channel() as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            stub.GetVersion(version_pb2.GetVersionRequest())

    asyncio.run(ask())  # a warning would be an error
