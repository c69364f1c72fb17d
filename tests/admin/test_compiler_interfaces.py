from __future__ import annotations

import pytest
from compiling import compiled, errors, runs_launch_plan, runs_sub_workflow, text_of
from definition_builders import INT, TASK, node, promise, template
from flyteidl.core import workflow_pb2

from flyte_testkit.admin.compiler.compilation import Compilation, Library
from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.graph import Graph, Step
from flyte_testkit.admin.compiler.interfaces import find_interface


def value_required(name, node_id="n"):
    return ("ValueRequired", node_id, f"Value required [{name}].")


def gate(**condition):
    return workflow_pb2.GateNode(**condition)


def test_wants_a_target():
    assert errors(node("n", None)) == [value_required("Target")]


def test_wants_a_reference_to_a_task():
    assert errors(node("n", None, task_node=workflow_pb2.TaskNode())) == [
        value_required("TaskNode.ReferenceId")
    ]


def test_wants_a_reference_to_a_workflow():
    assert errors(node("n", None, workflow_node=workflow_pb2.WorkflowNode())) == [
        ("WorkflowReferenceNotFound", "n", "Referenced Workflow [<nil>/<nil>] not found.")
    ]


def test_wants_types_and_names_in_the_interface_of_a_task():
    assert errors(node("n", "untyped", inputs={"x": 1})) == [value_required("param.Type")]


def test_a_launch_plan_needs_what_it_requires_and_takes_what_has_a_default():
    compiled(runs_launch_plan("n", inputs={"x": 1}))
    compiled(runs_launch_plan("n", inputs={"x": 1, "d": 2}))
    assert errors(runs_launch_plan("n", inputs={"x": 1, "fixed": 2})) == [
        ("VariableNameNotFound", "n", "Variable [fixed] not found on node [n].")
    ]


def test_a_sub_workflow_needs_an_interface():
    bare = template(node("n"), name="s")
    bare.ClearField("interface")
    assert errors(runs_sub_workflow("n"), sub_workflows=[bare]) == [
        value_required("WorkflowNode.Template.Interface")
    ]


def test_an_approval_gives_what_it_is_given():
    compiled(
        node("a", "one"),
        node("g", None, inputs={"x": promise("a", "y")}, gate_node=gate(approve={})),
        node("n", "inc", inputs={"x": promise("g", "x")}),
    )


def test_a_signal_gives_what_it_is_set_to():
    signal = {"type": INT, "output_variable_name": "o0"}
    compiled(
        node("g", None, gate_node=gate(signal=signal)),
        node("n", "inc", inputs={"x": promise("g", "o0")}),
    )


@pytest.mark.parametrize(
    "gate_node", [gate(sleep={}), gate(signal={"type": INT, "output_variable_name": "o0"})]
)
def test_signals_and_sleeps_take_nothing(gate_node):
    assert errors(node("n", None, inputs={"x": 1}, gate_node=gate_node)) == [
        ("VariableNameNotFound", "n", "Variable [x] not found on node [n].")
    ]


def test_wants_a_gate_to_wait_for_something():
    assert errors(node("n", None, gate_node=gate())) == [
        ("NoConditionFound", "n", "Can't find any condition in gate node [n].")
    ]


def test_wants_the_type_of_a_signal_then_the_name_of_its_output():
    assert errors(node("n", None, gate_node=gate(signal={}))) == [
        value_required("GateNode.Signal.Type")
    ]
    assert errors(node("n", None, gate_node=gate(signal={"type": INT}))) == [
        value_required("GateNode.Signal.OutputVariableName")
    ]


def test_an_array_node_takes_and_gives_what_its_node_does():
    inside = node("", "inc")
    array = workflow_pb2.ArrayNode(node=inside)
    compiled(
        node("m", None, inputs={"x": 1}, array_node=array),
        node("n", "inc", inputs={"x": promise("m", "y")}),
    )
    assert errors(node("m", None, array_node=workflow_pb2.ArrayNode(node=node("i", None)))) == [
        value_required("Target", "i")
    ]


def test_does_not_change_the_interface_of_the_task_it_looks_at():
    registered = compiled(node("n", "t")).tasks[0]
    registered.template.ClearField("interface")
    library = Library({text_of(TASK, "t"): registered}, {}, {})
    step = Step(node("n", "t"))
    found = find_interface(Compilation(Graph(), CompileErrors(), library), step)
    assert found == step.interface
    assert found.HasField("inputs")
    assert not registered.template.HasField("interface")
