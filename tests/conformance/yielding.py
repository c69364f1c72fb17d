"""What a dynamic task yielded in a story, as a script says it: all of its nodes, as it made them.

Nodes are called as they were if no two were called so, else by their ids; tasks are the registered
ones. Ignorant of what happened in them.
"""

from __future__ import annotations

from dataclasses import replace

from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from story_graphs import upstream

from flyte_testkit import literals, nodes
from flyte_testkit.timeline import Attempt, Fails


def named(node):
    """How a script calls a node: by its id, as those of a list are called."""
    return node["id"].replace("-", "_")


def defined(template, node, said):
    """What a script says of a node that is made up: what happens in it, and what it is."""
    beside = {each["id"] for each in template["nodes"]}
    after = sorted(each for each in upstream(node) if each in beside)
    if "task_node" in node:
        of = node["task_node"]["reference_id"]["name"]
        if isinstance(said, nodes.Cached):
            return replace(said, of=of, after=after)
        return replace(said or nodes.task(), of=of, after=after, inputs=_given(node, beside))
    if said is None:
        return nodes.task(after=after)  # it was never reached, so whatever it is will do
    return replace(said, after=after)


def _given(node, beside):
    """What a node is given, by which a cache tells it from others; nothing if not all is known."""
    found = {}
    for each in node.get("inputs", ()):
        binding = each["binding"]
        promise = binding.get("promise", {"attr_path": True})
        if "scalar" in binding:
            literal = ParseDict({"scalar": binding["scalar"]}, literals_pb2.Literal())
            found[each["var"]] = literals.python_value(literal)
        elif promise.get("node_id") in beside and not promise.get("attr_path"):
            name = promise["node_id"].replace("-", "_")
            found[each["var"]] = nodes.promise(f"{name}.{promise['var']}")
        else:
            return {}
    return found


def instead(attempt, inside):
    """An attempt that yields nodes instead of giving outputs itself."""
    said = nodes.OpenAttempt(attempt.steps).yields(inside)
    outputs = getattr(attempt.ending, "outputs", {})
    return said.succeeds(outputs) if outputs else said


def failing(attempt, failure):
    """An attempt that ended well, of a node that failed for what was yielded."""
    return Attempt(attempt.steps, Fails(failure))
