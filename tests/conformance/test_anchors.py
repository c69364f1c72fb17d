"""Ends of one round share a time, ends of two do not, and what follows begins where they ended."""

from __future__ import annotations

import pytest
from anchors import Anchors
from changed_runs import story
from story_files import Event, Told


def anchored(*events, workflow=None, begun=0.0):
    return Anchors(workflow or {"primary": {"nodes": []}}, Told("main", events), begun)


def node(name, phase, at, parent=""):
    above = {"parent_node_metadata": {"node_id": parent}} if parent else {}
    body = {"id": {"node_id": name}, "spec_node_id": name, "phase": phase, **above}
    return Event("node", body, at, at)


def task(name, phase, at, attempt=0):
    body = {"parent_node_execution_id": {"node_id": name}, "phase": phase}
    return Event("task", {**body, "retry_attempt": attempt} if attempt else body, at, at)


def workflow(phase, at):
    return Event("workflow", {"phase": phase}, at, at)


def end(name, at, phase="SUCCEEDED"):
    return task(name, phase, at), node(name, phase, at)


def test_ends_keep_their_times():
    anchors = anchored(node("a", "QUEUED", 0.1), *end("a", 4.2), *end("b", 5.0))

    assert (anchors.end("a"), anchors.end("b")) == (4.2, 5.0)


def test_what_ends_beside_a_failure_before_all_stops_is_of_its_round():
    events = [*end("a", 4.2, "FAILED"), *end("b", 4.3), *end("c", 4.4, "FAILED")]
    anchors = anchored(*events, workflow("FAILING", 4.4))

    assert [anchors.end(name) for name in "abc"] == [4.2, 4.2, 4.2]


def test_what_ends_after_all_else_was_stopped_is_not():
    fn0 = node("fn0", "QUEUED", 4.4)
    anchors = anchored(*end("a", 4.2, "FAILED"), workflow("FAILING", 4.3), fn0, *end("fn0", 9.0))

    assert anchors.start("fn0") == 4.2
    assert anchors.end("fn0") == 9.0


def test_what_ended_just_before_and_led_to_nothing_is_of_its_round():
    anchors = anchored(*end("b", 4.1), *end("a", 4.2, "FAILED"), workflow("FAILING", 4.3))

    assert anchors.end("b") == 4.2


def test_what_ended_just_before_and_led_to_something_is_not():
    begun = node("c", "QUEUED", 4.2)
    anchors = anchored(*end("b", 4.2), begun, *end("a", 4.2, "FAILED"), workflow("FAILING", 4.3))

    assert anchors.end("b") == 4.2
    assert anchors.end("a") == pytest.approx(4.21)


def test_a_workflow_that_fails_late_has_no_such_round():
    late = {"nodes": [], "metadata": {"on_failure": "FAIL_AFTER_EXECUTABLE_NODES_COMPLETE"}}
    events = [*end("a", 4.2, "FAILED"), *end("b", 9.3), workflow("FAILING", 9.4)]

    assert anchored(*events, workflow={"primary": late}).end("b") == 9.3


def test_nodes_inside_begin_with_the_one_that_they_are_in():
    told = story("sub-workflow-two-deep-fails")
    anchors = Anchors(told.workflow, told.told["main"], -0.5)

    assert anchors.start("n0-0-n0-0-n0") == -0.5
    assert anchors.start("n0-0-n0-0-n1") == anchors.end("n0-0-n0-0-n0")
    assert anchors.end("n0") == anchors.end("n0-0-n0-0-n1")


@pytest.mark.parametrize("ended", ["FAILED", "TIMED_OUT"])
def test_an_attempt_that_took_too_long_has_ended(ended):
    body = {"id": {"node_id": "a"}, "phase": ended, "error": {"code": "TimeoutExpired"}}
    stopped = task("a", "ABORTED", 6.1)

    assert anchored(Event("node", body, 6.0, 6.0), stopped).end("a") == 6.1


def test_one_that_was_stopped_has_not():
    assert anchored(node("a", "ABORTED", 6.0), task("a", "ABORTED", 6.1)).end("a") == 0.0
