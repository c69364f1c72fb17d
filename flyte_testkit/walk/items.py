"""One item of a map: its attempts, one after another, a phase at a time.

What the user did wrong and what the system did are counted apart, as of any task. No recorded item
took too long: here it has FAILED then. Ignorant of the items beside it, and of what is said of
them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flyte_testkit.engine.performance import Looks, Until, Wait
from flyte_testkit.nodes import immediately
from flyte_testkit.propeller.wording import SYSTEM_RETRIES
from flyte_testkit.timeline import Fails, NeverEnds, Polls, Succeeds, TimesOut
from flyte_testkit.walk.pods import WITHOUT_LOGS
from flyte_testkit.walk.tasks import must_have_run

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Audience
    from flyte_testkit.timeline import Attempt, Duration

__all__ = ["Item"]

_BEFORE: Final = {"INITIALIZING": ("QUEUED",), "RUNNING": ("QUEUED", "INITIALIZING")}
"""What no attempt does without before it comes into a phase."""


class Item:
    """One item of a map.

    Args:
        index: Which it is, from 0 on.
        attempts: What its attempts do; the last one stands for all that follow.
        retries: How often it is tried again.
        audience: Who looks.

    Attributes:
        attempt: Which attempt it makes, from 0 on.
        phase: The phase of that; empty before it begins.
        has_logs: Whether a process tells, or told, of this attempt.
        wait: Until when it stays so.
        last: What its last attempt did, once it has ended by itself.
        made: What it gives, once that is known.
        cache_status: What it says of the cache; empty if that is nothing.
    """

    def __init__(
        self, index: int, attempts: Sequence[Attempt], retries: int, audience: Audience
    ) -> None:
        self.index = index
        self.attempt = 0
        self.phase = ""
        self.has_logs = False
        self.wait: Wait = Wait()
        self.last: Attempt | None = None
        self.made: literals_pb2.LiteralMap | None = None
        self.cache_status = ""
        self._attempts = attempts
        self._retries = retries
        self._audience = audience
        self._spent = {"user": 0, "system": 0}
        self._timeouts = 0
        self._life: Generator[Wait, datetime, None] | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it has failed for good."""
        return self.last is not None and not isinstance(self.last.ending, Succeeds)

    def goes_on(self, at: datetime) -> None:
        """Come into the next phase, or into the first one."""
        if self._life is None:
            self._life = self._lives(at)
            self.wait = next(self._life)
        else:
            self.wait = self._life.send(at)

    def is_found(self, made: literals_pb2.LiteralMap) -> None:
        """Need not run, since it is cached."""
        self.made, self.cache_status = made, "CACHE_HIT"
        self.phase, self.last = "SUCCEEDED", immediately.succeeds()

    def stops(self) -> None:
        """Be stopped from outside, unless it has ended, or has not begun."""
        if self.phase and self.last is None:
            self.phase = "ABORTED"

    def _lives(self, at: datetime) -> Generator[Wait, datetime, None]:
        while True:
            attempt = self._attempts[min(self.attempt, len(self._attempts) - 1)]
            for phase, duration in _phases(attempt):
                self.phase = phase
                self.has_logs = phase == "RUNNING"
                at = yield self._wait(at, duration)
            if isinstance(attempt.ending, NeverEnds):
                yield Wait()
            self.phase = "SUCCEEDED" if isinstance(attempt.ending, Succeeds) else "FAILED"
            if isinstance(attempt.ending, Fails):
                self.has_logs &= attempt.ending.failure.of_task.code not in WITHOUT_LOGS
            if not self._is_tried_again(attempt):
                self.last = attempt
                yield Wait()
            at = yield Until(at)
            self.attempt += 1  # as recorded: a new attempt first says that it was stopped
            self.phase, self.has_logs = "ABORTED", False
            at = yield Until(at)

    def _wait(self, at: datetime, duration: Duration | None) -> Wait:
        if duration is None:
            return Wait()
        if isinstance(duration, Polls):
            return Looks(self._audience, duration.count)
        assert isinstance(duration, (int, float))  # noqa: S101  steps have read whatever else it was
        return Until(at + timedelta(seconds=duration))

    def _is_tried_again(self, attempt: Attempt) -> bool:
        match attempt.ending:
            case Fails(failure) if failure.budget is not None:
                budget = failure.budget
            case TimesOut():
                budget = "user"
                self._timeouts += 1
            case _:
                return False
        self._spent[budget] += 1
        most = SYSTEM_RETRIES if budget == "system" else self._retries
        return self._spent[budget] <= most and self._timeouts < 2


def _phases(attempt: Attempt) -> Iterator[tuple[str, Duration | None]]:
    """Yield the phases of an attempt, those included that it cannot do without."""
    told = set()
    needed = "RUNNING" if must_have_run(attempt) else "QUEUED"
    for step in attempt.steps:
        for phase in _BEFORE.get(step.phase, ()):
            if phase not in told:
                told.add(phase)
                yield phase, 0.0
        told.add(step.phase)
        # Nothing comes of the end of what never ends, so nobody waits for it.
        is_last = step is attempt.steps[-1] and isinstance(attempt.ending, NeverEnds)
        yield step.phase, None if is_last and isinstance(step.duration, float) else step.duration
    if needed in told or (needed == "QUEUED" and told):
        return
    for phase in (*_BEFORE.get(needed, ()), needed):
        if phase not in told:
            yield phase, 0.0
