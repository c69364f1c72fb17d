"""What a workflow refers to and must therefore exist: tasks, launch plans, sub-workflows (§6).

Ignorant of what nodes bind and of how references are looked up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyte_testkit.admin.compiler.errors import CompileErrors, RequirementErrors
from flyte_testkit.admin.go.prototext import prototext

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

    Each sub-workflow is looked through once, however often it is used. Sub-workflows that use each
    other make the real compiler recurse until its process dies; here that is an error in
    :attr:`Requirements.errors`.
    """
    found = Requirements()
    path = {
        "": _all_nodes(template)
    }  # the workflows that are being looked through, outermost first
    seen: set[str] = set()
    while path:
        node = next(path[next(reversed(path))], None)
        if node is None:
            path.popitem()
        elif node.task_node.HasField("reference_id"):
            task = node.task_node.reference_id
            found.tasks[prototext(task)] = task
        elif node.workflow_node.HasField("launchplan_ref"):
            launch_plan = node.workflow_node.launchplan_ref
            found.launch_plans[prototext(launch_plan)] = launch_plan
        elif node.workflow_node.HasField("sub_workflow_ref"):
            key = prototext(node.workflow_node.sub_workflow_ref)
            if key in path:
                cycle = ">".join([*path, key][1:])
                found.errors.add(
                    "CycleDetected",
                    node.id,
                    f"A cycle has been detected while traversing the Workflow [{cycle}].",
                )
            elif key not in sub_workflows:
                found.errors.add(
                    "WorkflowReferenceNotFound", node.id, f"Referenced Workflow [{key}] not found."
                )
            elif key not in seen:  # else it was looked through already
                seen.add(key)
                path[key] = _all_nodes(sub_workflows[key].template)
    return found


def _all_nodes(template: workflow_pb2.WorkflowTemplate) -> Iterator[workflow_pb2.Node]:
    """Return every node of a workflow, at whatever depth of branches and arrays."""
    todo = deque(template.nodes)
    if template.HasField("failure_node"):
        todo.append(template.failure_node)
    while todo:
        node = todo.popleft()
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
