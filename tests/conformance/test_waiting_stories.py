"""What is told from stories of caches and of slots."""

from __future__ import annotations

import caches
import pytest
import waits
from changed_runs import STORIES, story
from story_files import Event


def node(node_id, phase, **metadata):
    body = {"id": {"node_id": node_id}, "phase": phase, "task_node_metadata": metadata}
    return Event("node", body)


def task(node_id):
    return Event("task", {"parent_node_execution_id": {"node_id": node_id}, "phase": "QUEUED"})


def key(name):
    return {"dataset_id": {"name": "d"}, "artifact_tag": {"name": name}}


@pytest.mark.parametrize("name", STORIES)
def test_only_what_was_overwritten_was_there_before(name):
    told = story(name)
    assert bool(caches.overwritten(told)) == (name == "cache-overwritten")
    assert not caches.found(told)


def test_who_is_queued_when_another_one_has_ended_was_let_in_by_it():
    kept = [task("a"), task("b"), task("c")]
    kept += [node("a", "QUEUED"), node("b", "QUEUED"), node("a", "SUCCEEDED"), node("c", "QUEUED")]
    assert waits.lets_in(kept, 2) == {"c": "a"}
    assert waits.lets_in(kept, 3) == {}
    assert waits.lets_in(kept, 0) == {}


def test_who_was_queued_and_found_something_waited_for_who_made_it():
    kept = [node("a", "QUEUED"), node("b", "QUEUED")]
    kept += [node("a", "SUCCEEDED", cache_status="CACHE_POPULATED", catalog_key=key("x"))]
    kept += [node(id_, "SUCCEEDED", cache_status="CACHE_HIT", catalog_key=key("x")) for id_ in "bc"]
    assert waits.makes(kept) == {"b": "a"}
