"""Moments and spans in whole nanoseconds, and as the messages that carry them.

All arithmetic is done on integers: floats would lose the nanoseconds that FlyteAdmin keeps.
Ignorant of clocks: no moment here is now.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from google.protobuf import duration_pb2, timestamp_pb2
from hypothesis import strategies as st

__all__ = [
    "GAPS",
    "MICROSECOND",
    "MOMENTS",
    "SECOND",
    "draw_instant",
    "instant",
    "lasted",
    "span",
    "stamp",
]

SECOND: Final = 1_000_000_000
MICROSECOND: Final = 1_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST: Final = 1_704_067_200  # 2024-01-01, a Monday without a fraction
_LAST: Final = 4_102_444_799  # the end of 2099
_LONG: Final = 10 * 86_400

_SECONDS: Final = st.integers(_FIRST, _LAST)
_PARTS: Final = st.integers(0, SECOND - 1)

MOMENTS: Final = st.tuples(_SECONDS, _PARTS).map(lambda parts: parts[0] * SECOND + parts[1])
"""When something began. Shrinks to 2024-01-01T00:00:00Z, and to whole seconds."""

GAPS: Final = st.tuples(st.integers(1, _LONG), _PARTS).map(
    lambda parts: parts[0] * SECOND - parts[1]
)
"""How long something took, never nothing. Shrinks to a second, and to whole ones."""


def instant(moment: int) -> datetime:
    """Return a moment as a clock knows it, to the microsecond.

    Example:
        >>> instant(1_704_067_200_123_456_789).isoformat()
        '2024-01-01T00:00:00.123456+00:00'
    """
    return _EPOCH + timedelta(microseconds=moment // MICROSECOND)


def draw_instant(draw: st.DrawFn) -> datetime:
    """Draw one of :data:`MOMENTS` as a clock knows it, in half as many steps.

    In two steps, not one: so seconds and fraction shrink apart from each other, and often there is
    no fraction.
    """
    return instant(draw(_SECONDS) * SECOND + draw(_PARTS))


def stamp(moment: int) -> timestamp_pb2.Timestamp:
    """Return the message of a moment."""
    seconds, nanos = divmod(moment, SECOND)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)


def span(length: int) -> duration_pb2.Duration:
    """Return the message of a span; both its parts have the span's sign."""
    seconds, nanos = divmod(abs(length), SECOND)
    sign = -1 if length < 0 else 1
    return duration_pb2.Duration(seconds=sign * seconds, nanos=sign * nanos)


def lasted(started: int, ended: int) -> duration_pb2.Duration:
    """Return the duration that FlyteAdmin works out, whose column knows microseconds only.

    Example:
        >>> lasted(10_123_456_789, 20_123_456_789)
        seconds: 10
        nanos: 789
        <BLANKLINE>
    """
    return span(ended - started // MICROSECOND * MICROSECOND)
