"""Every recorded run keeps the rules of order, and what breaks one is told."""

from __future__ import annotations

import pytest
from changed_runs import STORIES, events, first, of_node, run, story, value
from story_rules import broken


def found(name, changed, key="main"):
    graph = story(name).workflow if key == "main" else {}
    return list(broken(value(name, changed).told[key], graph))


def moved(name, move, before):
    """Move one event to just before another; return which rules that breaks.

    Both are (node, kind, phase).
    """
    changed = run(name)
    entry = events(changed).pop(of_node(changed, *move))
    events(changed).insert(of_node(changed, *before), entry)
    return found(name, changed)


@pytest.mark.parametrize("name", STORIES)
def test_every_recorded_run_keeps_all_of_them(name):
    whole = story(name)

    assert [line for told in whole.told.values() for line in broken(told, {})] == []
    assert list(broken(whole.told["main"], whole.workflow)) == []


def test_a_child_does_not_begin_before_its_parent():
    child, parent = ("n0-0-start-node", "node", "SUCCEEDED"), ("n0", "node", "QUEUED")

    assert moved("sub-workflow-two-deep-fails", child, parent) == [
        "n0-0-start-node begins before its parent n0"
    ]


def test_a_child_does_not_begin_before_its_parent_runs():
    child, parent = ("n0-0-n0", "node", "QUEUED"), ("n0", "node", "RUNNING")

    assert "n0-0-n0 begins before n0 runs" in moved("gate-in-a-sub-workflow", child, parent)


def test_a_child_does_not_end_after_its_parent():
    changed = run("gate-in-a-sub-workflow")
    rows = events(changed)
    entry = rows.pop(of_node(changed, "n0-0-end-node", "node", "SUCCEEDED"))
    rows.insert(of_node(changed, "n0", "node", "SUCCEEDED") + 1, entry)

    assert found("gate-in-a-sub-workflow", changed) == ["n0-0-end-node ends after its parent n0"]


def test_a_child_has_a_parent_that_was_told_of():
    changed = run("gate-in-a-sub-workflow")
    changed["executions"]["main"]["events"] = [
        entry for entry in events(changed) if entry["event"].get("id", {}).get("node_id") != "n0"
    ]

    assert "n0-0-n0 is below n0, of which nothing is told" in found(
        "gate-in-a-sub-workflow", changed
    )


def test_a_node_begins_after_what_it_needs():
    later, earlier = ("n1", "node", "QUEUED"), ("n0", "node", "SUCCEEDED")

    assert moved("task-fails", later, earlier) == ["n1 begins before n0 has ended"]


def test_a_node_in_a_sub_workflow_begins_after_what_it_needs():
    later, earlier = ("n0-0-end-node", "node", "QUEUED"), ("n0-0-n1", "node", "SUCCEEDED")

    assert "n0-0-end-node begins before n0-0-n1 has ended" in moved(
        "gate-in-a-sub-workflow", later, earlier
    )


def test_a_node_in_a_dynamic_begins_after_what_it_needs():
    later, earlier = ("n0-0-end-node", "node", "QUEUED"), ("n0-0-dn2", "node", "SUCCEEDED")

    assert "n0-0-end-node begins before n0-0-dn2 has ended" in moved("dynamic", later, earlier)


def test_a_failure_node_begins_after_failing():
    changed = run("failure-node-told-the-error")
    entry = events(changed).pop(first(changed, "workflow", "FAILING"))
    events(changed).append(entry)

    assert found("failure-node-told-the-error", changed) == ["fn0 begins before FAILING"]


def test_a_failure_node_of_a_sub_workflow_begins_after_what_failed_beside_it():
    failure, node = ("n0-0-fn0", "node", "QUEUED"), ("n0-0-n0", "node", "QUEUED")

    assert "n0-0-fn0 begins before anything beside it failed" in moved(
        "failure-node-in-a-sub-workflow", failure, node
    )


def test_a_task_goes_through_its_phases_in_order():
    later, earlier = ("n0", "task", "RUNNING"), ("n0", "task", "QUEUED")

    (line,) = moved("plain", later, earlier)
    assert line.startswith("n0#0 goes ['RUNNING', 'QUEUED', ")


def test_a_task_says_why_it_initializes():
    changed = run("task-fails")
    del events(changed)[of_node(changed, "n0", "task", "INITIALIZING")]["event"]["reason"]

    assert found("task-fails", changed) == ["n0#0 initializes without a reason"]


def test_a_maps_item_runs_before_it_succeeds_and_has_logs():
    changed = run("map")
    for entry in events(changed):
        items = entry["event"].get("metadata", {}).get("external_resources", ())
        for item in items:
            if item.get("index", 0) == 0 and item.get("phase") == "RUNNING":
                item["phase"] = "QUEUED"
            if item.get("index", 0) == 1:
                item.pop("logs", None)

    lines = found("map", changed)
    assert [line.partition(" goes ")[0] for line in lines] == [
        "item (0, 0) of n0",
        "item (1, 0) of n0 has no logs",
    ]
