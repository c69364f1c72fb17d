"""How long a step of a timeline lasts: what may be written, and how it is printed.

A duration is a number of seconds or a ``timedelta``; a :class:`~flyte_testkit.timeline.Step` keeps
seconds. Another unit (a number of polls, say) starts here.

The printed form is made for people (``5s``, ``10m``, ``1h30m``) and reads back exactly.

This module is ignorant of phases and timelines.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from numbers import Real
from typing import Final, TypeAlias

from flyte_testkit.errors import TimelineError

__all__ = ["Duration", "code", "human", "read", "seconds_of"]

Duration: TypeAlias = float | timedelta

_EXACT: Final = 2.0**53  # below it, whole seconds divide into hours and minutes without loss
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


def seconds_of(duration: Duration, where: str = "a duration") -> float:
    """Return a duration in seconds.

    Args:
        duration: Seconds or a ``timedelta``.
        where: What the user wrote around it, as ``running``, for the error.

    Raises:
        TimelineError: It is no duration, negative, endless or not a number.

    Example:
        >>> seconds_of(timedelta(minutes=10))
        600.0
    """
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, Real) and not isinstance(duration, bool):
        try:
            seconds = float(duration)
        except OverflowError:
            seconds = math.inf
    else:
        raise TimelineError(
            f"{where}({duration!r}): a duration is a number of seconds or a timedelta."
            f"{_advice(duration, where)}"
        )
    if math.isnan(seconds) or math.isinf(seconds):
        raise TimelineError(
            f"{where}({duration!r}): a duration is a finite number of seconds."
            f"\nFor a step without an end, leave the duration out: {where}().never_ends()."
        )
    if seconds < 0:
        raise TimelineError(
            f"{where}({duration!r}): a duration is not negative; time moves one way."
            f"\nWrite 0 for a step that passes at once."
        )
    return seconds + 0.0  # turns -0.0 into 0.0


def code(seconds: float) -> str:
    """Print seconds as the Python literal to write, whole ones without a point.

    Example:
        >>> code(600.0), code(0.5)
        ('600', '0.5')
    """
    return str(int(seconds)) if seconds.is_integer() and seconds < _EXACT else repr(seconds)


def human(seconds: float) -> str:
    """Print seconds as people write them, so that :func:`read` gives exactly them back.

    Example:
        >>> [human(s) for s in (0.0, 5.0, 600.0, 5400.0, 86400.0, 0.5)]
        ['0s', '5s', '10m', '1h30m', '24h', '0.5s']
    """
    if not seconds.is_integer() or seconds >= _EXACT:
        return f"{seconds!r}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if n]
    return "".join(parts) or "0s"


def read(text: str, start: int = 0) -> tuple[float, int] | None:
    """Read a printed duration.

    Units may be spelled out and stand apart (``10 min``); a number alone is seconds.

    Args:
        text: Where it stands.
        start: The offset to begin at.

    Returns:
        The seconds and the offset behind the duration, or None if there is none.

    Example:
        >>> read("1h30m"), read("10 min"), read("soon")
        ((5400.0, 5), (600.0, 6), None)
    """
    seconds, at = 0.0, start
    while (piece := _PIECE.match(text, at)) and (
        unit := _UNIT_WORDS.get(piece["unit"].lower())
    ) is not None:
        seconds += float(piece["number"]) * _SECONDS_PER_UNIT[unit]
        at = piece.end()
    if at > start:
        return seconds, at
    alone = re.compile(r"\s*(\d+(?:\.\d+)?)(?!\s*[\w.])").match(text, start)
    return (float(alone[1]), alone.end()) if alone else None


def _advice(duration: object, where: str) -> str:
    if isinstance(duration, str) and (found := read(duration)) and found[1] == len(duration):
        return f"\nWrite {where}({code(found[0])})."
    if isinstance(duration, bool):
        return f"\nFor a step until something else happens, leave it out: {where}().never_ends()."
    return f"\nWrite {where}(60) for a minute."
