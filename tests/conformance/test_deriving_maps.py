"""Maps in stories are told as scripts that make the fake's engine tell the same."""

import copy

import deriving
import playing
import pytest
from changed_runs import STORIES, story
from comparing import differences
from story_files import Story

from flyte_testkit import failures, nodes


def script_of(name):
    (script,) = deriving.scripts(story(name)).values()
    return script


def map_of(whole):
    template = whole["workflow"]["primary"]
    return next(node["array_node"] for node in template["nodes"] if "array_node" in node)


def told_of_items(whole):
    for entry in whole["executions"]["main"]["events"]:
        event = entry["event"]
        if event.get("task_type") == "container_array":
            for item in event["metadata"].get("external_resources", ()):
                yield event, item


def agrees(whole):
    told = Story.read("changed", whole)
    return list(differences(told, Story.read("changed", playing.played(told))))


def test_items_that_did_the_same_are_told_once():
    script = script_of("map-item-system-retry")

    assert script.nodes["n0"].size == 2
    (retried,) = script.nodes["n0"].but.values()
    assert retried[0].ending.failure == failures.process_died()


def test_a_map_over_nothing_has_no_items():
    assert script_of("map-over-nothing").nodes["n0"] == nodes.array(size=0)


def test_what_was_cut_never_ends():
    fit = script_of("stopped-during-a-map").nodes["n0"]

    assert fit.attempts[0].as_argument().endswith(".never_ends()")


def test_an_item_may_fail_of_which_the_map_does_not():
    whole = copy.deepcopy(STORIES["map"])
    map_of(whole)["min_success_ratio"] = 0.6
    for _, item in told_of_items(whole):
        if item.get("index") == 2 and item.get("phase") == "SUCCEEDED":
            item["phase"] = "FAILED"

    assert agrees(whole) == []


@pytest.mark.parametrize("may_fail", [0.3, 0.6])
def test_a_map_fails_of_the_last_that_was_too_many(may_fail):
    whole = copy.deepcopy(STORIES["map-fails"])
    map_of(whole)["min_success_ratio"] = may_fail
    for _, item in told_of_items(whole):
        if item.get("phase") == "SUCCEEDED" and (may_fail == 0.3 or item.get("index") == 2):
            item["phase"] = "FAILED"

    assert agrees(whole) == []


def test_so_many_run_at_a_time():
    script = script_of("map-with-concurrency-one").nodes["n0"]
    lasted = sum(
        step.duration
        for index in range(3)
        for attempt in script.script_of(index)
        for step in attempt.steps
    )

    assert lasted == pytest.approx(22.6 + 0.5, abs=0.3), "it begins when it is launched"
