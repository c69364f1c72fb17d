"""Suites whose laws are broken, at module level, so that pasted tests can import them."""

import os
from contextlib import closing

import grpc
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service.admin_pb2_grpc import AdminServiceStub
from hypothesis import Phase, settings
from waiting_loops import BUGS, POLL

from flyte_testkit import laws

FIND = settings(
    derandomize=True, max_examples=200, database=None, phases=[Phase.explicit, Phase.generate]
)


class Waiting(laws.WaitingLaws):
    client = "ours"
    poll_interval = POLL
    survives = 25
    rpc_timeout = 1
    rpcs_per_second = 1
    settings = FIND
    loop = None

    def wait(self, remote, execution, timeout):
        return type(self).loop(remote, execution, timeout)


class Launching(laws.LaunchingLaws):
    client = "ours"
    settings = FIND
    launcher = None

    def launch(self, remote):
        return type(self).launcher(remote)


def create(name, attempts=1, heals=("UNAVAILABLE",)):
    """Launch by a bare stub, as often as it takes."""
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
                if error.code().name == "ALREADY_EXISTS":
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


def dogged(_remote):
    heals = ("UNAVAILABLE", "PERMISSION_DENIED", "INVALID_ARGUMENT", "UNAUTHENTICATED")
    return create("run", attempts=10**9, heals=heals)


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
    "takes_no_for_an_outage": (dogged, "test_stops_on_what_cannot_heal"),
    "hammers_the_server": (dogged, "test_keeps_its_rpc_budget"),
    "always_names_it_the_same": (
        lambda _remote: create("nightly-run", attempts=9),
        "test_threads_launch_apart",
    ),
}


def suite(base, name, **body):
    made = type(name, (base,), {"__module__": __name__, **body})
    globals()[name] = made
    return made


BROKEN = {
    **{bug: (suite(Waiting, bug, loop=loop), law) for bug, (loop, law) in BUGS.items()},
    **{
        bug: (suite(Launching, bug, launcher=staticmethod(launcher)), law)
        for bug, (launcher, law) in LAUNCH_BUGS.items()
    },
}
