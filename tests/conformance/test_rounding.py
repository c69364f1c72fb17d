from __future__ import annotations

import pytest
import rounding
from likeness import ABSENT, Difference


@pytest.mark.parametrize(
    ("answered", "recorded"),
    [
        ("9.1s", "9.162243965s"),
        ("9s", "8.900000001s"),
        ("-0.1s", "0s"),
        (100 * "x", f"xxx{rounding.CUT}"),
        (100 * "x", f"{200 * 'x'}{rounding.CUT}"),
    ],
)
def test_what_a_story_knows_but_roughly_is_forgiven(answered, recorded):
    assert rounding.is_forgiven(Difference("closure", answered, recorded))


@pytest.mark.parametrize(
    ("answered", "recorded"),
    [
        ("9.1s", "9.21s"),
        ("9.1s", ABSENT),
        ("9.1s", "soon"),
        ("2024-03-10T12:00:00Z", "2024-03-10T12:00:00.100Z"),
        (1, 2),
        ("RUNNING", "FAILED"),
        (101 * "x", f"xxx{rounding.CUT}"),
        (100 * "x", f"xxy{rounding.CUT}"),
    ],
)
def test_nothing_else_is_forgiven(answered, recorded):
    assert not rounding.is_forgiven(Difference("closure", answered, recorded))


def test_times_become_moments_and_stacks_are_put_back():
    told = {"at": "${t-0.5}", "errors": [{"message": "Trace:\n\n …\n\nMessage"}], "name": "${main}"}

    full = rounding.in_full(told)

    assert full["at"] == "2024-03-10T11:59:59.500Z"
    assert "Traceback (most recent call last)" in full["errors"][0]["message"]
    assert full["name"] == "${main}"


def test_a_moment_is_read_as_it_is_written():
    moment = rounding.moment(12.3)

    assert rounding.read(rounding.written(moment)) == moment
