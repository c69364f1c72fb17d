"""The recorded cases that are known to differ, as a page lists them; what such a list may say."""

from __future__ import annotations

import re
from typing import NamedTuple

ROW = re.compile(r"^\| `(?P<case>\w+/[^`]+)` \|[^|]+\|(?P<reason>[^|]*)\|$", re.MULTILINE)
AT_MOST = 0.02  # of the cases of an area


class Verdict(NamedTuple):
    """How what differs and what is listed fit each other."""

    unlisted: list[str]
    agreeing: list[str]


def listed(page):
    """The reasons of a page's table, by the name of the case."""
    return {row["case"]: row["reason"].strip() for row in ROW.finditer(page)}


def judged(area, known, found):
    """Compare what a page lists of an area with the cases that differ."""
    expected = {name for name in known if name.startswith(f"{area}/")}
    return Verdict(sorted(found - expected), sorted(expected - found))


def faults(known, areas):
    """What is wrong with a list: cases that nobody recorded, no reason, too many of one area.

    ``areas`` has the names of each area's recorded cases.
    """
    recorded = set().union(*areas.values())
    for name, reason in known.items():
        if name not in recorded:
            yield f"{name} is no recorded case"
        if not reason:
            yield f"{name} has no reason"
    for area, cases in areas.items():
        count = sum(name.startswith(f"{area}/") for name in known)
        if count > AT_MOST * len(cases):
            yield f"{count} of {len(cases)} cases of {area} are too many"
