"""Nodes: of a small scripted workflow, and of recorded runs of a real engine beside flytekit."""

from __future__ import annotations

import pytest
from client_stage import (
    CLOSURE,
    FAILED,
    RECOVERED,
    RUNNING,
    SKIPPED,
    STORIES,
    SUCCEEDED,
    TASK,
    literal,
)
from flyteidl.admin import workflow_pb2
from flyteidl.core import literals_pb2

from flyte_testkit.client import FlyteRemote
from flyte_testkit.client.exceptions import FlyteAssertion


@pytest.fixture
def synced(remote):
    def synced():
        return remote.sync_execution(remote.fetch_execution(name="x1"), sync_nodes=True)

    return synced


def test_a_task_node_has_attempts_inputs_and_outputs(nodes, synced):
    nodes.add("n0", SUCCEEDED, attempts=[5, 3], o0=5)
    node = synced().node_executions["n0"]

    assert [one.closure.phase for one in node.task_executions] == [5, 3]
    assert node.executions == node.task_executions
    assert (node.inputs["a"], node.outputs["o0"]) == (1, 5)
    assert list(node.interface.outputs) == ["o0"]
    assert node.is_done
    assert node.error is None
    last = node.task_executions[-1]
    assert last.outputs["o0"] == 7
    assert last.task.name == "add"
    assert last.is_done


def test_a_running_node_has_inputs_and_attempts_without_data(nodes, synced, server):
    nodes.add("n0", RUNNING, attempts=[2])
    node = synced().node_executions["n0"]

    assert node.inputs["a"] == 1
    assert node.task_executions[0].inputs is None
    assert "GetTaskExecutionData" not in server.rpcs
    with pytest.raises(FlyteAssertion, match="Node 'n0' of execution 'x1' is RUNNING"):
        _ = node.outputs
    with pytest.raises(FlyteAssertion, match="Attempt 0 of task 'add' is RUNNING"):
        _ = node.task_executions[0].error


def test_a_failed_node_has_an_error_and_no_outputs(nodes, synced):
    nodes.add("n0", FAILED, closure={"error": {"code": "USER:X", "message": "boom"}})
    node = synced().node_executions["n0"]

    assert node.error.code == "USER:X"
    with pytest.raises(FlyteAssertion, match="ended FAILED, without outputs: boom"):
        _ = node.outputs


def test_a_skipped_node_is_done_and_empty(nodes, synced):
    nodes.add("n0", SKIPPED)
    node = synced().node_executions["n0"]

    assert node.is_done
    assert node.outputs == {}


def test_start_and_end_nodes_are_shown_as_they_are(nodes, synced):
    nodes.add("start-node", SUCCEEDED)
    node = synced().node_executions["start-node"]

    assert (node.inputs, node.outputs, node.executions) == (None, None, [])


def test_a_sub_workflow_has_nodes_below(nodes, synced):
    nodes.add("n1", SUCCEEDED, metadata={"is_parent_node": True}, o0=5)
    nodes.add("n1-0-n0", SUCCEEDED, below="n1", attempts=[3], o0=6)
    node = synced().node_executions["n1"]

    assert list(node.subworkflow_node_executions) == ["n1-0-n0"]
    assert node.executions == list(node.subworkflow_node_executions.values())
    child = node.subworkflow_node_executions["n1-0-n0"]
    assert (child.outputs["o0"], len(child.task_executions)) == (6, 1)
    assert node.task_executions == []
    assert node.outputs["o0"] == 5


@pytest.mark.parametrize("taken", ["n2-a", "n2-b", "n2-c"])
@pytest.mark.parametrize("parent", [True, False])
def test_a_branch_has_the_node_of_the_case_that_was_taken(nodes, synced, taken, parent):
    nodes.add("n2", SUCCEEDED, metadata={"is_parent_node": parent})
    nodes.add(taken, SUCCEEDED, below="n2", attempts=[3], o0=6)
    node = synced().node_executions["n2"]

    assert node.subworkflow_node_executions[taken].outputs["o0"] == 6
    assert list(node.subworkflow_node_executions[taken].interface.inputs) == ["a"]


