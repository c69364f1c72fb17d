"""Launches tell of every recorded run what happened inside of it, and which node made it fail."""

from __future__ import annotations

import pytest
from changed_runs import STORIES
from doors import over_grpc
from flyteidl.core import literals_pb2
from telling import Teller

from flyte_testkit import render
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.launches import Launch

# By the name of a story: the node whose error its execution carries.
FAILING = {
    "bad-image": "long_one",
    "branch-case-fails": "size.boom",
    "branch-fails": "size",  # its .fail(…) was taken
    "dynamic-fails": "dynfail.boom",
    "dynamic-task-itself-fails": "dyn_self_fail",
    "failure-beside-a-branch": "boom",
    "failure-node-fails": "cleanup",
    "failure-node-in-a-sub-workflow": "sub_onfail.boom",
    "failure-node-is-a-workflow": "boom",
    "gate-rejected": "go",
    "gate-timeout": "go",
    "input-path-not-found-in-a-sub-workflow": "bad_path_sub.add",
    "launch-plan-child-stopped": "wf_slow",
    "map-fails": "square_bad",
    "process-dies": "dies",
    "sub-workflow-two-deep-fails": "deep_mid.deep_in.boom",
    "task-with-a-deck-fails": "decked_boom",
    "timeout": "times_out",
    "two-launch-plans-one-fails": "wf_onfail.cleanup",  # in what it launched
    "two-tasks-fail": "n0",  # both are called boom
}


def launches_of(story):
    """Yield the launches of a story, by their keys, once all is told."""
    with over_grpc("direct") as door:
        teller = Teller(STORIES[story], door)
        teller.tell()
        executions = door.admin.store.executions
        for key, name in teller.names.items():
            (row,) = executions.where({"execution_name": name})
            backend = door.fake._backend
            launch = Launch(
                lambda row=row, backend=backend: backend.look(row.message.id),
                row.message,
                literals_pb2.LiteralMap(),
                None,
                backend.read,
            )
            yield key, launch, door.fake


@pytest.mark.parametrize("story", FAILING)
def test_the_failing_node_is_the_one_whose_error_the_execution_carries(story):
    found = {key: launch.failing.path for key, launch, _ in launches_of(story) if key == "main"}

    assert found == {"main": FAILING[story]}


@pytest.mark.parametrize("story", STORIES)
def test_every_node_is_found_and_only_what_failed_has_a_failing_one(story):
    for _, launch, _ in launches_of(story):
        ids = []
        for run in below(launch.nodes):
            ids.append(run.id)
            assert launch.nodes[run.path] == launch.nodes[run.id] == run
            assert all(attempt.number > 0 for attempt in run.attempts)
            assert (run.inputs, run.outputs) == ({}, {})  # no story holds data
        told = {
            node["id"]["node_id"]
            for after in STORIES[story]["after"].values()
            for node in after["nodes"]
            if node["metadata"]["spec_node_id"] not in {"start-node", "end-node"}
        }
        assert set(ids) <= told
        failed = any(run.phase in {"FAILED", "TIMED_OUT"} for run in launch.nodes.values())
        assert (launch.failing is not None) == failed
        if launch.failing is not None:
            assert launch.phase in {"FAILED", "TIMED_OUT", "ABORTED"}
            assert launch.failing.error is not None


def test_a_node_that_says_nothing_has_the_error_of_its_last_attempt():
    ((_, launch, _),) = launches_of("task-with-a-deck-fails")

    assert not launch.nodes["decked_boom"].closure.HasField("error")
    assert launch.nodes["decked_boom"].error == launch.nodes["decked_boom"].attempts[-1].error
    assert launch.nodes["decked_boom"].error.message == launch.closure.error.message


def test_a_name_that_two_nodes_share_is_told_with_their_ids():
    ((_, launch, _),) = launches_of("two-tasks-fail")

    with pytest.raises(
        FlyteTestkitError, match=r"'boom' means 2 nodes inside '.*': 'n0' and 'n1'\."
    ):
        launch.nodes["boom"]
    assert list(launch.nodes) == ["n0", "n1"]


def test_attempts_are_told_below_their_node():
    ((_, launch, fake),) = launches_of("process-dies")
    lines = [line.strip() for line in render.text(fake).splitlines()]

    at = next(number for number, line in enumerate(lines) if line.startswith("dies (n0) "))
    assert lines[at].endswith("FAILED  RetriesExhausted|Interrupted")
    assert [line.split("  ")[0] for line in lines[at + 1 : at + 5]] == [
        f"attempt {number}" for number in (1, 2, 3, 4)
    ]
    assert [attempt.phase for attempt in launch.nodes["dies"].attempts] == ["FAILED"] * 4


def test_nodes_are_told_inside_of_their_parents():
    ((_, launch, fake),) = launches_of("sub-workflow-two-deep-fails")
    words = [line.split() for line in render.text(fake).splitlines()]

    names = [line[0] for line in words if line and line[0] in {"deep_mid", "deep_in", "boom"}]
    assert names == ["deep_mid", "deep_in", "boom"]
    assert [run.path for run in below(launch.nodes)][-1] == "deep_mid.deep_in.boom"


def below(nodes):
    """Yield all nodes at whatever depth, but for those of other executions."""
    for run in nodes.values():
        yield run
        yield from below(run.nodes) if run.execution is None else ()
