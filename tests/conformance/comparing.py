"""Compares what an engine told of a story with what a real flytepropeller told.

* Each subject (the workflow, every node, every attempt of every task) has the same events: as many,
  in the same order, with the same fields.
* A node and its tasks, a node and its children, the workflow and its top-level nodes are compared
  as one row, too, so that order between subjects that depend on each other counts. Independent
  nodes may interleave as they like.
* What order every real run keeps is asked as well (:mod:`story_rules`).
* What no two runs share does not count (:mod:`masking`), nor do events that FlyteAdmin refused, nor
  T INITIALIZING and the second QUEUED of a task, which a real engine misses now and then.
* Of a map's task the first and the last event are compared, and what all add up to for every
  attempt of an item. How many rounds it took is chance, and so is which of the items that failed
  in one round are told of, and whether the others count as failed or as aborted.

Ignorant of files and of who played.
"""

from __future__ import annotations

import collections
import json
import re
from itertools import zip_longest

import story_rules
from masking import masked

SAID_APART = {
    *("phase", "id", "execution_id", "task_id", "parent_node_execution_id", "retry_attempt")
}
"""What of an event is compared by other means than field by field."""

ITEM_FAILED = re.compile(r'"message": "\[\d+\]: [^"]*"')


def differences(story, got):
    """All that a run does otherwise than its story, a line each; both are stories."""
    if list(story.told) != list(got.told):
        yield f"executions {list(got.told)} instead of {list(story.told)}"
    for key, told in story.told.items():
        if key in got.told:
            found = got.told[key]
            for line in _of_execution(list(told.kept()), list(found.kept())):
                yield f"{key}: {line}"
            # A child's workflow is not in the story, so its graph is not asked.
            graph = {} if key.startswith("child") else story.workflow
            yield from (f"{key}: {broken}" for broken in story_rules.broken(found, graph))


def _of_execution(expected, found):
    yield from _each(_of_subject, _by_subject(expected), _by_subject(found))
    one, other = rows(expected), rows(found)
    for name in _union(one, other):
        if one.get(name) != other.get(name):
            yield f"order of {name}: {other.get(name)} instead of {one.get(name)}"


def _each(compare, one, other):
    for subject in _union(one, other):
        for line in compare(one.get(subject, []), other.get(subject, [])):
            yield f"{_label(*subject)}: {line}"


def _label(kind, node, attempt):
    """A subject in words."""
    return {"workflow": kind, "node": f"node {node}"}.get(kind, f"task {node} attempt {attempt}")


def _union(one, other):
    return [*one, *(name for name in other if name not in one)]


def _by_subject(events):
    kept = collections.defaultdict(list)
    for event in events:
        if not is_free(event):
            kept[event.subject].append(event)
    return kept


def is_free(event):
    """Whether a real engine may miss an event."""
    queued_again = event.phase == "QUEUED" and event.body.get("phase_version") == 1
    return event.kind == "task" and (event.phase == "INITIALIZING" or queued_again)


def _of_subject(expected, found):
    if not expected or not found:
        yield f"{len(expected)} events expected, {len(found)} found"
        return
    wanted, tasks = ({_task(event) for event in events} for events in (expected, found))
    if wanted != tasks:
        yield f"tasks {sorted(tasks)} instead of {sorted(wanted)}"
    if expected[0].is_of_a_map:
        yield from _of_items(expected, found)
        expected, found = ([events[0], events[-1]] for events in (expected, found))
    pairs = zip_longest(map(said, expected), map(said, found), fillvalue="nothing")
    for number, (one, other) in enumerate(pairs, 1):
        if one != other:
            yield f"event {number} is\n      {other}\n    instead of\n      {one}"
            return


def _task(event):
    return json.dumps(masked(event.body.get("task_id", {})), sort_keys=True)


def said(event):
    """Return a line for an event: its phase, and all that is compared of it."""
    body = {name: value for name, value in masked(event.body).items() if name not in SAID_APART}
    if event.is_of_a_map:
        body.pop("phase_version", None)
        body.get("metadata", {}).pop("external_resources", None)
    line = f"{event.phase} {json.dumps(body, sort_keys=True)}"
    return ITEM_FAILED.sub('"message": "[items]"', line)


def _of_items(expected, found):
    one, other = items(expected), items(found)
    if expected[-1].phase == "FAILED":  # an item that failed in the last round may be told as cut
        one, other = (_with_cut_as_failed(part) for part in (one, other))
    if one != other:
        yield f"items add up to {other} instead of {one}"


def _with_cut_as_failed(found):
    return {
        item: (name, "FAILED" if phase == "ABORTED" else phase, status)
        for item, (name, phase, status) in found.items()
    }


def items(events):
    """What the events of a map add up to: how every attempt of an item is called, and ended."""
    found = {}
    for item in (item for event in events for item in event.items):
        key = item.get("index", 0), item.get("retry_attempt", 0)
        status = item.get("cache_status", found.get(key, ("", "", ""))[2])
        found[key] = item.get("external_id", ""), item.get("phase", ""), status
    return found


# Rows: what is told of subjects that depend on each other, by what they are.


def rows(events):
    """Return the rows in which order between subjects counts, by name."""
    kept = [event for event in events if not is_free(event)]
    parents = {event.node: event.parent for event in events if event.parent}
    found = collections.defaultdict(list)
    for event in kept:
        for name, word in _words(event, parents):
            # how many rounds a map takes is chance
            if (word, event.is_of_a_map, found[name][-1:]) != ("T RUNNING", True, [word]):
                found[name].append(word)
    for parent in parents.values():
        found[f"{parent} and its children"] = list(_family(parent, kept, parents))
    return found


def _words(event, parents):
    """What an event adds to which rows."""
    top, phase = event.node not in parents, event.phase
    if event.kind == "workflow":
        yield "workflow and stops", f"W {phase}"
        yield "workflow and start and end", f"W {phase}"
    elif event.kind == "node":
        yield f"{event.node} and its tasks", f"N {phase}"
        if event.node in ("start-node", "end-node"):
            yield "workflow and start and end", f"{event.node} {phase}"
        if top and phase in ("ABORTED", "FAILED"):
            yield "workflow and stops", f"N {phase}"
    else:
        task = "T" if event.is_of_a_map else f"T#{event.attempt}"
        yield f"{event.node} and its tasks", f"{task} {phase}"


def _family(parent, kept, parents):
    for event in kept:
        if event.kind != "node":
            continue
        if event.node == parent:
            yield f"N {event.phase}"
        elif parents.get(event.node) == parent:
            edges = (edge for edge in ("start-node", "end-node") if event.node.endswith(edge))
            edge = next(edges, "")
            if edge or event.phase in ("FAILED", "ABORTED"):
                yield " ".join(filter(None, ("child", edge, event.phase)))
