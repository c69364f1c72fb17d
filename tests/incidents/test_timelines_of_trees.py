"""Lives of whole trees as users told them: what fans out, branches, asks, is nested, is not run."""

import pytest

from flyte_testkit import failures, nodes, running
from flyte_testkit.client import Options
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

FIT = nodes.task(running(60).succeeds(auc=0.9))
EXTRACT = nodes.task(running(8).succeeds())


def below(node):
    """Return what stands inside of a node, by unique id."""
    return node.subworkflow_node_executions


def test_one_of_a_hundred_and_twenty_children_fails_in_its_second_attempt(flyte_admin, remote):
    bad = nodes.task(
        running(30).fails(failures.preempted()), running(20).fails("nan"), interruptible=True
    )
    tree = nodes.workflow(
        extract=EXTRACT, tune=nodes.dynamic(running(15).yields([FIT] * 17 + [bad] + [FIT] * 102))
    )
    route = flyte_admin.on_launch("etl").plays(tree)
    plan = remote.fetch_launch_plan(name="etl")

    execution = remote.execute(plan, inputs={}, options=Options(max_parallelism=200))
    execution = remote.wait(execution, poll_interval=600)

    children = below(execution.node_executions["n1"])
    assert len(children) == 121  # two pages, the start-node among them
    assert len(children["n1-0-dn17"].task_executions) == 2
    assert "nan" in children["n1-0-dn17"].error.message
    assert children["n1-0-dn3"].error.code == "NodeAborted"
    assert route.launches[0].failing.path == "tune.dn17"
    assert "nan" in execution.error.message


def test_all_children_succeed_and_the_data_of_one_are_late(flyte_admin, remote):
    yielded = [nodes.flawed(FIT, data_after=45) if number == 3 else FIT for number in range(5)]
    tree = nodes.workflow(extract=EXTRACT, tune=nodes.dynamic(running(15).yields(yielded)))

    execution, _ = played(flyte_admin, remote, tree, poll_interval=10)

    assert execution.is_successful
    assert dict(below(execution.node_executions["n1"])["n1-0-dn3"].outputs) == {}
    flyte_admin.clock.advance(45)
    remote.sync(execution, sync_nodes=True)
    assert below(execution.node_executions["n1"])["n1-0-dn3"].outputs["auc"] == 0.9


def test_a_map_with_one_failed_and_one_cached_item_succeeds(flyte_admin, remote):
    again = running(30).fails(failures.recoverable("no lock"))
    items = nodes.array(
        running(60).succeeds(auc=0.9),
        size=20,
        but={4: [again, running(30).fails("nan")], 11: nodes.cached(auc=0.5)},
        retries=1,
        min_success_ratio=0.9,
    )
    flyte_admin.on_launch("etl").plays(nodes.workflow(extract=EXTRACT, fit=items))

    execution = remote.wait(launched(remote))

    launch = flyte_admin.launches[0]
    assert execution.is_successful
    outputs = execution.node_executions["n1"].outputs["auc"]
    assert (outputs[4], outputs[11], outputs.count(0.9)) == (None, 0.5, 18)
    found = {item.index: (item.phase, item.attempts) for item in launch.nodes["fit"].items}
    assert found[4] == ("FAILED", 2)
    assert launch.failing is None


def test_the_cause_of_a_child_that_somebody_stopped_is_not_in_its_parents_error(
    flyte_admin, remote
):
    """One launch plan for each item is yielded: a map over a launch plan cannot be registered."""
    good = nodes.launch_plan(running(60).succeeds(), of="training")
    bad = nodes.launch_plan(running(30).aborts("quota", principal="ann"), of="training")
    tree = nodes.workflow(
        extract=EXTRACT, tune=nodes.dynamic(running(2).yields([good] * 3 + [bad, good]))
    )

    execution, launch = played(flyte_admin, remote, tree)

    assert execution.error.code == "RemoteChildWorkflowExecutionFailed"
    assert "quota" not in execution.error.message
    child = launch.nodes["tune.dn3"].execution
    assert child.closure.abort_metadata.cause == "quota"
    assert launch.failing.path == "tune.dn3"


def test_a_branch_waits_four_minutes_for_its_arm(flyte_admin, remote):
    """The only slot is another task's; the arm that is not taken is never listed."""
    tree = nodes.workflow(
        extract=nodes.task(running(5).succeeds()),
        other=nodes.task(running(240).succeeds(), after="extract"),
        check=nodes.branch(retrain=FIT, after="extract"),
    )
    flyte_admin.on_launch("etl").plays(tree)
    plan = remote.fetch_launch_plan(name="etl")
    execution = remote.execute(plan, inputs={}, options=Options(max_parallelism=1))
    listed = []

    while not execution.is_done:
        flyte_admin.clock.advance(20)
        execution = remote.sync(execution, sync_nodes=True)
        check = execution.node_executions.get("n2")
        listed.append(None if check is None else len(below(check)))

    assert listed[:3] == [0, 0, 0]
    assert listed[-1] == 1
    assert execution.is_successful


