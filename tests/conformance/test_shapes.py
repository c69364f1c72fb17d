"""What flytekit reads of a tree and its model cannot say: shapes that surprise whoever asks.

Each is one that real runs have too.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timezone

import pytest
import trees
from changed_runs import story
from performing import performing
from playing import planter

from flyte_testkit import nodes, running

pytest.importorskip("flytekit")


@contextmanager
def read(name):
    """The nodes of a story that was played, as flytekit has them."""
    told = story(name)
    with performing(told, planter(told)) as (fake, go_to, _):
        of = {**told.whole["after"]["main"]["execution"]["id"], "name": go_to(None)["main"]}
        remote = fake.remote()
        run = remote.fetch_execution(**of)
        yield remote.sync_execution(run, sync_nodes=True)


def test_a_failed_node_whose_task_makes_a_deck_has_no_error_of_its_own():
    with read("task-with-a-deck-fails") as run:
        node = run.node_executions["n0"]

        assert node.error is None
        assert node.outputs == {}  # as if it had succeeded without any
        assert "ValueError: no" in node.task_executions[0].error.message
        assert "ValueError: no" in run.error.message


def test_what_runs_for_ever_under_an_aborted_execution_has_no_error_to_read():
    with read("stopped-while-the-failure-node-runs") as run:
        node = run.node_executions["fn0"]

        assert run.is_done
        assert not node.is_done
        with pytest.raises(Exception, match="Please wait until the node execution has completed"):
            _ = node.error


def test_an_attempt_that_never_ran_began_at_the_beginning_of_time():
    with read("input-path-not-found-in-a-sub-workflow") as run:
        node = run.node_executions["n1"].subworkflow_node_executions["n1-0-n0"]
        (attempt,) = node.task_executions

        assert trees.TASK_PHASE(attempt.closure.phase) == "ABORTED"
        began = attempt.closure.started_at  # flytekit's models say no time zone: it is UTC
        assert began.replace(tzinfo=timezone.utc).timestamp() == 0


def test_a_skipped_node_is_done_and_gives_nothing():
    with read("fail-late-with-a-sub-workflow") as run:
        node = run.node_executions["n4"]

        assert node.is_done
        assert node.error is None
        assert node.outputs == {}


def test_a_node_that_timed_out_has_no_error_either(flyte_admin, flyte_remote):
    slow = running(6).times_out()
    flyte_admin.on_launch("etl").plays(nodes.workflow(train=nodes.task(slow, slow, retries=5)))
    plan = flyte_remote.fetch_launch_plan(name="etl")

    run = flyte_remote.execute(plan, inputs={}, wait=True)
    node = flyte_remote.sync_execution(run, sync_nodes=True).node_executions["n0"]

    assert trees.NODE_PHASE(node.closure.phase) == "TIMED_OUT"
    assert node.error is None
    assert run.error.message == "Timeout in node"
