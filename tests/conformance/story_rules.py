"""Rules of order that every recorded run keeps, asked of what was told of one execution.

Children lie within their parents; nodes begin after what they need, at every level; failure nodes
come after the failure; tasks go through their phases in order, and items of a map through QUEUED
and RUNNING, with logs. Ignorant of the story that a run is compared with, but for its graph.
"""

from __future__ import annotations

import collections

from story_graphs import needs

ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "SKIPPED", "RECOVERED"}
FELL = {"FAILED", "TIMED_OUT"}
LIFE = ["WAITING_FOR_RESOURCES", "QUEUED", "INITIALIZING", "RUNNING"]
"""The phases of a task in order; after them it ends."""


def broken(told, workflow):
    """Yield every rule that is broken, a line each; an empty workflow is one nobody knows."""
    rules = Rules(told)
    yield from rules.families()
    yield from rules.failure_nodes()
    yield from rules.tasks()
    yield from rules.needed(workflow)


class Rules:
    """What was told of each node and task, and at which place of the row."""

    def __init__(self, told):
        self._told = told
        self._events = [event for event in told.events if not event.code]
        self._of = collections.defaultdict(list)
        for place, event in enumerate(self._events):
            if event.kind == "node":
                self._of[event.node].append((place, event.phase))
        self._parents = {event.node: event.parent for event in self._events if event.parent}
        self._specs = {event.node: event.spec for event in self._events if event.spec}

    def _first(self, node, phases=None):
        """The place at which a node is told to be in one of some phases, first of all; or None."""
        return next((at for at, phase in self._of[node] if not phases or phase in phases), None)

    def _last(self, node):
        return self._of[node][-1]

    # Children lie within their parents.

    def families(self):
        """Yield what is wrong between a node and the one above it."""
        for child, parent in self._parents.items():
            if parent in self._of:
                yield from self._family(child, parent)
            else:
                yield f"{child} is below {parent}, of which nothing is told"

    def _family(self, child, parent):
        begins = self._first(child)
        if begins < self._first(parent):
            yield f"{child} begins before its parent {parent}"
        opened = self._first(parent, ("RUNNING", "DYNAMIC_RUNNING"))
        if opened is not None and begins < opened and not self._may_be_early(child):
            yield f"{child} begins before {parent} runs"
        ended = self._first(parent, ENDED)
        if ended is not None and self._last(child)[0] > ended:
            yield f"{child} ends after its parent {parent}"

    def _may_be_early(self, child):
        """A start-node ends before its workflow runs; what was in the cache counts like one."""
        return child.endswith("start-node") or [p for _, p in self._of[child]] == ["SUCCEEDED"]

    # Failure nodes come after the failure.

    def failure_nodes(self):
        """Yield which failure node comes before what it is there for."""
        failing = next((at for at, e in enumerate(self._events) if _fails(e)), None)
        if "fn0" in self._of and (failing is None or self._first("fn0") < failing):
            yield "fn0 begins before FAILING"
        for node, spec in self._specs.items():
            parent = self._parents.get(node)
            # inside a failure workflow all nodes are called so
            if spec == "fn0" and parent and not self._specs.get(parent, "").startswith("fn"):
                fell = [self._last(other)[0] for other in self._fallen_beside(node, parent)]
                if not fell or self._first(node) < min(fell):
                    yield f"{node} begins before anything beside it failed"

    def _fallen_beside(self, node, parent):
        for other, above in self._parents.items():
            if above == parent and other != node and self._last(other)[1] in FELL:
                yield other

    # Tasks.

    def tasks(self):
        """Yield which attempt goes its way in a wrong order, and which item of a map."""
        attempts = collections.defaultdict(list)
        for event in self._events:
            if event.kind == "task":
                attempts[event.node, event.attempt].append(event)
        for (node, attempt), events in attempts.items():
            phases = [event.phase for event in events]
            ranks = [LIFE.index(phase) if phase in LIFE else len(LIFE) for phase in phases]
            if ranks != sorted(ranks):
                yield f"{node}#{attempt} goes {phases}"
            if any(_initializes_silently(event) for event in events):
                yield f"{node}#{attempt} initializes without a reason"
            if events[0].is_of_a_map:
                yield from _items(node, events)

    # Nodes begin after what they need.

    def needed(self, workflow):
        """Yield which node begins before another has ended that it needs."""
        for node, others in needs(workflow, self._told).items():
            if node not in self._of or self._of[node][0][1] == "SKIPPED":
                continue
            for other in sorted(others):
                at, phase = self._last(other)
                if phase not in ENDED or self._first(node) < at:
                    yield f"{node} begins before {other} has ended"


def _fails(event):
    return event.kind == "workflow" and event.phase == "FAILING"


def _initializes_silently(event):
    return event.phase == "INITIALIZING" and not event.body.get("reason", "").startswith("[")


def _items(node, events):
    told = collections.defaultdict(list)
    for item in (item for event in events for item in event.items):
        told[item.get("index", 0), item.get("retry_attempt", 0)].append(item)
    for key, items in told.items():
        phases = [item.get("phase", "") for item in items]
        hit = any(item.get("cache_status") == "CACHE_HIT" for item in items)
        if "SUCCEEDED" in phases and not hit and not {"QUEUED", "RUNNING"} <= set(phases):
            yield f"item {key} of {node} goes {phases}"
        if "RUNNING" in phases and not any(item.get("logs") for item in items):
            yield f"item {key} of {node} has no logs"
