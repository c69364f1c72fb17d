"""Lives of tasks as users told them: machines that go away, quotas, time-outs."""

import pytest

from flyte_testkit import TimelineError, failures, nodes, running
from tests.conftest import needs_flytekit
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

NO_ROOM = "0/12 nodes are available: 12 Insufficient cpu"


def phases(execution, node_id="n0"):
    """Return the phases of all attempts of a node, as a client numbers them."""
    return [each.closure.phase for each in execution.node_executions[node_id].task_executions]


@needs_flytekit
def test_a_cold_cluster_lets_an_arm_wait_and_says_why(flyte_admin, flyte_remote, flyte_client):
    """Whoever syncs meanwhile reads the arm; of the reason flytekit's models know nothing."""
    fit = nodes.task(nodes.waiting(595, reason=NO_ROOM).queued(2).running(300).succeeds())
    tree = nodes.workflow(
        start=nodes.task(running(3).succeeds()), check=nodes.branch(fit=fit), end=nodes.task()
    )
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(flyte_remote)
    ours = flyte_client.fetch_execution(name=execution.id.name)

    flyte_admin.clock.advance(60)
    (theirs,) = _arm(flyte_remote.sync(execution, sync_nodes=True)).task_executions
    (run,) = _arm(ours.sync(sync_nodes=True)).task_executions
    assert run.closure.reason == NO_ROOM
    assert not hasattr(theirs.closure, "reason")

    assert flyte_remote.wait(execution, poll_interval=60).is_successful
    assert route.launches[0].nodes["check.fit"].duration == 897


def _arm(execution):
    (arm,) = execution.node_executions["n1"].subworkflow_node_executions.values()
    return arm


def test_what_was_preempted_twice_and_then_succeeded_has_three_attempts(flyte_admin, remote):
    lost = running(540).fails(failures.preempted())
    tree = nodes.workflow(
        fit=nodes.task(lost, lost, running(600).succeeds(auc=0.9), interruptible=True)
    )
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)
    node_phases = set()

    while not execution.is_done:
        execution = remote.sync(execution, sync_nodes=True)
        if "n0" in execution.node_executions:
            node_phases.add(execution.node_executions["n0"].closure.phase)
        flyte_admin.clock.advance(60)

    assert node_phases == {2, 3}  # RUNNING all along, then SUCCEEDED
    assert phases(execution) == [5, 5, 3]
    assert [each.id.retry_attempt for each in execution.node_executions["n0"].task_executions] == [
        0,
        1,
        2,
    ]
    assert execution.outputs["auc"] == 0.9
    assert [each.phase for each in route.launches[0].nodes["fit"].attempts] == [
        "FAILED",
        "FAILED",
        "SUCCEEDED",
    ]


def test_what_the_system_does_is_tried_three_times_again_whatever_the_retries(
    flyte_admin, flyte_client
):
    """Users counted six attempts of retries=5; an engine counts the system's apart, to four. Which
    machine an attempt had, flytekit's models leave out."""
    lost = running(60).fails(failures.preempted())
    tree = nodes.workflow(
        fit=nodes.task(*[lost] * 3, running(60).succeeds(), retries=5, interruptible=True)
    )

    execution, launch = played(flyte_admin, flyte_client, tree)

    assert execution.is_successful
    assert len(launch.nodes["fit"].attempts) == 4
    attempts = execution.node_executions["n0"].task_executions
    machines = [each.closure.metadata.instance_class for each in attempts]
    assert machines == [1, 1, 1, 0]  # the last is one that cannot be taken away
    with pytest.raises(TimelineError):
        nodes.task(*[lost] * 5, running(60).succeeds(), retries=5, interruptible=True)


def test_system_retries_that_are_used_up_are_told_as_the_users_error(flyte_admin, remote):
    died = running(870).fails(failures.preempted())
    tree = nodes.workflow(
        train=nodes.subworkflow(fit=nodes.flawed(nodes.task(*[died] * 4), stays="RUNNING"))
    )

    execution, launch = played(flyte_admin, remote, tree, poll_interval=870)

    assert flyte_admin.clock.elapsed == 3480
    assert execution.error.code == "RetriesExhausted|Interrupted"
    assert execution.error.message.startswith("[3/3] currentAttempt done.")
    fit = launch.nodes["train.fit"]
    assert fit.phase == "RUNNING"
    assert {each.error.kind for each in fit.attempts[:3]} == {"SYSTEM"}
    assert launch.failing.path == "train"
    below = execution.node_executions["n0"].subworkflow_node_executions
    assert not below["n0-0-n0"].is_done


def test_a_task_with_a_time_out_has_two_attempts_whatever_its_retries(flyte_admin, remote):
    slow = running(120).times_out()

    execution, launch = played(
        flyte_admin,
        remote,
        nodes.workflow(fit=nodes.task(slow, slow, retries=10)),
        poll_interval=10,
    )

    assert phases(execution) == [4, 4]  # ABORTED
    assert launch.nodes["fit"].phase == "TIMED_OUT"
    assert not execution.is_successful
    assert flyte_admin.clock.elapsed == 240


def test_a_node_that_is_out_of_time_inside_of_a_run_that_goes_on(flyte_admin, remote):
    slow = nodes.flawed(nodes.task(running(11).times_out()), unnoticed=True)
    tree = nodes.workflow(train=nodes.subworkflow(fit=slow), report=nodes.task())
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(execution, timeout=600, poll_interval=200)

    (launch,) = route.launches
    assert (launch.phase, list(launch.nodes)) == ("RUNNING", ["train"])
    assert launch.failing.path == "train.fit"
