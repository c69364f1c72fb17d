"""Moments and spans of time: Python's on one side, protobuf's on the other.

Python counts microseconds, protobuf nanoseconds; what is finer is cut off, towards zero. Each
reaches further than the other somewhere, and then a ValueError says so. Ignorant of literals.
"""

from __future__ import annotations

import datetime as dt

from google.protobuf import duration_pb2, timestamp_pb2

__all__ = ["duration_of", "moment_of", "span_of", "timestamp_of"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_SECOND = 1_000_000_000  # nanoseconds


def timestamp_of(moment: dt.datetime) -> timestamp_pb2.Timestamp:
    """Return a datetime as a message; one without a zone counts as UTC, as in flytekit.

    Raises:
        ValueError: In UTC it lies outside the years 1 to 9999, or it is no instant (a ``NaT``).
    """
    stamp = timestamp_pb2.Timestamp()
    try:
        stamp.FromDatetime(moment)
    except OverflowError:
        raise ValueError(
            "in UTC it lies outside the years 1 to 9999, and Flyte holds no others"
        ) from None
    except (TypeError, ValueError):
        raise ValueError("it is no instant") from None
    return stamp


def duration_of(span: dt.timedelta) -> duration_pb2.Duration:
    """Return a timedelta as a message, in which both parts have the same sign.

    As in flytekit it may be longer than the 10,000 years that protobuf promises to carry.
    """
    sign, size = (-1, -span) if span < dt.timedelta(0) else (1, span)
    return duration_pb2.Duration(
        seconds=sign * (size.days * 86400 + size.seconds), nanos=sign * size.microseconds * 1000
    )


def moment_of(stamp: timestamp_pb2.Timestamp) -> dt.datetime:
    """Return a message as an aware datetime in UTC.

    Raises:
        ValueError: It lies outside the years 1 to 9999, or its nanoseconds are none.

    Example:
        >>> str(moment_of(timestamp_pb2.Timestamp(seconds=1, nanos=1_999)))
        '1970-01-01 00:00:01.000001+00:00'
    """
    try:
        if 0 <= stamp.nanos < _SECOND:
            return _EPOCH + dt.timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError:
        pass
    raise ValueError(
        f"the Timestamp of {stamp.seconds} s and {stamp.nanos} ns is no instant of the "
        "years 1 to 9999, and a datetime holds no other"
    )


def span_of(duration: duration_pb2.Duration) -> dt.timedelta:
    """Return a message as a timedelta.

    Raises:
        ValueError: It is longer than any timedelta, which ends at 2.7 million years.
    """
    micros = abs(duration.nanos) // 1000
    try:
        return dt.timedelta(
            seconds=duration.seconds, microseconds=micros if duration.nanos >= 0 else -micros
        )
    except OverflowError:
        raise ValueError(
            f"the Duration of {duration.seconds} s is longer than the 2.7 million years that a "
            "timedelta holds"
        ) from None
