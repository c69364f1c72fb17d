"""Who waited for whom in a story although neither gives the other anything.

A task or a launch plan waits for a slot as long as so many run as may, and a task for a cache as
long as another one makes what it would make. Ignorant of times.
"""

from __future__ import annotations

from caches import HIT, POPULATED, status, tag
from story_rules import ENDED


def lets_in(kept, most):
    """Return the node that made room for each one that had to wait for that.

    Args:
        kept: The events of an execution.
        most: How many tasks and launch plans run at once; 0 for any number.
    """
    counted = {event.node for event in kept if _counts(event)}
    inside, last, found = set(), None, {}
    for event in kept:
        if event.kind != "node" or event.node not in counted:
            continue
        if event.phase == "QUEUED":
            inside.add(event.node)
            if last is not None and len(inside) == most:
                found[event.node] = last
        elif event.phase in ENDED or event.phase == "DYNAMIC_RUNNING":
            last = event.node if most and len(inside) == most else None
            inside.discard(event.node)
    return found


def _counts(event):
    """Whether an event is of a node that takes a slot: maps take none."""
    if event.kind == "task":
        return not event.is_of_a_map
    return event.body.get("target_entity", {}).get("resource_type") == "LAUNCH_PLAN"


def makes(kept):
    """Return the node that made what each one found that had waited for it."""
    queued, makers, found = set(), {}, {}
    for event in kept:
        if event.kind == "node" and event.phase == "QUEUED":
            queued.add(event.node)
        if status(event) == POPULATED:
            makers.setdefault(tag(event), event.node)
        elif status(event) == HIT and event.node in queued and tag(event) in makers:
            found[event.node] = makers[tag(event)]
    return found
