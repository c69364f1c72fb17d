"""What each kind of node takes and gives (§6).

Ignorant of edges, except that approvals and branches learn what they take from what they are given,
and of the conditions of branches.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2

from flyte_testkit.admin.compiler.bindings import bind, check_variables
from flyte_testkit.admin.compiler.graph import Step
from flyte_testkit.admin.compiler.type_text import type_text
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import workflow_pb2

    from flyte_testkit.admin.compiler.compilation import Compilation

__all__ = ["find_interface"]


def find_interface(site: Compilation, step: Step) -> interface_pb2.TypedInterface | None:
    """Return what a node takes and gives, and remember it; None after noting what is wrong.

    The interface is a copy, so that nothing can change the task's or the launch plan's own.
    """
    if step.interface is not None:
        return step.interface
    before = site.errors.count
    found = _find(site, step)
    if found is not None:
        check_variables(step.id, found, site.errors)
    if site.errors.count > before:
        return None
    step.interface = found
    return found


def _find(site: Compilation, step: Step) -> interface_pb2.TypedInterface | None:
    target = step.node.WhichOneof("target")
    if target == "task_node":
        return _of_task(site, step)
    if target == "workflow_node":
        return _of_workflow(site, step)
    if target == "branch_node":
        return _of_branch(site, step)
    if target == "gate_node":
        return _of_gate(site, step)
    if target == "array_node":
        # Its own interface is the one of the node that it repeats: clients make lists of both.
        inside = find_interface(site, Step(step.node.array_node.node))
        return None if inside is None else deepcopy(inside)
    site.note("ValueRequired", step, "Value required [Target].")
    return None


def _of_task(site: Compilation, step: Step) -> interface_pb2.TypedInterface | None:
    node = step.node.task_node
    if not node.HasField("reference_id"):
        site.note("ValueRequired", step, "Value required [TaskNode.ReferenceId].")
        return None
    task = site.library.tasks.get(prototext(node.reference_id))
    if task is None:
        site.note(
            "TaskReferenceNotFound",
            step,
            f"Referenced Task [{prototext(node.reference_id)}] not found.",
        )
        return None
    if task.template.HasField("interface"):  # it goes into the closure with both sides, sent or not
        task.template.interface.inputs.SetInParent()
        task.template.interface.outputs.SetInParent()
    return deepcopy(task.template.interface)


def _of_workflow(site: Compilation, step: Step) -> interface_pb2.TypedInterface | None:
    node = step.node.workflow_node
    reference = node.WhichOneof("reference")
    if reference == "launchplan_ref":
        return _of_launch_plan(site, step, node)
    text = "<nil>/<nil>" if reference is None else prototext(node.sub_workflow_ref)
    workflow = site.library.sub_workflows.get(text)
    if workflow is None:
        site.note("WorkflowReferenceNotFound", step, f"Referenced Workflow [{text}] not found.")
        return None
    if not workflow.template.HasField("interface"):
        site.note("ValueRequired", step, "Value required [WorkflowNode.Template.Interface].")
        return None
    return deepcopy(workflow.template.interface)


def _of_launch_plan(
    site: Compilation, step: Step, node: workflow_pb2.WorkflowNode
) -> interface_pb2.TypedInterface | None:
    """Take the inputs that are required, and those with a default that the node binds."""
    text = prototext(node.launchplan_ref)
    closure = site.library.launch_plans.get(text)
    if closure is None:
        site.note("WorkflowReferenceNotFound", step, f"Referenced Workflow [{text}] not found.")
        return None
    for field, name in (("inputs", "ExpectedInputs"), ("outputs", "ExpectedOutputs")):
        if not closure.HasField(f"expected_{field}"):
            site.note("ValueRequired", step, f"Value required [WorkflowNode.{name}].")
    found = interface_pb2.TypedInterface(outputs=closure.expected_outputs)
    bound = {binding.var for binding in step.node.inputs}
    for name, parameter in closure.expected_inputs.parameters.items():
        if parameter.required or name in bound:
            found.inputs.variables[name].CopyFrom(parameter.var)
    return found


def _of_gate(site: Compilation, step: Step) -> interface_pb2.TypedInterface | None:
    gate = step.node.gate_node
    condition = gate.WhichOneof("condition")
    if condition == "approve":
        given = bind(site, step, step.node.inputs, None, both_ways=False)
        return interface_pb2.TypedInterface(inputs=given, outputs=given)
    if condition == "sleep":
        return interface_pb2.TypedInterface()
    if condition is None:
        site.note("NoConditionFound", step, f"Can't find any condition in gate node [{step.id}].")
        return None
    missing = (
        "Type"
        if not gate.signal.HasField("type")
        else "OutputVariableName"
        if not gate.signal.output_variable_name
        else None
    )
    if missing:
        site.note("ValueRequired", step, f"Value required [GateNode.Signal.{missing}].")
        return None
    found = interface_pb2.TypedInterface()
    found.outputs.variables[gate.signal.output_variable_name].type.CopyFrom(gate.signal.type)
    return found


def _of_branch(site: Compilation, step: Step) -> interface_pb2.TypedInterface | None:
    """Return what a branch takes, which its bindings say, and gives, which all its cases give.

    On the way the nodes inside get the id of the branch in front of their own.
    """
    missing = _missing(step.node.branch_node)
    if missing:
        site.note("ValueRequired", step, f"Value required [{missing}].")
        return None
    before = site.errors.count
    for case in step.node.branch_node.if_else.other:
        if not case.HasField("then_node"):
            site.note("ValueRequired", step, "Value required [IfElse.Case.ThenNode].")
    outputs: dict[str, interface_pb2.Variable] | None = None
    for inner in step.inner:
        inner.node.id = f"{step.id}-{inner.id}"
        found = find_interface(site, inner)
        if found is not None:
            given = found.outputs.variables
            outputs = dict(given) if outputs is None else _common(site, inner, outputs, given)
    inputs = bind(site, step, step.node.inputs, None, both_ways=False)
    if site.errors.count > before or outputs is None:
        return None
    return interface_pb2.TypedInterface(
        inputs=inputs, outputs=interface_pb2.VariableMap(variables=outputs)
    )


def _missing(branch: workflow_pb2.BranchNode) -> str | None:
    """Return the first thing without which a branch has no interface."""
    if not branch.HasField("if_else"):
        return "Branch.IfElse"
    if not branch.if_else.HasField("case"):
        return "Branch.IfElse.Case"
    if not branch.if_else.case.HasField("then_node"):
        return "Branch.IfElse.Case.ThenNode"
    return None


def _common(
    site: Compilation,
    step: Step,
    outputs: Mapping[str, interface_pb2.Variable],
    given: Mapping[str, interface_pb2.Variable],
) -> dict[str, interface_pb2.Variable]:
    """Return the outputs that one more case gives too, which must be of the same types."""
    common = {name: variable for name, variable in outputs.items() if name in given}
    for name, variable in common.items():
        if prototext(variable.type) != prototext(given[name].type):
            first, second = type_text(variable.type), type_text(given[name].type)
            site.note(
                "MismatchingTypes",
                step,
                f"Variable [{name}] (type [{first}]) doesn't match expected type [{second}].",
            )
    return common