def test_a_failure_node_runs_between_failing_and_failed(flyte_admin, remote):
    tree = nodes.workflow(
        extract=EXTRACT, load=nodes.task(running(52).fails("no disk"))
    ).on_failure(clean_up=nodes.task(running(15).succeeds()))
    flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)

    flyte_admin.clock.advance(65)
    execution = remote.sync(execution, sync_nodes=True)
    assert not execution.is_done
    assert flyte_admin.launches[0].phase == "FAILING"
    assert not execution.node_executions["fn0"].is_done
    execution = remote.wait(execution, poll_interval=10)

    assert execution.node_executions["fn0"].error is None
    assert "no disk" in execution.error.message
    assert execution.error.message == execution.node_executions["n1"].error.message


def test_who_approves_before_the_gate_is_reached_is_refused(flyte_admin, remote):
    tree = nodes.workflow(train=nodes.task(running(10).succeeds()), go=nodes.gate(), publish=FIT)
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)
    name = execution.id.name

    flyte_admin.clock.advance(9)
    assert remote.list_signals(name) == []
    with pytest.raises(Exception, match="signal does not exist"):
        remote.approve("go", name)
    flyte_admin.clock.advance(1)
    assert len(remote.list_signals(name)) == 1
    flyte_admin.clock.advance(3590)
    remote.approve("go", name)
    execution = remote.wait(execution)

    assert execution.is_successful
    assert route.launches[0].nodes["go"].duration == 3590
    assert flyte_admin.clock.elapsed >= 3660


def test_a_gate_that_is_refused_is_told_from_one_that_nobody_answers(flyte_admin, remote):
    def ended(gate):
        execution, launch = played(flyte_admin, remote, nodes.workflow(go=gate))
        return execution.error.code, launch.nodes["go"].phase

    refused = ended(nodes.gate(running(60).fails(failures.approval_refused()), timeout=7200))
    late = ended(nodes.gate(timeout=7200))

    assert refused == ("ReceivedRejectSignal", "FAILED")
    assert late == ("RetriesExhausted|TimeoutExpired", "FAILED")


def test_the_root_cause_is_three_executions_deep(flyte_admin, remote):
    flyte_admin.on_launch("fitting").plays(
        nodes.workflow(fit=nodes.task(running(48).fails(failures.oom_killed())))
    )
    flyte_admin.on_launch("training").plays(
        nodes.workflow(extract=EXTRACT, fitting=nodes.launch_plan(of="fitting"))
    )
    tree = nodes.workflow(extract=EXTRACT, train=nodes.launch_plan(of="training"))

    execution, launch = played(flyte_admin, remote, tree)

    (training,) = execution.node_executions["n1"].workflow_executions
    (fitting,) = training.node_executions["n1"].workflow_executions
    assert fitting.node_executions["n0"].error.code == "RetriesExhausted|OOMKilled"
    assert execution.error.code == training.error.code == fitting.error.code
    assert launch.failing.path == "train.fitting.fit"


def test_a_recovered_run_goes_on_behind_what_was_done(flyte_admin, flyte_client):
    broken = nodes.workflow(a=EXTRACT, b=FIT, c=nodes.task(running(60).fails("no disk")))
    repaired = nodes.where(c=nodes.task(running(28).succeeds(auc=0.9)))
    route = flyte_admin.on_launch("etl").plays(broken, repaired)
    failed = flyte_client.wait(launched(flyte_client))
    before = flyte_admin.clock.elapsed

    recovered = flyte_client.wait(flyte_client.recover(failed), poll_interval=1)

    runs = route.launches[1].nodes
    assert [run.phase for run in runs.values()] == ["RECOVERED", "RECOVERED", "SUCCEEDED"]
    assert recovered.node_executions["n1"].outputs["auc"] == 0.9
    assert recovered.is_successful
    assert flyte_admin.clock.elapsed - before == 28


def test_ten_cache_hits_are_over_at_once_and_have_no_attempts(flyte_admin, remote):
    hits = {f"hit_{number}": nodes.cached(rows=number) for number in range(10)}

    execution, launch = played(flyte_admin, remote, nodes.workflow(**hits))

    assert flyte_admin.clock.elapsed == 0
    assert execution.is_successful
    found = [execution.node_executions[f"n{number}"] for number in range(10)]
    assert [node.task_executions for node in found] == [[]] * 10
    assert [node.outputs["rows"] for node in found] == list(range(10))
    assert all(run.attempts == () for run in launch.nodes.values())
