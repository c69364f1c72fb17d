"""Launchers with one bug each in what they take for their own, and launchers that are right."""

import threading
import time
import uuid
from contextlib import suppress

import grpc
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
from more_loops import NEWEST_FIRST, OLDEST_FIRST, admin
from waiting_loops import POLL


def fresh():
    return f"nightly-{uuid.uuid4().hex[:8]}"


def spec(launch_plan="nightly"):
    made = execution_pb2.ExecutionSpec(metadata=execution_pb2.ExecutionMetadata())
    made.launch_plan.resource_type = 3
    made.launch_plan.project, made.launch_plan.domain = "flytesnacks", "development"
    made.launch_plan.name, made.launch_plan.version = launch_plan, "v1"
    return made


def send(stub, name):
    request = execution_pb2.ExecutionCreateRequest(
        project="flytesnacks", domain="development", name=name, spec=spec()
    )
    return stub.CreateExecution(request, timeout=60).id.name


def listed(stub, sort_by, limit, *, pages=False, filters=""):
    token = ""
    while True:
        page = stub.ListExecutions(
            common_pb2.ResourceListRequest(
                id=common_pb2.NamedEntityIdentifier(project="flytesnacks", domain="development"),
                limit=limit,
                token=token,
                sort_by=sort_by,
                filters=filters,
            ),
            timeout=60,
        )
        yield from page.executions
        token = page.token
        if not token or not pages:
            return


def returns(first, sort_by=NEWEST_FIRST, **options):
    """A launcher that, after a launch that failed, returns the first one that will do."""

    def launch(_remote):
        name = fresh()
        with admin() as stub:
            try:
                return send(stub, name)
            except grpc.RpcError:
                for each in listed(stub, sort_by, 100, **options):
                    if first(name, each):
                        return each.id.name
                raise RuntimeError(f"{name!r} may have been launched") from None

    return launch


def with_its_inputs(_remote):
    name = fresh()
    with admin() as stub:
        try:
            return send(stub, name)
        except grpc.RpcError:
            for each in listed(stub, NEWEST_FIRST, 100):
                asked = execution_pb2.WorkflowExecutionGetDataRequest(id=each.id)
                if not stub.GetExecutionData(asked).full_inputs.literals:
                    return each.id.name
            raise RuntimeError(f"{name!r} may have been launched") from None


def takes_what_has_its_name(_remote):
    with admin() as stub:
        try:
            return send(stub, "nightly-2024-03-10")
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                return "nightly-2024-03-10"
            raise RuntimeError("'nightly-2024-03-10' may have been launched") from error


def says_that_it_launched(_remote):
    name = fresh()
    with admin() as stub, suppress(grpc.RpcError):
        send(stub, name)
    return name


def names(stub, sort_by, limit, *, pages):
    while True:
        with suppress(grpc.RpcError):
            return {each.id.name for each in listed(stub, sort_by, limit, pages=pages)}
        time.sleep(0.3)


def searches(sort_by, limit, *, pages=False, pause=0.0):
    """A launcher that looks in lists for what it may have launched, and else launches again."""

    def launch(_remote):
        with admin() as stub:
            for _ in range(9):
                name = fresh()
                try:
                    return send(stub, name)
                except grpc.RpcError as error:
                    if error.code().name not in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
                        raise
                time.sleep(pause)
                if name in names(stub, sort_by, limit, pages=pages):
                    return name
        raise RuntimeError("no launch")

    return launch


def raises_when_it_is_not_listed(_remote):
    name = fresh()
    with admin() as stub:
        try:
            return send(stub, name)
        except grpc.RpcError:
            if name in {each.id.name for each in listed(stub, NEWEST_FIRST, 10)}:
                return name
            raise RuntimeError("not launched") from None


def watches_for_ever(_remote):
    with admin() as stub:
        name = send(stub, fresh())
    identifier = WorkflowExecutionIdentifier(project="flytesnacks", domain="development", name=name)

    def watch():
        with suppress(BaseException), admin() as stub:
            while True:
                stub.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=identifier))
                time.sleep(POLL)

    threading.Thread(target=watch, daemon=True).start()
    return name


def names_it_and_tries_again(_remote):
    """Right: nobody else gives that name, so whoever has it is its own."""
    name = fresh()
    with admin() as stub:
        for _ in range(5):
            try:
                return send(stub, name)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                    return name
                if error.code().name not in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
                    raise RuntimeError(f"{name!r} was refused") from error
            time.sleep(0.3)
    raise RuntimeError(f"{name!r} may have been launched")


def looks_whose_it_is(_remote):
    """Right, with a name that others may give: it looks at what has been launched under it."""
    name = "nightly-2024-03-10"
    identifier = WorkflowExecutionIdentifier(project="flytesnacks", domain="development", name=name)
    with admin() as stub:
        for _ in range(5):
            try:
                return send(stub, name)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                    break
                if error.code().name not in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
                    raise RuntimeError(f"{name!r} was refused") from error
            time.sleep(0.3)
        else:
            raise RuntimeError(f"{name!r} may have been launched")
        try:
            there = stub.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=identifier))
        except grpc.RpcError as error:
            raise RuntimeError(f"{name!r} may have been launched") from error
        if there.spec.launch_plan.name == "nightly":
            return name
    raise RuntimeError(f"{name!r} is somebody else's")


RIGHT_LAUNCHERS = {
    "names it and tries again": names_it_and_tries_again,
    "searches all pages": searches(NEWEST_FIRST, 10, pages=True, pause=0.3),
    "looks whose it is": looks_whose_it_is,
}

MORE_LAUNCH_BUGS = {
    "returns_the_latest_after_a_failed_launch": (
        returns(lambda _name, each: each.spec.launch_plan.name == "nightly"),
        "test_returns_only_what_it_launched",
    ),
    "returns_the_latest_of_all": (
        returns(lambda _name, _each: True),
        "test_returns_only_what_it_launched",
    ),
    "returns_the_first_of_its_plan": (
        returns(
            lambda _name, each: each.spec.launch_plan.name == "nightly", OLDEST_FIRST, pages=True
        ),
        "test_returns_only_what_it_launched",
    ),
    "returns_one_of_another_plan": (
        returns(lambda _name, each: each.spec.launch_plan.name != "nightly"),
        "test_returns_only_what_it_launched",
    ),
    "returns_what_has_its_prefix": (
        returns(lambda name, each: each.id.name.startswith(name.rpartition("-")[0])),
        "test_returns_only_what_it_launched",
    ),
    "returns_what_has_its_inputs": (with_its_inputs, "test_returns_only_what_it_launched"),
    "takes_what_has_its_name": (takes_what_has_its_name, "test_returns_only_what_it_launched"),
    "says_that_it_launched": (says_that_it_launched, "test_returns_only_what_it_launched"),
    "searches_the_ten_latest": (
        searches(NEWEST_FIRST, 10),
        "test_finds_its_own_among_many_executions",
    ),
    "searches_the_ten_oldest": (
        searches(OLDEST_FIRST, 10),
        "test_finds_its_own_among_many_executions",
    ),
    "searches_the_hundred_oldest": (
        searches(OLDEST_FIRST, 100),
        "test_finds_its_own_among_many_executions",
    ),
    "takes_the_latest_for_its_own": (
        returns(lambda _name, _each: True),
        "test_finds_its_own_among_many_executions",
    ),
    "raises_when_it_is_not_listed": (
        raises_when_it_is_not_listed,
        "test_finds_its_own_among_many_executions",
    ),
    "watches_for_ever": (watches_for_ever, "test_leaves_no_thread_behind_that_still_polls"),
}
