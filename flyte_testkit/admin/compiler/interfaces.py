"""What each kind of node takes and gives (§6).

Branches are :mod:`.branches`' business. Ignorant of edges, except that approvals and branches learn
what they take from what they are given.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2

from flyte_testkit.admin.compiler import branches
from flyte_testkit.admin.compiler.bindings import check_variables
from flyte_testkit.admin.compiler.graph import Step
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from flyteidl.core import workflow_pb2

    from flyte_testkit.admin.compiler.workflows import WorkflowCompiler

__all__ = ["find_interface"]


def find_interface(compiler: WorkflowCompiler, step: Step) -> interface_pb2.TypedInterface | None:
    """Return what a node takes and gives, and remember it; None after noting what is wrong.

    The interface is a copy, so that nothing can change the task's or the launch plan's own.
    """
    if step.interface is not None:
        return step.interface
    before = compiler.errors.count
    found = _find(compiler, step)
    if found is not None:
        check_variables(step.id, found, compiler.errors)
    if compiler.errors.count > before:
        return None
    step.interface = found
    return found


def _find(compiler: WorkflowCompiler, step: Step) -> interface_pb2.TypedInterface | None:
    target = step.node.WhichOneof("target")
    if target == "task_node":
        return _of_task(compiler, step)
    if target == "workflow_node":
        return _of_workflow(compiler, step)
    if target == "branch_node":
        return branches.find_interface(compiler, step)
    if target == "gate_node":
        return _of_gate(compiler, step)
    if target == "array_node":
        # Its own interface is the one of the node that it repeats: clients make lists of both.
        inside = find_interface(compiler, Step(step.node.array_node.node))
        return None if inside is None else deepcopy(inside)
    compiler.errors.add("ValueRequired", step.id, "Value required [Target].")
    return None


def _of_task(compiler: WorkflowCompiler, step: Step) -> interface_pb2.TypedInterface | None:
    node = step.node.task_node
    if not node.HasField("reference_id"):
        compiler.errors.add("ValueRequired", step.id, "Value required [TaskNode.ReferenceId].")
        return None
    task = compiler.library.tasks.get(prototext(node.reference_id))
    if task is None:
        compiler.errors.add(
            "TaskReferenceNotFound",
            step.id,
            f"Referenced Task [{prototext(node.reference_id)}] not found.",
        )
        return None
    if task.template.HasField("interface"):  # it goes into the closure with both sides, sent or not
        task.template.interface.inputs.SetInParent()
        task.template.interface.outputs.SetInParent()
    return deepcopy(task.template.interface)


def _of_workflow(compiler: WorkflowCompiler, step: Step) -> interface_pb2.TypedInterface | None:
    node = step.node.workflow_node
    reference = node.WhichOneof("reference")
    if reference == "launchplan_ref":
        return _of_launch_plan(compiler, step, node)
    text = "<nil>/<nil>" if reference is None else prototext(node.sub_workflow_ref)
    workflow = compiler.library.sub_workflows.get(text)
    if workflow is None:
        compiler.errors.add(
            "WorkflowReferenceNotFound", step.id, f"Referenced Workflow [{text}] not found."
        )
        return None
    if not workflow.template.HasField("interface"):
        compiler.errors.add(
            "ValueRequired", step.id, "Value required [WorkflowNode.Template.Interface]."
        )
        return None
    return deepcopy(workflow.template.interface)


def _of_launch_plan(
    compiler: WorkflowCompiler, step: Step, node: workflow_pb2.WorkflowNode
) -> interface_pb2.TypedInterface | None:
    """Take the inputs that are required, and those with a default that the node binds."""
    text = prototext(node.launchplan_ref)
    closure = compiler.library.launch_plans.get(text)
    if closure is None:
        compiler.errors.add(
            "WorkflowReferenceNotFound", step.id, f"Referenced Workflow [{text}] not found."
        )
        return None
    for field, name in (("inputs", "ExpectedInputs"), ("outputs", "ExpectedOutputs")):
        if not closure.HasField(f"expected_{field}"):
            compiler.errors.add("ValueRequired", step.id, f"Value required [WorkflowNode.{name}].")
    found = interface_pb2.TypedInterface(outputs=closure.expected_outputs)
    bound = {binding.var for binding in step.node.inputs}
    for name, parameter in closure.expected_inputs.parameters.items():
        if parameter.required or name in bound:
            found.inputs.variables[name].CopyFrom(parameter.var)
    return found


def _of_gate(compiler: WorkflowCompiler, step: Step) -> interface_pb2.TypedInterface | None:
    gate = step.node.gate_node
    condition = gate.WhichOneof("condition")
    if condition == "approve":
        given = compiler.binder.bind(step, step.node.inputs, None, both_ways=False)
        return interface_pb2.TypedInterface(inputs=given, outputs=given)
    if condition == "sleep":
        return interface_pb2.TypedInterface()
    if condition is None:
        compiler.errors.add(
            "NoConditionFound", step.id, f"Can't find any condition in gate node [{step.id}]."
        )
        return None
    missing = (
        "Type"
        if not gate.signal.HasField("type")
        else "OutputVariableName"
        if not gate.signal.output_variable_name
        else None
    )
    if missing:
        compiler.errors.add(
            "ValueRequired", step.id, f"Value required [GateNode.Signal.{missing}]."
        )
        return None
    found = interface_pb2.TypedInterface()
    found.outputs.variables[gate.signal.output_variable_name].type.CopyFrom(gate.signal.type)
    return found
