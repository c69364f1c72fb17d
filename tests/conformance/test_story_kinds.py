"""What a story needs is read off its graphs and its events."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from changed_runs import STORIES, story
from story_files import Story
from story_kinds import KINDS, TRAITS, defined, kind_of, lacking, needed, traits


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("plain", {"task"}),
        ("stopped-at-once", set()),
        ("sub-workflow-two-deep-fails", {"task", "sub-workflow"}),
        ("branch", {"task", "branch"}),
        ("branch-fails", {"branch"}),
        ("failure-node-is-a-workflow", {"task", "sub-workflow", "failure node"}),
        ("launch-plan", {"task", "launch plan"}),
        ("dynamic", {"task", "dynamic"}),
        ("dynamic-without-nodes", {"task"}),
        ("dynamic-of-everything", {"task", "sub-workflow", "launch plan", "dynamic", "array"}),
        ("map-of-a-cached-task", {"array", "cached"}),
        ("signal-timeout", {"gate"}),
        ("stopped-while-a-sleep-waits", {"sleep"}),
        ("recover-a-map", {"array", "recovered"}),
        ("recover-twice", {"task", "recovered"}),
    ],
)
def test_a_story_needs_the_kinds_of_its_nodes(name, kinds):
    assert set(needed(story(name))) == kinds


@pytest.mark.parametrize("name", STORIES)
def test_the_name_of_a_story_says_nothing(name):
    renamed = replace(story(name), name="x", whole={**STORIES[name], "story": "x", "case": "y"})

    assert (needed(renamed), traits(renamed)) == (needed(story(name)), traits(story(name)))


@pytest.mark.parametrize("name", STORIES)
def test_events_alone_say_the_kinds_of_what_has_no_graph(name):
    whole = copy.deepcopy(STORIES[name])
    whole["workflow"] = {"primary": {}, "sub_workflows": [], "tasks": []}

    assert needed(Story.read(name, whole)) == needed(story(name))


def test_what_somebody_lacks_for_a_story_is_known():
    assert lacking(story("gate-in-a-sub-workflow"), {"task", "sub-workflow"}) == ("gate",)
    assert lacking(story("gate-in-a-sub-workflow"), KINDS) == ()


def test_all_kinds_and_traits_occur():
    stories = [story(name) for name in STORIES]

    assert {kind for each in stories for kind in needed(each)} == set(KINDS)
    assert {word for each in stories for word in traits(each)} == set(TRAITS)


def test_what_is_defined_and_never_reached_is_known_too():
    assert needed(story("stopped-before-a-gate")) == ("task",)
    assert defined(story("stopped-before-a-gate")) == ("task", "gate")
    assert defined(story("failure-node-not-run-on-abort")) == ("task", "failure node")
    assert defined(story("cache-overwritten")) == ("task", "cached")


def test_what_is_needed_of_a_known_graph_is_defined():
    made = {"dynamic", "recovered"}  # while it ran
    for name in STORIES:
        whole = story(name)
        if list(whole.told) == ["main"] and "dynamic" not in needed(whole):
            assert set(needed(whole)) - made <= set(defined(whole)), name


def test_a_start_has_no_kind():
    assert kind_of({"id": "start-node"}) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain", []),
        ("single-task", ["single task"]),
        ("gate-waiting", ["never ends"]),
        ("fail-late-with-a-sub-workflow", ["fails late"]),
        ("task-with-a-deck", ["deck"]),
        ("preempted", ["system retries", "interruptible", "refused events"]),
        ("two-tasks-fail", ["cuts siblings", "refused events"]),
        ("stopped-during-a-map", ["terminated"]),
    ],
)
def test_what_else_is_special_is_told(name, words):
    assert list(traits(story(name))) == words
