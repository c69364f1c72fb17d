"""What users met at the end of a run, and where there should have been one."""

import pytest

from flyte_testkit import TimelineError, nodes, running
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")


def test_why_a_run_was_stopped_is_told_by_its_child_and_not_by_its_nodes(flyte_admin, remote):
    training = flyte_admin.on_launch("training").plays(
        nodes.workflow(fit=nodes.task(running(600).succeeds()))
    )
    tree = nodes.workflow(train=nodes.launch_plan(of="training"))
    stopped = tree.aborts("superseded by run 8", at=60, principal="alice")

    execution, launch = played(flyte_admin, remote, stopped, poll_interval=10)
    flyte_admin.clock.advance(1)

    assert execution.closure.abort_metadata.cause == "superseded by run 8"
    assert launch.nodes["train"].error.message == "Workflow aborted."
    (child,) = training.launches
    assert child.phase == "ABORTED"
    assert child.closure.abort_metadata.cause.endswith("Workflow aborted.]")
    assert "superseded" not in child.closure.abort_metadata.cause


def test_a_failure_that_cannot_be_reported_leaves_the_workflow_running(flyte_admin, remote):
    """As an error that was too large once did; the leaf says what happened, and the wait ends."""
    huge = "KeyError: 'day'\n" * 12_000
    load = nodes.flawed(nodes.task(running(40).fails(huge)), unnoticed=True)
    route = flyte_admin.on_launch("etl").plays(nodes.workflow(load=load))
    execution = launched(remote)

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(execution, timeout=600, poll_interval=200)

    assert not execution.is_done
    (launch,) = route.launches
    assert launch.phase == "RUNNING"
    assert launch.failing.path == "load"
    execution = remote.sync(execution, sync_nodes=True)
    assert "KeyError: 'day'" in execution.node_executions["n0"].error.message


def test_a_task_that_is_out_of_time_twice_is_not_tried_a_third_time(flyte_admin, remote):
    slow = running(120).times_out()

    execution, launch = played(
        flyte_admin, remote, nodes.workflow(fit=nodes.task(slow, slow, retries=10))
    )

    assert [each.phase for each in launch.nodes["fit"].attempts] == ["ABORTED", "ABORTED"]
    assert len(execution.node_executions["n0"].task_executions) == 2
    assert launch.nodes["fit"].phase == "TIMED_OUT"
    assert execution.error.code == "Timeout"
    with pytest.raises(TimelineError):
        nodes.task(slow, slow, slow, retries=10)


@pytest.mark.parametrize("group", [nodes.subworkflow, nodes.branch])
def test_what_is_out_of_time_inside_may_leave_its_parent_running(flyte_admin, remote, group):
    slow = nodes.flawed(nodes.task(*[running(11).times_out()] * 2, retries=10), unnoticed=True)
    tree = nodes.workflow(train=group(fit=slow))
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(execution, timeout=600, poll_interval=200)

    (launch,) = route.launches
    assert (launch.phase, launch.nodes["train"].phase) == ("RUNNING", "RUNNING")
    assert launch.nodes["train.fit"].phase == "TIMED_OUT"
    assert launch.failing.path == "train.fit"
