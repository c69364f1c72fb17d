"""While a story is told, FlyteAdmin shows what it was told: nothing more, nothing less."""

from __future__ import annotations

import pytest
import recorded
from doors import Alone
from telling import Teller
from watching import Watch

STORIES = {story["story"]: story for story in recorded.read("engine")}


def watched(story, door):
    watch = Watch(door)
    Teller(story, door, watch).tell()
    return watch.problems


@pytest.mark.parametrize("name", STORIES)
def test_after_each_event_is_shown_what_was_told_so_far(name):
    assert watched(STORIES[name], Alone()) == []
