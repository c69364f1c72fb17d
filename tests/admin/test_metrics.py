from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from builders import NOW, execution_id, identifier
from flyteidl.admin import execution_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from run_builders import Runs

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.runs.metrics import MetricsManager

Node = core_workflow_pb2.Node
TASK = {"task_node": {}}
GATE = {"gate_node": {}}
ARRAY = {"array_node": {}}
LAUNCH_PLAN = {"workflow_node": {"launchplan_ref": {}}}
SUB_WORKFLOW = {"workflow_node": {"sub_workflow_ref": identifier(identifier_pb2.WORKFLOW, "sub")}}


@pytest.fixture
def runs(store):
    return Runs(store)


@pytest.fixture
def run(make, store):
    """Makes an execution that was created at 0 and updated at ``end``."""

    def run(name="e1", end=100):
        row = make.execution(name)
        message = execution_pb2.Execution()
        message.CopyFrom(row.message)
        message.closure.created_at.CopyFrom(Timestamp(seconds=0))
        message.closure.updated_at.CopyFrom(Timestamp(seconds=end))
        return store.executions.update(replace(row, message=message))

    return run


def compiled(name, *nodes):
    """A compiled workflow whose nodes follow one another between start-node and end-node."""
    ids = ["start-node", *(id_ for id_, _ in nodes), "end-node"]
    upstream = {id_: {"ids": [before]} for before, id_ in pairwise(ids)}
    return compiler_pb2.CompiledWorkflow(
        template={
            "id": identifier(identifier_pb2.WORKFLOW, name),
            "nodes": [Node(id=id_, **target) for id_, target in nodes],
        },
        connections={"upstream": upstream},
    )


@pytest.fixture
def workflow(make, store):
    """Registers a workflow of nodes that follow one another."""

    def workflow(*nodes, name="w"):
        row = make.workflow(name)
        message = workflow_pb2.Workflow(id=row.message.id)
        message.closure.compiled_workflow.primary.CopyFrom(compiled(name, *nodes))
        store.workflows.update(replace(row, message=message))

    return workflow


@pytest.fixture
def spans(store, executions, runs):
    """Returns the parts of an execution, each as ``name start-end`` with its own parts."""
    metrics = MetricsManager(
        store, executions=executions, nodes=runs.nodes, task_executions=runs.tasks
    )

    def spans(depth=-1):
        request = execution_pb2.WorkflowExecutionGetMetricsRequest(id=execution_id(), depth=depth)
        return shown(metrics.get_execution_metrics(request, NOW).span)[1:]

    return spans


def shown(span):
    kind = span.WhichOneof("id")
    name = span.operation_id or (
        span.node_id.node_id
        if kind == "node_id"
        else span.workflow_id.name
        if kind == "workflow_id"
        else f"attempt {span.task_id.retry_attempt}"
    )
    end = span.end_time.seconds if span.HasField("end_time") else "?"
    return (f"{name} {span.start_time.seconds}-{end}", *map(shown, span.spans))


def flat(parts):
    return [part[0] for part in parts]


def node(runs, id_="n0", begin=10, running=12, end=20, **fields):
    fields = {"node": id_, "spec_node_id": fields.pop("spec", id_), "event_version": 1, **fields}
    runs.node("QUEUED", begin, **fields)
    runs.node("RUNNING", running, **fields)
    if end is not None:
        runs.node("SUCCEEDED", end, **fields)


def start(runs, at=6, id_="start-node", **fields):
    runs.node("SUCCEEDED", at, node=id_, spec_node_id="start-node", event_version=1, **fields)


def attempt(runs, begin, running, end, *, node="n0", number=0, reported=None):
    runs.task("QUEUED", begin, node=node, retry_attempt=number)
    runs.task("RUNNING", running, node=node, retry_attempt=number)
    if end is not None:
        stamp = {} if reported is None else {"reported_at": Timestamp(seconds=reported)}
        runs.task("SUCCEEDED", end, node=node, retry_attempt=number, **stamp)


def test_depth_0_is_the_execution_alone(run, spans):
    run()

    assert spans(0) == ()


