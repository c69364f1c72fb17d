"""How a workflow's own text calls the nodes that stand beside each other.

An execution knows ids alone; names stand in the workflow that it runs, in its sub-workflows, in the
arms of branches, and in what a dynamic task yielded. Ignorant of executions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flyte_testkit.admin.compiler.requirements import target_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flyteidl.core import compiler_pb2, identifier_pb2, workflow_pb2

__all__ = ["NOTHING", "Graph", "short"]

_MAP: Final = re.compile(r"map_(?P<task>.+)_[0-9a-f]{32}-arraynode")
"""What flytekit calls a map of a task."""


class Graph(NamedTuple):
    """Nodes beside each other, by their ids.

    Attributes:
        nodes: The nodes, the failure node among them.
        closure: What they stand in, with the sub-workflows that they refer to.
    """

    nodes: Mapping[str, workflow_pb2.Node]
    closure: compiler_pb2.CompiledWorkflowClosure | None

    @classmethod
    def of(cls, closure: compiler_pb2.CompiledWorkflowClosure | None) -> Graph:
        """Return the nodes at the top of a workflow."""
        if closure is None:
            return NOTHING
        return cls(_by_id(_all_of(closure.primary.template)), closure)

    def name(self, spec_id: str) -> str:
        """Return the full name of a node; empty if it has none."""
        node = self.nodes.get(spec_id)
        return "" if node is None else node.metadata.name

    def launches(self, spec_id: str) -> bool:
        """Say whether a node launches something, as far as is known."""
        node = self.nodes.get(spec_id)
        return node is None or node.workflow_node.HasField("launchplan_ref")

    def below(self, spec_id: str) -> Graph:
        """Return what is inside of a sub-workflow or a branch; nothing of other nodes."""
        node = self.nodes.get(spec_id)
        if node is None or self.closure is None:
            return NOTHING
        if node.WhichOneof("target") == "branch_node":
            return Graph(_by_id(target_nodes(node.branch_node)), self.closure)
        if node.workflow_node.WhichOneof("reference") == "sub_workflow_ref":
            sought = _key(node.workflow_node.sub_workflow_ref)
            for sub in self.closure.sub_workflows:
                if _key(sub.template.id) == sought:
                    return Graph(_by_id(_all_of(sub.template)), self.closure)
        return NOTHING


NOTHING: Final = Graph({}, None)
"""What is known of nodes whose workflow is not: nothing."""


def short(name: str) -> str:
    """Return the short form of a node's name.

    Example:
        >>> short("flows.training.fit"), short(f"flows.map_fit_{'0' * 32}-arraynode")
        ('fit', 'fit')
    """
    last = name.rpartition(".")[2]
    of_a_map = _MAP.fullmatch(last)
    return of_a_map["task"] if of_a_map else last


def _all_of(template: workflow_pb2.WorkflowTemplate) -> Iterable[workflow_pb2.Node]:
    yield from template.nodes
    if template.HasField("failure_node"):
        yield template.failure_node


def _by_id(nodes: Iterable[workflow_pb2.Node]) -> Mapping[str, workflow_pb2.Node]:
    return {node.id: node for node in nodes}


def _key(id_: identifier_pb2.Identifier) -> tuple[str, ...]:
    return id_.project, id_.domain, id_.name, id_.version
