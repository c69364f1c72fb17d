"""Read the tree of a run: which node failed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flytekit.models.core.execution import NodeExecutionPhase
from flytekit.remote import FlyteNodeExecution, FlyteWorkflowExecution

__all__ = ["Failure", "failure_of", "walk"]

FAILED = {NodeExecutionPhase.FAILED, NodeExecutionPhase.TIMED_OUT}


@dataclass(frozen=True)
class Failure:
    """Where a run failed, and why.

    Attributes:
        where: The ids of the nodes on the way down, such as ``n1 / n1-0-n0``.
        attempts: How many attempts its task had.
        code: Such as ``RetriesExhausted|OOMKilled``; empty if Flyte says nothing.
        message: What Flyte says of it.
    """

    where: str
    attempts: int
    code: str
    message: str


def walk(
    nodes: Mapping[str, FlyteNodeExecution], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FlyteNodeExecution]]:
    """Visit all nodes with the ids on the way to them, a node before those inside it.

    Inside are the nodes of sub-workflows, branches and dynamics, and those of executions that a
    launch plan node launched.
    """
    for node_id, node in nodes.items():
        path = (*above, node_id)
        yield path, node
        yield from walk(node.subworkflow_node_executions or {}, path)
        for child in node.workflow_executions:
            yield from walk(child.node_executions, path)


def failure_of(execution: FlyteWorkflowExecution) -> Failure | None:
    """Find the failure that a run died of: the deepest node that failed, and first.

    Nodes that were ABORTED fell with it and are no cause. The execution must have been synced with
    its nodes.
    """
    failed = [
        (path, node)
        for path, node in walk(execution.node_executions)
        if node.closure.phase in FAILED
    ]
    inner = [
        (path, node)
        for path, node in failed
        if not any(other[: len(path)] == path and other != path for other, _ in failed)
    ]
    if not inner:
        return None
    path, node = min(inner, key=lambda found: found[1].closure.updated_at)
    error = node.closure.error or execution.error  # a node that makes a deck forgets its error
    return Failure(
        where=" / ".join(path),
        attempts=len(node.task_executions),
        code=error.code if error else "",
        message=error.message if error else "",
    )
