"""Stories are read as values, from a folder or from the project's own copy."""

from __future__ import annotations

import json

import pytest
from changed_runs import STORIES, story
from story_files import Event, Story, in_folder, of_the_project


def test_a_folder_has_a_file_a_story(tmp_path):
    for name in ("plain", "branch"):
        (tmp_path / f"{name}.json").write_text(json.dumps(STORIES[name]), "utf-8")

    assert list(in_folder(tmp_path)) == [story("branch"), story("plain")]


def test_a_folder_without_stories_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no stories: files named <story>\.json"):
        list(in_folder(tmp_path / "missing"))


def test_the_project_has_a_copy_of_its_own():
    assert [each.name for each in of_the_project()] == list(STORIES)


def test_events_come_in_the_order_of_sending():
    told = story("plain").told["main"].events

    assert [each.sent for each in told] == sorted(each.sent for each in told)
    assert [(each.kind, each.node, each.phase) for each in told[:5]] == [
        ("workflow", "", "RUNNING"),
        ("node", "start-node", "SUCCEEDED"),
        ("node", "n0", "QUEUED"),
        ("task", "n0", "QUEUED"),
        ("node", "n0", "RUNNING"),
    ]


def test_executions_come_in_the_order_of_their_launches():
    assert list(story("recover-twice").told) == ["main", "recovered", "recovered2"]


def test_an_event_that_was_refused_is_not_kept():
    told = story("retried-and-succeeded").told["main"]

    assert len(told.events) > len(list(told.kept()))
    assert {each.code for each in told.events} == {"", "FAILED_PRECONDITION"}


def test_what_was_written_for_comparison_can_be_read():
    entry = {"at": 1.5, "kind": "workflow", "event": {"phase": "RUNNING"}}
    got = Story.read("x", {"executions": {"main": {"events": [entry]}}})

    assert got.told["main"].events == (Event("workflow", {"phase": "RUNNING"}, 1.5, 1.5),)


@pytest.mark.parametrize(
    ("name", "ends", "alone"),
    [("plain", True, False), ("gate-waiting", False, False), ("single-task", True, True)],
)
def test_a_story_knows_whether_it_ends_and_whether_a_task_was_launched(name, ends, alone):
    assert (story(name).ends, story(name).is_single_task) == (ends, alone)