def test_a_dynamic_node_has_its_attempts_and_the_nodes_it_made(nodes, synced):
    data = nodes.add("n0", SUCCEEDED, metadata={"is_parent_node": True}, attempts=[3], o0=5)
    made = workflow_pb2.WorkflowClosure(compiled_workflow=CLOSURE).compiled_workflow
    made.primary.template.nodes[1].id = "dn0"
    data.dynamic_workflow.compiled_workflow.CopyFrom(made)
    nodes.add("n0-0-dn0", SUCCEEDED, below="n0", attempts=[3], o0=6)
    node = synced().node_executions["n0"]

    assert len(node.task_executions) == 1
    child = node.subworkflow_node_executions["n0-0-dn0"]
    assert list(child.interface.outputs) == ["o0"]
    assert child.outputs["o0"] == 6


def test_a_dynamic_node_is_read_by_the_interface_of_what_it_made(nodes, synced):
    data = nodes.add("n0", SUCCEEDED, metadata={"is_parent_node": True}, made=5)
    made = workflow_pb2.WorkflowClosure(compiled_workflow=CLOSURE).compiled_workflow
    outputs = made.primary.template.interface.outputs.variables
    outputs["made"].CopyFrom(outputs.pop("o0"))
    data.dynamic_workflow.compiled_workflow.CopyFrom(made)
    node = synced().node_executions["n0"]

    assert list(node.interface.outputs) == ["made"]
    assert list(node.outputs.variable_map) == ["made"]


def test_a_launch_plan_node_has_the_execution_it_launched(nodes, synced):
    launched = {"workflow_node_metadata": {"executionId": {"name": "x2"}}}
    nodes.add("n5", SUCCEEDED, closure=launched, o0=5)
    nodes.add("n0", SUCCEEDED, of="x2", attempts=[3], o0=6)
    node = synced().node_executions["n5"]
    child = node.workflow_executions[0]

    assert child.id.name == "x2"
    assert child.node_executions["n0"].outputs["o0"] == 6
    assert node.executions == [child]
    assert child.execution_url.endswith("/executions/x2")


def test_a_gate_has_inputs_and_outputs(nodes, synced, server):
    nodes.add("n3", SUCCEEDED, o0=1)
    node = synced().node_executions["n3"]

    assert node.outputs["o0"] == 1
    assert "ListTaskExecutions" not in server.rpcs


def test_an_array_of_launch_plans_reads_lists(nodes, synced):
    data = nodes.add("n4", SUCCEEDED, metadata={"is_array": True})
    many = literals_pb2.Literal(collection={"literals": [literal(1), literal(2)]})
    data.full_outputs.literals["o0"].CopyFrom(many)
    node = synced().node_executions["n4"]

    assert node.interface.outputs["o0"].type.collection_type.simple == 1
    assert node.outputs["o0"] == [1, 2]


def test_a_task_that_the_workflow_only_refers_to_is_fetched(nodes, synced, server):
    far = {"id": "n6", "task_node": {"reference_id": {"resource_type": 1, "name": "elsewhere"}}}
    nodes.closure.primary.template.nodes.add(**far)
    nodes.add("n6", SUCCEEDED, o0=5)

    assert synced().node_executions["n6"].outputs["o0"] == 5
    assert "GetTask" in server.rpcs


def test_the_node_of_a_single_task_has_the_tasks_interface(nodes, synced):
    nodes.launch_plan = TASK["id"]
    nodes.add("whatever", SUCCEEDED, attempts=[3], o0=5)
    execution = synced()

    assert execution.flyte_workflow is None
    assert list(execution.node_executions["whatever"].interface.outputs) == ["o0"]


def test_a_node_without_data_is_shown_without(nodes, synced, server, failure):
    nodes.add("n0", RUNNING)
    server.on(GetNodeExecutionData=lambda _: failure("NOT_FOUND"))
    node = synced().node_executions["n0"]

    assert node.inputs is None
    assert node.task_executions == []


