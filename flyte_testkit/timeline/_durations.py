"""How long a step of a timeline lasts: what may be written, and how it is printed.

A duration is a number of seconds, a ``timedelta``, or a number of polls; a
:class:`~flyte_testkit.timeline.Step` keeps seconds or polls. Another unit starts here.

The printed form is made for people (``5s``, ``10m``, ``1h30m``, ``3 polls``) and reads back
exactly.

This module is ignorant of phases and timelines.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from numbers import Real
from typing import Final, TypeAlias, final

from flyte_testkit.errors import TimelineError, shown

__all__ = ["LONGEST", "Duration", "Polls", "checked", "code", "human", "polls", "read", "too_long"]

LONGEST: Final = 100 * 365.25 * 86400
"""Seconds that a timeline may last: a hundred years.

FlyteAdmin keeps durations as Go does, which end at 292 years, and dates end with the year 9999.
"""

_SECONDS_PER_UNIT: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_UNIT_WORDS: Final = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_PIECE: Final = re.compile(
    r"\s*(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*(?P<unit>[a-z]+)", re.IGNORECASE
)
_ALONE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)(?!\s*[\w.])")
_POLLS: Final = re.compile(r"\s*0*([1-9]\d*)\s*polls?\b", re.IGNORECASE)


@final
@dataclass(frozen=True, slots=True)
class Polls:
    """A duration that is told in answers instead of seconds; :func:`polls` makes it.

    Attributes:
        count: How many answers.

    Raises:
        TimelineError: That is no number of answers.
    """

    count: int

    def __post_init__(self) -> None:
        """Refuse what nobody could count to."""
        if not isinstance(self.count, int) or isinstance(self.count, bool):
            raise TimelineError(
                f"polls({shown(self.count)}): polls are counted in whole numbers.\nWrite polls(3)."
            )
        if self.count < 1:
            raise TimelineError(
                f"polls({shown(self.count)}): a step is held for one poll at least."
                "\nWrite 0 instead of polls(0) for a step that passes at once."
            )

    def __repr__(self) -> str:
        return f"polls({self.count!r})"


def polls(count: int, /) -> Polls:
    """Return the duration of a step that is held for so many looks at the execution.

    A look is an answer OK to a ``GetExecution`` on that very execution while the step lasts. All of
    them still show the step; with the last one the script goes on at that instant, so that the next
    look, or the ``GetExecutionData`` that comes after this one, finds what follows. Attempts that
    fail, or whose reply is lost, are no looks. Time may pass or not.

    Clients look more often than it seems: of flytekit's, ``execute`` spends one look before it
    returns, ``fetch_execution`` two, ``sync_execution`` and each round of ``wait`` one. Prefer
    seconds where they will do; they survive a change of the client.

    Raises:
        TimelineError: It is no whole number from one on.

    Example:
        >>> from flyte_testkit import polls, running
        >>> print(running(polls(3)).succeeds())
        RUNNING 3 polls -> SUCCEEDED
    """
    return Polls(count)


Duration: TypeAlias = float | timedelta | Polls


def checked(duration: Duration, where: str = "a duration") -> float | Polls:
    """Return a duration in seconds, or in polls.

    Args:
        duration: Seconds, a ``timedelta`` or polls.
        where: What the user wrote around it, as ``running``, for the error.

    Raises:
        TimelineError: It is no duration, is negative, endless, too long or not a number.

    Example:
        >>> checked(timedelta(minutes=10)), checked(polls(3))
        (600.0, polls(3))
    """
    if isinstance(duration, Polls):
        return duration
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, Real) and not isinstance(duration, bool):
        try:
            seconds = float(duration)
        except OverflowError:
            seconds = math.inf
    else:
        raise TimelineError(
            f"{where}({shown(duration, 500)}): a duration is a number of seconds, a timedelta or"
            " polls(n)."
            f"{_advice(duration, where)}"
        )
    if math.isnan(seconds) or math.isinf(seconds):
        raise TimelineError(
            f"{where}({shown(duration, 500)}): a duration is a finite number of seconds."
            f"\nFor a step without an end, leave the duration out: {where}().never_ends()."
        )
    if seconds < 0:
        raise TimelineError(
            f"{where}({shown(duration, 500)}): a duration is not negative; time moves one way."
            f"\nWrite 0 for a step that passes at once."
        )
    if problem := too_long(seconds):
        raise TimelineError(f"{where}({shown(duration, 500)}): {problem}")
    return seconds + 0.0  # turns -0.0 into 0.0


def too_long(seconds: float) -> str | None:
    """Say why a timeline cannot last so long, and what to write; None if it can."""
    if seconds <= LONGEST:
        return None
    return (
        f"a timeline lasts a hundred years at most, which are {LONGEST:,.0f} seconds."
        "\nDurations are in seconds; for an execution without an end write .never_ends()."
    )


def code(duration: float | Polls) -> str:
    """Print a duration as the Python code to write, whole seconds without a point.

    Example:
        >>> code(600.0), code(0.5), code(polls(3))
        ('600', '0.5', 'polls(3)')
    """
    if isinstance(duration, Polls):
        return repr(duration)
    return str(int(duration)) if duration.is_integer() else repr(duration)


def human(duration: float | Polls) -> str:
    """Print a duration as people write it, so that :func:`read` gives exactly that back.

    Example:
        >>> [human(d) for d in (0.0, 5.0, 600.0, 5400.0, 86400.0, 0.5, polls(1), polls(3))]
        ['0s', '5s', '10m', '1h30m', '24h', '0.5s', '1 poll', '3 polls']
    """
    if isinstance(duration, Polls):
        return "1 poll" if duration.count == 1 else f"{duration.count} polls"
    if not duration.is_integer():
        return f"{duration!r}s"
    minutes, rest = divmod(int(duration), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if n]
    return "".join(parts) or "0s"


def read(text: str, start: int = 0) -> tuple[float | Polls, int] | None:
    """Read a printed duration.

    Units may be spelled out and stand apart (``10 min``); a number alone is seconds.

    Args:
        text: Where it stands.
        start: The offset to begin at.

    Returns:
        The duration and the offset behind it, or None if there is none.

    Example:
        >>> read("1h30m"), read("10 min"), read("3 polls"), read("soon")
        ((5400.0, 5), (600.0, 6), (polls(3), 7), None)
    """
    if looks := _POLLS.match(text, start):
        return Polls(int(looks[1])), looks.end()
    seconds, at = 0.0, start
    while (piece := _PIECE.match(text, at)) and (
        unit := _UNIT_WORDS.get(piece["unit"].lower())
    ) is not None:
        seconds += float(piece["number"]) * _SECONDS_PER_UNIT[unit]
        at = piece.end()
    if at > start:
        return seconds, at
    alone = _ALONE.match(text, start)
    return (float(alone[1]), alone.end()) if alone else None


def _advice(duration: object, where: str) -> str:
    if isinstance(duration, str) and (found := read(duration)) and found[1] == len(duration):
        return f"\nWrite {where}({code(found[0])})."
    if isinstance(duration, bool):
        return f"\nFor a step until something else happens, leave it out: {where}().never_ends()."
    if duration is polls:
        return f"\nSay how many: {where}(polls(3))."
    return f"\nWrite {where}(60) for a minute, or {where}(polls(3)) for three looks."
