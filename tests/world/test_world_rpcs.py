from __future__ import annotations

import asyncio
import select
import signal
import threading
import time
from concurrent import futures

import grpc
import pytest
from flyteidl.admin.execution_pb2 import WorkflowExecutionGetRequest
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
from flyteidl.service.admin_pb2_grpc import AdminServiceStub

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

REQUEST = WorkflowExecutionGetRequest(
    id=WorkflowExecutionIdentifier(project="flytesnacks", domain="development", name="run")
)


def pause():
    """Wait for a moment of real time."""
    select.select([], [], [], 0.02)


def until_held(admin):
    """Wait for real until the server holds a call back."""
    while not admin.clock.mover.calls.held:
        pause()


@pytest.fixture
def admin():
    with FakeFlyteAdmin() as admin, governed_by(admin.clock):
        admin.add_execution("run", running(1000).succeeds())
        yield admin


@pytest.fixture
def get(admin):
    with admin.channel() as channel:
        yield AdminServiceStub(channel).GetExecution


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def test_a_call_ends_at_its_deadline_exactly(admin, get):
    admin.on("GetExecution").hangs()
    for timeout in (300, 0.25, 7.3):
        before = admin.clock.elapsed
        assert code_of(lambda t=timeout: get(REQUEST, timeout=t)) == "DEADLINE_EXCEEDED"
        assert admin.clock.elapsed == pytest.approx(before + timeout, abs=1e-9)
    assert [call.deadline for call in admin.calls] == [300, 0.25, 7.3]


def test_a_future_that_hangs_keeps_nobody_who_works(admin, get):
    admin.on("GetExecution").hangs(times=1)
    hung = get.future(REQUEST, timeout=300)
    until_held(admin)  # else another call might overtake it, and hang in its place
    for _ in range(20):
        get(REQUEST)
    assert (admin.clock.elapsed, hung.done()) == (0, False)
    assert code_of(hung.result) == "DEADLINE_EXCEEDED"
    assert admin.clock.elapsed == 300


def test_many_futures_have_one_deadline(admin, get):
    admin.on("GetExecution").hangs(times=200)
    sent = [get.future(REQUEST, timeout=60) for _ in range(200)]
    assert {code_of(future.result) for future in sent} == {"DEADLINE_EXCEEDED"}
    assert admin.clock.elapsed == 60


def test_a_result_times_out_on_the_clock(admin, get):
    admin.on("GetExecution").hangs(times=1)
    hung = get.future(REQUEST, timeout=300)
    with pytest.raises(grpc.FutureTimeoutError):
        hung.result(timeout=20)
    assert admin.clock.elapsed == 20
    assert isinstance(hung.exception(), grpc.RpcError)
    assert admin.clock.elapsed == 300


def test_what_a_future_calls_back_happens_before_time_moves(admin, get):
    done, seen = threading.Event(), []
    sent = get.future(REQUEST)
    sent.add_done_callback(lambda _: (pause(), done.set()))
    seen.append(done.wait(60))
    assert (seen, admin.clock.elapsed) == ([True], 0)


def test_a_cancelled_future_holds_time_no_longer(admin, get):
    admin.on("GetExecution").hangs(times=1, strict=False)  # it may be cancelled before it arrives
    hung = get.future(REQUEST)
    until_held(admin)
    hung.cancel()
    time.sleep(60)
    assert (admin.clock.elapsed, hung.cancelled()) == (60, True)


def test_time_stands_while_a_call_is_answered(admin, get, together):
    seen = []

    def ask():
        for _ in range(50):
            get(REQUEST)
        seen.append(admin.clock.elapsed)

    together(lambda: time.sleep(10), ask, lambda: (time.sleep(5), ask()))
    assert seen == [0, 5]


def test_a_held_call_keeps_only_its_own_thread(admin, get, together):
    admin.on("GetExecution").hangs(times=1)
    beats = []

    def beat():
        for _ in range(5):
            time.sleep(100)
            beats.append(admin.clock.elapsed)

    together(lambda: code_of(lambda: get(REQUEST, timeout=300)), beat)
    assert beats == [100, 200, 300, 400, 500]


def test_calls_of_threads_come_in_the_order_of_their_turns(admin, get, together):
    def ask(name):
        request = WorkflowExecutionGetRequest(id=REQUEST.id)
        request.id.name = name
        for _ in range(3):
            code_of(lambda: get(request))
            time.sleep(1)

    together(*(lambda n=n: ask(f"run-{n}") for n in range(8)))
    names = [call.request.id.name for call in admin.calls]
    assert names == [f"run-{n}" for n in range(8)] * 3
    assert admin.clock.preempted == 0


def test_an_alarm_strikes_a_held_call(admin, get):
    class TimeIsUpError(Exception):
        pass

    def strike(*_):
        raise TimeIsUpError

    admin.on("GetExecution").hangs(times=1)
    before = signal.signal(signal.SIGALRM, strike)
    try:
        signal.alarm(10)
        with pytest.raises(TimeIsUpError):
            get(REQUEST, timeout=300)
        assert admin.clock.elapsed == 10
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_asynchronous_call_that_is_held_lets_time_pass(admin):
    admin.on("GetExecution").hangs(times=1)

    async def ask():
        async with grpc.aio.insecure_channel(admin.endpoint) as channel:
            with pytest.raises(grpc.RpcError):
                await AdminServiceStub(channel).GetExecution(REQUEST, timeout=20)

    asyncio.run(ask())
    assert admin.clock.elapsed == 20


# A server of another maker


@pytest.fixture
def other(admin):
    """A server of ours that knows no ids: it holds each call back for 30 seconds."""
    clock, metadata = admin.clock, []

    def held(request, context, send):
        metadata.append(dict(context.invocation_metadata()))
        hold = clock.hold()

        def answer():
            clock.release(hold)
            send(request)
            send(None)

        clock.call_later(30, answer)

    def streamed(request, _context):
        yield request
        pause()
        yield request

    held.experimental_non_blocking = True
    held.experimental_thread_pool = None
    methods = {
        "Hold": grpc.unary_stream_rpc_method_handler(held),
        "Stream": grpc.unary_stream_rpc_method_handler(streamed),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("Other", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.metadata = metadata
        yield channel
    server.stop(None).wait(10)


def test_the_oldest_call_is_taken_for_the_one_that_is_held(admin, other, together):
    call = other.unary_unary("/Other/Hold")
    seen = []
    together(*(lambda: (call(b"a", timeout=60), seen.append(admin.clock.elapsed)),) * 3)
    assert seen == [30, 30, 30]
    sent = call.future(b"b")
    assert (sent.result(), admin.clock.elapsed) == (b"b", 60)


def test_time_stands_while_a_stream_goes_on(admin, other, together):
    seen = []

    def read():
        seen.extend(admin.clock.elapsed for _ in other.unary_stream("/Other/Stream")(b"x"))

    together(read, lambda: time.sleep(60))
    assert (seen, admin.clock.elapsed) == ([0, 0], 60)


def test_only_calls_in_a_world_bear_marks(other, admin):
    call = other.unary_unary("/Other/Hold")
    call(b"x", timeout=60)
    assert other.metadata[0]["flyte-testkit-timeout"] == "60.0"
    assert "flyte-testkit-call" in other.metadata[0]
