"""Launch plans that a story's workflow names, and that were perhaps never launched.

What they take and give is concluded from the nodes beside them: a workflow that names a plan which
is not there is refused. Ignorant of what happened in them.
"""

from __future__ import annotations

from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from replaying import as_json
from story_files import Story
from story_graphs import EDGES, cases, dynamics, nodes

from flyte_testkit.literals import type_of_literal

INTEGER = {"simple": "INTEGER"}
"""The type of what nobody says anything of."""


def plans(story, known):
    """Yield each launch plan that is named and not known, a workflow, and the spec of that."""
    workflow, known = story["workflow"], {_key(one) for one in known}
    for template in templates(workflow):
        for node in _deep(nodes(template)):
            plan = _plan(node)
            if plan is None or _key(plan) in known:
                continue
            known.add(_key(plan))
            of = {**plan, "resource_type": "WORKFLOW", "name": f"{plan['name']}.unlaunched"}
            yield plan, of, {"template": _template(of, node, template, workflow)}


def _key(plan):
    """Tell a launch plan from others; workflows of that name are others."""
    kind = plan.get("resource_type", "LAUNCH_PLAN")
    return (kind, *(plan.get(part, "") for part in ("project", "domain", "name", "version")))


def templates(workflow):
    """Return all workflows of a story: its own, and those that are used in it."""
    return [workflow["primary"], *workflow["sub_workflows"]]


def with_yielded(story):
    """Return the workflow of a story with what its dynamic tasks yielded beside it."""
    workflow = {
        name: [*some] if name != "primary" else some for name, some in story["workflow"].items()
    }
    for told in Story.read("", story).told.values():
        for closure in dynamics(told).values():
            made = [closure["primary"], *closure.get("sub_workflows", ())]
            workflow["sub_workflows"] += [each["template"] for each in made]
            workflow["tasks"] += [each["template"] for each in closure.get("tasks", ())]
    return workflow


def taken_from(plan, workflow):
    """Yield what nodes and ends take of what a launch plan gives: name, and type it is taken as.

    The type is None if that is not known.
    """
    for template in templates(workflow):
        launching = {node["id"] for node in template["nodes"] if _launches(node, plan)}
        for node in template["nodes"]:
            takes = _taken(node, template, workflow)
            for binding in node.get("inputs", ()):
                promise = binding["binding"].get("promise", {})
                if promise.get("node_id") not in launching or promise.get("attr_path"):
                    continue
                if _plan(node) is not None:
                    yield promise["var"], None
                elif binding["var"] in takes:
                    yield promise["var"], takes[binding["var"]]["type"]


def _launches(node, plan):
    """Whether a node launches a launch plan, or a conditional does in one of its cases."""
    return any((_plan(one) or {}).get("name") == plan for one in _deep([node]))


def _plan(node):
    return node.get("workflow_node", {}).get("launchplan_ref")


def _deep(some):
    for node in some:
        yield node
        yield from _deep(cases(node))


def _template(of, node, template, workflow):
    """A workflow with the interface that a node of another one needs."""
    found = taken_from(_plan(node)["name"], workflow)
    taken = {name: INTEGER if kind is None else kind for name, kind in found}
    takes = {
        each["var"]: {"type": _given(each["binding"], template, workflow)}
        for each in node.get("inputs", ())
    }
    interface = {
        "inputs": {"variables": takes},
        "outputs": {"variables": {name: {"type": kind} for name, kind in taken.items()}},
    }
    bound = [
        {"var": name, "binding": {"promise": {"node_id": name, "var": name}}} for name in taken
    ]
    gates = [_gate(name, kind) for name, kind in (taken or {"n0": INTEGER}).items()]
    return {"id": of, "interface": interface, "nodes": gates, "outputs": bound}


def _gate(name, kind):
    """A node that gives whatever is asked of it."""
    signal = {"signal_id": name, "type": kind, "output_variable_name": name}
    return {"id": name, "metadata": {"name": name}, "gate_node": {"signal": signal}}


def _taken(node, template, workflow):
    """What a node takes, as variables."""
    if node["id"] in EDGES:
        return template["interface"].get("outputs", {}).get("variables", {})
    return _interface(node, workflow).get("inputs", {}).get("variables", {})


def _interface(node, workflow):
    """The interface of a node that runs a task or a sub-workflow."""
    task = node.get("task_node", {}).get("reference_id")
    sub = node.get("workflow_node", {}).get("sub_workflow_ref")
    for each in [*workflow["tasks"], *workflow["sub_workflows"]]:
        if each["id"] in (task, sub):
            return each["interface"]
    return {}


def _given(binding, template, workflow):
    """The type of what a binding gives."""
    if "scalar" in binding:
        literal = ParseDict({"scalar": binding["scalar"]}, literals_pb2.Literal())
        return as_json(type_of_literal(literal))
    if "collection" in binding:
        inner = binding["collection"].get("bindings", ())[:1]
        element = _given(inner[0], template, workflow) if inner else INTEGER
        return {"collection_type": element}
    promise = binding.get("promise", {})
    if promise.get("attr_path"):
        return INTEGER
    variables = template["interface"].get("inputs", {}).get("variables", {})
    for node in nodes(template):
        if node["id"] == promise.get("node_id") and node["id"] not in EDGES:
            variables = _interface(node, workflow).get("outputs", {}).get("variables", {})
    return variables.get(promise.get("var"), {"type": INTEGER})["type"]
