"""How texts that go into messages are formed: exceptions and lengths of time.

Ignorant of which failures hold them.
"""

from __future__ import annotations

import math
import textwrap
from datetime import timedelta
from typing import Final

from flyte_testkit.errors import TimelineError, shown

__all__ = ["exception_text", "go_duration", "seconds_of", "whole"]

_INDENT: Final = "    "
_LONGEST: Final = 2.0**63 / 1e9  # seconds; Go counts nanoseconds in 64 bits


def exception_text(exception: str, message: str, function: str) -> str:
    r"""Return what flytekit writes of an exception that a function of the user let out.

    Args:
        exception: The class as a traceback shows it, with its module unless that is built in.
        message: What the exception says.
        function: The task function.

    Example:
        >>> exception_text("ValueError", "bad number 2", "train").splitlines()[-3:]
        ['Message:', '', '    ValueError: bad number 2']
    """
    name = exception.rpartition(".")[2]
    trace = (
        "Traceback (most recent call last):\n"
        f'  File "/root/workflow.py", line 7, in {function}\n'
        f"{exception}: {message}\n"
    )
    said = textwrap.indent(f"{name}: {message}", _INDENT)
    return f"Trace:\n\n{textwrap.indent(trace, _INDENT)}\nMessage:\n\n{said}"


def seconds_of(length: float | timedelta, what: str) -> float:
    """Return a length of time in seconds, as a number that prints shortest.

    Raises:
        TimelineError: It is none, is negative, or is longer than Go could tell.
    """
    if isinstance(length, timedelta):
        length = length.total_seconds()
    if not isinstance(length, (int, float)) or isinstance(length, bool):
        raise TimelineError(
            f"{what} is a number of seconds or a timedelta, not {shown(length)}."
            " Write 3600 for an hour."
        )
    if math.isnan(length) or not 0 <= length < _LONGEST:
        raise TimelineError(
            f"{what} is {shown(length)} s, which is no length of time that Go could tell: it counts"
            " nanoseconds from 0 to 292 years."
        )
    return int(length) if float(length).is_integer() else length


def go_duration(seconds: float) -> str:
    """Print a length of time as Go does.

    Example:
        >>> [go_duration(s) for s in (6, 3600, 90.5, 0.25, 0.0000015, 0)]
        ['6s', '1h0m0s', '1m30.5s', '250ms', '1.5µs', '0s']
    """
    nanoseconds = round(seconds * 1_000_000_000)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if 0 < nanoseconds < min(size * 1_000, 1_000_000_000):
            return f"{_decimal(nanoseconds, size)}{unit}"
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    said = f"{hours}h" if hours else ""
    said += f"{minutes}m" if hours or minutes else ""
    return f"{said}{_decimal(rest, 1_000_000_000)}s"


def whole(value: object, what: str, *, least: int) -> int:
    """Return a value if it is a whole number that is not too small.

    Raises:
        TimelineError: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise TimelineError(f"{what} is a whole number from {least} on, not {shown(value)}.")
    return value


def _decimal(value: int, size: int) -> str:
    """Divide without rounding, by a power of ten."""
    whole_part, rest = divmod(value, size)
    digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole_part}.{digits}" if digits else f"{whole_part}"
