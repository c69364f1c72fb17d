"""Each story played once, however many tests ask what came of it."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from changed_runs import STORIES, story
from performing import performing
from playing import lacking, planter
from watching import Watch

if TYPE_CHECKING:
    from datetime import datetime

PLAYABLE = [name for name in STORIES if not lacking(story(name))]
"""The stories of the project's own copy that need nothing that cannot be scripted yet."""


class Played(NamedTuple):
    """What came of playing a story.

    Attributes:
        heard: What the engine sent, in the form to be compared.
        instants: When it sent something.
        problems: Where something was shown that it had not sent.
    """

    heard: dict[str, object]
    instants: list[datetime]
    problems: list[str]


@cache
def played(name):
    """Play a story of the project's own copy."""
    with performing(story(name), planter(story(name))) as (_, go_to, heard):
        watch = watched(heard)
        go_to(None)
        return Played(heard.written(), heard.instants, watch.problems)


def watched(heard):
    """Watch what is shown after each event that is heard from now on."""
    watch = Watch(SimpleNamespace(admin=heard.admin, ask=heard.ask))

    def after_each(rpc, request, code):
        watch(SimpleNamespace(rpc=rpc, where=f"{rpc} {request}"), request, code)

    heard.after_each = after_each
    return watch
