from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from flyteidl.event.event_pb2 import WorkflowExecutionEvent
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin.database import times

_BERLIN = ZoneInfo("Europe/Berlin")


def event(**time):
    return WorkflowExecutionEvent(occurred_at=Timestamp(**time))


def test_a_column_drops_what_is_less_than_a_microsecond():
    read = times.read(event(seconds=1, nanos=123_456_789), "occurred_at")

    assert read == datetime(1970, 1, 1, 0, 0, 1, 123_456, tzinfo=timezone.utc)


def test_a_time_before_1970_is_cut_towards_the_past_too():
    read = times.read(event(seconds=-1, nanos=999_999_999), "occurred_at")

    assert read == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)


@pytest.mark.parametrize("seconds", [-62_135_596_800, 0, 253_402_300_799])
def test_the_years_1_to_9999_can_be_read(seconds):
    assert times.nanoseconds(times.read(event(seconds=seconds), "occurred_at")) == seconds * 10**9


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ({"seconds": -62_135_596_801}, "timestamp: seconds:-62135596801 before 0001-01-01"),
        ({"seconds": 253_402_300_800}, "timestamp: seconds:253402300800 after 10000-01-01"),
        (
            {"seconds": 1, "nanos": -1},
            "timestamp: seconds:1 nanos:-1: nanos not in range [0, 1e9)",
        ),
        (
            {"seconds": 1, "nanos": 10**9},
            "timestamp: seconds:1 nanos:1000000000: nanos not in range [0, 1e9)",
        ),
    ],
)
def test_other_times_are_refused_in_the_words_of_go(time, text):
    with pytest.raises(times.InvalidTimeError) as refusal:
        times.read(event(**time), "occurred_at")

    assert str(refusal.value) == text


def test_a_time_that_is_not_there_is_refused():
    with pytest.raises(times.InvalidTimeError, match=r"^timestamp: nil Timestamp$"):
        times.read(WorkflowExecutionEvent(), "occurred_at")


def test_a_stamp_reads_back_as_the_same_time():
    time = datetime(1969, 7, 20, 20, 17, 40, 123_456, tzinfo=timezone.utc)

    assert times.read(WorkflowExecutionEvent(occurred_at=times.stamp(time)), "occurred_at") == time


def test_the_time_between_counts_from_a_cut_start_to_an_uncut_end():
    start = times.read(event(seconds=10, nanos=123_456_789), "occurred_at")

    assert times.between(start, Timestamp(seconds=20, nanos=123_456_789)) == 10_000_000_789


@pytest.mark.parametrize(
    ("year", "text"), [(9999, "9223372036.854775807s"), (1, "-9223372036.854775808s")]
)
def test_the_time_between_never_passes_292_years(year, text):
    end = times.stamp(datetime(year, 1, 1, tzinfo=timezone.utc))

    length = times.between(datetime(2024, 1, 1, tzinfo=timezone.utc), end)

    assert times.duration(length).ToJsonString() == text


def test_the_duration_of_a_negative_length_has_both_parts_negative():
    assert times.duration(-1_500_000_000) == Duration(seconds=-1, nanos=-500_000_000)


def test_a_time_plus_a_negative_duration_is_earlier():
    earlier = times.plus(Timestamp(seconds=1), Duration(seconds=-1, nanos=-1))

    assert earlier == Timestamp(seconds=-1, nanos=999_999_999)


def test_of_an_hour_that_comes_twice_each_is_told():
    """Python holds the two for equal: they differ in ``fold`` alone."""
    first, second = (datetime(2023, 10, 29, 2, 30, tzinfo=_BERLIN, fold=fold) for fold in (0, 1))

    assert first == second
    assert times.stamp(second).seconds - times.stamp(first).seconds == 3600
