from __future__ import annotations

import pickle
import subprocess
import sys

import grpc
import pytest
from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    node_execution_pb2,
    signal_pb2,
    task_execution_pb2,
)

from flyte_testkit.client import exceptions
from flyte_testkit.client._rpc import RPC_TIMEOUT, Rpc, heals

GET = execution_pb2.WorkflowExecutionGetRequest(id={"project": "p", "domain": "d", "name": "x1"})


@pytest.fixture
def rpc(server, fake_time):
    return Rpc(server, jitter=lambda: 0.0)


def answers(*these):
    rest = iter(these)
    return lambda _: next(rest)


def test_a_call_returns_the_answer_and_has_a_deadline(server, rpc):
    server.on(GetExecution=lambda _: execution_pb2.Execution(id=GET.id))

    assert rpc("GetExecution", GET).id.name == "x1"
    assert server.calls == [("GetExecution", GET, RPC_TIMEOUT, None)]


def test_what_heals_is_tried_again_after_growing_pauses(server, rpc, fake_time, failure):
    away = failure("UNAVAILABLE")
    server.on(GetExecution=answers(away, away, away, execution_pb2.Execution()))

    rpc("GetExecution", GET)
    assert fake_time.sleeps == [0.1, 0.2, 0.4]


def test_what_does_not_heal_in_time_is_raised(server, rpc, failure):
    server.on(GetExecution=lambda _: failure("UNAVAILABLE"))

    with pytest.raises(exceptions.FlyteSystemUnavailableException):
        rpc("GetExecution", GET)
    assert len(server.calls) == 4


def test_a_call_that_used_up_its_deadline_is_not_made_again(server, rpc, failure):
    server.on(GetExecution=lambda _: failure("DEADLINE_EXCEEDED"))

    with pytest.raises(exceptions.FlyteTimeout):
        rpc("GetExecution", GET)
    assert len(server.calls) == 1


EXPECTED = {
    "NOT_FOUND": "FlyteEntityNotExistException",
    "ALREADY_EXISTS": "FlyteEntityAlreadyExistsException",
    "INVALID_ARGUMENT": "FlyteInvalidInputException",
    "UNAVAILABLE": "FlyteSystemUnavailableException",
    "DEADLINE_EXCEEDED": "FlyteTimeout",
    "UNAUTHENTICATED": "FlyteAuthenticationException",
}


@pytest.mark.parametrize("code", [code.name for code in grpc.StatusCode if code.name != "OK"])
def test_every_status_becomes_flytekits_class_and_says_what_failed(server, rpc, failure, code):
    cause = failure(code, "because")
    server.on(GetExecution=lambda _: cause)

    with pytest.raises(exceptions.FlyteException) as caught:
        rpc("GetExecution", GET)
    assert type(caught.value).__name__ == EXPECTED.get(code, "FlyteSystemException")
    assert f"GetExecution of 'p/d/x1' failed with {code}: because" in str(caught.value)
    assert caught.value.__cause__ is cause
    if code not in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"):
        assert len(server.calls) == 1


def test_a_refused_request_travels_with_the_exception(server, rpc, failure):
    server.on(GetExecution=lambda _: failure("INVALID_ARGUMENT"))

    with pytest.raises(exceptions.FlyteInvalidInputException) as caught:
        rpc("GetExecution", GET)
    assert caught.value.request is GET


