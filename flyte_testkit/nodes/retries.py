"""The attempts of a task, one after another: which may follow which, and what that asks of retries.

What the user did wrong and what the system did are counted apart (catalogue section 21.4): a task
has its own retries for the first, and the engine forgives three of the second whatever the task.

Ignorant of what a task is besides its attempts.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from flyte_testkit.errors import TimelineError, cut, shown
from flyte_testkit.propeller.wording import FUTURES, SYSTEM_RETRIES
from flyte_testkit.timeline import (
    Attempt,
    Fails,
    NeverEnds,
    OpenAttempt,
    Succeeds,
    Timeline,
    TimesOut,
    Yields,
    require_timeline,
)
from flyte_testkit.timeline._attempt import of
from flyte_testkit.timeline._endings import refuse_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flyte_testkit.failures import Failure

__all__ = [
    "NOT_OF_TASKS",
    "Script",
    "as_attempt",
    "as_attempts",
    "check_attempts",
    "least_retries",
    "read_attempt",
]

Script: TypeAlias = Attempt | Timeline
"""What may be written for an attempt."""

_OUT_OF_TIME: Final = "End the attempt with .times_out(): it is stopped, and the node words it."
NOT_OF_TASKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BindingResolutionFailure": "It comes by itself where an input cannot be resolved.",
        FUTURES: "Only what a dynamic task yields does: write nodes.dynamic(…).",
        "NodeAborted": "It comes by itself where another node fails, or somebody terminates.",
        "ReceivedRejectSignal": "Only an approval is refused.",
        "RemoteChildWorkflowExecutionFailed": "Only the execution that a node launched is one.",
        "Timeout": _OUT_OF_TIME,
        "TimeoutExpired": _OUT_OF_TIME,
        "UserProvidedError": "Only a conditional says so.",
    }
)
"""Codes of errors that no task reports, and what to do."""


def as_attempt(value: object, what: str, *, is_dynamic: bool = False) -> Attempt:
    """Return what somebody wrote for an attempt of a task.

    Args:
        value: An attempt, or a plain timeline of what tasks do.
        what: Where it stands, for the error.
        is_dynamic: Whether the task is dynamic, so that it may yield nodes.

    Raises:
        TimelineError: It is none.

    Example:
        >>> from flyte_testkit import running
        >>> as_attempt(running(60).succeeds(), "attempt 1")
        nodes.running(60).succeeds()
    """
    refuse_open(value, OpenAttempt, what)
    if isinstance(value, (list, tuple)):
        raise TimelineError(
            f"{what}: {shown(value)} is no attempt.\nAttempts stand one by one:"
            " nodes.task(first, second), or nodes.task(*attempts)."
        )
    attempt = read_attempt(value, what)
    if isinstance(attempt.ending, Fails) and not (is_dynamic and _is_of_futures(attempt.ending)):
        _check_tasks_own(attempt.ending.failure, what)
    if isinstance(attempt.ending, Yields) and not is_dynamic:
        raise TimelineError(
            f"{what}: {shown(attempt)} yields nodes, which only a dynamic task does."
            "\nWrite nodes.dynamic(…) for it."
        )
    return attempt


def read_attempt(value: object, what: str) -> Attempt:
    """Return an attempt as it is, and a plain timeline as the attempt that it says.

    Raises:
        TimelineError: It is neither, or no task does so.
    """
    if isinstance(value, Attempt):
        return value
    timeline = require_timeline(value, what)
    try:
        return of(timeline)
    except TimelineError as error:
        raise TimelineError(f"{what}: {error}") from None


def as_attempts(
    values: Iterable[object], what: str, *, is_dynamic: bool = False
) -> tuple[Attempt, ...]:
    """Return what somebody wrote for the attempts of a task, in order.

    Raises:
        TimelineError: One is none.
    """
    return tuple(
        as_attempt(value, f"{what}, attempt {n}", is_dynamic=is_dynamic)
        for n, value in enumerate(values, 1)
    )


def check_attempts(attempts: tuple[Attempt, ...], retries: int | None, what: str) -> None:
    """Refuse attempts that no engine would make in a row.

    Args:
        attempts: All of one task.
        retries: What the task says of retries; None if nobody has said, so that as many are meant
            as the attempts need.
        what: Whose they are, as ``nodes.task(…)``.

    Raises:
        TimelineError: One comes after the end, or one is missing.
    """
    counts = _Counts(retries)
    for number, attempt in enumerate(attempts):
        if counts.over:
            raise TimelineError(
                f"{what}: attempt {number} {counts.over}, so there is no attempt {number + 1}."
                f"\n{counts.advice}"
            )
        counts.add(attempt)
    if attempts and counts.more:
        raise TimelineError(
            f"{what}: after attempt {len(attempts)} an engine makes another one: {counts.more}."
            f"\nSay what attempt {len(attempts) + 1} does, or, if all fail so, write"
            f" *[{cut(attempts[-1].as_argument(), 300)}] * {counts.needed}."
        )


def least_retries(attempts: tuple[Attempt, ...]) -> int:
    """Return how many retries a task has at least that makes these attempts.

    Example:
        >>> from flyte_testkit import failures, running
        >>> lost = as_attempt(running(9).fails(failures.preempted()), "")
        >>> again = as_attempt(running(9).fails(failures.recoverable()), "")
        >>> done = as_attempt(running(9).succeeds(), "")
        >>> least_retries((lost, again, done)), least_retries((again,))
        (1, 0)
    """
    return sum(_spends(attempt) == "user" for attempt in attempts[:-1])


class _Counts:
    """What was spent so far."""

    def __init__(self, retries: int | None) -> None:
        self.over = ""  # what the last attempt did, if none follows
        self.advice = ""
        self.more = ""  # why one follows for sure
        self.needed = 0  # how many in a row fail for good
        self._retries = retries
        self._spent = {"user": 0, "system": 0}
        self._timeouts = 0

    def add(self, attempt: Attempt) -> None:
        self.over = self.more = ""
        ending, budget = attempt.ending, _spends(attempt)
        if isinstance(ending, Succeeds):
            self._end("succeeds", "Take out what comes after it, or let it fail.")
        elif isinstance(ending, Yields):
            self._end("yields, and so has ended well", "Take out what comes after it.")
        elif isinstance(ending, NeverEnds):
            self._end("never ends", "Take out what comes after it, or let it end.")
        elif budget is None and isinstance(ending, Fails):
            self._final(ending.failure)
        elif budget == "system":
            self._system()
        else:
            self._user(timed_out=isinstance(ending, TimesOut))

    def _final(self, failure: Failure) -> None:
        said = repr(failure.message) if failure.call is None else "'…'"
        self._end(
            f"fails with {shown(failure)}, which no engine tries again, whatever the retries",
            f"Write .fails(failures.recoverable({cut(said, 200)})) for one that is tried again, or"
            " take out what comes after it.",
        )

    def _system(self) -> None:
        self._spent["system"] += 1
        if self._spent["system"] > SYSTEM_RETRIES:
            self._end(
                f"is the {SYSTEM_RETRIES + 1}th that the system spoils, of which an engine forgives"
                f" {SYSTEM_RETRIES}",
                "Take out what comes after it.",
            )
        else:
            self.more = f"its failure is the system's, of which it forgives {SYSTEM_RETRIES}"
            self.needed = SYSTEM_RETRIES + 1

    def _user(self, *, timed_out: bool) -> None:
        self._spent["user"] += 1
        self._timeouts += timed_out
        if self._timeouts == 2:
            self._end(
                "is the second that takes too long, and with it the node has timed out",
                "Take out what comes after it.",
            )
        elif self._retries is not None and self._spent["user"] > self._retries:
            self._end(
                f"is a failure too many for retries={self._retries}",
                "Give the task more retries, or take out what comes after it.",
            )
        elif self._retries is not None:
            self.more = f"retries={self._retries} are not used up"
            self.needed = 2 if timed_out else self._retries + 1

    def _end(self, over: str, advice: str) -> None:
        self.over, self.advice = over, advice


def _spends(attempt: Attempt) -> str | None:
    match attempt.ending:
        case Fails(failure):
            return failure.budget
        case TimesOut():
            return "user"
        case _:
            return None


def _is_of_futures(ending: Fails) -> bool:
    """Say whether what was yielded is no workflow: the task has ended well, its node fails."""
    return ending.failure.code == FUTURES


def _check_tasks_own(failure: Failure, what: str) -> None:
    if advice := NOT_OF_TASKS.get(failure.of_task.code):
        raise TimelineError(
            f"{what}: {shown(failure)} is a failure of nodes; no task reports it.\n{advice}"
        )
