"""Which kinds of nodes there are, and who plays each of them.

A kind that nobody plays is refused before anything runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyte_testkit.nodes import Task
from flyte_testkit.timeline import Succeeds
from flyte_testkit.walk.branches import plays_branch
from flyte_testkit.walk.subworkflows import plays_subworkflow
from flyte_testkit.walk.tasks import plays_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from flyteidl.core import literals_pb2, workflow_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.nodes import Node
    from flyte_testkit.walk.cast import Cast
    from flyte_testkit.walk.company import Play
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["kind_of", "play", "unplayable"]

PLAYED: Final[Mapping[str, Play]] = {
    "task": plays_task,
    "sub-workflow": plays_subworkflow,
    "branch": plays_branch,
}
"""Who plays which kind."""

_TARGETS: Final = {"task_node": "task", "branch_node": "branch", "array_node": "map"}
_FAILURE_NODE: Final = "fn0"
_SHOWN: Final = 5


def kind_of(node: workflow_pb2.Node) -> str:
    """Return the kind of a node; empty for a start or an end.

    A dynamic task is defined as any task is, so it is one.
    """
    target = node.WhichOneof("target") or ""
    if target == "workflow_node":
        is_inner = node.workflow_node.HasField("sub_workflow_ref")
        return "sub-workflow" if is_inner else "launch plan"
    if target == "gate_node":
        return "sleep" if node.gate_node.HasField("sleep") else "gate"
    return _TARGETS.get(target, "")


def play(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a node of any kind; the result are its outputs.

    Args:
        site: Where it stands.
        inputs: What it is given.
        around: The scope that it is in.
        at: When it is queued.

    Raises:
        NodeFailed: It has failed, and has said so.
    """
    return PLAYED[kind_of(site.node)](site, inputs, around, at)


def unplayable(cast: Cast) -> str:
    """Return why a compiled workflow cannot be played yet; empty if it can.

    Nodes that come after one that is scripted not to succeed are never reached, so it does not
    matter of which kind they are.

    Args:
        cast: The workflow with its sub-workflows, and who plays what.
    """
    closure = cast.closure
    ends_here = {
        path[0] for path, node in cast.nodes.items() if _FAILURE_NODE not in path and _stays(node)
    }
    after = closure.primary.connections.downstream
    todo, beyond = list(ends_here), set[str]()
    while todo:
        later = set(after[todo.pop()].ids) - beyond
        beyond |= later
        todo += later
    found = [
        f"node {node.id!r} of {template.id.name!r} is a {kind}"
        for template in (closure.primary.template, *(one.template for one in closure.sub_workflows))
        for node in _all_of(_nodes(template))
        if (kind := kind_of(node))
        and kind not in PLAYED
        and not (template is closure.primary.template and node.id in beyond)
    ]
    if not found:
        return ""
    more = f" and {len(found) - _SHOWN} more are not tasks either" if len(found) > _SHOWN else ""
    return (
        f"{', '.join(found[:_SHOWN])}{more}; only tasks, sub-workflows and branches can be played"
        " yet"
    )


def _stays(node: Node) -> bool:
    """Whether what comes after a node is never reached."""
    if not isinstance(node, Task) or not node.attempts:
        return False
    return not isinstance(node.attempts[-1].ending, Succeeds)


def _nodes(template: workflow_pb2.WorkflowTemplate) -> Iterator[workflow_pb2.Node]:
    yield from template.nodes
    if template.HasField("failure_node"):
        yield template.failure_node


def _all_of(nodes: Iterable[workflow_pb2.Node]) -> Iterator[workflow_pb2.Node]:
    """Yield nodes, and those in their arms."""
    for node in nodes:
        yield node
        if node.HasField("branch_node"):
            if_else = node.branch_node.if_else
            arms = [case.then_node for case in (if_else.case, *if_else.other)]
            if if_else.HasField("else_node"):
                arms.append(if_else.else_node)
            yield from _all_of(arms)
