"""Who terminates a whole, and what that leads to.

Ignorant of which nodes there are.
"""

from __future__ import annotations

from typing import NamedTuple

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.timeline import Polls, Timeline
from flyte_testkit.timeline import _durations as durations
from flyte_testkit.timeline._parts import Aborts
from flyte_testkit.timeline._reaction import reaction
from flyte_testkit.timeline._value import on_terminate_as_code

__all__ = ["Stop", "as_code", "check_terminated", "stop"]


class Stop(NamedTuple):
    """Somebody terminates an execution.

    Attributes:
        seconds: How long after its launch.
        by: Why, and who.
    """

    seconds: float
    by: Aborts

    def __repr__(self) -> str:
        principal = f", principal={self.by.principal!r}" if self.by.principal else ""
        return f".aborts({self.by.cause!r}, at={durations.code(self.seconds)}{principal})"


def stop(cause: str, at: object, principal: str, what: str) -> Stop:
    """Return that somebody terminates.

    Raises:
        TimelineError: It is not said when, or why.
    """
    told = f"{what}.aborts({shown(cause)}, at={shown(at)})"
    if isinstance(at, Polls):
        raise TimelineError(f"{told}: nodes go on by the clock.\nSay seconds: at=60.")
    try:
        seconds = durations.checked(at, "at")  # type: ignore[arg-type]  # it reads whatever comes
    except TimelineError as error:
        reason = str(error).partition("\n")[0].partition("): ")[2]
        reason = reason.replace(", a timedelta or polls(n)", " or a timedelta")
        raise TimelineError(f"{told}: {reason}\nSay when, in seconds since its launch.") from None
    return Stop(float(seconds), Aborts(cause, principal))  # type: ignore[arg-type]  # no polls


def check_terminated(script: object, what: str) -> Timeline:
    """Return what a termination of nodes leads to.

    Raises:
        TimelineError: No engine does so.
    """
    found = Timeline(*reaction(script, f"{what}.on_terminate(…)"))
    told = f"{what}.on_terminate({shown(script)})"
    if found.phase not in (None, "ABORTED"):
        raise TimelineError(
            f"{told}: it is the nodes that let a workflow succeed or fail; they go on while it is"
            " ABORTING, and may win.\nGive them the time for it: .on_terminate(aborting(600))."
        )
    if any(isinstance(step.duration, Polls) for step in found.steps):
        raise TimelineError(
            f"{told}: nodes go on meanwhile, by the clock.\nSay seconds: aborting(30)."
        )
    return found


def as_code(stop: Stop | None, terminated: Timeline | None) -> str:
    """Print what is said of terminations as the calls that say it."""
    text = "" if stop is None else repr(stop)
    return text if terminated is None else text + on_terminate_as_code(terminated)
