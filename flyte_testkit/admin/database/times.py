"""Times as FlyteAdmin keeps them: columns of microseconds, messages of nanoseconds (§4, §9).

A column is an aware UTC datetime, so a message's time is cut, towards the past, when it becomes
one; durations are counted in nanoseconds from a cut start to an uncut end. Ignorant of what the
times mean.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = [
    "InvalidTimeError",
    "between",
    "duration",
    "nanoseconds",
    "plus",
    "read",
    "stamp",
    "write",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_YEAR_1 = -62_135_596_800
_YEAR_10000 = 253_402_300_800
_SECOND = 10**9
_DAY = 86_400
_LONGEST = 2**63 - 1


class InvalidTimeError(ValueError):
    """A message has no time where one is needed, or one that is none; its text is Go's."""


def read(message: Message, field: str) -> datetime:
    """Return the time in a field of a message, cut to microseconds.

    Raises:
        InvalidTimeError: It is not set, or lies outside the years 1 to 9999.

    Example:
        >>> from flyteidl.event.event_pb2 import WorkflowExecutionEvent
        >>> read(WorkflowExecutionEvent(occurred_at=Timestamp(nanos=1_999)), "occurred_at")
        datetime.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=datetime.timezone.utc)
    """
    if not message.HasField(field):
        raise InvalidTimeError("timestamp: nil Timestamp")
    time: Timestamp = getattr(message, field)
    seconds, nanos = time.seconds, time.nanos
    if seconds < _YEAR_1:
        raise InvalidTimeError(f"timestamp: {prototext(time)} before 0001-01-01")
    if seconds >= _YEAR_10000:
        raise InvalidTimeError(f"timestamp: {prototext(time)} after 10000-01-01")
    if not 0 <= nanos < _SECOND:
        raise InvalidTimeError(f"timestamp: {prototext(time)}: nanos not in range [0, 1e9)")
    return _after(seconds, nanos // 1000)


@lru_cache(maxsize=1024)  # of one event the same times are read again and again
def _after(seconds: int, microseconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds, microseconds=microseconds)


def stamp(time: datetime) -> Timestamp:
    """Return a time as messages carry it."""
    seconds, nanos = _since(time)
    return Timestamp(seconds=seconds, nanos=nanos)


def write(time: datetime, *fields: Timestamp) -> None:
    """Let fields of messages hold a time.

    As ``FromDatetime`` does, which takes five times as long: each event has two times.
    """
    seconds, nanos = _since(time)
    for field in fields:
        field.seconds = seconds
        field.nanos = nanos


def _since(time: datetime) -> tuple[int, int]:
    """Never remembered: of an hour that comes twice, both times are equal."""
    since = time - _EPOCH
    return since.days * _DAY + since.seconds, since.microseconds * 1000


def nanoseconds(time: datetime | Timestamp) -> int:
    """Return the nanoseconds from 1970 to a time."""
    if isinstance(time, Timestamp):
        return time.seconds * _SECOND + time.nanos
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000


def between(start: datetime, end: Timestamp) -> int:
    """Return the nanoseconds from a column's time to a message's; below 0 if the end is earlier.

    Go counts no more than 292 years either way.
    """
    return max(-_LONGEST - 1, min(nanoseconds(end) - nanoseconds(start), _LONGEST))


def duration(length: int) -> Duration:
    """Return nanoseconds as the duration that messages carry."""
    value = Duration()
    value.FromNanoseconds(length)
    return value


def plus(time: Timestamp, length: Duration) -> Timestamp:
    """Return the time that is a duration after another."""
    seconds, nanos = divmod(nanoseconds(time) + length.seconds * _SECOND + length.nanos, _SECOND)
    return Timestamp(seconds=seconds, nanos=nanos)
