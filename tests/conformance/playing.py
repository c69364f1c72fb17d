"""Plays stories on a fake through the door that tests use: ``on_launch(…).plays(nodes.where(…))``.

Ignorant of how scripts are told from stories, and of what is compared.
"""

from __future__ import annotations

from datetime import timedelta

import deriving
import earlier
import families
import rounding
import story_kinds
from caches import overwritten
from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from performing import performed
from story_files import MAIN

from flyte_testkit import literals, nodes
from flyte_testkit.propeller.pace import Pace

KINDS = (
    *("task", "sub-workflow", "branch", "failure node"),
    *("gate", "sleep", "launch plan", "dynamic", "array", "cached", "recovered"),
)
"""The kinds of nodes that can be scripted."""

EARLIER = "earlier"
"""What an execution is called that fills the cache before a story begins."""


def lacking(story):
    """Return the kinds of nodes that a story needs, and that cannot be scripted yet."""
    return story_kinds.lacking(story, KINDS)


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
    before = earlier.scripts(story)
    if overwritten(story) and not before:
        before = {EARLIER: nodes.where()}

    def plant(fake, _story):
        for name, script in before.items():
            _run(fake, story, name, script)
        if (look := families.look(story)) is not None:
            every, of = timedelta(seconds=families.EVERY), rounding.moment(look)
            fake._backend.engine.pace = Pace(children_every=every, children_from=of)
        for key, script in scripts.items():
            launched = story.whole["after"][key]["execution"]["spec"]["launch_plan"]
            where = {part: launched[part] for part in ("project", "domain")}
            fake.on_launch(launched["name"], **where).plays(script)

    return plant


def _run(fake, story, name, script):
    """Let somebody run what a story runs, so that the cache is filled."""
    of = story.whole["after"][MAIN]["execution"]["spec"]["launch_plan"]
    given = ParseDict({"literals": story.whole["inputs"]}, literals_pb2.LiteralMap())
    fake.add_execution(
        name,
        script,
        launch_plan=of["name"],
        version=of["version"],
        project=of["project"],
        domain=of["domain"],
        inputs=literals.python_values(given),
    )
