import threading
import weakref
from types import SimpleNamespace

import grpc
import pytest
from flyteidl.admin import execution_pb2, version_pb2
from flyteidl.service import admin_pb2_grpc
from google.rpc import code_pb2
from grpc_status import rpc_status

from flyte_testkit import running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire import grpc_carrier
from flyte_testkit.world import governed_by


@pytest.fixture
def admin():
    admin = FakeFlyteAdmin()
    with admin.serving():
        yield admin


@pytest.fixture
def channel(admin):
    with admin.channel() as channel:
        yield channel


@pytest.fixture
def stub(channel):
    return admin_pb2_grpc.AdminServiceStub(channel)


def failed(call, *args, **kwargs):
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_a_refusal_carries_code_text_and_details(admin, stub):
    admin.add_execution("done", running(1).succeeds())
    admin.clock.advance(1)
    request = execution_pb2.ExecutionTerminateRequest(cause="late")
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "done"

    error = failed(stub.TerminateExecution, request)

    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == "Cannot abort an already terminated workflow execution"
    status = rpc_status.from_call(error)
    assert status.code == code_pb2.FAILED_PRECONDITION
    assert [detail.TypeName() for detail in status.details] == ["flyteidl.admin.EventFailureReason"]


def test_every_call_is_written_down(admin, stub):
    admin.clock.advance(30)

    failed(stub.GetExecution, execution_pb2.WorkflowExecutionGetRequest(), timeout=60)

    (call,) = admin.calls
    assert (call.rpc, call.code, call.message) == ("GetExecution", "INVALID_ARGUMENT", "missing id")
    assert (call.at, call.deadline, call.attempt) == (30, 60, 1)
    assert call.reply is None


def test_bytes_that_are_no_message_are_refused_as_go_refuses_them(channel):
    call = channel.unary_unary("/flyteidl.service.AdminService/GetExecution")

    error = failed(call, b"\xff\xff\xff")

    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == (
        "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"
    )


def test_text_that_is_no_utf8_is_refused_as_go_refuses_it(channel):
    call = channel.unary_unary("/flyteidl.service.AdminService/GetExecution")

    error = failed(call, b"\x0a\x04\x22\x02\xff\xfe")

    assert error.details() == (
        "grpc: error unmarshalling request: string field contains invalid UTF-8"
    )


def test_auth_services_are_not_there_as_on_a_server_without_auth(admin, channel):
    call = channel.unary_unary("/flyteidl.service.AuthMetadataService/GetOAuth2Metadata")

    error = failed(call, b"")

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "unknown service flyteidl.service.AuthMetadataService"
    admin.verify()  # a real server answers so: no surprise


def test_an_rpc_that_is_not_faked_fails_the_test(admin, stub, monkeypatch):
    monkeypatch.delitem(admin._backend.admin.handlers, "GetVersion")

    error = failed(stub.GetVersion, version_pb2.GetVersionRequest())

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(UnexpectedUse, match=r"AdminService\.GetVersion was called, and it is not"):
        admin.verify()


def test_an_exception_in_the_server_is_internal_and_fails_the_test(admin, stub, monkeypatch):
    def broken(request, now):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setitem(admin._backend.admin.handlers, "GetExecution", lambda _: broken)

    error = failed(stub.GetExecution, execution_pb2.WorkflowExecutionGetRequest())

    assert error.code() is grpc.StatusCode.INTERNAL  # never UNKNOWN: flytekit would log in
    with pytest.raises(UnexpectedUse, match="a bug of ours"):
        admin.verify()


def test_a_hook_that_raises_is_internal_and_fails_the_test(admin, stub):
    def broken(then, call, send):
        raise ZeroDivisionError("a bug of the test's")

    admin.on("GetExecution")._plant("broken", broken, None, 0)

    error = failed(stub.GetExecution, execution_pb2.WorkflowExecutionGetRequest())

    assert error.code() is grpc.StatusCode.INTERNAL
    with pytest.raises(UnexpectedUse, match="a bug of the test's"):
        admin.verify()


def test_a_call_is_held_only_once_its_answer_is_on_the_agenda(admin, stub, monkeypatch):
    clock, blocked = admin.clock, threading.Lock()
    clock.call_later(100, list)  # time would jump there, if only everybody waited
    on_time = clock.call_later

    def late(*arguments):
        blocked.acquire(timeout=0.02)
        return on_time(*arguments)

    blocked.acquire()
    monkeypatch.setattr(clock, "call_later", late)
    admin.on("GetVersion").delays(5)

    stub.GetVersion(version_pb2.GetVersionRequest(), timeout=60)

    assert clock.elapsed == 5