def test_an_attempt_without_data_is_shown_without(nodes, synced, server, failure):
    nodes.add("n0", SUCCEEDED, attempts=[3], o0=5)
    server.on(GetTaskExecutionData=lambda _: failure("NOT_FOUND"))
    node = synced().node_executions["n0"]

    assert node.outputs["o0"] == 5
    (attempt,) = node.task_executions
    assert attempt.is_done
    assert attempt.inputs is None
    assert attempt.outputs is None


def test_a_node_that_the_workflow_does_not_know_is_shown_all_the_same(nodes, synced):
    nodes.add("n99", SUCCEEDED, o0=5)

    assert synced().node_executions["n99"].outputs["o0"] == 5


def test_a_recovered_node_is_done_and_has_outputs(nodes, synced):
    nodes.add("n0", RECOVERED, o0=5)
    node = synced().node_executions["n0"]

    assert node.is_done
    assert node.error is None
    assert node.outputs["o0"] == 5


def test_big_inputs_and_outputs_are_read_from_their_url(nodes, synced, tmp_path):
    stored = literals_pb2.LiteralMap(literals={"o0": literal(5)})
    (tmp_path / "outputs.pb").write_bytes(stored.SerializeToString())
    data = nodes.add("n0", SUCCEEDED)
    data.outputs.url, data.outputs.bytes = f"file://{tmp_path}/outputs.pb", 9
    data.ClearField("full_outputs")

    assert synced().node_executions["n0"].outputs["o0"] == 5


@pytest.mark.parametrize("size", [0, 9])
def test_what_the_answer_itself_holds_is_read_from_nowhere_else(nodes, synced, tmp_path, size):
    data = nodes.add("n0", SUCCEEDED, o0=5)
    for blob in (data.inputs, data.outputs):
        blob.url, blob.bytes = f"file://{tmp_path}/nothing-lies-here.pb", size
    node = synced().node_executions["n0"]

    assert (node.inputs["a"], node.outputs["o0"]) == (1, 5)


def test_a_node_or_attempt_has_the_page_of_its_execution(nodes, synced, remote):
    nodes.add("n0", SUCCEEDED, attempts=[3])
    node = synced().node_executions["n0"]
    node_url = remote.generate_console_url(node)

    assert node_url.endswith("/executions/x1")
    assert remote.generate_console_url(node.task_executions[0]) == node_url
    assert remote.generate_console_url(node.id) == node_url


def tree(nodes):
    """What both sides should see alike of nodes, and of all below them."""
    return {
        node.id.node_id: {
            "phase": node.closure.phase,
            "error": node.closure.error.code if node.closure.error else None,
            "attempts": attempts(node),
            "launched": {
                child.id.name: (child.closure.phase, tree(child.node_executions.values()))
                for child in node.workflow_executions
            },
            "below": tree(node.subworkflow_node_executions.values()),
        }
        for node in nodes
    }


def attempts(node):
    """The attempts of a node; flytekit shows those of its children in a dynamic node's place."""
    if node.subworkflow_node_executions:
        return None
    return [(one.id.retry_attempt, one.closure.phase) for one in node.task_executions]


@pytest.fixture
def both(server, wire):
    """Sync the told story with both clients, and return both executions."""
    remotes = pytest.importorskip("flytekit.remote")
    from flytekit.configuration import Config, PlatformConfig

    def both():
        theirs = remotes.FlyteRemote(
            Config(platform=PlatformConfig(endpoint=wire.endpoint, insecure=True)),
            "flytesnacks",
            "development",
        )
        with FlyteRemote.for_endpoint(
            wire.endpoint,
            insecure=True,
            default_project="flytesnacks",
            default_domain="development",
        ) as ours:
            return [
                remote.sync_execution(remote.fetch_execution(name="main"), sync_nodes=True)
                for remote in (theirs, ours)
            ]

    return both


@pytest.mark.parametrize("name", sorted(STORIES))
def test_both_clients_see_the_same_tree_of_nodes(name, story, both):
    story(name)
    theirs, ours = both()

    assert tree(ours.node_executions.values()) == tree(theirs.node_executions.values())
    assert list(ours.node_executions) == list(theirs.node_executions)
