"""A node that runs a task: its attempts, one after another, and what the node makes of them.

The first event of an attempt comes before its node is RUNNING; between attempts the node says
nothing. What the user did wrong and what the system did are counted apart.

Ignorant of what other nodes do.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.duration_pb2 import Duration

from flyte_testkit.admin.go import durations
from flyte_testkit.engine.performance import Looks, Until, Wait
from flyte_testkit.engine.stage import error_of
from flyte_testkit.nodes import Task
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.wording import FUTURES, SYSTEM_RETRIES
from flyte_testkit.timeline import Fails, NeverEnds, Polls, Succeeds, TimesOut, Yields
from flyte_testkit.walk.caching import Caching
from flyte_testkit.walk.dynamics import not_built, plays_yielded
from flyte_testkit.walk.failing import NodeFailed, Stopped
from flyte_testkit.walk.limits import within
from flyte_testkit.walk.pods import Pod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core
    from flyteidl.core import literals_pb2, tasks_pb2, workflow_pb2

    from flyte_testkit.engine.performance import Act, Performance
    from flyte_testkit.failures import Failure
    from flyte_testkit.timeline import Attempt, TaskPhase
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["limit_of", "must_have_run", "plays_task"]

_WITHOUT_RUNNING: Final = frozenset({"ResourceDeletedExternally", "ContainersNotReady"})
"""How the codes of failures begin that can come before a process runs."""

_DECK: Final = b"<html><body>A deck of flyte-testkit.</body></html>"


def plays_task(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a task; the arguments are those of any node."""
    return _Task(site, inputs, around).plays(at)


