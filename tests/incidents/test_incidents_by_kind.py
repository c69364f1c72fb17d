"""What users met with a sync of all nodes, once for each kind of node, as clients of today do."""

import pytest
from flyteidl.admin import event_pb2
from flyteidl.core import execution_pb2, identifier_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit import nodes, running
from tests.conftest import needs_flytekit
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

FIT = nodes.task(running(60).succeeds(auc=0.9))
EDGES = ("start-node", "end-node")
BAD = nodes.task(running(60).fails("nan"))


def below(node):
    """Return what stands inside of a node, by unique id."""
    return node.subworkflow_node_executions


# Branches


def test_a_branch_under_which_nothing_is_listed_can_be_read(flyte_admin, remote):
    arm = nodes.flawed(FIT, missing=True)
    flyte_admin.on_launch("etl").plays(nodes.workflow(check=nodes.branch(retrain=arm)))
    execution = launched(remote)

    flyte_admin.clock.advance(30)
    execution = remote.sync(execution, sync_nodes=True)
    assert not execution.node_executions["n0"].is_done
    assert below(execution.node_executions["n0"]) == {}

    execution = remote.wait(execution)
    assert execution.node_executions["n0"].outputs.get("auc", float) == 0.9


@pytest.mark.parametrize("where", ["an arm", "a sub-workflow"])
def test_a_launch_plan_inside_of_another_node_is_followed(flyte_admin, remote, where):
    child = nodes.launch_plan(running(60).succeeds(auc=0.9), of="training")
    group = nodes.branch(train=child) if where == "an arm" else nodes.subworkflow(train=child)

    execution, launch = played(flyte_admin, remote, nodes.workflow(group=group))

    (inner,) = [
        node
        for node in below(execution.node_executions["n0"]).values()
        if node.metadata.spec_node_id not in EDGES
    ]
    assert [each.outputs["auc"] for each in inner.workflow_executions] == [0.9]
    assert launch.nodes["group.train"].execution.id.name == inner.workflow_executions[0].id.name


# Failure nodes


def test_a_failure_node_is_read_and_is_not_what_has_failed(flyte_admin, remote):
    clean_up = nodes.task(running(30).succeeds())
    tree = nodes.workflow(load=BAD).on_failure(clean_up=clean_up)

    execution, launch = played(flyte_admin, remote, tree, poll_interval=10)

    assert execution.node_executions["fn0"].is_done
    assert execution.node_executions["fn0"].error is None
    assert "nan" in execution.error.message
    assert launch.failing.path == "load"


@needs_flytekit
def test_a_node_that_its_workflow_does_not_list_still_ends_a_sync_of_flytekit(
    flyte_admin, flyte_remote, flyte_client
):
    flyte_admin.on_launch("etl").plays(nodes.workflow(fit=FIT))
    execution = launched(flyte_remote)
    id_ = identifier_pb2.NodeExecutionIdentifier(node_id="n7")
    id_.execution_id.CopyFrom(flyte_admin.launches[0].id)
    event = events.NodeExecutionEvent(
        id=id_, phase=execution_pb2.NodeExecution.RUNNING, spec_node_id="n7"
    )
    event.occurred_at.FromDatetime(flyte_admin.clock.now())
    flyte_admin._backend.answer("CreateNodeEvent", event_pb2.NodeExecutionEventRequest(event=event))

    with pytest.raises(ValueError, match="Missing node from mapping: n7"):
        flyte_remote.sync(execution, sync_nodes=True)

    ours = flyte_client.fetch_execution(name=execution.id.name)
    assert "n7" in ours.sync(sync_nodes=True).node_executions


# Gates


def test_a_run_with_a_gate_is_waited_for(flyte_admin, remote):
    tree = nodes.workflow(go=nodes.gate(running(600).succeeds()), publish=FIT)
    flyte_admin.on_launch("etl").plays(tree)
    plan = remote.fetch_launch_plan(name="etl")

    execution = remote.execute(plan, inputs={}, wait=True)

    assert execution.is_successful
    assert execution.node_executions["n0"].is_done


# Maps