def test_an_unknown_workflow_is_not_found_below_depth_0(run, spans):
    run()

    with pytest.raises(AdminError, match="missing entity of type WORKFLOW with identifier"):
        spans(1)


def test_before_the_start_node_everything_is_setup(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run()
    node(runs)

    assert spans() == (("WORKFLOW_SETUP 0-100",),)


def test_a_task_to_every_depth(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs, end=30)
    attempt(runs, 13, 15, 25, reported=27)

    assert spans(1) == (
        ("WORKFLOW_SETUP 0-6",),
        ("n0 10-30", ("NODE_TRANSITION 6-10",)),
        ("WORKFLOW_TEARDOWN 30-100",),
    )
    around = (("NODE_SETUP 10-13",), ("NODE_TEARDOWN 27-30",))
    assert spans(2)[1] == ("n0 10-30", ("NODE_TRANSITION 6-10",), *around)
    inside = (("TASK_SETUP 13-15",), ("TASK_RUNTIME 15-25",), ("TASK_TEARDOWN 25-27",))
    for depth in (3, 4, -1):
        assert spans(depth)[1] == (
            "n0 10-30",
            ("NODE_TRANSITION 6-10",),
            around[0],
            ("attempt 0 13-27", *inside),
            around[1],
        )


def test_an_attempt_that_waits_and_one_that_runs(run, spans, workflow, runs):
    workflow(("n0", TASK), ("n1", TASK))
    run()
    start(runs)
    node(runs, end=None)
    runs.task("QUEUED", 13)
    node(runs, "n1", end=None)
    attempt(runs, 13, 15, None, node="n1")

    assert spans()[1][3] == ("attempt 0 13-13", ("TASK_SETUP 13-13",))
    assert spans()[2][3] == ("attempt 0 13-15", ("TASK_SETUP 13-15",), ("TASK_RUNTIME 15-15",))


def test_between_attempts_the_node_is_reset(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs, end=30)
    attempt(runs, 13, 13, 15)
    attempt(runs, 18, 18, 20, number=1)

    assert flat(spans(3)[1][2:]) == [
        "NODE_SETUP 10-13",
        "attempt 0 13-15",
        "NODE_RESET 15-18",
        "attempt 1 18-20",
        "NODE_TEARDOWN 20-30",
    ]


def test_an_attempt_that_took_no_time_seems_to_run_still(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs, end=30)
    attempt(runs, 13, 15, 15, reported=17)

    assert spans(3)[1][3] == ("attempt 0 13-17", ("TASK_SETUP 13-15",), ("TASK_RUNTIME 15-17",))


def test_of_attempts_made_at_once_the_later_one_is_the_last(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs, end=30)
    attempt(runs, 13, 13, 15)
    attempt(runs, 13, 13, 20, number=1)

    assert flat(spans(3)[1][2:])[2:] == [
        "NODE_RESET 15-13",
        "attempt 1 13-20",
        "NODE_TEARDOWN 20-30",
    ]


def test_a_teardown_that_would_run_backwards_is_left_out(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run(end=20)
    start(runs)
    node(runs, end=30)
    attempt(runs, 13, 15, 40)

    assert flat(spans()) == ["WORKFLOW_SETUP 0-6", "n0 10-30"]
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-13", "attempt 0 13-40"]


def test_nodes_come_in_the_order_of_their_creation(run, spans, workflow, runs):
    workflow(("b", TASK), ("a", TASK))
    run()
    start(runs)
    node(runs, "a", begin=50, running=50, end=60)
    node(runs, "b")

    assert flat(spans(1)) == [
        "WORKFLOW_SETUP 0-6",
        "b 10-20",
        "a 50-60",
        "WORKFLOW_TEARDOWN 60-100",
    ]
    assert spans(1)[2][1:] == (("NODE_TRANSITION 20-50",),)


@pytest.mark.parametrize("spec", ["", "nope"])
def test_a_node_that_the_workflow_does_not_know_is_an_internal_error(
    run, spans, workflow, runs, spec
):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs, spec=spec)

    with pytest.raises(AdminError) as refusal:
        spans(1)

    assert (refusal.value.code, refusal.value.message) == (
        "INTERNAL",
        (
            f"failed to discover workflow node '{spec}' in workflow 'resource_type:WORKFLOW "
            'project:"p" domain:"development" name:"w" version:"v1"\''
        ),
    )


def test_a_gate_idles_and_its_teardown_may_run_backwards(run, spans, workflow, runs):
    workflow(("n0", GATE))
    run()
    start(runs)
    runs.node("QUEUED", 10, spec_node_id="n0")
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-10"]
    runs.node("RUNNING", 12)
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-12", "NODE_IDLE 12-12"]
    runs.node("SUCCEEDED", 20, reported_at=Timestamp(seconds=15))
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-12", "NODE_IDLE 12-20", "NODE_TEARDOWN 20-15"]


def test_an_array_has_no_parts(run, spans, workflow, runs):
    workflow(("n0", ARRAY))
    run()
    start(runs)
    node(runs)
    attempt(runs, 13, 15, 18)

    assert spans()[1] == ("n0 10-20", ("NODE_TRANSITION 6-10",))


def test_a_workflow_node_without_a_reference_is_an_internal_error(run, spans, workflow, runs):
    workflow(("n0", {"workflow_node": {}}))
    run()
    start(runs)
    node(runs)

    with pytest.raises(AdminError, match=r"^failed to identify workflow node type for node: "):
        spans()


def child(runs, id_, **fields):
    node(runs, id_, spec=id_.rpartition("-")[2], parent_node_metadata={"node_id": "n0"}, **fields)


def test_a_sub_workflow_shows_its_children(run, spans, workflow, runs):
    workflow(("n0", SUB_WORKFLOW))
    workflow(("s0", TASK), name="sub")
    run()
    start(runs)
    node(runs, begin=8, running=9, end=40)
    assert flat(spans()[1][2:]) == ["NODE_SETUP 8-40"]
    start(runs, 10, "n0-0-start-node", parent_node_metadata={"node_id": "n0"})
    child(runs, "n0-0-s0", begin=12, running=13, end=20)

    assert spans()[1][2:] == (
        ("NODE_SETUP 8-10",),
        ("n0-0-s0 12-20", ("NODE_TRANSITION 10-12",), ("NODE_SETUP 12-20",)),
        ("NODE_TEARDOWN 20-40",),
    )
    assert spans(2)[1][3] == ("n0-0-s0 12-20", ("NODE_TRANSITION 10-12",))


def test_children_without_a_start_node_leave_the_end_of_the_setup_open(run, spans, workflow, runs):
    workflow(("n0", SUB_WORKFLOW))
    workflow(("s0", TASK), name="sub")
    run()
    start(runs)
    node(runs, end=40)
    child(runs, "n0-0-s0", begin=12, running=13, end=20)

    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-?", "n0-0-s0 12-20", "NODE_TEARDOWN 20-40"]


def test_a_sub_workflow_must_be_registered_on_its_own(run, spans, workflow, runs):
    workflow(("n0", SUB_WORKFLOW))
    run()
    start(runs)
    node(runs)
    child(runs, "n0-0-s0", begin=12, running=13)

    with pytest.raises(AdminError, match=r'^missing entity of type WORKFLOW .* name:"sub"'):
        spans()


def test_a_launch_plan_node_shows_its_execution(run, spans, workflow, runs):
    workflow(("n0", LAUNCH_PLAN))
    run()
    run("kid", end=30)
    start(runs)
    node(runs, end=None)
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-12"]
    runs.node("SUCCEEDED", 40, workflow_node_metadata={"execution_id": execution_id("kid")})

    assert spans()[1][2:] == (
        ("NODE_SETUP 10-0",),
        ("kid 0-30", ("WORKFLOW_SETUP 0-30",)),
        ("NODE_TEARDOWN 30-40",),
    )
    assert spans(2)[1][3] == ("kid 0-30",)


def branch(*cases):
    then, *others = ({"then_node": Node(id=id_, **target)} for id_, target in cases[:-1])
    id_, target = cases[-1]
    return {
        "branch_node": {
            "if_else": {"case": then, "other": others, "else_node": Node(id=id_, **target)}
        }
    }


@pytest.mark.parametrize("chosen", ["a", "b", "c"])
def test_a_branch_shows_the_case_that_was_chosen(run, spans, workflow, runs, chosen):
    workflow(("n0", branch(("a", GATE), ("b", GATE), ("c", GATE))))
    run()
    start(runs)
    node(runs, end=40)
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-40"]
    child(runs, f"n0-0-{chosen}", begin=15, running=16, end=30)

    assert spans(3)[1][2:] == (
        ("NODE_SETUP 10-15",),
        (
            f"n0-0-{chosen} 15-30",
            ("NODE_SETUP 15-16",),
            ("NODE_IDLE 16-30",),
            ("NODE_TEARDOWN 30-30",),
        ),
        ("NODE_TEARDOWN 30-40",),
    )
    assert spans(2)[1][3] == (f"n0-0-{chosen} 15-30",)


def test_a_branch_with_two_children_or_a_strange_one_is_an_internal_error(
    run, spans, workflow, runs
):
    workflow(("n0", branch(("a", GATE), ("b", GATE))))
    run()
    start(runs)
    node(runs)
    child(runs, "n0-0-x")
    with pytest.raises(AdminError) as refusal:
        spans()
    assert refusal.value.message.startswith(
        "failed to identify branch node final node definition for nodeID 'x' and branchNode '"
    )
    child(runs, "n0-0-a")
    with pytest.raises(AdminError) as refusal:
        spans()
    assert refusal.value.message == (
        "invalid branch node execution: expected 1 but found 2 node execution(s)"
    )


def test_a_child_without_a_name_is_none_of_a_branch_that_has_no_else(run, spans, workflow, runs):
    then = {"then_node": Node(id="n0-a", **GATE)}
    workflow(("n0", {"branch_node": {"if_else": {"case": then}}}))
    run()
    start(runs)
    node(runs)
    child(runs, "n0-0-")
    with pytest.raises(AdminError) as refusal:
        spans()
    assert refusal.value.message.startswith(
        "failed to identify branch node final node definition for nodeID '' and branchNode '"
    )


def test_a_dynamic_node_shows_its_attempts_and_then_its_children(run, spans, workflow, runs):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs, end=None)
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-12"]
    dynamic = {
        "id": identifier(identifier_pb2.WORKFLOW, "d"),
        "compiled_workflow": {"primary": compiled("d", ("d0", TASK))},
    }
    runs.node(
        "DYNAMIC_RUNNING",
        14,
        is_dynamic=True,
        is_parent=True,
        task_node_metadata={"dynamic_workflow": dynamic},
    )
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-14"]
    attempt(runs, 12, 12, 13)
    assert flat(spans()[1][2:]) == ["NODE_SETUP 10-12", "attempt 0 12-13", "NODE_RESET 13-14"]
    start(runs, 16, "n0-0-start-node", parent_node_metadata={"node_id": "n0"})
    child(runs, "n0-0-d0", begin=18, running=19, end=30)
    runs.node("SUCCEEDED", 40)

    assert flat(spans()[1][2:]) == [
        "NODE_SETUP 10-12",
        "attempt 0 12-13",
        "NODE_RESET 13-16",
        "n0-0-d0 18-30",
        "NODE_TEARDOWN 30-40",
    ]


def test_children_of_a_task_without_a_dynamic_workflow_are_an_internal_error(
    run, spans, workflow, runs
):
    workflow(("n0", TASK))
    run()
    start(runs)
    node(runs)
    attempt(runs, 12, 12, 13)
    child(runs, "n0-0-d0")

    with pytest.raises(AdminError) as refusal:
        spans()

    assert refusal.value.message == ("failed to discover workflow node 'd0' in workflow '<nil>'")


def test_an_incomplete_id_is_refused(store, executions, runs):
    metrics = MetricsManager(
        store, executions=executions, nodes=runs.nodes, task_executions=runs.tasks
    )

    with pytest.raises(AdminError, match=r"^missing id$"):
        metrics.get_execution_metrics(execution_pb2.WorkflowExecutionGetMetricsRequest(), NOW)
