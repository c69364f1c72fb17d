from __future__ import annotations

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core
from hypothesis import given, settings
from realistic_data import SECOND, UNSENT, legal_problems, nanos

from examples import FEW, MORE, simplest
from flyte_testkit import strategies
from flyte_testkit.propeller.names import node_id

KINDS = {
    "execution": (
        strategies.execution_closures,
        strategies.executions,
        core.WorkflowExecution.Phase,
    ),
    "node": (
        strategies.node_execution_closures,
        strategies.node_executions,
        core.NodeExecution.Phase,
    ),
    "task": (
        strategies.task_execution_closures,
        strategies.task_executions,
        core.TaskExecution.Phase,
    ),
}
LEGAL = [
    pytest.param(kind, phase, id=f"{kind}-{phase}")
    for kind, (*_, enum) in KINDS.items()
    for phase in sorted(set(enum.keys()) - UNSENT[kind], key=enum.Value)
]
ALL = [
    pytest.param(kind, phase, id=f"{kind}-{phase}")
    for kind, (*_, enum) in KINDS.items()
    for phase in sorted(enum.keys(), key=enum.Value)
]
EACH_KIND = pytest.mark.parametrize("kind", KINDS)


@EACH_KIND
def test_everything_in_a_legal_closure_agrees(kind):
    @MORE
    @given(KINDS[kind][0]())
    def agree(closure):
        assert legal_problems(closure) == []

    agree()


@pytest.mark.parametrize(("kind", "phase"), LEGAL)
def test_everything_agrees_in_every_phase(kind, phase):
    closures, _, enum = KINDS[kind]

    @FEW
    @given(closures(phase=phase))
    def agree(closure):
        assert enum.Name(closure.phase) == phase
        assert legal_problems(closure) == []

    agree()


@pytest.mark.parametrize(("kind", "phase"), ALL)
def test_something_is_wrong_in_every_illegal_closure(kind, phase):
    closures, _, enum = KINDS[kind]

    @FEW
    @given(closures(phase=phase, legal=False))
    def disagree(closure):
        assert enum.Name(closure.phase) == phase
        assert legal_problems(closure)

    disagree()


@EACH_KIND
def test_something_is_wrong_in_an_illegal_closure_of_any_phase(kind):
    @MORE
    @given(KINDS[kind][1](legal=False))
    def disagree(whole):
        assert legal_problems(whole.closure)

    disagree()


@EACH_KIND
def test_whole_messages_hold_closures_that_agree(kind):
    @MORE
    @given(KINDS[kind][1]())
    def agree(whole):
        assert legal_problems(whole.closure) == []

    agree()


@EACH_KIND
def test_an_illegal_phase_may_be_a_number_that_nobody_knows(kind):
    closures, _, enum = KINDS[kind]

    found = simplest(closures(legal=False), lambda closure: closure.phase not in enum.values())

    assert found.phase == 42


@EACH_KIND
def test_a_phase_may_be_asked_for_by_its_number(kind):
    closures, _, enum = KINDS[kind]

    @FEW
    @given(closures(phase=enum.Value("FAILED")))
    def drawn(closure):
        assert enum.Name(closure.phase) == "FAILED"

    drawn()


@EACH_KIND
def test_all_phases_that_are_sent_are_drawn(kind):
    closures, _, enum = KINDS[kind]
    seen = set()

    @settings(MORE, max_examples=300)
    @given(closures())
    def collect(closure):
        seen.add(enum.Name(closure.phase))

    collect()

    assert seen == set(enum.keys()) - UNSENT[kind]


@MORE
@given(strategies.executions())
def test_an_execution_belongs_to_its_closure(execution):
    id_, spec, closure = execution.id, execution.spec, execution.closure

    assert spec.launch_plan.name == closure.workflow_id.name
    assert spec.metadata.system_metadata.namespace == f"{id_.project}-{id_.domain}"
    if closure.outputs.uri:
        assert f"/{id_.project}-{id_.domain}-{id_.name}/end-node/" in closure.outputs.uri
    refers = spec.metadata.HasField("reference_execution")
    mode = execution_pb2.ExecutionMetadata.ExecutionMode.Name(spec.metadata.mode)
    assert refers == (mode in {"RELAUNCH", "RECOVERED"})
    assert spec.metadata.HasField("parent_node_execution") == bool(spec.metadata.nesting)


