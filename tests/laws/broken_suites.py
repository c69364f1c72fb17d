"""Suites whose laws are broken, at module level, so that pasted tests can import them."""

import os
import threading
import time
import uuid
from contextlib import closing, suppress

import grpc
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service.admin_pb2_grpc import AdminServiceStub
from hypothesis import Phase, settings
from launchers import MORE_LAUNCH_BUGS
from more_loops import MORE_BUGS
from waiting_loops import BUGS, POLL

from flyte_testkit import laws
from flyte_testkit.client.exceptions import FlyteException

FIND = settings(
    derandomize=True, max_examples=200, database=None, phases=[Phase.explicit, Phase.generate]
)


class Waiting(laws.WaitingLaws):
    client = "testkit"
    poll_interval = POLL
    survives = 25
    rpc_timeout = 1
    rpcs_per_second = 1
    settings = FIND
    loop = None

    def wait(self, remote, execution, timeout):
        return type(self).loop(remote, execution, timeout)


class Launching(laws.LaunchingLaws):
    client = "testkit"
    settings = FIND
    launcher = None

    def launch(self, remote):
        return type(self).launcher(remote)


def create(name, attempts=1, heals=("UNAVAILABLE",), *, finds=True):
    """Launch by a bare stub, as often as it takes; perhaps it is there already."""
    spec = execution_pb2.ExecutionSpec(
        launch_plan=identifier_pb2.Identifier(
            resource_type="LAUNCH_PLAN",
            project="flytesnacks",
            domain="development",
            name="nightly",
            version="v1",
        ),
        metadata=execution_pb2.ExecutionMetadata(),
    )
    request = execution_pb2.ExecutionCreateRequest(
        project="flytesnacks", domain="development", name=name, spec=spec
    )
    with closing(grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])) as channel:
        for attempt in range(attempts):
            try:
                return AdminServiceStub(channel).CreateExecution(request, timeout=60).id.name
            except grpc.RpcError as error:
                if finds and error.code().name == "ALREADY_EXISTS":
                    return name
                if error.code().name not in heals or attempt == attempts - 1:
                    raise
    raise AssertionError


def stop(name):
    identifier = identifier_pb2.WorkflowExecutionIdentifier(
        project="flytesnacks", domain="development", name=name
    )
    request = execution_pb2.ExecutionTerminateRequest(id=identifier, cause="lost sight of it")
    with closing(grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])) as channel:
        AdminServiceStub(channel).TerminateExecution(request)


def execute(remote):
    return remote.execute(remote.fetch_launch_plan(name="nightly"), inputs={})


def twice(remote):
    execute(remote)
    return execute(remote)


def forgetful(_remote):
    try:
        return create("nightly-run", attempts=2)
    except grpc.RpcError:
        raise RuntimeError("the launch failed") from None


def takes_its_own_for_anothers(_remote):
    """Of the two answers to one launch, the second is ALREADY_EXISTS: that is no failure."""
    name = f"nightly-{uuid.uuid4().hex}"
    for _ in range(9):
        try:
            return create(name, finds=False)
        except grpc.RpcError as error:
            if error.code().name != "UNAVAILABLE":
                raise RuntimeError(f"{name!r} is taken") from error
            time.sleep(0.5)
    raise AssertionError


def buries_its_own(_remote):
    """What an attempt may have launched it terminates, and then finds."""
    try:
        return create("nightly-run")
    except grpc.RpcError:
        stop("nightly-run")
        return create("nightly-run", attempts=9)


def clears_the_stage(remote):
    """What ran last is not always one's own."""
    try:
        return execute(remote)
    except Exception:
        remote.terminate(remote.recent_executions(limit=1)[0], "clean up")
        raise


def patient(_remote):
    """Tries again for ten seconds, whatever the answer."""
    for _ in range(10):
        with suppress(grpc.RpcError):
            return create("nightly-run")
        time.sleep(1)
    raise RuntimeError("'nightly-run' may have been launched")


def dogged(_remote):
    heals = ("UNAVAILABLE", "PERMISSION_DENIED", "INVALID_ARGUMENT", "UNAUTHENTICATED")
    return create("run", attempts=10**9, heals=heals)


def takes_a_late_answer_for_none(_remote):
    """Whether a launch whose time was up was made, nobody has told it."""
    for _ in range(2):
        try:
            return create(f"nightly-{uuid.uuid4().hex}", attempts=9)
        except grpc.RpcError as error:
            if error.code().name != "DEADLINE_EXCEEDED":
                raise
    raise RuntimeError("too late")


def names_it_after_its_thread(_remote):
    return create(f"nightly-{threading.get_ident()}", attempts=9)


def begs_for_the_plan(remote):
    while True:
        with suppress(FlyteException):
            return remote.execute(remote.fetch_launch_plan(name="nightly"), inputs={})
        time.sleep(5)


def trusts_its_terminate(_remote):
    """Terminates what may run; that this can fail as well does not occur to it."""
    try:
        return create("nightly-run")
    except grpc.RpcError:
        with suppress(grpc.RpcError):
            stop("nightly-run")
    raise RuntimeError("the launch failed")


def says_true(remote):
    execute(remote)
    return True


LAUNCH_BUGS = {
    "launches_twice": (twice, "test_launches_exactly_once"),
    "does_not_name_it": (
        lambda _remote: create("", attempts=9),
        "test_launches_once_though_replies_are_lost",
    ),
    "forgets_what_it_launched": (forgetful, "test_leaves_no_orphan"),
    "dies_of_one_blip_at_launch": (
        lambda _remote: create("nightly-run"),
        "test_survives_blips",
    ),
    "takes_its_own_for_anothers": (takes_its_own_for_anothers, "test_survives_blips"),
    "buries_its_own": (buries_its_own, "test_launches_once_though_replies_are_lost"),
    "clears_the_stage": (clears_the_stage, "test_touches_nobody_elses"),
    "tries_for_ten_seconds": (patient, "test_stops_on_what_cannot_heal"),
    "takes_no_for_an_outage": (dogged, "test_stops_on_what_cannot_heal"),
    "hammers_the_server": (dogged, "test_keeps_its_rpc_budget"),
    "always_names_it_the_same": (
        lambda _remote: create("nightly-run", attempts=9),
        "test_threads_launch_apart",
    ),
    "takes_a_late_answer_for_none": (
        takes_a_late_answer_for_none,
        "test_launches_once_though_replies_are_lost",
    ),
    "names_it_after_its_thread": (names_it_after_its_thread, "test_threads_launch_apart"),
    "begs_for_the_plan": (begs_for_the_plan, "test_stops_on_what_cannot_heal"),
    "trusts_its_terminate": (trusts_its_terminate, "test_leaves_no_orphan"),
    "says_true": (says_true, "test_launches_exactly_once"),
}


def suite(base, name, **body):
    made = type(name, (base,), {"__module__": __name__, **body})
    globals()[name] = made
    return made


BROKEN = {
    **{
        bug: (suite(Waiting, bug, loop=loop), law)
        for bug, (loop, law) in {**BUGS, **MORE_BUGS}.items()
    },
    **{
        bug: (suite(Launching, bug, launcher=staticmethod(launcher)), law)
        for bug, (launcher, law) in {**LAUNCH_BUGS, **MORE_LAUNCH_BUGS}.items()
    },
}
