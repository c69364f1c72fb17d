"""Which kinds of nodes there are, and who plays each of them.

A kind that nobody plays is refused before anything runs.

Ignorant of what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.walk.arrays import plays_array
from flyte_testkit.walk.branches import plays_branch
from flyte_testkit.walk.gates import plays_gate, plays_sleep
from flyte_testkit.walk.launch_plans import plays_launch_plan
from flyte_testkit.walk.sparing import may_be_spared, unless_spared
from flyte_testkit.walk.subworkflows import plays_subworkflow
from flyte_testkit.walk.tasks import plays_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from flyteidl.core import compiler_pb2, literals_pb2, workflow_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.walk.company import Play
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["UnplayableError", "kind_of", "play", "unplayable"]

PLAYED: Final[Mapping[str, Play]] = {
    "task": plays_task,
    "sub-workflow": plays_subworkflow,
    "branch": plays_branch,
    "gate": plays_gate,
    "sleep": plays_sleep,
    "map": plays_array,
    "launch plan": plays_launch_plan,
}
"""Who plays which kind."""

_TARGETS: Final = {"task_node": "task", "branch_node": "branch", "array_node": "map"}
_SHOWN: Final = 5
_YET: Final = f"of kinds, only {', '.join(PLAYED)} can be played yet"


class UnplayableError(FlyteTestkitError):
    """A node is reached whose kind nobody plays."""


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
    if target == "array_node" and not node.array_node.node.HasField("task_node"):
        return "map of what is no task"  # FlyteAdmin 1.16.8 takes none that flytekit sends
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
        UnplayableError: Nobody plays its kind.
    """
    kind = kind_of(site.node)
    if kind not in PLAYED:
        raise UnplayableError(f"node {site.node.id!r} is a {kind}; {_YET}.")
    if may_be_spared(site, around):
        return unless_spared(site, inputs, around, at, PLAYED[kind])
    return PLAYED[kind](site, inputs, around, at)


def unplayable(closure: compiler_pb2.CompiledWorkflowClosure) -> str:
    """Return why a compiled workflow cannot be played yet; empty if it can.

    Args:
        closure: The workflow, with its sub-workflows.
    """
    templates = [closure.primary.template, *(one.template for one in closure.sub_workflows)]
    found = [
        f"node {node.id!r} of {template.id.name!r} is a {kind}"
        for template in templates
        for node in _all_of(_nodes(template))
        if (kind := kind_of(node)) and kind not in PLAYED
    ]
    if not found:
        return ""
    more = f" and {len(found) - _SHOWN} more like them" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}; {_YET}"


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
