"""When things happen in a script that makes a story's own story: in which order, and at which time.

An engine looks at everything in rounds, one after another; in a script all that can happen happens
at once. So every end of an attempt keeps its time, those that an engine saw in one round share one,
and those that it saw in two do not. What follows begins when what it waits for has ended.

Ignorant of scripts.
"""

from __future__ import annotations

from functools import cache

from story_graphs import dynamics, needs, places
from story_kinds import kind_of
from waits import lets_in, makes

ONE_ROUND = 1.0
"""How long before a failure an attempt may have ended so that nothing came of it, in seconds."""
APART = 0.01
"""What is put between the ends of two rounds that were told in the same tenth of a second."""
LATE = "FAIL_AFTER_EXECUTABLE_NODES_COMPLETE"
"""The policy of a workflow in which a failure stops nothing, at any level."""


class Anchors:
    """The times of one execution, in seconds since the first event of ``main``.

    Args:
        workflow: What ran.
        told: What was told of it.
        begun: When it was launched.
        most: How many tasks run at once; 0 for any number.
        noticed: When nodes noticed the end of what they launched, by their unique ids.

    Attributes:
        kept: The events that FlyteAdmin took.
        parents: The unique ids of nodes by those of the nodes inside.
    """

    def __init__(self, workflow, told, begun, most=0, noticed=None):
        self._noticed = noticed or {}
        self.kept = list(told.kept())
        self.parents = {event.node: event.parent for event in self.kept if event.parent}
        self._begun = begun
        self._lets_in = lets_in(self.kept, most)
        self._makes = makes(self.kept)
        self._needs = needs(workflow, told)
        self._dynamics = dynamics(told)
        known = {place.unique: place.node for place in places(workflow, told)}
        self._waiting = {
            unique: node for unique, node in known.items() if kind_of(node) in ("gate", "sleep")
        }
        self._times = [event.sent for event in self.kept]
        policy = (workflow.get("primary") or {}).get("metadata", {}).get("on_failure")
        self._keep_rounds_apart()
        for number, event in enumerate(self.kept):
            if (event.kind, event.phase) == ("node", "FAILED") and policy != LATE:
                self._join(number, self.parents.get(event.node, ""))
        self._yielded = {
            event.node: time  # what a dynamic task yields begins when the task has ended
            for event, time in zip(self.kept, self._times, strict=True)
            if (event.kind, event.phase) == ("task", "SUCCEEDED") and event.node in self._dynamics
        }
        self.start, self.end = cache(self._start), cache(self._end)

    def of_attempt(self, node, attempt):
        """Return the events of an attempt, each with its time."""
        return [
            (event, time)
            for event, time in zip(self.kept, self._times, strict=True)
            if event.subject == ("task", node, attempt)
        ]

    def _start(self, node):
        """When a node begins."""
        above = self.parents.get(node)
        begun = self._begun if above is None else self._yielded.get(above) or self.start(above)
        if node not in self._needs.get(node, ()):
            begun = max([begun, *(self.end(need) for need in self._needs.get(node, ()))])
        if failed := self._failed_before(node):
            begun = max(begun, self.end(failed))
        if (other := self._lets_in.get(node)) is not None:
            begun = max(begun, self.end(other))
        return begun

    def _end(self, node):
        """When the last attempt ended that is in a node."""
        if "sleep" in self._waiting.get(node, {}).get("gate_node", {}):
            return self.start(node) + self.slept(node)  # an engine looks up late
        ends = [
            self._times[number]
            for number in range(len(self.kept))
            if self._is_end(number) and self._is_in(self.kept[number].node, node)
        ]
        if (maker := self._makes.get(node)) is not None:
            ends.append(self.end(maker))
        ends += [at for other, at in self._noticed.items() if at and self._is_in(other, node)]
        return max([self.start(node), *ends])

    def slept(self, node):
        """How long a node sleeps, in seconds; nothing if it was stopped before."""
        if not any(self._is_end(number) for number in self._numbers_of(node)):
            return 0.0
        said = self._waiting[node]["gate_node"]["sleep"].get("duration", "0s")
        return float(said.removesuffix("s"))

    def waited(self, node):
        """When a gate ended by itself; None if it did not."""
        ends = (self._times[n] for n in self._numbers_of(node) if self._is_end(n))
        return next(ends, None)

    def _numbers_of(self, node):
        return (number for number, event in enumerate(self.kept) if event.node == node)

    def _failed_before(self, node):
        """Which node beside a failure node failed first; none of another node."""
        scope = self.parents.get(node, "")
        first = next((n for n, event in enumerate(self.kept) if event.node == node), 0)
        if self.kept[first].spec != "fn0":
            return None
        for event in self.kept[:first]:
            beside = event.node != node and self.parents.get(event.node, "") == scope
            if (event.kind, event.phase) == ("node", "FAILED") and beside:
                return event.node
        return None

    # Rounds.

    def _keep_rounds_apart(self):
        last, begins = float("-inf"), False
        for number, event in enumerate(self.kept):
            if _begins(event):
                begins = True
            elif self._is_end(number):
                earliest = last + APART if begins else last
                last = self._times[number] = max(self._times[number], earliest)
                begins = False

    def _join(self, failed, scope):
        """Put at the time of a failure what ended in its round."""
        ends = [number for number in range(failed) if self._is_end(number)]
        own = [n for n in ends if self._is_in(self.kept[n].node, self.kept[failed].node)]
        cause = failed if self._is_end(failed) else (own or ends or [None])[-1]
        if cause is None:
            return
        time = self._times[cause]
        for number in range(failed + 1, self._stop(failed, scope)):
            if self._is_end(number) and self._is_in(self.kept[number].node, scope):
                self._times[number] = time
        for number in range(cause - 1, -1, -1):
            if _begins(self.kept[number]) or self._times[number] < time - ONE_ROUND:
                break
            if self._is_end(number) and self._is_in(self.kept[number].node, scope):
                self._times[number] = time

    def _stop(self, failed, scope):
        """The number of the first event that tells that a scope stops."""
        for number in range(failed + 1, len(self.kept)):
            event = self.kept[number]
            above = event.kind == "workflow" or (
                event.node == scope and (event.kind, event.phase) == ("node", "FAILED")
            )
            if above or event.phase == "ABORTED" or event.spec == "fn0":
                return number
        return len(self.kept)

    def _is_end(self, number):
        """Whether an attempt, or a node that waits, ended by itself or because of the time."""
        event = self.kept[number]
        if event.kind == "node" and event.node in self._waiting:
            return event.phase in ("SUCCEEDED", "FAILED")
        if event.kind != "task":
            return False
        if event.phase in ("SUCCEEDED", "FAILED"):
            return True
        another = ("task", event.node, event.attempt + 1)
        return event.phase == "ABORTED" and (
            any(later.subject == another for later in self.kept[number:])
            or self.timed_out(event.node)
        )

    def timed_out(self, node):
        """Whether a node took longer than it may."""
        return any(
            event.phase == "TIMED_OUT"
            or event.body.get("error", {}).get("code", "").endswith("TimeoutExpired")
            for event in self.kept
            if (event.kind, event.node) == ("node", node)
        )

    def _is_in(self, node, other):
        """Whether a node is another, or inside of it; all are inside of the workflow."""
        while node and node != other:
            node = self.parents.get(node, "")
        return node == other


def _begins(event):
    """Whether something begins that waited for others."""
    return (event.kind, event.phase) == ("node", "QUEUED")