def test_a_map_is_waited_for_and_has_one_task_execution(flyte_admin, remote):
    items = nodes.array(running(60).succeeds(auc=0.9), size=20)

    execution, launch = played(flyte_admin, remote, nodes.workflow(fit=items))

    node = execution.node_executions["n0"]
    assert len(node.task_executions) == 1
    assert node.outputs["auc"] == [0.9] * 20
    assert len(launch.nodes["fit"].items) == 20


def test_a_map_that_failed_can_be_printed(flyte_admin, remote):
    items = nodes.array(running(60).succeeds(), size=3, but={1: running(30).fails("nan")})

    execution, _ = played(flyte_admin, remote, nodes.workflow(fit=items))

    assert "nan" in str(execution.node_executions["n0"].error)
    assert "nan" in str(execution.error)
    assert str(execution)


def test_a_map_inside_of_a_dynamic_task_is_of_a_task_that_nobody_registered(flyte_admin, remote):
    items = nodes.array(running(60).succeeds(auc=0.9), size=3)
    tree = nodes.workflow(tune=nodes.dynamic(running(20).yields(fit=items)))

    execution, launch = played(flyte_admin, remote, tree)

    inner = below(execution.node_executions["n0"])["n0-0-dn0"]
    task = inner.task_executions[0].id.task_id
    assert inner.is_done
    assert launch.nodes["tune.fit"].phase == "SUCCEEDED"
    with pytest.raises(Exception, match=r"NOT_FOUND|not found|NotExist"):
        remote.fetch_task(name=task.name, version=task.version)


@needs_flytekit
def test_a_map_over_a_launch_plan_is_refused_when_it_is_registered(flyte_admin):
    """So there is no run of it whose nodes could not be read: yield one launch plan for each."""
    from flytekit import LaunchPlan, map_task, task, workflow
    from flytekit.exceptions.user import FlyteInvalidInputException

    @task
    def fit(rows: int) -> int:
        return rows

    @workflow
    def training(rows: int) -> int:
        return fit(rows=rows)

    plan = LaunchPlan.get_or_create(training)

    @workflow
    def all_trainings(rows: list[int]) -> list[int]:
        return map_task(plan)(rows=rows)

    flyte_admin.register(training)
    with pytest.raises(FlyteInvalidInputException, match="MismatchingTypes"):
        flyte_admin.register(all_trainings)


# Whole trees


def test_launch_plans_three_levels_deep_and_sub_workflows_that_are_yielded_are_read(
    flyte_admin, remote
):
    flyte_admin.on_launch("fitting").plays(nodes.workflow(fit=FIT))
    flyte_admin.on_launch("training").plays(nodes.workflow(inner=nodes.launch_plan(of="fitting")))
    group = nodes.subworkflow(deep=nodes.subworkflow(fit=FIT))
    tree = nodes.workflow(
        train=nodes.launch_plan(of="training"), tune=nodes.dynamic(running(2).yields([group]))
    )

    execution, launch = played(flyte_admin, remote, tree)

    (training,) = execution.node_executions["n0"].workflow_executions
    (fitting,) = training.node_executions["n0"].workflow_executions
    assert fitting.node_executions["n0"].outputs["auc"] == 0.9
    assert launch.nodes["train.inner.fit"].outputs == {"auc": 0.9}
    node = execution.node_executions["n1"]
    for _ in ("dn0", "deep", "fit"):
        (node,) = [one for one in below(node).values() if one.metadata.spec_node_id not in EDGES]
    assert node.outputs["auc"] == 0.9


@needs_flytekit
def test_a_single_task_is_launched_and_read_with_its_only_node(flyte_admin, flyte_remote):
    from flytekit import task

    @task
    def fit(rows: int) -> float:
        return 0.0

    flyte_admin.register(fit)
    flyte_admin.on_launch(fit).plays(nodes.where(fit=nodes.task(running(60).succeeds(o0=0.9))))

    execution = flyte_remote.execute(
        flyte_remote.fetch_task(name=fit.name), inputs={"rows": 9}, wait=True
    )

    assert execution.outputs["o0"] == 0.9
    (node,) = [node for key, node in execution.node_executions.items() if key not in EDGES]
    assert node.outputs["o0"] == 0.9
    assert len(node.task_executions) == 1