class _Task:
    """One node that runs a task, and the attempt that it makes now."""

    def __init__(self, site: Site, inputs: literals_pb2.LiteralMap, around: Scope) -> None:
        company, node = around.company, site.node
        self.site = site
        self.inputs = inputs
        self.around = around
        self.template = company.task_of(node)
        scripted = company.cast.nodes.get(site.path)
        attempts = scripted.attempts if isinstance(scripted, Task) else ()
        self.attempts = within(attempts or (company.rest,), node)
        self.retries = node.metadata.retries.retries or self.template.metadata.retries.retries
        self.has_deck = self.template.metadata.generates_deck.value
        self.caching = Caching(site, inputs, around)
        self.interruptible = company.is_interruptible(node)
        self.number = 0
        self.pod: Pod | None = None  # while an attempt is under way
        self.spent = {"user": 0, "system": 0}
        self.timeouts = 0

    def plays(self, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        try:
            yield self.site.queued(at, self.inputs)
            # All of a level are queued before the first of them starts.
            at = yield Until(at + self.site.stage.pace.round)
            found, at = yield from self.caching.waits(at)
            if found is not None:
                yield self.caching.hit(at, found)
                return found.outputs
            while True:
                attempt = self.attempts[min(self.number, len(self.attempts) - 1)]
                self.pod = Pod(self.site, self.template, self.number, self._may_be_taken_away)
                at = yield from self._passes(attempt, at)
                ending = attempt.ending
                if isinstance(ending, (Succeeds, Fails, Yields)):
                    at = yield from self._ends(at)
                if isinstance(ending, Yields) and ending.nodes:
                    return (yield from self._yields(at))
                if isinstance(ending, (Succeeds, Yields)):
                    return (yield from self._succeeds(ending, at))
                if isinstance(ending, Fails):
                    yield from self._fails(ending.failure, at)
                elif isinstance(ending, TimesOut):
                    yield from self._times_out(attempt, at)
                else:
                    yield Wait()
                self.number += 1
        except Stopped as stopped:
            if self.pod is not None:
                yield self.pod.aborted(stopped.at)
            yield self.site.aborted(stopped)
            raise
        finally:
            self.caching.ends()

    @property
    def _may_be_taken_away(self) -> bool:
        """Whether the machine of the next attempt can be: not that of the very last one."""
        return self.interruptible and self.spent["system"] < SYSTEM_RETRIES

    def _passes(self, attempt: Attempt, at: datetime) -> Performance[datetime]:
        """Go through the phases of an attempt, those included that it cannot do without."""
        for step in attempt.steps:
            yield from self._enters(step.phase, at, step.reason)
            if step.duration is None:
                yield Wait()
            elif isinstance(step.duration, Polls):
                at = yield Looks(self.site.stage.audience, step.duration.count)
            elif step is attempt.steps[-1] and isinstance(attempt.ending, NeverEnds):
                pass  # nothing comes of its end, so nobody waits for it
            else:
                at = yield Until(at + timedelta(seconds=step.duration))
        told = self._pod.told
        if "RUNNING" not in told and must_have_run(attempt):
            yield from self._enters("RUNNING", at)
        elif not told:
            yield from self._enters("QUEUED", at)
        return at

    def _ends(self, at: datetime) -> Performance[datetime]:
        """Wait until it is noticed that the attempt has ended."""
        self._pod.ended = at
        noticed = self.site.stage.pace.pod_noticed(self.site.pod(self.number), at)
        return (yield Until(noticed)) if noticed > at else at

    def _enters(self, phase: TaskPhase, at: datetime, reason: str = "") -> Iterator[Act]:
        pod = self._pod
        before: list[TaskPhase] = []
        if phase in ("INITIALIZING", "RUNNING"):
            before = ["QUEUED", "INITIALIZING"] if phase == "RUNNING" else ["QUEUED"]
        for one in before:
            if one not in pod.told:
                yield from self._tells(one, at)
        yield from self._tells(phase, at, reason)

    def _tells(self, phase: TaskPhase, at: datetime, reason: str = "") -> Iterator[Act]:
        is_first = not self.number and not self._pod.told
        yield self._pod.phase(at, phase, reason)
        if is_first:
            yield self.site.event(at, "RUNNING", **self._deck(), **self.caching.runs())

    def _yields(self, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        """Let the task have ended well, and what it yielded be played."""
        pod, self.pod = self._pod, None
        yield pod.yielded(at)
        yielded = self.around.company.cast.yielded[self.site.path]
        self.around.company.slots.leave(self.site.id)  # from here on it is they who run
        return (
            yield from plays_yielded(self.site, self.number, yielded, self.around, at, self.caching)
        )

    def _succeeds(
        self, ending: Succeeds | Yields, at: datetime
    ) -> Performance[literals_pb2.LiteralMap]:
        declared = self.template.interface.outputs
        outputs = self.around.outputs_of(self.site, ending.outputs, declared)
        yield self._pod.succeeded(at, outputs)
        self.pod = None
        fields = self._by_itself()
        self.caching.populated(outputs, self.number, fields["task_node_metadata"])
        yield self.site.succeeded(at, outputs, self.number, **fields)
        return outputs

    def _fails(self, failure: Failure, at: datetime) -> Iterator[Act]:
        """Let the attempt fail, and the node, unless there is another attempt.

        Raises:
            NodeFailed: There is none.
        """
        if failure.code == FUTURES:
            yield from self._yields_no_workflow(failure, at)
        yield self._pod.failed(at, self._error(failure.of_task, at))
        self.pod = None
        if (budget := failure.budget) is not None:
            self.spent[budget] += 1
            if self.spent[budget] <= (SYSTEM_RETRIES if budget == "system" else self.retries):
                return
        error = self._error(failure.of_node(self.retries), at)
        fields = self._by_itself()
        # Of a task that makes decks the node has no error, as recorded; what is above it has.
        yield self.site.event(at, "FAILED", error=None if self.has_deck else error, **fields)
        raise NodeFailed(error)

    def _yields_no_workflow(self, failure: Failure, at: datetime) -> Iterator[Act]:
        pod, self.pod = self._pod, None
        yield pod.yielded(at)
        error = self._error(failure, at)
        yield not_built(self.site, error, at)
        raise NodeFailed(error)

    def _times_out(self, attempt: Attempt, at: datetime) -> Iterator[Act]:
        """Stop the attempt that takes too long, and the node, unless there is another attempt.

        The node itself may take twice as long as an attempt, however many there could be.

        Raises:
            NodeFailed: There is none.
        """
        pod, self.pod = self._pod, None
        self.timeouts += 1
        self.spent["user"] += 1
        if self.timeouts == 2:
            yield self.site.event(at, "TIMED_OUT")
            yield pod.aborted(at)
            raise NodeFailed(error_of(wording.node_timed_out(), at))
        if self.spent["user"] > self.retries:
            last = wording.timeout_expired(limit_of(self.site.node, self.template, attempt))
            error = error_of(wording.exhausted(last, self.retries + 1), at)
            yield self.site.event(at, "FAILED", error=error)
            yield pod.aborted(at)
            raise NodeFailed(error)
        yield pod.aborted(at)

    def _error(self, failure: Failure, at: datetime) -> core.ExecutionError:
        return self.site.error(failure, at, self.number)

    def _deck(self) -> dict[str, Any]:
        return {"deck_uri": self.site.deck(self.number)} if self.has_deck else {}

    def _by_itself(self) -> dict[str, Any]:
        """Return what is said of a node whose last attempt ended by itself."""
        fields = self._deck()
        fields["task_node_metadata"] = self.site.checkpoint(self.number)
        if self.has_deck:
            fields["blobs"] = {fields["deck_uri"]: _DECK}
        return fields

    @property
    def _pod(self) -> Pod:
        assert self.pod is not None  # noqa: S101  for type checkers
        return self.pod


def limit_of(node: workflow_pb2.Node, task: tasks_pb2.TaskTemplate, attempt: Attempt) -> str:
    """Return how long the task of a node may take, as Go prints it; else how long it took."""
    for said in (node.metadata.timeout, task.metadata.timeout):
        if length := durations.nanoseconds(said):
            return durations.text(length)
    took = Duration()
    took.FromTimedelta(timedelta(seconds=attempt.seconds or 0))
    return durations.text(durations.nanoseconds(took))


def must_have_run(attempt: Attempt) -> bool:
    """Whether no attempt ends so without a process."""
    match attempt.ending:
        case Succeeds() | Yields():
            return True
        case Fails(failure):
            return failure.of_task.code.partition("|")[0] not in _WITHOUT_RUNNING
        case _:
            return False