@MORE
@given(strategies.node_executions())
def test_a_node_belongs_to_its_closure(node):
    spec_id, group = node.metadata.spec_node_id, node.metadata.retry_group

    expected = node_id("n3", int(group), spec_id) if group else spec_id
    assert node.id.node_id == expected
    assert bool(node.input_uri) == (spec_id != "start-node")
    if node.closure.output_uri:
        assert node.id.execution_id.name in node.closure.output_uri
        assert f"/{spec_id}/" in node.closure.output_uri
    if node.closure.phase == core.NodeExecution.DYNAMIC_RUNNING:
        assert node.metadata.is_dynamic
        assert node.metadata.is_parent_node


@MORE
@given(strategies.task_executions())
def test_an_attempt_belongs_to_its_closure(attempt):
    node, metadata = attempt.id.node_execution_id, attempt.closure.metadata
    pod = f"{node.execution_id.name}-{node.node_id}-{attempt.id.retry_attempt}"

    assert metadata.generated_name in {pod, ""}
    assert all(item.external_id.startswith(pod) for item in metadata.external_resources)
    if attempt.closure.output_uri:
        folder = f"/{node.node_id}/data/{attempt.id.retry_attempt}/"
        assert folder in attempt.closure.output_uri


def test_an_attempt_may_have_started_before_it_was_created():
    found = simplest(
        strategies.task_execution_closures(phase="SUCCEEDED"),
        lambda closure: nanos(closure.started_at) <= nanos(closure.created_at) - SECOND,
    )

    assert found.created_at.seconds - found.started_at.seconds == 1


SIMPLEST = {
    ("execution", "UNDEFINED"): {},
    ("execution", "RUNNING"): {"started_at": {"seconds": 1704067201}},
    ("execution", "SUCCEEDED"): {
        "started_at": {"seconds": 1704067201},
        "duration": {"seconds": 1},
        "outputs": {
            "uri": "s3://my-s3-bucket/metadata/propeller/"
            "flytesnacks-development-a6xq5kzt2wbnv8fd7cgm/end-node/data/0/outputs.pb"
        },
    },
    ("execution", "FAILED"): {
        "started_at": {"seconds": 1704067201},
        "duration": {"seconds": 1},
        "error": {"code": "USER:RuntimeError", "message": "0", "kind": "USER"},
    },
    ("execution", "ABORTED"): {
        "started_at": {"seconds": 1704067201},
        "duration": {"seconds": 1},
        "abort_metadata": {"cause": "stop it"},
    },
}


@pytest.mark.parametrize(("kind", "phase"), SIMPLEST, ids="-".join)
def test_a_closure_shrinks_to_the_ordinary_one_of_its_phase(kind, phase):
    created = {"seconds": 1704067200}
    ended = {"UNDEFINED": 1704067200, "RUNNING": 1704067201}.get(phase, 1704067202)

    found = simplest(KINDS[kind][0](phase=phase))

    assert found == type(found)(
        phase=phase,
        created_at=created,
        updated_at={"seconds": ended},
        state_change_details={"occurred_at": created},
        workflow_id={
            "resource_type": "WORKFLOW",
            "project": "flytesnacks",
            "domain": "development",
            "name": "flows.train",
            "version": "v1",
        },
        **SIMPLEST[kind, phase],
    )


@EACH_KIND
def test_a_missing_start_stays_only_if_it_matters(kind):
    closures = KINDS[kind][0](phase="FAILED")

    assert simplest(closures).HasField("started_at")
    assert not simplest(closures, lambda closure: not closure.HasField("started_at")).HasField(
        "duration"
    )


def test_an_execution_that_failed_while_it_was_made_says_so():
    found = simplest(
        strategies.execution_closures(phase="FAILED"),
        lambda closure: closure.updated_at == closure.created_at,
    )

    assert (found.error.code, found.error.kind) == ("Internal", core.ExecutionError.SYSTEM)
    assert not found.HasField("started_at")


@pytest.mark.parametrize(
    "condition",
    [
        lambda node: node.metadata.is_array,
        lambda node: node.metadata.is_dynamic,
        lambda node: node.closure.HasField("workflow_node_metadata"),
        lambda node: node.closure.task_node_metadata.cache_status,
        lambda node: node.closure.deck_uri,
        lambda node: node.metadata.retry_group,
        lambda node: not node.input_uri,
    ],
    ids=["map", "dynamic", "launch plan", "cached", "deck", "child", "start"],
)
def test_all_kinds_of_nodes_are_drawn(condition):
    assert condition(simplest(strategies.node_executions(phase="SUCCEEDED"), condition))
