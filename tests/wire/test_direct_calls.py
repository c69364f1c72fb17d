"""Calls without a socket: what is their own, besides what every transport has in common."""

import select
import socket
import threading
import time
from contextlib import suppress

import grpc
import pytest
from contract import GET, VERSION
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import VirtualClock, fake_flyte, running
from flyte_testkit.clock import SystemClock
from flyte_testkit.clock._calls import Calls
from flyte_testkit.errors import ClockError, FlyteTestkitError, HopelessWait
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by


def version(channel):
    return admin_pb2_grpc.AdminServiceStub(channel).GetVersion(VERSION, timeout=60)


def test_others_are_answered_while_a_call_is_held(admin, stub):
    admin.on("GetExecution").hangs()
    with governed_by(admin.clock):  # outside of a world nobody knows that nobody waits for it yet
        asked = stub.GetExecution.future(GET, 60)
        stub.GetVersion(VERSION)
        assert admin.add_execution("more", running(1).succeeds()).phase == "RUNNING"
        admin.clock.advance(60)

        assert asked.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert [call.code for call in admin.calls] == ["DEADLINE_EXCEEDED", "OK"]


def test_a_held_call_outside_of_a_world_lets_time_pass(admin, stub):
    admin.on("GetExecution").delays(30)

    stub.GetExecution(GET, timeout=60)

    assert admin.clock.elapsed == 30


def test_a_held_call_on_a_real_clock_takes_its_time():
    with SystemClock() as clock, FakeFlyteAdmin(clock=clock, transport="direct") as admin:
        admin.on().delays(0.02)
        with admin.channel() as channel:
            version(channel)
            assert channel is not None
        assert 0.02 <= admin.calls[0].ended < 30