def test_the_deadline_of_a_call_that_was_answered_is_off_the_agenda(admin, stub):
    admin.on("GetVersion").delays(5)

    stub.GetVersion(version_pb2.GetVersionRequest(), timeout=60)

    assert not admin.clock.pending


@pytest.fixture(params=["answered at once", "answered by a later thread"])
def way(request, admin):
    """Both ways in which gRPC carries a call: a hook may hold the second one."""
    if request.param != "answered at once":
        admin.on().fails_with("UNAVAILABLE", after=1000, strict=False)


@pytest.mark.usefixtures("way")
def test_a_call_keeps_the_metadata_that_its_client_sent(admin, stub):
    sent = [("team", "ml"), ("trace-bin", b"\x00\xff"), ("team", "ops")]

    stub.GetVersion(version_pb2.GetVersionRequest(), metadata=sent)

    (call,) = admin.calls
    assert [pair for pair in call.metadata if pair[0] != "user-agent"] == sent
    assert dict(call.metadata)["user-agent"].startswith("grpc-python/")


@pytest.mark.usefixtures("way")
def test_the_marks_of_a_governed_world_are_not_metadata_of_the_client(admin, stub):
    with governed_by(admin.clock):
        stub.GetVersion(version_pb2.GetVersionRequest(), timeout=60, metadata=[("team", "ml")])

    (call,) = admin.calls
    assert sorted(name for name, _ in call.metadata) == ["team", "user-agent"]
    assert call.deadline == 60


def test_who_calls_is_seen_by_the_metadata(admin):
    with FlyteRemote(Config.for_endpoint(admin.endpoint, insecure=True)) as remote:
        remote.recent_executions("flytesnacks", "development")

    assert dict(admin.calls[0].metadata)["user-agent"].startswith("flyte-testkit")


@pytest.mark.usefixtures("way")
def test_a_call_keeps_the_details_of_its_refusal(admin, stub):
    admin.add_execution("done", running(1).succeeds())
    admin.clock.advance(1)
    request = execution_pb2.ExecutionTerminateRequest(cause="late")
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "done"

    error = failed(stub.TerminateExecution, request)

    (detail,) = admin.calls[-1].details
    (sent,) = rpc_status.from_call(error).details
    assert sent.Unpack(received := type(detail)())
    assert detail == received
    assert detail.already_in_terminal_state.current_phase == "SUCCEEDED"
    detail.Clear()
    assert admin.calls[-1].details == (received,)


@pytest.mark.usefixtures("way")
def test_what_is_answered_or_refused_plainly_has_no_details(admin, stub):
    stub.GetVersion(version_pb2.GetVersionRequest())
    failed(stub.GetExecution, execution_pb2.WorkflowExecutionGetRequest())

    assert [(call.code, call.details) for call in admin.calls] == [
        ("OK", ()),
        ("INVALID_ARGUMENT", ()),
    ]


def test_a_client_that_is_gone_before_its_call_is_held_back_holds_nothing(admin, stub, monkeypatch):
    contexts, sent = [], threading.Event()
    patient = grpc_carrier._Patient.__init__

    def remembered(self, context, respond):
        contexts.append(context)
        patient(self, context, respond)

    def hang_up(then, call, send):
        sent.wait(10)
        future.cancel()
        while contexts[0].is_active():
            threading.Event().wait(0.001)

    monkeypatch.setattr(grpc_carrier._Patient, "__init__", remembered)
    admin.on("GetVersion")._plant("hang up", hang_up, None, 0)
    answered = threading.Event()
    admin._journal.answered.append(lambda _: answered.set())

    future = stub.GetVersion.future(version_pb2.GetVersionRequest(), timeout=60)
    sent.set()

    assert answered.wait(10)
    (call,) = admin.calls
    assert (call.code, call.message) == ("CANCELLED", "the client went away")
    assert not admin.clock.pending


def test_what_grpc_keeps_of_a_server_for_a_moment_keeps_no_server():
    admin = FakeFlyteAdmin()
    carrier = grpc_carrier.GrpcCarrier(admin._host._exchange)
    asked = SimpleNamespace(method="/flyteidl.service.AdminService/GetVersion")
    assert carrier.service(asked) is not None
    gone = weakref.ref(admin._backend)
    del admin
    assert gone() is None
    assert carrier.service(asked) is None
