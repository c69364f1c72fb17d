"""Asynchronous calls that stream or that nobody answers, and connections, on the clock."""

import asyncio
import gc

import grpc
import pytest
from flyteidl.admin import version_pb2

from flyte_testkit.errors import HopelessWait
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

VERSION = "/flyteidl.service.AdminService/GetVersion"


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin, governed_by(admin.clock):
        yield admin


def played(admin, talk):
    """Play a coroutine with an asynchronous channel to a server."""

    async def main():
        async with grpc.aio.insecure_channel(admin.endpoint) as channel:
            return await talk(channel)

    return asyncio.run(main())


async def one():
    yield b""


async def all_of(stream):
    return [version_pb2.GetVersionResponse.FromString(part) async for part in stream]


WAYS = {
    "unary_stream": lambda channel, **more: all_of(channel.unary_stream(VERSION)(b"", **more)),
    "stream_unary": lambda channel, **more: channel.stream_unary(VERSION)(one(), **more),
    "stream_stream": lambda channel, **more: all_of(channel.stream_stream(VERSION)(one(), **more)),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@each_way
def test_a_stream_that_is_held_back_lets_time_pass(admin, way):
    admin.on("GetVersion").delays(7)

    assert played(admin, lambda channel: way(channel, timeout=50))
    assert admin.clock.elapsed == 7
    assert [call.deadline for call in admin.calls] == [50]


@each_way
def test_it_ends_at_its_deadline_exactly(admin, way):
    admin.on("GetVersion").hangs()

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        played(admin, lambda channel: way(channel, timeout=12.3))
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert admin.clock.elapsed == 12.3


@each_way
def test_who_waits_for_it_may_give_up(admin, way):
    admin.on("GetVersion").hangs()

    async def talk(channel):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(way(channel), 7)

    played(admin, talk)
    assert admin.clock.elapsed == 7
    assert [call.at for call in admin.calls] == [0]


@pytest.mark.parametrize("way", ["stream_unary", "stream_stream"])
def test_what_is_sent_may_take_its_time(admin, way):
    async def slowly():
        await asyncio.sleep(5)
        yield b""

    async def talk(channel):
        answer = getattr(channel, way)(VERSION)(slowly())
        return await (answer if way == "stream_unary" else all_of(answer))

    assert played(admin, talk)
    assert admin.clock.elapsed == 5


def test_time_stands_while_the_parts_of_a_stream_go_to_and_fro(admin):
    async def talk(channel):
        stream = channel.stream_stream(VERSION)()
        await asyncio.wait_for(stream.write(b""), 1)
        part = await asyncio.wait_for(stream.read(), 1)
        await stream.done_writing()
        return part, await asyncio.wait_for(stream.read(), 1)

    part, end = played(admin, talk)
    assert part
    assert end is grpc.aio.EOF
    assert admin.clock.elapsed == 0


def test_a_deadline_does_not_strike_while_a_channel_connects(admin):
    played(admin, lambda channel: asyncio.wait_for(channel.channel_ready(), 10))

    assert admin.clock.elapsed == 0


def test_it_strikes_in_real_time_if_nobody_is_there(admin):
    async def main():
        async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(channel.channel_ready(), 0.1)

    asyncio.run(main())
    assert admin.clock.elapsed == 0.1


def test_time_passes_while_somebody_waits_for_a_connection_to_end(admin):
    async def talk(channel):
        await channel.channel_ready()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(
                channel.wait_for_state_change(grpc.ChannelConnectivity.READY), 3600
            )

    played(admin, talk)
    assert admin.clock.elapsed == 3600


@pytest.mark.parametrize("calls", [True, False])
def test_a_loop_with_a_channel_that_nobody_answers_is_hopeless(admin, soon_hopeless, calls):
    admin.on("GetVersion").hangs()

    async def talk(channel):
        await channel.channel_ready()
        await (channel.unary_unary(VERSION)(b"") if calls else asyncio.Event().wait())

    with pytest.raises(HopelessWait, match="GetVersion that has no" if calls else "every thread"):
        played(admin, talk)


def test_tasks_may_see_to_what_they_leave_behind_when_all_is_lost(admin, soon_hopeless, caplog):
    admin.on("GetVersion").hangs()

    async def talk(channel):
        await channel.unary_unary(VERSION)(b"")

    with pytest.raises(HopelessWait):
        played(admin, talk)
    gc.collect()
    assert caplog.records == []  # "Task was destroyed but it is pending!", say
