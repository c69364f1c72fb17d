"""A story becomes the script that a test would write."""

from __future__ import annotations

import copy

import deriving
import pytest
from changed_runs import STORIES, events, first, of_node, story
from played_once import PLAYABLE
from story_files import Story

from flyte_testkit import nodes, undefined


def script(name):
    return deriving.scripts(story(name))["main"]


def changed(name):
    return copy.deepcopy(STORIES[name])


def of(whole):
    return deriving.scripts(Story.read("changed", whole))["main"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "plain",
            "nodes.where(n0=nodes.task(queued(1.2).initializing(0.7).running(8.2).succeeds()))",
        ),
        (
            "timeout",
            "nodes.where(n0=nodes.task(queued(0.7).initializing(0.6).running(5.3).times_out()))",
        ),
        ("with-overrides", "nodes.where(my_add=nodes.task("),
        ("branch", "nodes.where(n0=nodes.branch(n0_n1=nodes.task("),
        ("branch-fails", "nodes.where()"),
        ("two-branches-joined", "n1=nodes.branch(n1_n0=nodes.subworkflow(n0=nodes.task("),
        ("failure-node-fails", ")).on_failure(fn0=nodes.task(queued(0.3)"),
        ("failure-node-in-a-sub-workflow", "n0=nodes.subworkflow(n0=nodes.task("),
        (
            "input-path-not-found-in-a-sub-workflow",
            "n0=nodes.task(queued(1.7).running(4).succeeds(o0=[]))",
        ),
        ("stopped-during-a-sub-workflow", ".running().never_ends()"),
        ("out-of-memory", "fails(failures.retries_exhausted(last="),
        ("quota-exceeded", "nodes.waiting(15.1, reason="),
    ],
)
def test_it_says_what_happened(name, code):
    assert code in repr(script(name))


def test_what_was_terminated_before_it_began_never_begins():
    assert script("stopped-at-once") == undefined().never_ends()


def test_each_launch_has_its_script():
    assert list(deriving.scripts(story("relaunch-a-failure"))) == ["main", "relaunched"]


def test_only_what_is_tried_again_is_recoverable():
    attempts = script("system-retry-and-user-retry").nodes["n0"].attempts

    assert [one.ending.failure.budget for one in attempts[:-1]] == ["system", "user"]
    assert script("task-fails").nodes["n1"].attempts[0].ending.failure.budget is None


def test_an_exception_is_recoverable_if_another_attempt_follows():
    whole = changed("retried-and-succeeded")
    failed = events(whole)[first(whole, "task", "FAILED")]["event"]["error"]
    failed["code"] = "USER:RuntimeError"

    assert of(whole).nodes["n0"].attempts[0].ending.failure.budget == "user"


def test_who_is_stopped_before_the_next_attempt_would_have_tried_again():
    whole = changed("retried-and-succeeded")
    told = events(whole)
    place = of_node(whole, "n0", "task", "FAILED")
    stop = [
        {"kind": "node", "at": 7, "sent": 7, "event": {**told[2]["event"], "phase": "ABORTED"}},
        {"kind": "workflow", "at": 7, "sent": 7, "event": {**told[0]["event"], "phase": "ABORTED"}},
    ]
    told[place + 1 :] = stop

    attempts = of(whole).nodes["n0"].attempts
    assert attempts[0].ending.failure.budget == "user"
    assert attempts[1] == nodes.immediately.never_ends()


def test_a_task_in_a_place_of_failure_nodes_goes_by_its_own_name():
    (_, inside) = script("failure-node-is-a-workflow").failure_node

    assert list(inside.nodes) == ["hello"]


def test_names_of_pods_are_left_to_whoever_plays():
    assert "${main}" not in repr(script("process-dies"))


@pytest.mark.parametrize("name", PLAYABLE)
def test_the_name_of_a_story_says_nothing(name):
    whole = {**STORIES[name], "story": "x", "case": "", "about": ""}

    assert deriving.scripts(Story.read("x", whole)) == deriving.scripts(story(name))


def test_what_cannot_be_scripted_is_told():
    whole = changed("gate-rejected")
    for node in Story.read("x", whole).workflow["primary"]["nodes"]:
        node.pop("gate_node", None)

    with pytest.raises(deriving.NotDerivedError, match="n1 is of a kind that no script says yet"):
        deriving.scripts(Story.read("x", whole))


def test_why_a_node_failed_whose_task_did_not_cannot_be_scripted():
    whole = changed("input-path-not-found-in-a-sub-workflow")
    for entry in events(whole):
        if "error" in entry["event"]:
            entry["event"]["error"]["code"] = "SomethingElse"
        if entry["event"].get("phase") == "ABORTED":
            entry["event"]["phase"] = "RUNNING"

    with pytest.raises(deriving.NotDerivedError, match="SomethingElse"):
        of(whole)


def test_what_a_node_launches_is_scripted_as_any_launch():
    scripts = deriving.scripts(story("launch-plan"))

    assert list(scripts) == ["main", "child1"]
    assert list(scripts["main"].nodes) == ["n1"]
    assert list(scripts["child1"].nodes) == ["n0", "n1"]
