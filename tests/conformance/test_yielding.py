"""What a dynamic task yielded is told of a story, and played as it was."""

from __future__ import annotations

import copy

import deriving
import playing
import pytest
from changed_runs import story
from comparing import differences
from performing import performed
from story_files import Story

from flyte_testkit import failures, nodes, running

LOST = running(3).fails(failures.preempted())


def add(*attempts, **options):
    return nodes.task(*(attempts or [running(5).succeeds(o0=1)]), of="flows.add", **options)


def yielding(*yielded):
    return nodes.dynamic(running(4).yields(list(yielded)))


def lived(node):
    """A story in which the dynamic task of another one plays this."""
    told = story("dynamic")

    def plant(fake, _):
        plan = told.whole["after"]["main"]["execution"]["spec"]["launch_plan"]
        fake.on_launch(plan["name"]).plays(nodes.where(n0=node))

    whole = copy.deepcopy(told.whole)
    whole["executions"]["main"]["events"] = performed(told, plant)["executions"]["main"]["events"]
    return Story.read("changed", whole)


@pytest.mark.parametrize(
    "node",
    [
        nodes.dynamic(LOST, running(4).yields([add(), add(after="dn0"), add(after="dn1")])),
        yielding(add(), add(running(2).fails("no")), add(after="dn1")),
        yielding(add(LOST, running(3).succeeds(o0=3)), add(running(9).fails("no"))),
        yielding(add(running().never_ends()), add()),
        yielding(
            add(),
            nodes.dynamic(running(3).yields([add(), add(running(1).fails("no"))]), of="flows.add"),
            add(after="dn1"),
        ),
        yielding(
            nodes.subworkflow({"dn0": add(), "dn1": add(running(2).fails("no"))}),
            nodes.branch(add=add()),
        ),
        nodes.dynamic(running(4).fails(failures.futures_not_built())),
    ],
    ids=[
        *("retried", "a child fails", "a child is retried", "a child never ends"),
        *("one in another", "a sub-workflow and a branch", "no workflow"),
    ],
)
def test_what_was_yielded_is_played_as_it_was(node):
    told = lived(node)
    assert list(differences(told, Story.read("again", playing.played(told)))) == []


def test_nodes_that_were_never_reached_are_told_too():
    told = lived(yielding(add(running(2).fails("no")), add(after="dn0")))
    script = deriving.scripts(told)["main"]
    assert list(script.nodes["n0"].nodes) == ["dn0", "dn1"]
    unreached = nodes.task(of="flows.add", after="dn0", inputs={"a": 0, "b": 0})
    assert script.nodes["n0"].nodes["dn1"] == unreached
