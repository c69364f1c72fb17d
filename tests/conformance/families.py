"""The executions of a story that nodes launched: whose they are, how they are called, when noticed.

Ignorant of what they did.
"""

from __future__ import annotations

from dataclasses import replace

import cast
from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from story_rules import ENDED

from flyte_testkit import literals
from flyte_testkit.propeller import names as given

EVERY = 30.0
"""How often an engine looks at all executions that nodes have launched, in seconds."""
A_MOMENT = 1.0
"""How long after a node was stopped an engine would have looked, if nothing tells when."""


def children(story, parent):
    """Return the keys of what one launched or adopted, by the unique ids of its nodes."""
    found = {}
    for call in _calls(story):
        of = call["request"]["spec"]["metadata"]["parent_node_execution"]
        if cast.key(of["execution_id"]["name"]) == parent:
            found[of["node_id"]] = cast.key(call["request"]["name"])
    return found


def inputs(story, parent):
    """Return what one gave to what it launched or adopted, by the unique ids of its nodes."""
    found = {}
    for call in _calls(story):
        of = call["request"]["spec"]["metadata"]["parent_node_execution"]
        if cast.key(of["execution_id"]["name"]) == parent:
            gave = ParseDict({"literals": cast.given(call)}, literals_pb2.LiteralMap())
            found[of["node_id"]] = literals.python_values(gave)
    return found


def _calls(story):
    return [*cast.launches(story.whole), *cast.adopted(story.whole)]


def names(story, known):
    """Return the names of executions by their keys, those that nodes launch as an engine does."""
    found = dict(known)
    launched = {child for parent in story.told for child in children(story, parent).values()}
    parents = [key for key in story.told if key not in launched]
    for parent in parents:  # whoever launched one comes before it, in whichever run of the story
        for node, child in children(story, parent).items():
            found[child] = given.child_name(found[parent], node, 0)
            parents.append(child)
    return found


def alone(story, key):
    """Return a story as one of an execution in it: the workflow is its own, so are the inputs."""
    for call in _calls(story):
        if cast.key(call["request"]["name"]) == key:
            inputs = call["request"].get("inputs", {}).get("literals", {})
            whole = {**story.whole, "inputs": inputs}
            return replace(story, workflow=cast.graph_of(story.whole, key), whole=whole)
    return story


def noticed(story, child):
    """Return when the end of an execution was noticed by the node that launched it.

    None if it was not: it never ended, or somebody stopped the node before.
    """
    for told in story.told.values():
        nodes = [node for node, key in children(story, told.key).items() if key == child]
        for event in told.kept():
            if event.kind == "node" and event.node in nodes and event.phase in ENDED:
                return None if event.phase == "ABORTED" else _look_before(story, child, event.sent)
    return None


def look(story):
    """Return when an engine looked once at all executions that nodes had launched; None if never.

    These looks are told where one saw an end. An end that none has seen was before the next one.
    """
    pairs = [
        (told, node, child) for told in story.told.values() for node, child in _all(story, told)
    ]
    found = (noticed(story, child) for _, _, child in pairs)
    unseen = (_unseen(story, *pair) for pair in pairs)
    return next((at for at in (*found, *unseen) if at is not None), None)


def _unseen(story, told, node, child):
    """A moment after a node was stopped whose child had ended before; None of any other."""
    ends = [e.sent for e in story.told[child].kept() if e.kind == "workflow" and e.phase in ENDED]
    stops = (
        e.sent for e in told.kept() if e.kind == "node" and (e.node, e.phase) == (node, "ABORTED")
    )
    stopped = next(stops, None)
    if not ends or stopped is None or ends[0] >= stopped:
        return None
    return stopped + A_MOMENT


def _all(story, told):
    return children(story, told.key).items()


def _look_before(story, child, at):
    """The last look at an execution before its node ended."""
    looks = [
        call["until"]
        for call in story.told[child].calls
        if call["call"] == "GetExecution" and call.get("until", at) <= at and "until" in call
    ]
    return max(looks, default=at)
