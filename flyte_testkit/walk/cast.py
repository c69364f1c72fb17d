"""What an execution plays that has nodes: a compiled workflow, and the script of each of its nodes.

Ignorant of how names become nodes, and of what is played when.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flyteidl.core import compiler_pb2, identifier_pb2

    from flyte_testkit import nodes
    from flyte_testkit.timeline import Timeline

    Child = Timeline | nodes.Workflow | nodes.Where

__all__ = ["Cast"]


@dataclass(frozen=True, eq=False)
class Cast:
    """Who plays what.

    Attributes:
        closure: The workflow as FlyteAdmin compiled it, start-node and end-node included.
        script: What was written, for messages and reports; what the tasks do that it does not
            name, and what comes before the execution runs.
        nodes: The scripted nodes by their path of ids in the workflow: ``("n0",)`` at the top,
            ``("n1", "n0")`` inside a sub-workflow, ``("n2", "n2-n0")`` an arm of a branch,
            ``("fn0",)`` the failure node.
        outputs: What the whole, ``()``, and sub-workflows give that say so; it stands for what
            their end-nodes are bound to.
        children: What the launch plans do that nodes launch, as far as these say so themselves.
        yielded: The workflows that dynamic tasks yield, compiled, by the paths of their nodes.
    """

    closure: compiler_pb2.CompiledWorkflowClosure
    script: nodes.Workflow | nodes.Where
    nodes: Mapping[tuple[str, ...], nodes.Node] = field(default_factory=dict)
    outputs: Mapping[tuple[str, ...], Mapping[str, object]] = field(default_factory=dict)
    children: Sequence[tuple[identifier_pb2.Identifier, Child]] = ()
    yielded: Mapping[tuple[str, ...], compiler_pb2.CompiledWorkflowClosure] = field(
        default_factory=dict
    )
