"""Gates and sleeps that ended well, which none of the project's own stories has at the top.

They are made of stories in which they did not end.
"""

from __future__ import annotations

import copy

import deriving
import playing
import pytest
from changed_runs import STORIES
from comparing import differences
from scopes import Scope
from story_files import Story

from flyte_testkit import nodes, running


def node_event(template, at, **fields):
    """An event like another one, at another time."""
    made = copy.deepcopy(template)
    made["at"] = made["sent"] = made["reported"] = at
    made["event"].update(fields)
    return made


def ended(name, node, at, **fields):
    """A story whose node ends well after so many seconds; then nothing was told any more."""
    whole = copy.deepcopy(STORIES[name])
    told = whole["executions"]["main"]["events"]
    begun = next(
        number
        for number, event in enumerate(told)
        if event["kind"] == "node" and _is(event, node) and event["event"]["phase"] == "RUNNING"
    )
    end = node_event(told[begun], at, phase="SUCCEEDED", **fields)
    whole["executions"]["main"]["events"] = [*told[: begun + 1], end]
    whole["after"]["main"]["execution"]["closure"].pop("abort_metadata", None)
    return Story.read(name, whole)


def _is(event, node):
    return event["event"]["id"]["node_id"] == node


def test_a_gate_that_was_approved_is_played_as_it_was():
    uri = "${store}/metadata/propeller/flytesnacks-development-${main}/n1/data/0/outputs.pb"
    story = ended("gate-waiting", "n1", 9.9, output_uri=uri)
    script = deriving.scripts(story)["main"]
    assert script.nodes["n1"] == nodes.gate(running(6.3).succeeds())
    found = differences(story, Story.read("played", playing.played(story)))
    assert [line for line in found if "node n1" in line] == []


@pytest.mark.parametrize("late", [0, 0.7])
def test_a_sleep_lasts_as_long_as_its_workflow_says(late):
    story = ended("stopped-while-a-sleep-waits", "n0", 60 + late)
    assert deriving.scripts(story)["main"].nodes == nodes.where().nodes


def test_values_come_through_gates():
    story = Story.read("rejected", STORIES["gate-rejected"])
    scope = Scope.top(story, story.told["main"])
    promise = {"promise": {"node_id": "n1", "var": "o0"}}
    assert scope.source(promise) == ("n0", "o0", ())


def test_values_come_from_signals():
    story = Story.read("signal", STORIES["gate-in-a-sub-workflow"])
    (inner,) = [scope for scope in Scope.top(story, story.told["main"]).all() if scope.unique]
    value = inner.source({"promise": {"node_id": "n0", "var": "o0"}})
    assert value.scalar.primitive.integer == 5
