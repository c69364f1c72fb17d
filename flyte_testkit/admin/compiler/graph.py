"""A workflow while it is compiled: its nodes, what they take and give, the edges, and the errors.

Ignorant of what nodes do: it only knows who waits for whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flyteidl.core import compiler_pb2, interface_pb2

from flyte_testkit.admin.compiler.requirements import target_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import workflow_pb2

    from flyte_testkit.admin.compiler.errors import CompileErrors

__all__ = ["END", "START", "Graph", "Site", "Step"]

START = "start-node"
END = "end-node"


@dataclass(eq=False)
class Step:
    """A node, with what the compiler found out about it.

    Attributes:
        node: The node in the template that is compiled; what changes here changes there.
        interface: What it takes and gives, once that is known to be sound.
    """

    node: workflow_pb2.Node
    interface: interface_pb2.TypedInterface | None = None

    @property
    def id(self) -> str:
        """The node's id."""
        return self.node.id

    @cached_property
    def inner(self) -> list[Step]:
        """The nodes that a branch chooses among."""
        return [Step(node) for node in target_nodes(self.node.branch_node)]

    @property
    def inputs(self) -> Mapping[str, interface_pb2.Variable]:
        """What it takes, by name."""
        return {} if self.interface is None else self.interface.inputs.variables

    def outputs(self, errors: CompileErrors) -> Mapping[str, interface_pb2.Variable] | None:
        """Return what it gives, by alias where there is one; None if that is not sound."""
        before = errors.count
        aliases: dict[str, str] = {}
        for alias in self.node.output_aliases:
            if alias.var in aliases:
                errors.add(
                    "DuplicateAlias",
                    self.id,
                    f"Duplicate alias [{alias.alias}] found. "
                    "An output alias can only be used once in the Workflow.",
                )
            else:
                aliases[alias.var] = alias.alias
        if self.interface is None:
            return None
        variables = self.interface.outputs.variables
        for unknown in aliases.keys() - variables.keys():
            errors.add("ParameterNotBound", self.id, f"Parameter not bound [{aliases[unknown]}].")
        if errors.count > before:
            return None
        return {aliases.get(name, name): variable for name, variable in variables.items()}


class Graph:
    """The top-level nodes of one workflow, in the order in which they were added, and all edges."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.upstream: dict[str, set[str]] = {}
        self.downstream: dict[str, set[str]] = {}

    def add(self, step: Step) -> bool:
        """Add a node, unless one of its id is there."""
        if step.id in self.steps:
            return False
        self.steps[step.id] = step
        return True

    def waits(self, earlier: str, later: str) -> None:
        """Note that a node waits for another, as the waiting one sees it."""
        self.upstream.setdefault(later, set()).add(earlier or START)

    def follows(self, earlier: str, later: str) -> None:
        """Note that a node waits for another, as both see it."""
        self.waits(earlier, later)
        self.downstream.setdefault(earlier or START, set()).add(later)

    def connections(self) -> compiler_pb2.ConnectionSet:
        """Return all edges as the compiled workflow lists them."""
        return compiler_pb2.ConnectionSet(
            upstream=_id_lists(self.upstream), downstream=_id_lists(self.downstream)
        )

    def check_reachable(self, errors: CompileErrors) -> None:
        """Note a cycle, or else nodes that nothing leads to from the start."""
        visited = {START}
        path = {START: None}  # in order, and quick to ask
        todo = [self._after(START)]
        while todo:
            if not todo[-1]:
                todo.pop()
                path.popitem()
                continue
            node = todo[-1].pop()
            if node in path:
                errors.add(
                    "CycleDetected",
                    START,
                    "A cycle has been detected while traversing the Workflow "
                    f"[{'>'.join([*path, node])}].",
                )
                return
            if node not in visited:
                visited.add(node)
                path[node] = None
                todo.append(self._after(node))
        unreachable = [id_ for id_ in self.steps if id_ not in visited and id_ != END]
        if unreachable:
            errors.add(
                "UnreachableNodes",
                START,
                f"The Workflow contain unreachable nodes [{','.join(unreachable)}].",
            )

    def _after(self, node: str) -> list[str]:
        """Return the nodes that follow on one, the last first."""
        return sorted(self.downstream.get(node, ()), reverse=True)


@dataclass(frozen=True)
class Site:
    """Where one workflow is put together: what there is of it, and what was found wrong.

    Attributes:
        graph: The nodes and edges so far.
        errors: Where to note what is wrong; several workflows may share it.
    """

    graph: Graph
    errors: CompileErrors

    def note(self, code: str, step: Step, description: str) -> None:
        """Note that something is wrong with a node."""
        self.errors.add(code, step.id, description)

    def not_bound(self, step: Step, name: str) -> None:
        """Note that an input of a node is not bound."""
        self.note("ParameterNotBound", step, f"Parameter not bound [{name}].")


def _id_lists(edges: Mapping[str, set[str]]) -> dict[str, compiler_pb2.ConnectionSet.IdList]:
    return {
        node: compiler_pb2.ConnectionSet.IdList(ids=sorted(others, key=str.encode))
        for node, others in edges.items()
    }
