"""Told what a real engine told a real FlyteAdmin, this one answers and is read alike."""

from __future__ import annotations

import copy

import pytest
from changed_runs import STORIES
from doors import over_grpc
from retold import ONE_OF_EACH, retold
from telling import differences


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_answered_and_read_as_from_the_real_server(name):
    found = retold(name).differences

    assert not found, "\n".join([f"{len(found)} differences:", *map(str, found[:6])])


def test_a_refusal_that_was_not_recorded_is_told():
    story = copy.deepcopy(STORIES["retried-and-succeeded"])
    events = story["executions"]["main"]["events"]
    refused = next(event for event in events if "code" in event)
    del refused["code"], refused["message"]

    where = f"task event at {refused['sent']}"
    assert [str(each).partition(":")[0] for each in differences(story)] == [
        f"{where} code",
        f"{where} message",
    ]


def test_what_is_read_otherwise_is_told():
    story = copy.deepcopy(STORIES["plain"])
    start, n0, _ = story["after"]["main"]["nodes"]
    start["closure"]["phase"] = "FAILED"
    n0["closure"]["duration"] = "8s"
    n0["found_under"] = "start-node"

    assert list(map(str, differences(story))) == [
        'after main nodes.start-node.closure.phase: "SUCCEEDED", recorded "FAILED"',
        'after main nodes.n0.closure.duration: "9.100s", recorded "8s"',
        'after main nodes.n0.found_under: "", recorded "start-node"',
    ]


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_fake_over_grpc_answers_alike(name):
    with over_grpc() as door:
        found = differences(STORIES[name], door)

    assert not found, "\n".join([f"{len(found)} differences:", *map(str, found[:6])])
