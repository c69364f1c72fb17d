"""Every outcome of an execution, through every door of real flytekit, against its script."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from flyte_testkit import failures, immediately, queued, running, undefined
from flyte_testkit.timeline import Timeline

pytest.importorskip("flytekit")

from flyteidl.core.execution_pb2 import WorkflowExecution
from flytekit.exceptions.user import FlyteAssertion, FlyteTimeout

OOM = failures.oom_killed()


@pytest.fixture(autouse=True, params=["tcp", "direct"])
def over(request):
    """All of this is the same over both transports."""
    request.node.add_marker(pytest.mark.flyte(transport=request.param))
    return request.param


@dataclass
class Outcome:
    """What a script makes of an execution, as flytekit shows it."""

    script: Timeline
    phase: str
    started: float | None = 0  # seconds after the launch
    duration: float = 0
    outputs: dict = field(default_factory=dict)
    error: tuple | None = None  # code, beginning of the message, kind
    abort: tuple | None = None  # cause, principal


ENDINGS = {
    "succeeded with outputs": Outcome(
        queued(5).running(600).succeeds(auc=0.91, rows=[1, 2]),
        "SUCCEEDED",
        started=5,
        duration=600,
        outputs={"auc": 0.91, "rows": [1, 2]},
    ),
    "succeeded without outputs": Outcome(running(600).succeeds(), "SUCCEEDED", duration=600),
    "succeeded at once": Outcome(immediately.succeeds(), "SUCCEEDED"),
    "failed by the user": Outcome(
        running(600).fails("disk full", code="USER:OSError"),
        "FAILED",
        duration=600,
        error=("USER:OSError", "disk full", 1),
    ),
    "failed by the system": Outcome(
        running(60).failing(5).fails("node lost", code="Interrupted", kind="SYSTEM"),
        "FAILED",
        duration=65,
        error=("Interrupted", "node lost", 2),
    ),
    "failed out of memory": Outcome(
        running(600).fails(OOM), "FAILED", duration=600, error=(OOM.code, "[1/1] currentAtt", 1)
    ),
    "failed before it ran": Outcome(
        undefined(30).fails("bad spec"),
        "FAILED",
        started=None,
        error=("USER:RuntimeError", "bad spec", 1),
    ),
    "aborted": Outcome(
        running(600).aborts("too dear", principal="ann"),
        "ABORTED",
        duration=600,
        abort=("too dear", "ann"),
    ),
    "aborted slowly": Outcome(
        running(600).aborting(20).aborts("too dear"),
        "ABORTED",
        duration=620,
        abort=("too dear", ""),
    ),
    "timed out with an error": Outcome(
        running(600).times_out("no time left"),
        "TIMED_OUT",
        duration=600,
        error=("Timeout", "no time left", 1),
    ),
    "timed out without an error": Outcome(running(600).times_out(), "TIMED_OUT", duration=600),
}

NEVER_ENDING = {
    "undefined": Outcome(undefined().never_ends(), "UNDEFINED", started=None),
    "queued": Outcome(queued().never_ends(), "QUEUED", started=None),
    "running": Outcome(queued(5).running().never_ends(), "RUNNING", started=5),
    "aborting": Outcome(
        running(60).aborting(cause="stop", principal="bob").never_ends(),
        "ABORTING",
        abort=("stop", "bob"),
    ),
}


def waited(remote, execution):
    return remote.wait(execution)


def waited_without_nodes(remote, execution):
    return remote.wait(execution, poll_interval=10, sync_nodes=False)


def synced(remote, execution):
    import time

    while not execution.is_done:
        time.sleep(30)
        execution.sync()
    return execution


@pytest.fixture
def launch(flyte_admin, flyte_remote):
    """Launches a script by its launch plan, and returns flytekit's execution."""

    def launch(script, **execute):
        flyte_admin.on_launch("nightly").plays(script)
        plan = flyte_remote.fetch_launch_plan(name="nightly")
        return flyte_remote.execute(plan, inputs={}, **execute)

    return launch


def assert_shows(execution, expected, launched_at):
    closure = execution.closure
    assert WorkflowExecution.Phase.Name(closure.phase) == expected.phase
    assert closure.created_at == launched_at
    epoch = closure.started_at.timestamp() == 0
    if expected.started is None:
        assert epoch
    else:
        assert closure.started_at == launched_at + timedelta(seconds=expected.started)
    assert closure.duration == timedelta(seconds=expected.duration)
    if expected.abort:
        abort = closure.abort_metadata
        assert (abort.cause, abort.principal) == expected.abort
    else:
        assert closure.abort_metadata is None


@pytest.mark.parametrize("wait", [waited, waited_without_nodes, synced])
@pytest.mark.parametrize("name", ENDINGS)
def test_an_execution_ends_as_scripted(name, wait, launch, flyte_admin, flyte_remote):
    expected = ENDINGS[name]
    launched_at = flyte_admin.clock.now()

    execution = wait(flyte_remote, launch(expected.script))

    assert_shows(execution, expected, launched_at)
    assert execution.is_done
    assert execution.is_successful == (expected.phase == "SUCCEEDED")
    if expected.error:
        code, message, kind = expected.error
        assert (execution.error.code, execution.error.kind) == (code, kind)
        assert execution.error.message.startswith(message)
        with pytest.raises(FlyteAssertion, match="ended in failure"):
            _ = execution.outputs
    else:
        assert execution.error is None
        execution.sync()
        assert {key: execution.outputs[key] for key in execution.outputs} == expected.outputs


@pytest.mark.parametrize("name", ENDINGS)
def test_execute_waits_for_every_ending(name, launch, flyte_admin):
    expected = ENDINGS[name]
    launched_at = flyte_admin.clock.now()

    execution = launch(expected.script, wait=True)

    assert_shows(execution, expected, launched_at)


@pytest.mark.parametrize("name", NEVER_ENDING)
def test_a_timeout_ends_the_wait_for_what_never_ends(name, launch, flyte_admin, flyte_remote):
    expected = NEVER_ENDING[name]
    launched_at = flyte_admin.clock.now()
    execution = launch(expected.script)

    with pytest.raises(FlyteTimeout):
        flyte_remote.wait(execution, timeout=600)

    assert flyte_admin.clock.elapsed == 600
    assert not execution.is_done
    assert_shows(execution.sync(), expected, launched_at)


def test_an_execution_that_ends_exactly_at_the_timeout_is_returned(launch, flyte_remote):
    execution = launch(running(600).succeeds())

    assert flyte_remote.wait(execution, timeout=600, poll_interval=30).is_successful


def test_a_day_is_waited_for_exactly(launch, flyte_admin, flyte_remote, over):
    between = {"direct": 30, "tcp": 600}[over]  # real ones are fifteen times as dear

    flyte_remote.wait(launch(running(24 * 3600).succeeds()), poll_interval=between)

    assert flyte_admin.clock.elapsed == 24 * 3600


def test_times_are_those_of_the_virtual_clock(launch, flyte_admin, flyte_remote):
    from datetime import datetime, timezone

    execution = flyte_remote.wait(launch(running(600).succeeds()))

    now = datetime.now(timezone.utc)
    assert now - execution.closure.updated_at < timedelta(seconds=1)
