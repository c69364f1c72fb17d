from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration

from flyte_testkit.admin.go.durations import is_valid, nanoseconds, text

SECOND = 10**9


@pytest.mark.parametrize(
    ("length", "printed"),
    [
        (0, "0s"),
        (1, "1ns"),
        (-1, "-1ns"),
        (1_500, "1.5µs"),
        (500_000_000, "500ms"),
        (SECOND, "1s"),
        (90 * SECOND + 1, "1m30.000000001s"),
        (3600 * SECOND, "1h0m0s"),
        (25 * 3600 * SECOND, "25h0m0s"),
        (-7200 * SECOND, "-2h0m0s"),
        (2**63 - 1, "2562047h47m16.854775807s"),
    ],
)
def test_a_length_prints_as_in_go(length, printed):
    assert text(length) == printed


@pytest.mark.parametrize(
    ("seconds", "nanos", "counted"),
    [
        (1, 5, SECOND + 5),
        (-1, -5, -SECOND - 5),
        (315_576_000_000, 0, 2**63 - 1),
        (-315_576_000_000, 0, -(2**63)),
    ],
)
def test_a_length_is_counted_as_far_as_go_counts(seconds, nanos, counted):
    assert nanoseconds(Duration(seconds=seconds, nanos=nanos)) == counted


@pytest.mark.parametrize(
    ("seconds", "nanos", "valid"),
    [
        (1, 5, True),
        (0, -5, True),
        (1, -5, False),
        (-1, 5, False),
        (0, 10**9, False),
        (315_576_000_001, 0, False),
    ],
)
def test_only_some_pairs_of_numbers_are_durations(seconds, nanos, valid):
    assert is_valid(Duration(seconds=seconds, nanos=nanos)) is valid
