"""What a workflow refers to and must therefore exist: tasks, launch plans, sub-workflows (§6).

Ignorant of what nodes bind and of how references are looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyte_testkit.admin.compiler.errors import CompileErrors, RequirementErrors
from flyte_testkit.admin.prototext import prototext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flyteidl.core import compiler_pb2, identifier_pb2, workflow_pb2

__all__ = ["Requirements", "index_sub_workflows", "requirements", "target_nodes"]


@dataclass
class Requirements:
    """References by the text they print as, which is what the compiler compares them by.

    Attributes:
        tasks: What the workflow and the sub-workflows it uses run as tasks.
        launch_plans: What they launch.
        errors: Sub-workflows that are used and were not sent along.
    """

    tasks: dict[str, identifier_pb2.Identifier] = field(default_factory=dict)
    launch_plans: dict[str, identifier_pb2.Identifier] = field(default_factory=dict)
    errors: CompileErrors = field(default_factory=CompileErrors)


def index_sub_workflows(
    sub_workflows: Iterable[compiler_pb2.CompiledWorkflow],
) -> dict[str, compiler_pb2.CompiledWorkflow]:
    """Return the sub-workflows that were sent along by the text of their ids.

    Raises:
        RequirementErrors: One has no id (with no error in it), or two have the same.
    """
    errors = RequirementErrors()
    found: dict[str, compiler_pb2.CompiledWorkflow] = {}
    for workflow in sub_workflows:
        if not workflow.template.HasField("id"):
            raise errors
        key = prototext(workflow.template.id)
        if key in found:
            errors.add("DuplicateId", key, "Trying to insert two nodes with the same id.")
        found[key] = workflow
    errors.raise_if_any()
    return found


def requirements(
    template: workflow_pb2.WorkflowTemplate,
    sub_workflows: Mapping[str, compiler_pb2.CompiledWorkflow],
) -> Requirements:
    """Return all that a workflow refers to, through the sub-workflows that it uses.

    Sub-workflows that use each other make the real compiler recurse until its process dies; here
    that is an error in :attr:`Requirements.errors`.
    """
    found = Requirements()
    _visit(template, sub_workflows, found, ())
    return found


def _visit(
    template: workflow_pb2.WorkflowTemplate,
    sub_workflows: Mapping[str, compiler_pb2.CompiledWorkflow],
    found: Requirements,
    path: tuple[str, ...],
) -> None:
    for node in _all_nodes(template):
        if node.task_node.HasField("reference_id"):
            task = node.task_node.reference_id
            found.tasks[prototext(task)] = task
        elif node.workflow_node.HasField("launchplan_ref"):
            launch_plan = node.workflow_node.launchplan_ref
            found.launch_plans[prototext(launch_plan)] = launch_plan
        elif node.workflow_node.HasField("sub_workflow_ref"):
            key = prototext(node.workflow_node.sub_workflow_ref)
            if key in path:
                cycle = ">".join((*path, key))
                found.errors.add(
                    "CycleDetected",
                    node.id,
                    f"A cycle has been detected while traversing the Workflow [{cycle}].",
                )
            elif key in sub_workflows:
                _visit(sub_workflows[key].template, sub_workflows, found, (*path, key))
            else:
                found.errors.add(
                    "WorkflowReferenceNotFound", node.id, f"Referenced Workflow [{key}] not found."
                )


def _all_nodes(template: workflow_pb2.WorkflowTemplate) -> Iterator[workflow_pb2.Node]:
    """Return every node of a workflow, at whatever depth of branches and arrays."""
    todo = [*template.nodes]
    if template.HasField("failure_node"):
        todo.append(template.failure_node)
    while todo:
        node = todo.pop(0)
        yield node
        if node.HasField("branch_node"):
            todo += target_nodes(node.branch_node)
        elif node.array_node.HasField("node"):
            todo.append(node.array_node.node)


def target_nodes(branch: workflow_pb2.BranchNode) -> list[workflow_pb2.Node]:
    """Return the nodes that a branch chooses among, in the order of its cases."""
    block = branch.if_else
    found = [case.then_node for case in (block.case, *block.other) if case.HasField("then_node")]
    return [*found, block.else_node] if block.HasField("else_node") else found
