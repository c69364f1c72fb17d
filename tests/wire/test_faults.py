import threading
import time
from datetime import timedelta

import grpc
import pytest
from flyteidl.admin import execution_pb2, version_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import running
from flyte_testkit.errors import RouteError
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire.names import RPCS
from flyte_testkit.wire.services import methods


@pytest.fixture
def admin():
    with FakeFlyteAdmin() as admin:
        admin.add_execution("train", running(3600).succeeds())
        yield admin


@pytest.fixture
def stub(admin):
    with admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


def train():
    request = execution_pb2.WorkflowExecutionGetRequest()
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "train"
    return request


def codes(stub, count, **options):
    """The codes that so many GetExecution are answered with."""
    seen = []
    for _ in range(count):
        try:
            stub.GetExecution(train(), **options)
        except grpc.RpcError as error:
            seen.append(error.code().name)
        else:
            seen.append("OK")
    return seen


def test_the_names_of_rpcs_are_those_of_the_services():
    assert {method.rpc for method in methods().values()} == RPCS


def test_attempts_fail_as_often_as_written(admin, stub):
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", times=2, after=1)

    assert codes(stub, 5) == ["OK", "UNAVAILABLE", "UNAVAILABLE", "OK", "OK"]
    assert lookups.struck == 2
    assert len(lookups.calls) == 5


def test_faults_compose_in_the_order_of_writing(admin, stub):
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", times=2).fails_with("INTERNAL")

    assert codes(stub, 4) == ["UNAVAILABLE", "UNAVAILABLE", "INTERNAL", "OK"]
    assert [fault.struck for fault in lookups.faults] == [2, 1]


def test_a_route_without_a_name_is_that_of_every_rpc(admin, stub):
    admin.on().fails_with("RESOURCE_EXHAUSTED", times=None)

    assert codes(stub, 1) == ["RESOURCE_EXHAUSTED"]
    with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
        stub.GetVersion(version_pb2.GetVersionRequest())


def test_an_outage_lasts_from_then_to_then(admin, stub):
    admin.on("GetExecution").fails_with("UNAVAILABLE").between(60, 120)
    seen = []
    for _ in range(5):
        seen += codes(stub, 1)
        admin.clock.advance(30)

    assert seen == ["OK", "OK", "UNAVAILABLE", "UNAVAILABLE", "OK"]


def test_a_scripted_message_is_answered(admin, stub):
    reply = execution_pb2.Execution()
    reply.id.name = "another"
    admin.on("GetExecution").answers(reply, times=1)

    assert stub.GetExecution(train()).id.name == "another"
    assert stub.GetExecution(train()).id.name == "train"


def test_a_lost_reply_was_done_all_the_same(admin, stub):
    admin.on("TerminateExecution").loses_reply()
    request = execution_pb2.ExecutionTerminateRequest(id=train().id, cause="too dear")

    with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        stub.TerminateExecution(request)

    assert stub.GetExecution(train()).closure.abort_metadata.cause == "too dear"


def test_what_the_client_is_told_of_a_lost_reply_is_ones_choice(admin, stub):
    admin.on("TerminateExecution").loses_reply("DEADLINE_EXCEEDED")
    request = execution_pb2.ExecutionTerminateRequest(id=train().id, cause="too dear")

    with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
        stub.TerminateExecution(request)

    assert stub.GetExecution(train()).closure.abort_metadata.cause == "too dear"


def test_a_delayed_call_sees_the_server_of_a_later_time(admin, stub):
    lookups = admin.on("GetExecution").delays(timedelta(hours=1))

    assert stub.GetExecution(train()).closure.phase == core.WorkflowExecution.SUCCEEDED
    assert admin.clock.elapsed == 3600
    assert lookups.calls[0].at == 0


def test_a_call_that_is_delayed_beyond_its_deadline_ends_there(admin, stub):
    admin.on("GetExecution").delays(90)

    assert codes(stub, 1, timeout=60) == ["DEADLINE_EXCEEDED"]
    assert admin.clock.elapsed == 60
    assert (admin.calls[-1].code, admin.calls[-1].deadline) == ("DEADLINE_EXCEEDED", 60)


def test_a_hanging_call_ends_at_its_deadline(admin, stub):
    admin.on("GetExecution").hangs(times=1)

    assert codes(stub, 2, timeout=60) == ["DEADLINE_EXCEEDED", "OK"]
    assert admin.clock.elapsed == 60


def test_a_thousand_calls_are_held_and_hold_no_thread(admin, stub):
    admin.on("GetExecution").hangs(times=1000)
    before = threading.active_count()

    futures = [stub.GetExecution.future(train()) for _ in range(1000)]
    wait_until_held(admin, 1000)

    assert codes(stub, 1) == ["OK"]  # others are unharmed
    server_threads = [t for t in threading.enumerate() if t.name.startswith("flyte-testkit")]
    assert len(server_threads) <= 4
    assert threading.active_count() - before <= 6
    for future in futures:
        future.cancel()


def wait_until_held(admin, count):
    """Wait, in real time, for what a future cannot tell: that its call has arrived."""
    until = time.monotonic() + 20
    while sum(call.code is None for call in admin.calls) < count:
        assert time.monotonic() < until, "the calls never arrived"
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (lambda on: on("GetExecutoin"), "on('GetExecutoin'): there is no such RPC. Did you mean"),
        (lambda on: on().fails_with("UNAVAILBLE"), "is no gRPC status code. Did you mean 'UNAVA"),
        (lambda on: on().loses_reply("DEADLINE"), "Did you mean 'DEADLINE_EXCEEDED'"),
        (lambda on: on().fails_with("UNKNOWN", times=0), "times is 1 or more"),
        (lambda on: on().delays(-1), "a call cannot be answered before it came"),
        (lambda on: on().between(0, 1), "follows no fault to limit"),
        (lambda on: on().hangs().between(2, 1), "ends before it begins"),
        (
            lambda on: on("GetVersion").answers(execution_pb2.Execution()),
            "replies GetVersionResponse, not Execution",
        ),
    ],
)
def test_what_cannot_be_planted_is_refused_in_words(admin, plant, message):
    with pytest.raises(RouteError) as caught:
        plant(admin.on)

    assert message in str(caught.value)


def test_a_route_reads_as_it_was_written(admin):
    route = admin.on("GetExecution").fails_with("UNAVAILABLE", times=2).delays(5).hangs(after=1)

    assert repr(route) == (
        "<on('GetExecution').fails_with('UNAVAILABLE', times=2).delays(5).hangs(after=1): "
        "struck 0 times>"
    )


def test_a_lost_reply_reads_as_it_was_written(admin):
    route = admin.on().loses_reply().loses_reply("DEADLINE_EXCEEDED", times=2).loses_reply(after=1)

    assert repr(route) == (
        "<on().loses_reply().loses_reply('DEADLINE_EXCEEDED', times=2).loses_reply(after=1): "
        "struck 0 times>"
    )
