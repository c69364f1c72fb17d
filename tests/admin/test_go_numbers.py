from __future__ import annotations

import math

import pytest

from flyte_testkit.admin.go.numbers import (
    InvalidDurationError,
    atoi,
    float_text,
    parse_duration,
    parse_float,
)

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("+7", 7), ("007", 7), ("-0", 0), ("9223372036854775807", 2**63 - 1)],
)
def test_reads_decimal_integers_of_64_bits(text, number):
    assert atoi(text) == number


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1.5", "1e2", "0x1", "\u0661", "1_0", "9223372036854775808", "9" * 5000],
)
def test_reads_nothing_else_as_an_integer(text):
    assert atoi(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("60", 60.0),
        ("6e1", 60.0),
        ("1_000", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("0x1p4", 16.0),
        ("-Inf", -math.inf),
        ("infinity", math.inf),
    ],
)
def test_reads_numbers_as_go_writes_them_in_source(text, number):
    assert parse_float(text) == number


@pytest.mark.parametrize("text", ["", ".", "1__0", "_1", "1_", "0x10", "1e999", "+nan", "\u0663"])
def test_reads_no_other_number(text):
    assert parse_float(text) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (60.0, "60"),
        (-0.0, "-0"),
        (0.5, "0.5"),
        (999999.9, "999999.9"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e21, "1e+21"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_prints_numbers_as_go_does(number, text):
    assert float_text(number) == text


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("60s", 60 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1.5m", 90 * SECOND),
        ("90000ms", 90 * SECOND),
        ("-1.5h", -5400 * SECOND),
        ("+.5s", SECOND // 2),
        ("1.s", SECOND),
        ("1\u00b5s", 1000),
        ("1\u03bcs", 1000),
        ("2562047h47m16.854775807s", 2**63 - 1),
        ("-9223372036854775808ns", -(2**63)),
        ("0" * 5000 + "1." + "0" * 5000 + "s", SECOND),
    ],
)
def test_reads_durations(text, nanoseconds):
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "s",
        ".",
        ".s",
        "1d",
        "1 h",
        "1h30",
        "1:30",
        "9223372036854775808ns",
        "9e9h",
        "9" * 5000 + "h",
    ],
)
def test_reads_no_other_duration(text):
    with pytest.raises(InvalidDurationError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'invalid duration ""'),
        ("-", 'invalid duration "-"'),
        ("h", 'invalid duration "h"'),
        ("1h-5m", 'unknown unit "h-" in duration "1h-5m"'),
        ("1h30", 'missing unit in duration "1h30"'),
        ("1..s", 'missing unit in duration "1..s"'),
        ("1day", 'unknown unit "day" in duration "1day"'),
        ("1 h", 'unknown unit " h" in duration "1 h"'),
        ('1"', r'unknown unit "\"" in duration "1\""'),
        ("1\u0663", r'unknown unit "\xd9\xa3" in duration "1\xd9\xa3"'),
        ("9223372036854775808ns", 'invalid duration "9223372036854775808ns"'),
    ],
)
def test_says_in_go_s_words_why_a_text_is_no_duration(text, problem):
    with pytest.raises(InvalidDurationError) as refusal:
        parse_duration(text)
    assert str(refusal.value) == f"time: {problem}"
