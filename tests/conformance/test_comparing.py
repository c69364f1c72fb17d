"""A run is like its story, or it is told why not; what chance decides makes no difference."""

from __future__ import annotations

import re

import pytest
from changed_runs import STORIES, event, events, first, of_node, places, run, story, told, value
from comparing import differences, is_free

SAMPLE = places(every=31)


def found(name, changed):
    return list(differences(story(name), value(name, changed)))


@pytest.mark.parametrize("name", STORIES)
def test_a_story_agrees_with_itself(name):
    assert found(name, run(name)) == []


def test_the_first_line_says_where_and_what():
    changed = run("plain")
    events(changed)[of_node(changed, "n0", "node", "RUNNING")]["event"]["node_name"] = "other"

    (line,) = found("plain", changed)
    assert line.startswith("main: node n0: event 2 is\n      RUNNING {")
    assert "instead of\n      RUNNING {" in line


# Each kind of small change, at one event of many.


def test_an_event_that_is_missing_is_noticed():
    for name, key, number in SAMPLE:
        changed, of = run(name), event((name, key, number))
        del events(changed, key)[number]
        noticed = bool(found(name, changed))
        if is_free(of) or of.code:
            assert not noticed, (name, key, number)
        elif not of.is_of_a_map:  # of a map's rounds it is what they add up to that counts
            assert noticed, (name, key, number)


def test_an_event_that_is_told_twice_is_noticed():
    for name, key, number in SAMPLE:
        changed, of = run(name), event((name, key, number))
        events(changed, key).insert(number, events(changed, key)[number])
        if not (is_free(of) or of.code or of.is_of_a_map):
            assert found(name, changed), (name, key, number)


def test_another_phase_is_noticed():
    for name, key, number in SAMPLE:
        changed, of = run(name), event((name, key, number))
        events(changed, key)[number]["event"]["phase"] = "UNHEARD_OF"
        if not of.code:
            assert found(name, changed), (name, key, number)


def test_a_field_that_is_missing_and_one_too_many_are_noticed():
    for name, key, number in SAMPLE:
        of = event((name, key, number))
        if is_free(of) or of.code or of.is_of_a_map:
            continue
        for field in set(of.body) & {"producer_id", "input_uri", "error", "event_version"}:
            changed = run(name)
            del events(changed, key)[number]["event"][field]
            assert found(name, changed), (name, key, number, field)
        changed = run(name)
        events(changed, key)[number]["event"]["is_odd"] = True
        assert found(name, changed), (name, key, number)


# What counts.


def test_a_tasks_first_event_comes_before_its_node_runs():
    changed = run("plain")
    one = of_node(changed, "n0", "task", "QUEUED")
    two = of_node(changed, "n0", "node", "RUNNING")
    rows = events(changed)
    rows[one], rows[two] = rows[two], rows[one]

    assert [line.partition(": [")[0] for line in found("plain", changed)] == [
        "main: order of n0 and its tasks"
    ]


def test_siblings_are_stopped_after_failing_at_the_top():
    changed = run("failure-beside-a-branch")
    rows = events(changed)
    failing = first(changed, "workflow", "FAILING")
    stopped = [n for n, entry in enumerate(rows) if entry["event"].get("phase") == "ABORTED"]
    rows.insert(failing, rows.pop(stopped[-1]))

    lines = found("failure-beside-a-branch", changed)
    assert any("order of workflow and stops" in line for line in lines)


def test_an_error_in_other_words_is_noticed():
    changed = run("out-of-memory")
    for entry in events(changed):
        if "error" in entry["event"]:
            entry["event"]["error"]["message"] += "!"

    assert len(found("out-of-memory", changed)) == 3  # of the task, the node, and the workflow


def test_an_attempt_too_few_is_noticed():
    changed = run("retried-and-succeeded")
    changed["executions"]["main"]["events"] = [
        entry for entry in events(changed) if entry["event"].get("retry_attempt") != 1
    ]

    assert any("task n0 attempt 1: " in line for line in found("retried-and-succeeded", changed))


def test_another_task_is_noticed():
    changed = run("plain")
    for entry in events(changed):
        if entry["kind"] == "task":
            entry["event"]["task_id"]["name"] = "flows.other"

    assert re.match(r"main: task n0 attempt 0: tasks \[.*flows.other", found("plain", changed)[0])


