"""A compiled workflow by the names of its nodes: which is meant, and of which kind it is.

A node is meant by its id, by its name, or by the short form of a name with points in it; ``_``
stands for ``-``. What comes first in this list counts. Ignorant of scripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from flyte_testkit.admin.compiler.requirements import target_nodes
from flyte_testkit.nodes._names import same
from flyte_testkit.propeller.places import END, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flyteidl.core import (
        compiler_pb2,
        identifier_pb2,
        interface_pb2,
        tasks_pb2,
        workflow_pb2,
    )

__all__ = ["Compiled", "Scope", "called", "is_map", "kind", "told"]

_MAP: Final = re.compile(r"map_(?P<task>.+)_[0-9a-f]{32}-arraynode")
"""What flytekit calls a map of a task."""

_WORKFLOW: Final = "workflow_node"


def kind(node: workflow_pb2.Node) -> str:
    """Return in a word what a node is.

    Example:
        >>> from flyteidl.core import workflow_pb2
        >>> kind(workflow_pb2.Node(branch_node=workflow_pb2.BranchNode()))
        'branch'
    """
    target = node.WhichOneof("target")
    if target == _WORKFLOW:
        inner = node.workflow_node.WhichOneof("reference")
        return "launch plan" if inner == "launchplan_ref" else "sub-workflow"
    if target == "gate_node":
        return "sleep" if node.gate_node.WhichOneof("condition") == "sleep" else "gate"
    known = {"task_node": "task", "branch_node": "branch", "array_node": "map"}
    return known.get(str(target), "node")


def is_map(task: str) -> bool:
    """Whether a task of this name is a map of another one, as flytekit calls those.

    Example:
        >>> is_map(f"flows.map_fit_{'0' * 32}-arraynode"), is_map("flows.fit")
        (True, False)
    """
    return _MAP.fullmatch(task.rpartition(".")[2]) is not None


def called(node: workflow_pb2.Node) -> str:
    """Return the short name of a node, or its id if it has none.

    Example:
        >>> from flyteidl.core import workflow_pb2
        >>> name = f"flows.map_fit_{'0' * 32}-arraynode"
        >>> called(workflow_pb2.Node(id="n3", metadata=workflow_pb2.NodeMetadata(name=name)))
        'fit'
    """
    return _short(node.metadata.name) or node.id


def told(node: workflow_pb2.Node) -> str:
    """Return a node as a message names it.

    Example:
        >>> from flyteidl.core import workflow_pb2
        >>> name = workflow_pb2.NodeMetadata(name="train")
        >>> told(workflow_pb2.Node(id="n0", metadata=name, task_node=workflow_pb2.TaskNode()))
        "n0 'train' (task)"
    """
    name = called(node)
    return f"{node.id} ({kind(node)})" if name == node.id else f"{node.id} {name!r} ({kind(node)})"


@dataclass(frozen=True, eq=False)
class Scope:
    """Nodes beside each other.

    Attributes:
        path: The ids of the nodes that they are inside of.
        nodes: The nodes, start-node and end-node aside; or the arms of a branch.
        failure_node: Their failure node, if they are a workflow's and it has one.
        whose: What they are inside of, for messages.
        outputs: What the whole of them gives, if they are a workflow's.
    """

    path: tuple[str, ...]
    nodes: Sequence[workflow_pb2.Node]
    failure_node: workflow_pb2.Node | None
    whose: str
    outputs: Mapping[str, interface_pb2.Variable] = field(default_factory=dict)

    def meant(self, name: str) -> list[workflow_pb2.Node]:
        """Return the nodes that may be meant by a name: several if it is ambiguous."""
        spelled = same(name)
        ids, *others = self._index
        return ids.get(name) or next((one[spelled] for one in others if spelled in one), [])

    @property
    def names(self) -> list[str]:
        """All names of all nodes, for near misses."""
        return list(dict.fromkeys(name for node in self.nodes for name in (called(node), node.id)))

    @cached_property
    def _index(self) -> tuple[dict[str, list[workflow_pb2.Node]], ...]:
        """The nodes by what they may be called: what comes first counts."""
        found: tuple[dict[str, list[workflow_pb2.Node]], ...] = ({}, {}, {}, {})
        for node in self.nodes:
            name = node.metadata.name
            short = {same(_short(one)) for one in (name, _referred(node)) if one}
            for index, names in zip(
                found, ({node.id}, {same(node.id)}, {same(name)}, short), strict=True
            ):
                for one in names:
                    index.setdefault(one, []).append(node)
        return found


class Compiled:
    """A compiled workflow, with what its nodes refer to.

    Args:
        closure: As FlyteAdmin compiled it.
        path: The ids of the nodes that it is inside of, if a dynamic task yields it.
        whose: What it is, for messages; its name, if nothing is said.
    """

    def __init__(
        self,
        closure: compiler_pb2.CompiledWorkflowClosure,
        path: tuple[str, ...] = (),
        whose: str = "",
    ) -> None:
        self.closure = closure
        template = closure.primary.template
        self.name = template.id.name
        self.top = _scope(path, template, whose or repr(self.name))

    def below(self, scope: Scope, node: workflow_pb2.Node) -> Scope:
        """Return what is inside of a sub-workflow or a branch."""
        path = (*scope.path, node.id)
        if kind(node) == "branch":
            whose = f"{called(node)!r} ({node.id}) of {scope.whose}"
            return Scope(path, target_nodes(node.branch_node), None, whose)
        template = self._sub_workflows[_key(node.workflow_node.sub_workflow_ref)]
        return _scope(path, template, f"{called(node)!r} ({node.id}) of {scope.whose}")

    def task(self, node: workflow_pb2.Node) -> tasks_pb2.TaskTemplate:
        """Return what a node runs, or maps."""
        return self._tasks[_key(_inner(node).task_node.reference_id)]

    def retries(self, node: workflow_pb2.Node) -> int:
        """Return how often the task of a node is tried again: what the node says, or the task."""
        return _inner(node).metadata.retries.retries or self.task(node).metadata.retries.retries

    def everywhere(self, scope: Scope | None = None) -> Iterator[tuple[Scope, workflow_pb2.Node]]:
        """Yield all nodes at whatever depth, each with the nodes beside it."""
        scope = self.top if scope is None else scope
        failure_nodes = [] if scope.failure_node is None else [scope.failure_node]
        for node in (*scope.nodes, *failure_nodes):
            yield scope, node
            if kind(node) in {"branch", "sub-workflow"}:
                yield from self.everywhere(self.below(scope, node))

    def way_to(self, scope: Scope, name: str) -> Sequence[tuple[Scope, workflow_pb2.Node]]:
        """Return what a node of a name is inside of, the outermost first; nothing if none is."""
        todo: list[tuple[tuple[tuple[Scope, workflow_pb2.Node], ...], Scope]] = [((), scope)]
        for way, beside in todo:  # whatever is less deep comes first
            if way and beside.meant(name):
                return way
            todo += [
                ((*way, (beside, node)), self.below(beside, node))
                for node in beside.nodes
                if kind(node) in {"branch", "sub-workflow"}
            ]
        return ()

    def source(self, scope: Scope, id_: str) -> workflow_pb2.Node | None:
        """Return the node whose script says what one gives: not a gate that only lets it pass.

        Args:
            scope: Where somebody asks for what is given; the arms of a branch ask around it.
            id_: The id of the node.
        """
        found = None
        for beside, node in self.everywhere():
            if node.id == id_ and scope.path[: len(beside.path)] == beside.path:
                found = beside, node  # the nearest comes last
        if found is None:
            return None
        beside, node = found
        if not node.gate_node.HasField("approve"):
            return node
        passed = [one.binding.promise.node_id for one in node.inputs]
        earlier = self.source(beside, passed[0]) if passed and passed[0] else None
        return earlier or node

    @cached_property
    def _tasks(self) -> Mapping[tuple[str, ...], tasks_pb2.TaskTemplate]:
        return {_key(task.template.id): task.template for task in self.closure.tasks}

    @cached_property
    def _sub_workflows(self) -> Mapping[tuple[str, ...], workflow_pb2.WorkflowTemplate]:
        return {_key(sub.template.id): sub.template for sub in self.closure.sub_workflows}


def _inner(node: workflow_pb2.Node) -> workflow_pb2.Node:
    """Return the node that runs a task: of a map the one that is mapped."""
    return node.array_node.node if node.HasField("array_node") else node


def _scope(path: tuple[str, ...], template: workflow_pb2.WorkflowTemplate, whose: str) -> Scope:
    nodes = [node for node in template.nodes if node.id not in {START, END}]
    failure_node = template.failure_node if template.HasField("failure_node") else None
    return Scope(path, nodes, failure_node, whose, template.interface.outputs.variables)


def _key(id_: identifier_pb2.Identifier) -> tuple[str, ...]:
    return id_.project, id_.domain, id_.name, id_.version


def _short(name: str) -> str:
    last = name.rpartition(".")[2]
    of_a_map = _MAP.fullmatch(last)
    return of_a_map["task"] if of_a_map else last


def _referred(node: workflow_pb2.Node) -> str:
    if node.WhichOneof("target") == _WORKFLOW:
        reference = node.workflow_node.WhichOneof("reference")
        return "" if reference is None else getattr(node.workflow_node, reference).name
    if node.HasField("gate_node"):
        return node.gate_node.approve.signal_id or node.gate_node.signal.signal_id
    return node.task_node.reference_id.name
