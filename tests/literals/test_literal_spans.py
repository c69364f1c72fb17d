"""Moments and spans at the edges of what Python and protobuf can say."""

from __future__ import annotations

import datetime as dt

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from flyte_testkit.literals.spans import duration_of, moment_of, span_of, timestamp_of

UTC = dt.timezone.utc
EAST = dt.timezone(dt.timedelta(hours=5))
WEST = dt.timezone(-dt.timedelta(hours=5))


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_comes_back(moment):
    assert moment_of(timestamp_of(moment)) == moment


@given(st.timedeltas())
def test_every_span_comes_back(span):
    duration = duration_of(span)
    assert span_of(duration) == span
    assert duration.seconds * duration.nanos >= 0


@given(st.timedeltas(dt.timedelta(days=-3_000_000), dt.timedelta(days=3_000_000)))
def test_spans_are_written_as_protobuf_writes_them(span):
    theirs = Duration()
    theirs.FromTimedelta(span)
    assert duration_of(span) == theirs
    assert span_of(theirs) == theirs.ToTimedelta()


def test_a_moment_without_a_zone_is_of_utc():
    assert timestamp_of(dt.datetime(1970, 1, 2)) == Timestamp(seconds=86400)


@pytest.mark.parametrize("seconds", [0, -62135596800, 253402300799])
def test_what_is_finer_than_python_is_cut_off(seconds):
    assert moment_of(Timestamp(seconds=seconds, nanos=1_999)).microsecond == 1
    assert span_of(Duration(nanos=-1_999)) == dt.timedelta(microseconds=-1)
    assert span_of(Duration(nanos=1_999)) == dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    "moment", [dt.datetime.min.replace(tzinfo=EAST), dt.datetime.max.replace(tzinfo=WEST)]
)
def test_a_moment_outside_utcs_years_is_none_of_flytes(moment):
    with pytest.raises(ValueError, match="in UTC it lies outside the years 1 to 9999"):
        timestamp_of(moment)


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(253402300800, 0), (-62135596801, 0), (2**63 - 1, 0), (-(2**63), 0), (0, -1), (0, 10**9)],
)
def test_what_is_no_instant_is_no_datetime(seconds, nanos):
    with pytest.raises(ValueError, match=rf"of {seconds} s and {nanos} ns is no instant of"):
        moment_of(Timestamp(seconds=seconds, nanos=nanos))


@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63), 10**15, 999_999_999 * 86400 + 86400])
def test_what_is_too_long_is_no_timedelta(seconds):
    with pytest.raises(ValueError, match=rf"the Duration of {seconds} s is longer than"):
        span_of(Duration(seconds=seconds))
