"""Plays stories on a fake through the door that tests use: ``on_launch(…).plays(nodes.where(…))``.

Ignorant of how scripts are told from stories, and of what is compared.
"""

from __future__ import annotations

from datetime import timedelta

import deriving
import families
import rounding
import story_kinds
import yielding
from performing import performed

from flyte_testkit.propeller.pace import Pace

KINDS = (
    *("task", "sub-workflow", "branch", "failure node"),
    *("gate", "sleep", "launch plan", "dynamic", "array"),
)
"""The kinds of nodes that can be scripted."""


USUAL_PARALLELISM = 25
"""How many tasks of an execution run at once unless somebody says otherwise."""


def lacking(story):
    """Return what a story needs, and what cannot be scripted yet: kinds of nodes, above all."""
    fewer = ("max parallelism",) if _waits_for_others(story) else ()
    return (*story_kinds.lacking(story, KINDS), *fewer, *yielding.lacking(story))


def _waits_for_others(story):
    """Whether there were more tasks than may run at once, which is fewer than usual."""
    for key, told in story.told.items():
        most = story.whole["after"][key]["execution"]["spec"].get("max_parallelism", 0)
        tasks = {event.node for event in told.events if event.kind == "task"}
        if 0 < most < USUAL_PARALLELISM and len(tasks) > most:
            return True
    return False


def played(story):
    """Play a story on a fresh fake; return what its engine sent, in the form to be compared.

    Raises:
        deriving.NotDerivedError: It cannot be told how to script it.
        AssertionError: A launch or a termination is refused that was not refused in life.
    """
    return performed(story, planter(story))


def planter(story):
    """Return what plants the scripts of a story on a fake."""
    scripts = deriving.scripts(story)

    def plant(fake, _story):
        if (look := families.look(story)) is not None:
            every, of = timedelta(seconds=families.EVERY), rounding.moment(look)
            fake._backend.engine.pace = Pace(children_every=every, children_from=of)
        for key, script in scripts.items():
            launched = story.whole["after"][key]["execution"]["spec"]["launch_plan"]
            where = {part: launched[part] for part in ("project", "domain")}
            fake.on_launch(launched["name"], **where).plays(script)

    return plant
