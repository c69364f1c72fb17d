"""Lengths of time as Go holds and prints them.

Ignorant of what lasts so long. ``go_numbers`` reads such texts, here they are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration

__all__ = ["is_valid", "nanoseconds", "text"]

_SECOND = 10**9
_LONGEST = 2**63 - 1
_MOST_SECONDS = 315_576_000_000
_SMALL_UNITS = ((10**6, "ms"), (10**3, "\u00b5s"), (1, "ns"))


def is_valid(length: Duration) -> bool:
    """Say whether a message is a duration: 10,000 years at most, both parts of one sign."""
    seconds, nanos = length.seconds, length.nanos
    within = abs(seconds) <= _MOST_SECONDS and abs(nanos) < _SECOND
    return within and not (seconds > 0 > nanos or seconds < 0 < nanos)


def nanoseconds(length: Duration) -> int:
    """Return the length in nanoseconds, of which Go counts no more than 292 years' worth."""
    return max(-_LONGEST - 1, min(length.seconds * _SECOND + length.nanos, _LONGEST))


def text(length: int) -> str:
    """Print a length of nanoseconds.

    Example:
        >>> text(3600 * 10**9), text(90_500_000_000), text(-1), text(1_500_000), text(0)
        ('1h0m0s', '1m30.5s', '-1ns', '1.5ms', '0s')
    """
    sign, length = "-" if length < 0 else "", abs(length)
    if 0 < length < _SECOND:
        size, unit = next(unit for unit in _SMALL_UNITS if length >= unit[0])
        return f"{sign}{_decimal(length, size)}{unit}"
    minutes, rest = divmod(length, 60 * _SECOND)
    hours, minutes_left = divmod(minutes, 60)
    parts = f"{hours}h" * bool(hours) + f"{minutes_left}m" * bool(minutes)
    return f"{sign}{parts}{_decimal(rest, _SECOND)}s"


def _decimal(count: int, unit: int) -> str:
    whole, rest = divmod(count, unit)
    digits = len(str(unit)) - 1
    fraction = f"{rest:0{digits}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
