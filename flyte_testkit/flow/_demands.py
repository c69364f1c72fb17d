"""What the nodes of a workflow ask of each other's outputs.

A promise with a path asks for a part; a list that is mapped over has an element; a node takes what
its interface says. What is asked of a branch is asked of its arms, what is asked of a sub-workflow
or an approval is passed on to what they are given. Ignorant of values.
"""

from __future__ import annotations

from collections import defaultdict
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from flyte_testkit.flow._bindings import START, split
from flyte_testkit.flow._demand import EACH, Demand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flyteidl.core import (
        compiler_pb2,
        identifier_pb2,
        interface_pb2,
        literals_pb2,
        types_pb2,
        workflow_pb2,
    )

    from flyte_testkit.flow._demand import Path

    Asked = Mapping[str, Demand]  # of outputs, or of inputs, by name
    Found = defaultdict[str, dict[str, Demand]]

__all__ = ["demands"]

_NOTHING = Demand()


def demands(
    template: workflow_pb2.WorkflowTemplate,
    closure: compiler_pb2.CompiledWorkflowClosure,
    asked: Asked | None = None,
) -> Mapping[str, Mapping[str, Demand]]:
    """Return what is asked of each node's outputs, by the node's id and the output's name.

    Arms of branches have ids of their own and are among them; nodes of sub-workflows are not: ask
    for those with the sub-workflow's template, and with what is asked of its node. What is asked of
    the inputs of the whole stands under ``"start-node"``.

    Args:
        template: A workflow.
        closure: Where its tasks and sub-workflows are found.
        asked: What is asked of the workflow's own outputs.
    """
    return _Reader(closure).scope(template, asked or {})


class _Reader:
    """Reads demands off templates; a sub-workflow of which the same is asked is read once."""

    def __init__(self, closure: compiler_pb2.CompiledWorkflowClosure) -> None:
        self._tasks = {_key(task.template.id): task.template for task in closure.tasks}
        self._workflows = {_key(one.template.id): one.template for one in closure.sub_workflows}
        self._read: dict[object, Mapping[str, Mapping[str, Demand]]] = {}

    def scope(
        self, template: workflow_pb2.WorkflowTemplate, asked: Asked
    ) -> Mapping[str, Mapping[str, Demand]]:
        """Return what is asked in one workflow."""
        found: Found = defaultdict(dict)
        wanted = _joined(_declared(template.interface.outputs), asked)
        _give(template.outputs, wanted, found)
        nodes = {node.id: node for node in template.nodes}
        if template.HasField("failure_node"):
            self._ask(template.failure_node, {}, found)
        for id_ in _consumers_first(nodes):
            if nodes[id_].WhichOneof("target"):  # the end's inputs are the workflow's outputs
                self._ask(nodes[id_], found[id_], found)
        return {id_: asked for id_, asked in found.items() if asked}

    def _ask(self, node: workflow_pb2.Node, asked: Asked, found: Found) -> None:
        """Note what a node asks, of whose own outputs all is known that is asked."""
        for inner in _arms(node):
            found[inner.id] = dict(asked)
            self._ask(inner, asked, found)
        _give(node.inputs, self._taken(node, asked), found)

    def _taken(self, node: workflow_pb2.Node, asked: Asked) -> Asked:
        """Return what a node asks of its inputs."""
        target = node.WhichOneof("target")
        if target == "task_node":
            task = self._tasks.get(_key(node.task_node.reference_id))
            return {} if task is None else _declared(task.interface.inputs)
        if target == "workflow_node":
            return self._taken_inside(node.workflow_node, asked)
        if target == "gate_node" and node.gate_node.HasField("approve"):
            return asked  # what is approved is passed on
        if target == "array_node":
            return self._mapped(node)
        return {}

    def _taken_inside(self, node: workflow_pb2.WorkflowNode, asked: Asked) -> Asked:
        """Return what a sub-workflow's nodes ask of its inputs; launch plans keep their own."""
        key = _key(node.sub_workflow_ref)
        template = self._workflows.get(key)
        if template is None:
            return {}
        memory = (key, frozenset(asked.items()))
        if memory not in self._read:
            self._read[memory] = self.scope(template, asked)
        inside = self._read[memory].get(START, {})
        return _joined(_declared(template.interface.inputs), inside)

    def _mapped(self, node: workflow_pb2.Node) -> Asked:
        """Return what an array node asks: lists of one size, but for the inputs that are bound.

        The interface of a map task of flytekit has lists, that of any other node has elements.
        """
        array = node.array_node
        inside = self._taken(array.node, {})
        sizes = [len(one.binding.collection.bindings) for one in node.inputs]
        least: Path = (max(sizes) - 1,) if any(sizes) else (EACH,)
        taken = dict(inside)
        for one in node.inputs:
            if one.var not in array.bound_inputs:
                element = inside.get(one.var, _NOTHING)
                each = element.under((EACH,))
                taken[one.var] = element | each | Demand.of(path=least)
        return taken


def _give(bindings: Iterable[literals_pb2.Binding], taken: Asked, found: Found) -> None:
    """Note what is asked of all that some inputs are bound to."""
    for one in bindings:
        _give_one(one.binding, taken.get(one.var, _NOTHING), found)


def _give_one(data: literals_pb2.BindingData, demand: Demand, found: Found) -> None:
    kind = data.WhichOneof("value")
    if kind == "promise":
        name, index = split(data.promise.var)
        first: Path = () if index is None else (index,)
        given = found[data.promise.node_id or START]
        asked = demand.under((*first, *_path(data.promise.attr_path)))
        given[name] = given.get(name, _NOTHING) | asked
    elif kind == "collection":
        for index, part in enumerate(data.collection.bindings):
            _give_one(part, demand.part(index), found)
    elif kind == "map":
        for key, part in data.map.bindings.items():
            _give_one(part, demand.part(key), found)


def _path(steps: Iterable[types_pb2.PromiseAttribute]) -> Path:
    return tuple(
        step.string_value if step.HasField("string_value") else step.int_value for step in steps
    )


def _declared(variables: interface_pb2.VariableMap) -> Asked:
    return {name: Demand.of(variable.type) for name, variable in variables.variables.items()}


def _joined(one: Asked, other: Asked) -> Asked:
    return {name: one.get(name, _NOTHING) | other.get(name, _NOTHING) for name in {**one, **other}}


def _consumers_first(nodes: Mapping[str, workflow_pb2.Node]) -> list[str]:
    """Return the ids of nodes, each after those that it gives something to."""
    givers = {id_: set(_givers(node)) & nodes.keys() for id_, node in nodes.items()}
    return [*TopologicalSorter(givers).static_order()][::-1]


def _givers(node: workflow_pb2.Node) -> Iterator[str]:
    for one in node.inputs:
        yield from _promisers(one.binding)
    for inner in _arms(node):
        yield from _givers(inner)


def _promisers(data: literals_pb2.BindingData) -> Iterator[str]:
    if data.HasField("promise"):
        yield data.promise.node_id
    for part in (*data.collection.bindings, *data.map.bindings.values()):
        yield from _promisers(part)


def _arms(node: workflow_pb2.Node) -> Iterator[workflow_pb2.Node]:
    if node.HasField("branch_node"):
        block = node.branch_node.if_else
        yield from (case.then_node for case in (block.case, *block.other))
        if block.HasField("else_node"):
            yield block.else_node


def _key(id_: identifier_pb2.Identifier) -> tuple[str, ...]:
    return (id_.project, id_.domain, id_.name, id_.version)