@pytest.mark.parametrize("key", ["main", "child1"])
def test_an_execution_that_is_missing_is_noticed(key):
    changed = run("launch-plan")
    del changed["executions"][key]

    left = [other for other in ("main", "child1") if other != key]
    assert found("launch-plan", changed) == [f"executions {left} instead of ['main', 'child1']"]


def test_an_execution_too_many_is_noticed():
    changed = run("plain")
    changed["executions"]["child1"] = {"events": []}

    assert found("plain", changed) == ["executions ['main', 'child1'] instead of ['main']"]


def test_a_refusal_that_was_none_in_life_is_noticed():
    changed = run("plain")
    events(changed)[3]["code"] = "FAILED_PRECONDITION"

    assert found("plain", changed)


def test_what_was_refused_in_life_and_is_taken_is_noticed():
    changed = run("retried-and-succeeded")
    del next(entry for entry in events(changed) if "code" in entry)["code"]

    assert found("retried-and-succeeded", changed)


def test_another_end_of_a_maps_item_is_noticed():
    changed = run("map")
    last = events(changed)[of_node(changed, "n0", "task", "SUCCEEDED")]
    last["event"]["metadata"]["external_resources"][0]["phase"] = "FAILED"

    assert any("items add up to" in line for line in found("map", changed))


# What does not count.


def test_times_are_chance():
    for name in ("plain", "map-fails", "two-tasks-fail"):
        changed = run(name)
        for entry in told(changed):
            entry["at"] = entry["sent"] = 77.7
            if "error" in entry["event"]:
                entry["event"]["error"]["timestamp"] = "2030-01-01T00:00:00Z"

        assert found(name, changed) == []


def test_addresses_of_logs_and_checkpoints_are_chance():
    changed = run("plain")
    for entry in told(changed):
        for log in entry["event"].get("logs", ()):
            log["uri"] = "http://elsewhere"
        told_of_task = entry["event"].get("task_node_metadata", {})
        if "checkpoint_uri" in told_of_task:
            told_of_task["checkpoint_uri"] = "${store}/x/9/${main}-n0-0/_flytecheckpoints"

    assert found("plain", changed) == []


def test_a_checkpoint_of_another_pod_is_noticed():
    changed = run("plain")
    ended = events(changed)[of_node(changed, "n0", "node", "SUCCEEDED")]["event"]
    ended["task_node_metadata"]["checkpoint_uri"] = "${store}/data/9/other/_flytecheckpoints"

    assert found("plain", changed)


def test_white_space_in_messages_is_chance():
    changed = run("out-of-memory")
    for entry in told(changed):
        if "error" in entry["event"]:
            entry["event"]["error"]["message"] = entry["event"]["error"]["message"].replace(
                " ", "\n "
            )

    assert found("out-of-memory", changed) == []


def test_the_version_of_a_dynamic_workflow_is_chance_and_its_nodes_are_not():
    changed = run("dynamic")
    yields = events(changed)[of_node(changed, "n0", "node", "DYNAMIC_RUNNING")]["event"]
    dynamic = yields["task_node_metadata"]["dynamic_workflow"]
    dynamic["id"]["version"] = "another"
    assert found("dynamic", changed) == []

    dynamic["compiled_workflow"]["primary"]["template"]["nodes"].pop()
    assert found("dynamic", changed)


def test_independent_nodes_may_interleave_as_they_like():
    changed = run("two-tasks-fail")
    rows = events(changed)
    one = of_node(changed, "n0", "node", "QUEUED")
    two = of_node(changed, "n1", "node", "QUEUED")
    rows[one], rows[two] = rows[two], rows[one]

    assert found("two-tasks-fail", changed) == []


def test_how_many_rounds_a_map_takes_is_chance():
    changed = run("map")
    rows = events(changed)
    at = of_node(changed, "n0", "task", "RUNNING")
    rows.insert(at, rows[at])

    assert found("map", changed) == []


def test_which_of_the_items_that_failed_at_once_is_told_is_chance():
    changed = run("map-all-items-fail")
    for entry in told(changed):
        if "error" in entry["event"]:
            entry["event"]["error"]["message"] = "[9]: something else\n"

    assert found("map-all-items-fail", changed) == []
