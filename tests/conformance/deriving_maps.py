"""Maps in stories as scripts: what each of their items does.

An engine tells of items in rounds. A script says how long phases last, so that the ends of items
come at their times; those that an engine saw together when a map failed come at the end of the map.
Which failures were recoverable is concluded from what followed. Ignorant of other nodes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from flyte_testkit import failures, nodes

WORDS = {
    "WAITING_FOR_RESOURCES": "waiting",
    "QUEUED": "queued",
    "INITIALIZING": "initializing",
    "RUNNING": "running",
}
TOLD = re.compile(r"^\[(\d+)\]: (.*?)\n(?=\[\d+\]: |\Z)", re.DOTALL | re.MULTILINE)
"""What the error of a map says of an item."""


@dataclass
class Item:
    """What was told of one item.

    Attributes:
        attempts: The phases of each of its attempts, with their times; the first time of each.
        last: What the last event of the map says of it.
        is_found: Whether it was cached.
    """

    attempts: dict[int, dict[str, float]] = field(default_factory=dict)
    last: str = ""
    is_found: bool = False

    @property
    def begins(self):
        """When it begins."""
        return min(
            (time for phases in self.attempts.values() for time in phases.values()), default=0
        )

    @property
    def ends(self):
        """When its last attempt has ended; None if it has not."""
        phases = self.attempts[max(self.attempts)] if self.attempts else {}
        return phases.get("SUCCEEDED", phases.get("FAILED"))


class Map:
    """A map of which something was told.

    Args:
        node: The node in its workflow.
        events: The events of its one attempt, with their times.
        start: When it begins.
        error: The error that its node failed with; an empty one if it did not.
        pod: What the names of its items' pods begin with.
    """

    def __init__(self, node, events, start, error, pod):
        array = node["array_node"]
        self._retries = array["node"]["metadata"].get("retries", {}).get("retries", 0)
        self._start = start
        self._pod = pod
        self._items = _items(events)
        last, self._end = next(
            ((e, time) for e, time in events if e.phase in ("SUCCEEDED", "FAILED")), (None, None)
        )
        for item in last.items if last else ():
            self._items[item.get("index", 0)].last = item.get("phase", "")
        told = error.get("message", "") if last and last.phase == "FAILED" else ""
        self._texts = {int(index): text for index, text in TOLD.findall(told)}
        self._may_fail = _may_fail(array, len(self._items))
        self._has_failed = bool(self._texts)
        self._join()

    def said(self):
        """Return the map as a test writes it."""
        scripts = {index: self._script(index) for index in sorted(self._items)}
        each = max(scripts.values(), key=list(scripts.values()).count, default=())
        but = {index: [*script] for index, script in scripts.items() if script != each}
        but |= {index: nodes.cached() for index, item in self._items.items() if item.is_found}
        return nodes.array(*each, size=len(scripts), but=but)

    def _join(self):
        """Put at the end of a map what an engine saw in its last rounds."""
        if self._end is None:
            return
        ends = sorted(item.ends for item in self._items.values() if item.ends is not None)
        if self._has_failed:
            failed = sorted(item.ends for item in self._items.values() if self._fell(item))
            fatal = failed[self._may_fail] if len(failed) > self._may_fail else self._end
        else:
            fatal = ends[-1] if ends else self._end
        for item in self._items.values():
            if item.ends is not None and item.ends >= fatal:
                phases = item.attempts[max(item.attempts)]
                for phase in ("SUCCEEDED", "FAILED"):
                    if phase in phases:
                        phases[phase] = self._end

    def _fell(self, item):
        return bool(item.attempts) and "FAILED" in item.attempts[max(item.attempts)]

    def _script(self, index):
        """What the attempts of one item do."""
        item = self._items[index]
        at, attempts = self._begins(item), []
        spent = 0
        for number in sorted(item.attempts):
            phases = item.attempts[number]
            end = phases.get("SUCCEEDED", phases.get("FAILED"))
            is_last = number == max(item.attempts)
            if is_last and self._is_cut(index, item):
                end = None
            said = _opened(phases, at, end)
            at = end
            if end is None:
                attempts.append(said.never_ends())
            elif "SUCCEEDED" in phases:
                attempts.append(said.succeeds())
            elif is_last:
                attempts.append(said.fails(self._failure(index, number)))
            else:
                spent += 1
                user = spent <= self._retries
                again = failures.recoverable() if user else failures.process_died()
                attempts.append(said.fails(again))
        return tuple(attempts) or (nodes.immediately.never_ends(),)

    def _is_cut(self, index, item):
        """Whether an item that failed need not: the map failed because of others."""
        if not self._has_failed or not self._fell(item) or index in self._texts:
            return False
        return item.ends >= self._end

    def _failure(self, index, number):
        text = self._texts.get(index, "it failed")
        return failures.Failure(text.replace(f"{self._pod}-n{index}-{number}", "{pod}"))

    def _begins(self, item):
        """When an item begins in a script: with the map, or when another one has ended."""
        first = min((each.begins for each in self._items.values() if each.attempts), default=0)
        if item.begins <= first:
            return self._start
        freed = [
            each.ends
            for each in self._items.values()
            if each is not item and each.ends is not None and each.ends <= item.begins
        ]
        return max(freed, default=self._start)


def _items(events):
    """What was told of each item, by its index."""
    found = {}
    for event, time in events:
        for told in event.items:
            item = found.setdefault(told.get("index", 0), Item())
            if event.phase == "RUNNING":
                phases = item.attempts.setdefault(told.get("retry_attempt", 0), {})
                phases.setdefault(told["phase"], time)
                item.is_found |= told.get("cache_status") == "CACHE_HIT"
    return found


def _may_fail(array, size):
    if "min_successes" in array:
        return size - array["min_successes"]
    return size - math.ceil(array.get("min_success_ratio", 1) * size)


def _opened(phases, at, end):
    """Return the phases of an attempt: each until the next one, the last one until its end."""
    told = [(phase, time) for phase, time in phases.items() if phase in WORDS]
    told.sort(key=lambda pair: list(WORDS).index(pair[0]))
    said = nodes.immediately
    for number, (phase, _) in enumerate(told):
        until = told[number + 1][1] if number + 1 < len(told) else end
        if until is None:
            return getattr(said, WORDS[phase])()
        until = min(until, end) if end is not None else until
        lasts = max(0.0, round(until - at, 3))
        at += lasts
        said = getattr(said, WORDS[phase])(lasts)
    return said
