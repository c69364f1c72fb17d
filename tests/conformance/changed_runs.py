"""Small changes to what was told in a story, for tests of whoever compares.

A run is a copy of a story's executions alone, as proto-JSON. Ignorant of what is compared.
"""

from __future__ import annotations

import copy
from itertools import chain

import recorded
from story_files import Event, Story

STORIES = {story["story"]: story for story in recorded.read("engine")}


def story(name):
    """A story of the project's own copy as a value."""
    return Story.read(name, STORIES[name])


def run(name):
    """A copy of what was told in it, to be changed."""
    return {"executions": copy.deepcopy(STORIES[name]["executions"])}


def value(name, changed):
    """A changed run as a value."""
    return Story.read(name, changed)


def events(changed, key="main"):
    """The list of an execution's events, to be changed."""
    return changed["executions"][key]["events"]


def places(every):
    """Each so-manieth event of all stories: story, execution, and the number of the event."""
    of_all = (
        (name, key, number)
        for name, whole in STORIES.items()
        for key, execution in whole["executions"].items()
        for number in range(len(execution["events"]))
    )
    return [place for count, place in enumerate(of_all) if count % every == 0]


def event(place):
    """The event at a place."""
    name, key, number = place
    return Event.read(STORIES[name]["executions"][key]["events"][number])


def first(changed, kind, phase, key="main", **has):
    """The number of the first event of a kind and phase whose fields have these values."""
    for number, entry in enumerate(events(changed, key)):
        body = entry["event"]
        if (entry["kind"], body.get("phase")) == (kind, phase) and has.items() <= body.items():
            return number
    raise LookupError(f"no {kind} event {phase} with {has}")


def of_node(changed, node, kind, phase, key="main"):
    """The number of the first event of a node or its task."""
    for number, entry in enumerate(events(changed, key)):
        read = Event.read(entry)
        if (read.kind, read.node, read.phase) == (kind, node, phase):
            return number
    raise LookupError(f"no {kind} event {phase} of {node}")


def told(changed):
    """All events of all executions, to be changed one by one."""
    return list(chain.from_iterable(each["events"] for each in changed["executions"].values()))
