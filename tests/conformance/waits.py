"""Who waited for whom in a story although neither gives the other anything.

A task waits for a slot as long as so many run as may, and for a cache as long as another task makes
what it would make. Ignorant of times.
"""

from __future__ import annotations

from caches import HIT, POPULATED, status, tag
from story_rules import ENDED


def lets_in(kept, most):
    """Return the node that made room for each one that had to wait for that.

    Args:
        kept: The events of an execution.
        most: How many tasks run at once; 0 for any number.
    """
    tasks = {event.node for event in kept if event.kind == "task"}
    inside, last, found = set(), None, {}
    for event in kept:
        if event.kind != "node" or event.node not in tasks:
            continue
        if event.phase == "QUEUED":
            inside.add(event.node)
            if last is not None and len(inside) == most:
                found[event.node] = last
        elif event.phase in ENDED:
            last = event.node if most and len(inside) == most else None
            inside.discard(event.node)
    return found


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
