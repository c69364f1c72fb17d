"""What a real flytepropeller was seen to do with tasks can be said in attempts, word for word."""

from __future__ import annotations

import pytest
import recorded

from flyte_testkit import failures, nodes
from flyte_testkit.failures import Failure
from flyte_testkit.nodes._names import check_name
from flyte_testkit.propeller.wording import EXHAUSTED
from flyte_testkit.timeline import Fails

STORIES = recorded.read("engine")
WORDS = {
    "WAITING_FOR_RESOURCES": "waiting",
    "QUEUED": "queued",
    "INITIALIZING": "initializing",
    "RUNNING": "running",
}
SENTINELS = {"start-node", "end-node", "fn0"}


def events(story, kind):
    """The events of a kind in all executions of a story, by execution and node."""
    found = {}
    for name, execution in story["executions"].items():
        for told in execution["events"]:
            event = told["event"]
            if told["kind"] == kind:
                id_ = event["id"] if kind == "node" else event["parent_node_execution_id"]
                found.setdefault((name, id_["node_id"]), []).append(event)
    return found


def containers(story):
    """What each node's task said, attempt by attempt, and how the node ended."""
    of_nodes = events(story, "node")
    for key, of_task in events(story, "task").items():
        attempts = {}
        for event in of_task:
            if event["metadata"].get("plugin_identifier") == "container":
                attempts.setdefault(event.get("retry_attempt", 0), []).append(event)
        if attempts:
            # one that has failed may be told ABORTED as well, and FlyteAdmin refuses that
            ends = [one for one in of_nodes[key] if one["phase"] in {"FAILED", "TIMED_OUT"}]
            of_node = ends[0] if ends else of_nodes[key][-1]
            yield [attempts[number] for number in sorted(attempts)], of_node


def failure(error):
    """An error of an event; a kind that is not set is UNKNOWN."""
    return Failure(error["message"], code=error["code"], kind=error.get("kind", "UNKNOWN"))


def attempt(of_task, of_node, *, is_last):
    """The attempt that says what was seen."""
    said = nodes.immediately
    for event in of_task:
        if event["phase"] in WORDS and event["phase"] not in {step.phase for step in said.steps}:
            said = getattr(said, WORDS[event["phase"]])(1)
    end = next((event for event in of_task if event["phase"] not in WORDS), {"phase": None})
    code = of_node.get("error", {}).get("code", "")
    timed_out = of_node["phase"] == "TIMED_OUT" or code == f"{EXHAUSTED}TimeoutExpired"
    match end["phase"]:
        case "SUCCEEDED":
            return said.succeeds()
        case "FAILED":
            told = failure(end["error"])
            tried_again = not is_last or code.startswith(EXHAUSTED)
            return said.fails(failures.retries_exhausted(last=told) if tried_again else told)
        case "ABORTED" if timed_out or not is_last:
            return said.times_out()
        case _:
            return said.never_ends()


@pytest.mark.parametrize("story", STORIES, ids=[story["story"] for story in STORIES])
def test_all_that_tasks_did_can_be_said_and_is_worded_alike(story):
    for of_task, of_node in containers(story):
        last = len(of_task) - 1
        said = [attempt(one, of_node, is_last=n == last) for n, one in enumerate(of_task)]

        task = nodes.task(*said)  # refuses what no engine does

        for one, seen in zip(task.attempts, of_task, strict=True):
            if isinstance(one.ending, Fails):
                (end,) = (event for event in seen if event["phase"] == "FAILED")
                assert one.ending.failure.of_task == failure(end["error"])
        if isinstance(ending := task.attempts[-1].ending, Fails) and "error" in of_node:
            assert ending.failure.of_node(task.least_retries) == failure(of_node["error"])


@pytest.mark.parametrize("story", STORIES, ids=[story["story"] for story in STORIES])
def test_nodes_of_real_workflows_have_possible_names(story):
    workflow = story["workflow"]
    templates = [workflow["primary"], *workflow.get("sub_workflows", ())]
    ids = {node["id"] for template in templates for node in template["nodes"]} - SENTINELS

    assert [name for name in ids if check_name(name, "here") != name] == []


def test_many_attempts_were_seen():
    assert sum(1 for story in STORIES for _ in containers(story)) > 100
