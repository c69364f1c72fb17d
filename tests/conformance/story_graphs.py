"""The graphs of a story: the workflow's, its sub-workflows', and those that dynamic tasks made.

Ignorant of phases and of order.
"""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

EDGES = {"start-node", "end-node"}
"""The nodes that FlyteAdmin makes."""


def cases(node):
    """Yield the nodes of a conditional, of which one is played; none of another node."""
    conditional = node.get("branch_node", {}).get("if_else", {})
    for case in [conditional.get("case"), *conditional.get("other", ())]:
        if case is not None:
            yield case["then_node"]
    if "else_node" in conditional:
        yield conditional["else_node"]


def dynamics(told):
    """Return the graphs that dynamic tasks made, by the unique id of their node."""
    return {
        event.node: compiled
        for event in told.events
        if (compiled := event.metadata.get("dynamic_workflow", {}).get("compiled_workflow"))
    }


def needs(workflow, told):
    """Return which nodes must have ended before a node begins; unique ids, at every level."""
    return {
        place.unique: {place.beside[need] for need in upstream(place.node) if need in place.beside}
        for place in places(workflow, told)
    }


class Place(NamedTuple):
    """A node that was told of.

    Attributes:
        unique: Its unique id.
        node: What it is, in its graph.
        beside: The unique ids of those beside it, itself among them, by their ids in the graph.
    """

    unique: str
    node: dict[str, Any]
    beside: dict[str, str]


def places(workflow, told):
    """Yield the nodes that were told of and stand in a graph, at every level.

    An empty workflow is one that nobody knows: it has no nodes.
    """
    if workflow.get("primary"):
        yield from _Walk(workflow, told).level("", workflow["primary"])


class _Walk:
    """Goes down from the workflow to the nodes that were told of."""

    def __init__(self, workflow, told):
        self._below = collections.defaultdict(dict)
        placed = {event.node: (event.parent, event.spec) for event in told.events if event.spec}
        for node, (parent, spec) in placed.items():
            self._below[parent][spec] = node
        self._dynamics = {}
        self._workflows = [*workflow.get("sub_workflows", ())]
        for node, compiled in dynamics(told).items():
            self._dynamics[node] = compiled["primary"]["template"]
            self._workflows += [each["template"] for each in compiled.get("sub_workflows", ())]

    def level(self, parent, template):
        """Yield the nodes below one, or at the top."""
        for node in nodes(template):
            yield from self._down(node, self._below[parent])

    def _down(self, node, beside):
        unique = beside.get(node["id"])
        if unique is None:
            return
        yield Place(unique, node, beside)
        inner = self._dynamics.get(unique) or self._sub_workflow(node)
        if inner is not None:
            yield from self.level(unique, inner)
        for case in cases(node):
            yield from self._down(case, self._below[unique])

    def _sub_workflow(self, node):
        of = node.get("workflow_node", {}).get("sub_workflow_ref")
        return next((each for each in self._workflows if each["id"] == of), None)


def nodes(template):
    """Return the nodes of a workflow, the one for failures too; none of an empty one."""
    failure = [template["failure_node"]] if "failure_node" in template else []
    return [*template.get("nodes", ()), *failure]


def upstream(node):
    """Return the ids of the nodes that a node comes after, in its graph."""
    return {*node.get("upstream_node_ids", ()), *_promised(node.get("inputs", ()))} - {
        "",
        "start-node",
    }


def _promised(value):
    if isinstance(value, dict):
        promise = value.get("promise")
        if isinstance(promise, dict):
            yield promise.get("node_id", "")
        for inner in value.values():
            yield from _promised(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _promised(inner)
