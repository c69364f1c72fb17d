"""The graphs of a story: the workflow's, its sub-workflows', and those that dynamic tasks made.

Ignorant of phases and of order.
"""

from __future__ import annotations

import collections

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
    """Return which nodes must have ended before a node begins; unique ids, at every level.

    An empty workflow is one that nobody knows: nothing is needed in it.
    """
    return Needs(workflow, told).found if workflow.get("primary") else {}


class Needs:
    """What the nodes that were told of need, by their unique ids."""

    def __init__(self, workflow, told):
        self.found = {}
        self._below = collections.defaultdict(dict)
        for event in told.events:
            if event.spec:
                self._below[event.parent][event.spec] = event.node
        self._dynamics = {}
        self._workflows = [*workflow.get("sub_workflows", ())]
        for node, compiled in dynamics(told).items():
            self._dynamics[node] = compiled["primary"]["template"]
            self._workflows += [each["template"] for each in compiled.get("sub_workflows", ())]
        self._level("", workflow["primary"])

    def _level(self, parent, template):
        here = self._below[parent]
        for node in template.get("nodes", ()):
            if node["id"] in here:
                unique = here[node["id"]]
                self.found[unique] = {here[need] for need in upstream(node) if need in here}
                self._into(unique, node)

    def _into(self, unique, node):
        inner = self._dynamics.get(unique) or self._sub_workflow(node)
        if inner is not None:
            self._level(unique, inner)
        for case in cases(node):
            if case["id"] in self._below[unique]:
                self._into(self._below[unique][case["id"]], case)

    def _sub_workflow(self, node):
        of = node.get("workflow_node", {}).get("sub_workflow_ref")
        return next((each for each in self._workflows if each["id"] == of), None)


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
