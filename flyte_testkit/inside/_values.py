"""Small values that a reader gets: errors, attempts, and how long something took.

Ignorant of how they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.core.execution_pb2 import ExecutionError, TaskExecution

from flyte_testkit.admin.database import enums
from flyte_testkit.errors import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyteidl.admin import task_execution_pb2
    from google.protobuf.timestamp_pb2 import Timestamp

__all__ = [
    "AttemptRun",
    "ItemRun",
    "RunError",
    "duration_of",
    "error_of",
    "moment",
    "started_at",
    "told",
]

_ENDED = {"SUCCEEDED", "FAILED", "ABORTED"}
_LETTERS = 120  # of an error in a repr


class RunError(NamedTuple):
    """What a node or an attempt says of its failure.

    Attributes:
        code: As ``"OOMKilled"``, or ``"RetriesExhausted|OOMKilled"`` where a node counts attempts.
        message: All of it; lists that clients read cut it.
        kind: ``"USER"``, ``"SYSTEM"`` or ``"UNKNOWN"``.
    """

    code: str
    message: str
    kind: str


class AttemptRun(NamedTuple):
    """One attempt of a task at a node, as it was when it was read.

    Attributes:
        number: Which attempt it is, from 1: Flyte's ``retry_attempt`` is one less.
        phase: The phase by name.
        error: Why it failed; None if it did not, or does not say.
        started_at: When it began to run; None if it did not.
        ended_at: When it ended; None before.
        duration: How many seconds it ran; None before its end, and if it never ran.
        reason: What was said of its phase last, as ``"task submitted to K8s"``.
    """

    number: int
    phase: str
    error: RunError | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    reason: str

    @classmethod
    def of(cls, attempt: task_execution_pb2.TaskExecution) -> AttemptRun:
        """Return an attempt as FlyteAdmin tells it."""
        closure = attempt.closure
        phase = enums.column(TaskExecution.Phase, closure.phase)
        return cls(
            number=attempt.id.retry_attempt + 1,
            phase=phase,
            error=error_of(closure),
            started_at=started_at(closure),
            ended_at=moment(closure.updated_at) if phase in _ENDED else None,
            duration=duration_of(closure),
            reason=closure.reason,
        )

    def __repr__(self) -> str:
        return f"<attempt {self.number}: {self.phase}{told(self.error)}>"


@dataclass(frozen=True, repr=False)
class ItemRun:
    """One item of a map, as it was when it was read.

    Attributes:
        index: Which it is, from 0.
        phase: The phase of its last attempt by name; ``"UNDEFINED"`` before it begins.
        attempts: How many attempts it has made.
    """

    index: int
    phase: str
    attempts: int

    @classmethod
    def all_of(cls, attempts: Iterable[task_execution_pb2.TaskExecution]) -> tuple[ItemRun, ...]:
        """Return the items that the attempts of a map's task tell of, by index."""
        found: dict[int, ItemRun] = {}
        for attempt in attempts:
            told = attempt.closure.metadata.external_resources
            for one in sorted(told, key=lambda resource: resource.retry_attempt):
                phase = enums.column(TaskExecution.Phase, one.phase)
                found[one.index] = cls(one.index, phase, one.retry_attempt + 1)
        return tuple(found[index] for index in sorted(found))

    def __repr__(self) -> str:
        many = f" in {self.attempts} attempts" if self.attempts > 1 else ""
        return f"<item {self.index}: {self.phase}{many}>"


def told(error: RunError | None) -> str:
    """Return an error as it follows a phase."""
    if error is None:
        return ""
    code = f"{error.code}: " if error.code else ""
    return f", {code}{cut(' '.join(error.message.split()), _LETTERS)}"


def error_of(closure: Any) -> RunError | None:
    """Return the error of a closure, if it has one."""
    if not closure.HasField("error"):
        return None
    error = closure.error
    kind = enums.column(ExecutionError.ErrorKind, error.kind)
    return RunError(error.code, error.message, kind)


def started_at(closure: Any) -> datetime | None:
    """Return since when something runs, or ran."""
    return moment(closure.started_at) if closure.HasField("started_at") else None


def duration_of(closure: Any) -> float | None:
    """Return how many seconds something ran that has ended."""
    if not closure.HasField("duration") or not closure.HasField("started_at"):
        return None
    seconds: float = closure.duration.seconds + closure.duration.nanos / 1e9
    return seconds


def moment(stamp: Timestamp) -> datetime | None:
    """Return an instant; None if Python has no such year, as events may tell."""
    try:
        return stamp.ToDatetime(timezone.utc)
    except (ValueError, OverflowError):
        return None
