"""What a dynamic task yielded in a story, as a script says it: all of its nodes, as it made them.

Nodes are called by their ids, as those of a list are, and so named after the registered tasks or
launch plans that they are of; of other nodes nobody but their name tells. Ignorant of what happened
in them.
"""

from __future__ import annotations

from dataclasses import replace

from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from story_graphs import EDGES, upstream

from flyte_testkit import literals, nodes
from flyte_testkit.timeline import Attempt, Fails


def named(node):
    """How a script calls a node."""
    launches = "launchplan_ref" in node.get("workflow_node", {})
    by_id = launches or "task_node" in node or "array_node" in node
    return (node["id"] if by_id else node["metadata"]["name"]).replace("-", "_")


def arm(node):
    """How a script calls an arm: as it was called."""
    return node["metadata"]["name"].replace("-", "_")


def of_task(node, said):
    """What a script says of an arm: what happens in it, and which task it runs."""
    return (
        replace(said, of=node["task_node"]["reference_id"]["name"]) if "task_node" in node else said
    )


def _map_of(node, said):
    """What a script says of a map: what happens in it, which task it maps, and how."""
    array = node["array_node"]
    return replace(
        said,
        of=array["node"]["task_node"]["reference_id"]["name"],
        min_success_ratio=array.get("min_success_ratio"),
        concurrency=array.get("parallelism") or None,
    )


def defined(template, node, said, given):
    """What a script says of a node that is made up: what happens in it, and what it is.

    Args:
        template: The workflow that it is in.
        node: The node.
        said: What a script says of it if it is registered; None if that is nothing.
        given: What it launched something with; None if it did not.
    """
    beside = {each["id"]: each for each in template["nodes"] if each["id"] not in EDGES}
    after = sorted(named(beside[each]) for each in upstream(node) if each in beside)
    if "task_node" in node:
        said = of_task(node, said or nodes.task())
        if isinstance(said, nodes.Cached):
            return replace(said, after=after)
        return replace(said, after=after, inputs=_given(node, beside))
    if "array_node" in node:
        mapped = _map_of(node, said or nodes.array())
        return replace(mapped, after=after, inputs=_given(node, beside))
    plan = node.get("workflow_node", {}).get("launchplan_ref")
    if plan is not None and given is not None:
        return nodes.launch_plan(of=plan["name"], after=after, inputs=_given(node, beside) or given)
    gate = node.get("gate_node", {})
    if "sleep" in gate:
        return nodes.sleep(_seconds(gate["sleep"].get("duration", "0s")), after=after)
    if isinstance(said, nodes.Gate) and "timeout" in node["metadata"]:
        return replace(said, after=after, timeout=_seconds(node["metadata"]["timeout"]))
    if said is None:
        return nodes.task(after=after)  # it was never reached, so whatever it is will do
    return replace(said, after=after)


def _seconds(duration):
    return float(duration.removesuffix("s"))


def _given(node, beside):
    """What a node is given, by which a cache tells it from others; nothing if not all is known."""
    found = {}
    for each in node.get("inputs", ()):
        binding = each["binding"]
        promise = binding.get("promise", {"attr_path": True})
        if (literal := _literal(binding)) is not None:
            found[each["var"]] = literals.python_value(ParseDict(literal, literals_pb2.Literal()))
        elif promise.get("node_id") in beside and not promise.get("attr_path"):
            name = named(beside[promise["node_id"]])
            found[each["var"]] = nodes.promise(f"{name}.{promise['var']}")
        else:
            return {}
    return found


def _literal(binding):
    """A binding to a value as its literal; None if something is promised in it."""
    if "scalar" in binding:
        return {"scalar": binding["scalar"]}
    if "collection" not in binding:
        return None
    elements = [_literal(each) for each in binding["collection"].get("bindings", ())]
    return None if None in elements else {"collection": {"literals": elements}}


def instead(attempt, inside):
    """An attempt that yields nodes instead of giving outputs itself."""
    said = nodes.OpenAttempt(attempt.steps).yields(inside)
    outputs = getattr(attempt.ending, "outputs", {})
    return said.succeeds(outputs) if outputs else said


def failing(attempt, failure):
    """An attempt that ended well, of a node that failed for what was yielded."""
    return Attempt(attempt.steps, Fails(failure))
