from __future__ import annotations

from fractions import Fraction

import pytest

from flyte_testkit.admin.go.quantities import InvalidQuantityError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("+2", 2),
        ("-2", -2),
        ("007", 7),
        ("1.5", Fraction(3, 2)),
        ("1.", 1),
        (".5", Fraction(1, 2)),
        (".", 0),
        ("1500m", Fraction(3, 2)),
        ("3u", Fraction(3, 10**6)),
        ("5n", Fraction(5, 10**9)),
        ("2k", 2000),
        ("2M", 2 * 10**6),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("200Mi", 200 * 2**20),
        ("1Ki", 2**10),
        ("1Gi", 2**30),
        ("0.5Gi", 2**29),
        ("1e3", 1000),
        ("1E3", 1000),
        ("5e-1", Fraction(1, 2)),
    ],
)
def test_reads_sizes(text, value):
    assert parse(text).value == value


@pytest.mark.parametrize("text", ["", "one", "1GB", "1 Gi", " 1", "1e3m", "1.2.3", "٣"])
def test_says_what_a_size_looks_like(text):
    with pytest.raises(InvalidQuantityError) as refusal:
        parse(text)
    assert str(refusal.value) == (
        "quantities must match the regular expression "
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )


@pytest.mark.parametrize("text", ["1K", "1mi", "1eE", "1i", "1k5", "--1"])
def test_says_when_only_the_suffix_is_none(text):
    with pytest.raises(InvalidQuantityError, match="unable to parse quantity's suffix"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "whole"), [("1", 1), ("1100m", 2), ("1.0", 1), ("0", 0), ("-1500m", -2), ("1n", 1)]
)
def test_counts_whole_units_away_from_zero(text, whole):
    assert parse(text).whole == whole


@pytest.mark.parametrize(
    ("text", "is_whole"), [("1", True), ("1.0", True), ("1500m", False), ("0.1", False)]
)
def test_knows_whole_numbers(text, is_whole):
    assert parse(text).is_whole is is_whole


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1500m", "1500m"), ("1.5", "1.5"), ("200Mi", "200Mi"), ("0.5Gi", "512Mi"), ("0.1Ki", "103")],
)
def test_shows_what_was_written_but_for_binary_sizes_with_a_point(text, shown):
    assert str(parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "is_large"), [("9" * 5000, True), ("1e99999999", True), ("0." + "9" * 5000, False)]
)
def test_reads_sizes_without_measure(text, is_large):
    assert (parse(text).whole > 2**63) is is_large


def test_an_exponent_that_no_number_holds_is_no_suffix():
    with pytest.raises(InvalidQuantityError, match="suffix"):
        parse("1e" + "9" * 5000)
