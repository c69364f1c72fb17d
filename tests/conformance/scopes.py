"""The scopes of a story: a workflow, or a sub-workflow where it was used, with what was told of it.

Inside one, nodes give each other data; those of a conditional take part in the scope that it is in.
Ignorant of values.
"""

from __future__ import annotations

import waiting
from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from story_graphs import EDGES, cases, nodes

START = {"", "start-node"}


class Scope:
    """One scope.

    Attributes:
        template: Its workflow.
        events: All events that FlyteAdmin took, of other scopes too.
        unique: The unique id of the node that it is in; empty at the top.
    """

    def __init__(self, story, events, template, unique="", above=None, node=None, closure=None):
        self._story = story
        self._closure = closure or (above._closure if above else story.workflow)
        self.events = events
        self.template = template
        self.unique = unique
        self._above = above
        self._node = node

    @classmethod
    def top(cls, story, told):
        """Return the scope of a whole execution."""
        return cls(story, list(told.kept()), story.workflow.get("primary") or {})

    def all(self):
        """Yield this scope, and those inside of it."""
        yield self
        for node, unique in self.told():
            if (inner := self.inner(node, unique)) is not None:
                yield from inner.all()

    def told(self):
        """Yield the nodes that were told of with their unique ids, those of conditionals too."""
        yield from self._told(nodes(self.template), self.unique)

    def _told(self, some, above):
        for node in some:
            unique = self.unique_of(node["id"], above)
            if unique and node["id"] not in EDGES:
                yield node, unique
                yield from self._told(cases(node), unique)

    def unique_of(self, spec, above):
        """Return the unique id of a node inside of another; None if it was not told of."""
        for event in self.events:
            if event.kind == "node" and (event.spec, event.parent) == (spec, above):
                return event.node
        return None

    def inner(self, node, unique):
        """Return the scope that a node is; None of one that is no sub-workflow and yields none."""
        if (yielded := self._yielded(unique)) is not None:
            return Scope(self._story, self.events, yielded["primary"], unique, self, node, yielded)
        of = node.get("workflow_node", {}).get("sub_workflow_ref")
        for template in self._closure.get("sub_workflows", ()):
            if template["id"] == of:
                return Scope(self._story, self.events, template, unique, self, node)
        return None

    @property
    def is_yielded(self):
        """Whether a dynamic task made it, or what it is inside of."""
        return self._closure is not self._story.workflow

    def _yielded(self, unique):
        """Return what a dynamic task yielded, in the form of a story's own workflow."""
        for event in self.events:
            made = event.metadata.get("dynamic_workflow", {}).get("compiled_workflow")
            if made and event.node == unique:
                return {
                    "primary": made["primary"]["template"],
                    "sub_workflows": [each["template"] for each in made.get("sub_workflows", ())],
                    "tasks": [each["template"] for each in made.get("tasks", ())],
                }
        return None

    def error(self, unique):
        """Return the error that a node failed with; an empty one if it did not."""
        for event in self.events:
            if (event.kind, event.node, event.phase) == ("node", unique, "FAILED"):
                return event.body.get("error", {})
        return {}

    def interface(self, node):
        """Return the outputs that a node's task declares."""
        of = node["task_node"]["reference_id"]
        for task in (*self._closure["tasks"], *self._story.workflow["tasks"]):
            if task["id"] == of:
                return task["interface"].get("outputs", {})
        return {}

    # Where data come from.

    def source(self, binding, path=()):
        """Return where a binding takes its value from.

        A literal if it is known. What a task gives is the unique id of its node, the name of the
        output, and the path into it. None if it cannot be told.
        """
        if "promise" in binding:
            promise = binding["promise"]
            steps = [_step(each) for each in promise.get("attr_path", ())]
            return self._given(promise.get("node_id", ""), promise["var"], (*steps, *path))
        if "scalar" in binding and not path:
            return ParseDict({"scalar": binding["scalar"]}, literals_pb2.Literal())
        if path and isinstance(path[0], int) and "collection" in binding:
            inner = binding["collection"].get("bindings", ())[path[0] :][:1]
            return self.source(inner[0], path[1:]) if inner else None
        if path and "map" in binding:
            inner = binding["map"].get("bindings", {}).get(path[0])
            return None if inner is None else self.source(inner, path[1:])
        return None

    def _given(self, spec, output, path):
        if spec in START:
            if self._above is not None:
                return self._above._bound(self._node.get("inputs", ()), output, path)
            given = self._story.whole["inputs"].get(output)
            # a path into what is known leads to something known
            return None if given is None else ParseDict(given, literals_pb2.Literal())
        for node, unique in self.told():
            if node["id"] == spec:
                return self._given_by(node, unique, output, path)
        return None

    def _given_by(self, node, unique, output, path):
        if "task_node" in node:
            return unique, output, tuple(path)
        if "approve" in node.get("gate_node", {}):  # it gives on what it is given
            return self._bound(node.get("inputs", ()), output, path)
        if "signal" in node.get("gate_node", {}):
            return waiting.brought(self._story, node["gate_node"]["signal"]["signal_id"])
        if (inner := self.inner(node, unique)) is not None:
            return inner._bound(inner.template.get("outputs", ()), output, path)
        for case in cases(node):
            if below := self.unique_of(case["id"], unique):
                return self._given_by(case, below, output, path)
        return None

    def _bound(self, bindings, variable, path):
        for each in bindings:
            if each["var"] == variable:
                return self.source(each["binding"], path)
        return None


def _step(attribute):
    """A step of a path: an index or a name."""
    if "string_value" in attribute:
        return attribute["string_value"]
    return int(attribute.get("int_value", 0))