@pytest.mark.parametrize(
    ("name", "request_pb", "subject"),
    [
        ("GetTask", common_pb2.ObjectGetRequest(id={"name": "t", "version": "v"}), "of 't/v' f"),
        (
            "GetNodeExecutionData",
            node_execution_pb2.NodeExecutionGetDataRequest(
                id={"node_id": "n0", "execution_id": GET.id}
            ),
            "of 'p/d/x1' node 'n0' f",
        ),
        (
            "GetTaskExecutionData",
            task_execution_pb2.TaskExecutionGetDataRequest(
                id={"node_execution_id": {"node_id": "n0", "execution_id": GET.id}}
            ),
            "of 'p/d/x1' node 'n0' f",
        ),
        (
            "SetSignal",
            signal_pb2.SignalSetRequest(id={"signal_id": "go", "execution_id": GET.id}),
            "of 'p/d/x1' f",
        ),
        (
            "ListSignals",
            signal_pb2.SignalListRequest(workflow_execution_id=GET.id),
            "of 'p/d/x1' f",
        ),
        (
            "CreateExecution",
            execution_pb2.ExecutionCreateRequest(project="p", domain="d", name="x1"),
            "of 'p/d/x1' f",
        ),
    ],
)
def test_failures_name_what_the_request_is_about(server, rpc, failure, name, request_pb, subject):
    server.on(**{name: lambda _: failure("INTERNAL")})

    with pytest.raises(exceptions.FlyteSystemException, match=f"{name} {subject}ailed with"):
        rpc(name, request_pb)


def test_a_message_too_large_does_not_heal_but_a_busy_server_does(failure):
    assert heals(failure("RESOURCE_EXHAUSTED", "slow down"))
    assert not heals(failure("RESOURCE_EXHAUSTED", "Received message larger than max (5 vs. 4)"))
    assert not heals(failure("RESOURCE_EXHAUSTED", "received trailing metadata size exceeds limit"))
    assert not heals(ValueError())


def test_pages_are_read_to_the_last_one(server, rpc):
    def listing(request):
        page = int(request.token or "0")
        return execution_pb2.ExecutionList(
            executions=[{"id": {"name": f"x{page}"}}], token=str(page + 1) if page < 2 else ""
        )

    server.on(ListExecutions=listing)
    request = common_pb2.ResourceListRequest(limit=1)

    names = [one.id.name for one in rpc.pages("ListExecutions", request, "executions")]
    assert names == ["x0", "x1", "x2"]


def test_a_token_that_repeats_does_not_make_an_endless_listing(server, rpc):
    page = execution_pb2.ExecutionList(executions=[{"id": {"name": "x"}}], token="again")
    server.on(ListExecutions=lambda _: page)

    listed = rpc.pages("ListExecutions", common_pb2.ResourceListRequest(), "executions")
    assert len(list(listed)) == 2


def test_calls_can_be_bounded_otherwise_and_without_retries(server, rpc, failure):
    server.on(GetExecution=lambda _: failure("UNAVAILABLE"))

    with pytest.raises(exceptions.FlyteSystemUnavailableException):
        rpc.bounded(lambda: 3.0, retries=0)("GetExecution", GET)
    assert [call[2] for call in server.calls] == [3.0]


@pytest.mark.parametrize("name", exceptions.__all__)
def test_exceptions_descend_as_flytekits_do(name):
    base = pytest.importorskip("flytekit.exceptions.base")
    from flytekit.core import type_engine
    from flytekit.exceptions import system, user

    ours = getattr(exceptions, name)
    homes = [base, system, user, type_engine]
    theirs = next(getattr(home, name) for home in homes if hasattr(home, name))
    extra = {"TimeoutError", "OSError"} if name == "FlyteTimeout" else set()  # Python's own, too
    names = [one.__name__ for one in ours.__mro__ if one.__name__ not in extra]
    assert names == [one.__name__ for one in theirs.__mro__]
    assert getattr(ours, "error_code", None) == getattr(theirs, "_ERROR_CODE", None)


def test_importing_the_client_is_light():
    script = """
import sys
import flyte_testkit.client
heavy = {"flytekit", "pytest", "hypothesis", "freezegun", "yaml", "fsspec", "urllib.request"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_flyte_timeout_is_pythons_timeout_and_tells_its_text():
    error = exceptions.FlyteTimeout("too long")
    error.remark("(twice)")

    assert isinstance(error, TimeoutError)
    assert str(error) == "USER:Timeout: too long (twice)"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  our own