def test_what_the_test_interrupts_goes_away(admin, stub, monkeypatch):
    admin.on("GetExecution").hangs()

    def interrupted(*_):
        raise KeyboardInterrupt

    with governed_by(admin.clock):
        monkeypatch.setattr(Calls, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stub.GetExecution(GET)
        monkeypatch.undo()
        time.sleep(60)

    assert [call.code for call in admin.calls] == ["CANCELLED"]
    assert admin.clock.elapsed == 60


def test_a_callback_of_the_clock_may_ask_and_may_not_wait(admin, stub):
    seen = []

    def ask():
        seen.append(stub.GetVersion(VERSION))
        admin.on("GetVersion").delays(5, strict=False)
        try:
            stub.GetVersion(VERSION)
        except ClockError as error:
            seen.append(str(error))

    with governed_by(admin.clock):
        admin.clock.call_later(10, ask)
        time.sleep(20)

    assert len(seen) == 2
    assert "tried to wait" in seen[1]
    assert admin.clock.elapsed == 20


def test_a_channel_that_is_closed_cuts_off_who_stands_in_a_call_at_once(admin, stub):
    channel = admin.channel()
    admin.on("GetExecution").hangs()
    with governed_by(admin.clock):
        threading.Timer(20, channel.close).start()
        with pytest.raises(grpc.RpcError) as caught:
            admin_pb2_grpc.AdminServiceStub(channel).GetExecution(GET, timeout=300)

        assert (caught.value.code().name, caught.value.details()) == (
            *("CANCELLED", "Channel closed!"),
        )
        assert (admin.clock.elapsed, admin.calls[0].code) == (20, "CANCELLED")


def test_a_clock_that_is_broken_while_a_call_is_answered_is_heard_by_who_calls(admin, stub):
    admin._journal.listeners.append(lambda _: admin.clock.interrupt("enough"))
    with governed_by(admin.clock):
        with pytest.raises(HopelessWait, match="enough"):
            stub.GetVersion(VERSION)
        with pytest.raises(HopelessWait, match="enough"):
            time.sleep(1)

    assert [call.code for call in admin.calls] == ["INTERNAL"]


def test_a_call_without_a_deadline_that_hangs_is_hopeless(admin, stub, soon_hopeless):
    admin.on("GetExecution").hangs()
    with governed_by(admin.clock), pytest.raises(HopelessWait, match="that has no deadline"):
        with suppress(grpc.RpcError):  # it is told both, in the order in which two threads come by
            stub.GetExecution(GET)
        time.sleep(1)

    assert admin.calls[0].code == "INTERNAL"


def test_others_interrupt_who_is_answered_only_when_he_is(admin, stub):
    entered, seen = threading.Event(), []

    def slowly(_):
        entered.set()
        while not admin.clock.broken:
            select.select([], [], [], 0.001)
        seen.append("answered in peace")

    def interrupts():
        entered.wait()
        admin.clock.interrupt("enough")

    admin._journal.listeners.append(slowly)
    interrupting = threading.Thread(target=interrupts)
    interrupting.start()
    with governed_by(admin.clock), pytest.raises(HopelessWait, match="enough"):
        stub.GetVersion(VERSION)
    interrupting.join()

    assert seen == ["answered in peace"]
    admin.clock.forgive()


def test_asking_for_ever_by_futures_is_hopeless_for_who_asks(admin, stub):
    with governed_by(admin.clock), pytest.raises(HopelessWait, match="asked 2,000 times"):
        while True:
            stub.GetExecution.future(GET).result()


def test_who_calls_says_that_it_needs_no_socket(admin):
    options = [("grpc.primary_user_agent", "me/1"), ("grpc.secondary_user_agent", "x")]
    with grpc.insecure_channel(admin.endpoint, options=options) as channel:
        version(channel)

    (agent,) = (value for name, value in admin.calls[0].metadata if name == "user-agent")
    assert agent == f"me/1 grpc-python/{grpc.__version__} (direct) x"


def test_a_deadline_that_is_past_never_arrives(admin, stub):
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetVersion(VERSION, timeout=0)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not admin.calls


def test_a_deadline_is_exact_outside_of_a_world(admin, stub):
    stub.GetVersion(VERSION, timeout=60.3)

    assert admin.calls[0].deadline == 60.3


def test_a_deadline_strikes_in_virtual_time_only(admin, stub):
    admin._journal.listeners.append(lambda _: select.select([], [], [], 0.01))

    stub.GetVersion(VERSION, timeout=0.001)

    assert [call.code for call in admin.calls] == ["OK"]


def test_a_future_is_done_at_once_in_the_order_of_sending(admin, stub):
    futures = [stub.GetVersion.future(VERSION, metadata=[("n", str(n))]) for n in range(50)]

    assert all(future.done() for future in futures)
    assert [dict(call.metadata)["n"] for call in admin.calls] == [str(n) for n in range(50)]


def test_what_a_held_future_brings_leaves_no_thread_behind(admin, stub):
    admin.on().delays(5)
    before, seen = threading.enumerate(), []
    with governed_by(admin.clock):
        future = stub.GetVersion.future(VERSION)
        future.add_done_callback(lambda _: seen.append(threading.current_thread()))
        future.result()
        time.sleep(1)

    assert len(seen) == 1
    assert threading.enumerate() == before


@pytest.mark.parametrize(("size", "code"), [(11_000, "ABORTED"), (13_000, "RESOURCE_EXHAUSTED")])
def test_trailers_are_too_large_from_the_middle_on(admin, size, code):
    admin.on().fails_with("ABORTED", message="x" * size)
    with grpc.insecure_channel(admin.endpoint) as channel, pytest.raises(grpc.RpcError) as caught:
        version(channel)

    assert caught.value.code().name == code


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("dirct", "Did you mean 'direct'"),
        ("TCP", "Did you mean 'tcp'"),
        (None, "transport=None"),
        (True, "transport=True"),
        (b"tcp", "transport=b'tcp'"),
        ("", "'tcp' or by 'direct'"),
    ],
)
def test_a_transport_that_there_is_not_is_refused(wrong, hint):
    with pytest.raises(FlyteTestkitError) as caught:
        FakeFlyteAdmin(transport=wrong)

    assert hint in str(caught.value)


def test_a_port_that_is_taken_is_refused():
    with FakeFlyteAdmin(transport="direct") as admin:
        port = int(admin.endpoint.rpartition(":")[2])
        for transport in ("direct", "tcp"):
            with pytest.raises(FlyteTestkitError, match="another server has it"):
                FakeFlyteAdmin(transport=transport, port=port).__enter__()


def test_a_port_that_was_lost_meanwhile_is_told():
    admin = FakeFlyteAdmin(transport="direct")
    with admin.serving():
        port = int(admin.endpoint.rpartition(":")[2])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(FlyteTestkitError, match="taken the port meanwhile"), admin.serving():
            pass


def test_it_has_the_clock_that_it_is_given():
    clock = VirtualClock()
    with fake_flyte(clock=clock) as admin:
        assert (admin.transport, admin.clock) == ("direct", clock)
        assert version_pb2.GetVersionRequest() == VERSION
