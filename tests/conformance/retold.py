"""Each story told once, however many tests ask what came of it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from changed_runs import STORIES, story
from doors import Alone
from hearing import Heard
from story_kinds import needed
from telling import Teller
from watching import Watch


class Retold(NamedTuple):
    """What came of telling a story to a FlyteAdmin.

    Attributes:
        differences: What was answered otherwise than recorded.
        problems: Where something was shown that had not been told.
        heard: What was heard, in the form to be compared.
    """

    differences: list[object]
    problems: list[str]
    heard: dict[str, object]


@cache
def retold(name):
    """Tell a story of the project's own copy."""
    watch = Watch(door := Alone())
    teller = Teller(STORIES[name], door, watch)
    heard = Heard(door.admin, teller.names)
    teller.tell()
    return Retold(teller.differences, watch.problems, heard.written())


ONE_OF_EACH = list({needed(story(name)): name for name in STORIES}.values())
"""A story of each combination of kinds."""
