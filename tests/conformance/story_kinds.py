"""Which kinds of nodes a story needs, and what else is special about it.

Read off its graphs and its events, never off its name. Of a child execution there is no graph, so
its events must do. Ignorant of how a kind is played.
"""

from __future__ import annotations

import re

from story_graphs import EDGES, cases, nodes, places

KINDS = (
    *("task", "sub-workflow", "branch", "failure node"),
    *("launch plan", "dynamic", "array", "gate", "sleep", "cached", "recovered"),
)
"""All kinds, the simplest first; a cached task is a task, too, and a recovered node is its kind."""


def needed(story):
    """Return the kinds that a story needs to be played, in the order of :data:`KINDS`."""
    found = {kind for told in story.told.values() for kind in _of_execution(story, told)}
    if _mode("RECOVERED")(story):  # though there may have been nothing to keep
        found.add("recovered")
    return tuple(kind for kind in KINDS if kind in found)


def lacking(story, known):
    """Return the kinds that a story needs and whoever knows these kinds cannot play."""
    return tuple(kind for kind in needed(story) if kind not in known)


def defined(story):
    """Return the kinds of all nodes in a story's workflow, those that were never reached too."""
    workflow = story.workflow
    templates = [workflow.get("primary") or {}, *workflow.get("sub_workflows", ())]
    found = {kind for template in templates for node in nodes(template) for kind in _all_of(node)}
    if any("failure_node" in template for template in templates):
        found.add("failure node")
    if any(task["metadata"].get("discoverable") for task in workflow.get("tasks", ())):
        found.add("cached")
    return tuple(kind for kind in KINDS if kind in found)


def _all_of(node):
    yield kind_of(node)
    for case in cases(node):
        yield from _all_of(case)


def kind_of(node):
    """Return the kind of a node by its definition; none of a start or an end.

    A dynamic task is defined as any task is.
    """
    if "gate_node" in node:
        return "sleep" if "sleep" in node["gate_node"] else "gate"
    if "workflow_node" in node:
        return "launch plan" if "launchplan_ref" in node["workflow_node"] else "sub-workflow"
    by_field = {"task_node": "task", "branch_node": "branch", "array_node": "array"}
    return next((kind for field, kind in by_field.items() if field in node), "")


def _of_execution(story, told):
    graph = {} if told.key.startswith("child") else story.workflow
    known = {place.unique: kind_of(place.node) for place in places(graph, told)}
    parents = {event.parent for event in told.kept()}
    told_of = {}
    for event in told.events:
        if event.kind == "node":
            told_of.setdefault(event.node, []).append(event)
            if event.spec == "fn0":
                yield "failure node"
        yield from _extras(event)
    for node, events in told_of.items():
        if any(event.body.get("is_dynamic") for event in events):
            yield "dynamic"
        else:
            yield known.get(node) or kind_by_events(node, events, parents)


def _extras(event):
    if event.phase == "RECOVERED":
        yield "recovered"
    if event.metadata.get("cache_status") or any("cache_status" in item for item in event.items):
        yield "cached"


def kind_by_events(node, events, parents):
    if events[0].spec in EDGES:
        return ""
    body = events[0].body
    if "target_entity" in body:
        launches = body["target_entity"]["resource_type"] == "LAUNCH_PLAN"
        return "launch plan" if launches else "task"
    if body.get("is_array"):
        return "array"
    if body.get("is_parent"):
        return "sub-workflow"
    if node in parents or events[-1].body.get("error", {}).get("code") == "UserProvidedError":
        return "branch"
    return "sleep" if body.get("node_name") == "sleep-gate" else "gate"


# What else is special.


def traits(story):
    """Return what is special about a story beside its kinds, in words."""
    return tuple(word for word, has in TRAITS.items() if has(story))


def _any(holds):
    """Whether something holds of an event."""
    return lambda story: any(holds(e) for told in story.told.values() for e in told.events)


def _mode(mode):
    """Whether an execution came about so."""
    return lambda story: any(
        after["execution"]["spec"]["metadata"].get("mode") == mode
        for after in story.whole["after"].values()
    )


def _retried(kind):
    """Whether an attempt of a task ended in an error of this kind, and another one followed."""

    def has(story):
        for told in story.told.values():
            begun = {event.subject for event in told.events if event.kind == "task"}
            for event in told.events:
                another = (*event.subject[:2], event.attempt + 1)
                if event.body.get("error", {}).get("kind") == kind and another in begun:
                    return True
        return False

    return has


def _code(text):
    return _any(lambda event: text in event.body.get("error", {}).get("code", ""))


def _fails_late(story):
    policy = (story.workflow.get("primary") or {}).get("metadata", {}).get("on_failure")
    return policy == "FAIL_AFTER_EXECUTABLE_NODES_COMPLETE"


AUTO = re.compile("auto-abort|^subworkflow failed|^Dynamic workflow failed")
"""Why an engine itself stops nodes beside one that failed."""


def _message(event):
    return event.body.get("error", {}).get("message", "")


TRAITS = {
    "single task": lambda story: story.is_single_task,
    "terminated": _any(lambda event: (event.kind, event.phase) == ("workflow", "ABORTED")),
    "never ends": lambda story: not story.ends,
    "relaunched": _mode("RELAUNCH"),
    "fails late": _fails_late,
    "user retries": _retried("USER"),
    "system retries": _retried("SYSTEM"),
    "times out": _code("TimeoutExpired"),
    "inputs not found": _code("BindingResolutionFailure"),
    "waits for resources": _any(lambda event: event.phase == "WAITING_FOR_RESOURCES"),
    "interruptible": _any(lambda e: "instance_class" in e.body.get("metadata", {})),
    "deck": _any(lambda event: "deck_uri" in event.body),
    "cuts siblings": _any(lambda e: e.kind == "node" and AUTO.search(_message(e)) is not None),
    "refused events": _any(lambda event: bool(event.code)),
}
"""What a runner may have to do for a story that its kinds do not say."""
