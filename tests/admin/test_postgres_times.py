from __future__ import annotations

from datetime import datetime, timezone

import pytest

from flyte_testkit.admin.database.moments import LATEST, timestamp
from flyte_testkit.admin.errors import AdminError

NOW = datetime(2024, 3, 10, 12, 30, tzinfo=timezone.utc)


def at(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2031-01-02T03:04:05Z", at(2031, 1, 2, 3, 4, 5)),
        ("2031-01-02 03:04:05", at(2031, 1, 2, 3, 4, 5)),
        ("2031-1-2", at(2031, 1, 2)),
        ("20310102", at(2031, 1, 2)),
        ("310102", at(2031, 1, 2)),
        ("700102", at(1970, 1, 2)),
        ("1700001101", LATEST),
        ("20310102T030405", at(2031, 1, 2, 3, 4, 5)),
        ("2031/01/02 3:4", at(2031, 1, 2, 3, 4)),
        ("01/02/2031", at(2031, 1, 2)),
        ("Jan 2, 2031", at(2031, 1, 2)),
        ("2 January 2031", at(2031, 1, 2)),
        ("2031-Jan-02", at(2031, 1, 2)),
        ("2031-01-02 01:00 pm", at(2031, 1, 2, 13)),
        ("2031-01-02 12:00 AM", at(2031, 1, 2)),
        ("2031-01-02T24:00:00", at(2031, 1, 3)),
        ("2031-01-02T00:00:60", at(2031, 1, 2, 0, 1)),
        ("2031-01-02T00:00:00.1234567Z", at(2031, 1, 2, 0, 0, 0, 123457)),
        ("2031-01-02T00:00:00-05", at(2031, 1, 2, 5)),
        ("2031-01-02T00:00:00 -05:30", at(2031, 1, 2, 5, 30)),
        ("2031-01-02T00:00:00+01:00", at(2031, 1, 1, 23)),
        (" 2031-01-02 utc ", at(2031, 1, 2)),
        ("epoch", at(1970, 1, 1)),
        ("99999-01-01", LATEST),
    ],
)
def test_reads_what_postgresql_reads(text, time):
    assert timestamp(text, NOW) == time


@pytest.mark.parametrize(
    ("word", "time"),
    [
        ("now", NOW),
        ("TODAY", at(2024, 3, 10)),
        ("yesterday", at(2024, 3, 9)),
        ("tomorrow", at(2024, 3, 11)),
        ("today 06:00", at(2024, 3, 10, 6)),
    ],
)
def test_reckons_words_from_now(word, time):
    assert timestamp(word, NOW) == time


def test_nothing_is_outside_of_the_two_infinities():
    assert timestamp("-infinity", NOW) < at(1970, 1, 1) < timestamp("infinity", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1",
        "2031",
        "2031-01",
        "12:00",
        "2031-01-02 Mars",
        "2031-01-02T",
        "2031-01-02 03",
        "2031-01-01T01:00:10 01:00",
        "invalid",
    ],
)
def test_refuses_what_is_no_time(text):
    with pytest.raises(AdminError) as refusal:
        timestamp(text, NOW)
    assert refusal.value.code == "UNKNOWN"
    assert refusal.value.message == (
        "failed database operation with "
        f'invalid input syntax for type timestamp with time zone: "{text}"'
    )


@pytest.mark.parametrize(
    "text",
    [
        "2031-13-01",
        "2031-02-30",
        "2031-00-01",
        "0000-01-01",
        "2031-01-01T25:00",
        "2031-01-01T00:60",
        "2031-01-01 13:00 pm",
        "13/02/2031",
        "1767225600",
        "203101",
        "1767225600000",
        "1767225600000000000",
    ],
)
def test_refuses_dates_and_times_that_do_not_exist(text):
    with pytest.raises(AdminError) as refusal:
        timestamp(text, NOW)
    assert refusal.value.message == (
        f'failed database operation with date/time field value out of range: "{text}"'
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2031-01-01T00:00:00-25", "time zone displacement out of range"),
        ("294277-01-01", "timestamp out of range"),
        ("2942770101", "timestamp out of range"),
    ],
)
def test_refuses_what_is_too_far_away(text, problem):
    with pytest.raises(AdminError) as refusal:
        timestamp(text, NOW)
    assert refusal.value.message == f'failed database operation with {problem}: "{text}"'


def test_reads_no_more_decimals_than_tell_times_apart():
    exact = timestamp("2031-01-01 00:00:00.1", NOW)

    assert timestamp("2031-01-01 00:00:00.1" + "0" * 5000, NOW) == exact
