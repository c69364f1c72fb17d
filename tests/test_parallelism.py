"""No more tasks of one execution run at once than its launch, plan or project allows."""

from datetime import timedelta

import pytest

from flyte_testkit import failures, nodes, running
from flyte_testkit.client import Options

pytestmark = pytest.mark.flyte(transport="direct")

ALONE = nodes.task(running(60).succeeds(), after=())


@pytest.fixture
def launch(flyte_admin, flyte_client):
    """Launches a tree, of which so many nodes may run at once."""

    def launch(tree, most=None):
        route = flyte_admin.on_launch("etl").plays(tree)
        plan = flyte_client.fetch_launch_plan(name="etl")
        flyte_client.execute(plan, inputs={}, options=Options(max_parallelism=most))
        return route.launches[-1]

    return launch


def phases(launch):
    return {node.path: node.phase for node in launch.nodes.values()}


def test_those_that_wait_have_no_row_and_the_next_is_queued_when_one_ends(flyte_admin, launch):
    tree = nodes.workflow(**{f"n{number}": ALONE for number in range(5)})
    run = launch(tree, 2)
    assert phases(run) == {"n0": "RUNNING", "n1": "RUNNING"}
    flyte_admin.clock.advance(60)
    assert phases(run) == {
        **dict.fromkeys(("n0", "n1"), "SUCCEEDED"),
        **dict.fromkeys(("n2", "n3"), "RUNNING"),
    }
    flyte_admin.clock.advance(60)
    assert phases(run)["n4"] == "RUNNING"
    flyte_admin.clock.advance(60)
    assert run.phase == "SUCCEEDED"


def test_unless_somebody_says_otherwise_25_run(flyte_admin, launch):
    run = launch(nodes.workflow(**{f"n{number}": ALONE for number in range(30)}))
    assert len(phases(run)) == 25
    flyte_admin.clock.advance(120)
    assert run.phase == "SUCCEEDED"


def test_one_at_a_time(flyte_admin, launch):
    run = launch(nodes.workflow(**{f"n{number}": ALONE for number in range(3)}), 1)
    flyte_admin.clock.advance(179)
    assert run.phase == "RUNNING"
    flyte_admin.clock.advance(1)
    assert run.phase == "SUCCEEDED"


def test_those_inside_of_sub_workflows_count_and_sub_workflows_do_not(flyte_admin, launch):
    inner = nodes.subworkflow(fit=ALONE, after=())
    run = launch(nodes.workflow(a=inner, b=inner, c=inner), 2)
    assert phases(run) == {"a": "RUNNING", "b": "RUNNING", "c": "RUNNING"}
    assert [len(run.nodes[name].nodes) for name in ("a", "b", "c")] == [1, 1, 0]
    flyte_admin.clock.advance(60)
    assert run.nodes["c.fit"].phase == "RUNNING"
    flyte_admin.clock.advance(60)
    assert run.phase == "SUCCEEDED"


def test_an_arm_of_a_branch_waits_while_its_branch_runs(flyte_admin, launch):
    tree = nodes.workflow(
        a=ALONE, check=nodes.branch(fit=nodes.task(running(60).succeeds()), after=())
    )
    run = launch(tree, 1)
    assert phases(run) == {"a": "RUNNING", "check": "RUNNING"}
    assert len(run.nodes["check"].nodes) == 0
    flyte_admin.clock.advance(60)
    assert run.nodes["check.fit"].phase == "RUNNING"


def test_what_comes_after_an_ended_node_goes_before_what_waits_longer(flyte_admin, launch):
    # an engine goes depth first from the start, again and again
    tree = nodes.workflow(a=ALONE, b=ALONE, after_a=nodes.task(running(60).succeeds(), after="a"))
    run = launch(tree, 1)
    flyte_admin.clock.advance(60)
    assert phases(run) == {"a": "SUCCEEDED", "after_a": "RUNNING"}
    flyte_admin.clock.advance(60)
    assert phases(run)["b"] == "RUNNING"


def test_a_node_that_tries_again_keeps_its_place(flyte_admin, launch):
    lost = running(60).fails(failures.preempted())
    tree = nodes.workflow(a=nodes.task(lost, running(60).succeeds()), b=ALONE)
    run = launch(tree, 1)
    flyte_admin.clock.advance(60)
    assert phases(run) == {"a": "RUNNING"}
    flyte_admin.clock.advance(60)
    assert phases(run) == {"a": "SUCCEEDED", "b": "RUNNING"}


def test_when_one_fails_those_that_wait_never_begin(flyte_admin, launch):
    tree = nodes.workflow(a=nodes.task(running(60).fails("no disk")), b=ALONE, c=ALONE)
    run = launch(tree, 1)
    flyte_admin.clock.advance(600)
    assert run.phase == "FAILED"
    assert phases(run) == {"a": "FAILED"}


def test_when_it_is_terminated_those_that_wait_never_begin(flyte_admin, launch):
    run = launch(nodes.workflow(a=ALONE, b=ALONE), 1)
    flyte_admin.clock.advance(30)
    flyte_admin.terminate(run.id.name, "enough")
    flyte_admin.clock.advance(600)
    assert run.phase == "ABORTED"
    assert phases(run) == {"a": "ABORTED"}


def test_the_failure_node_does_not_wait(flyte_admin, launch):
    tree = nodes.workflow(a=nodes.task(running(60).fails("no")), b=ALONE).on_failure(
        clean_up=nodes.task(running(9).succeeds())
    )
    run = launch(tree, 1)
    flyte_admin.clock.advance(69)
    assert run.phase == "FAILED"


def test_executions_do_not_wait_for_each_other(flyte_admin, launch):
    one, other = (
        launch(nodes.workflow(a=ALONE), 1),
        launch(nodes.workflow(a=ALONE), 1),
    )
    assert phases(one) == phases(other) == {"a": "RUNNING"}


def test_the_clock_knows_what_is_to_come(flyte_admin, launch):
    tree = nodes.workflow(**{f"n{number}": ALONE for number in range(5)})
    began = flyte_admin.clock.now()
    launch(tree, 2)
    to_come = next(iter(flyte_admin._backend.engine.plays.values())).run.to_come()
    assert {at - began for at in to_come} >= {timedelta(seconds=60 * n) for n in (1, 2, 3)}


@pytest.mark.parametrize("most", [0, -1, True, "2", 1.5])
def test_fewer_than_one_is_refused(most):
    with pytest.raises(ValueError, match=r"max_parallelism=.*a whole number from 1 on"):
        Options(max_parallelism=most)


def test_flytekit_says_it_as_well(flyte_admin):
    flytekit = pytest.importorskip("flytekit")
    route = flyte_admin.on_launch("etl").plays(nodes.workflow(a=ALONE, b=ALONE))
    remote = flyte_admin.remote()
    plan = remote.fetch_launch_plan(name="etl")
    options = flytekit.core.options.Options(max_parallelism=1)
    remote.execute(plan, inputs={}, options=options)
    assert phases(route.launches[0]) == {"a": "RUNNING"}


def test_a_dynamic_task_counts_until_it_has_yielded(flyte_admin, launch):
    tree = nodes.workflow(
        tune=nodes.dynamic(running(20).yields([ALONE] * 3), after=()), other=ALONE
    )
    run = launch(tree, 1)
    assert phases(run) == {"tune": "RUNNING"}
    flyte_admin.clock.advance(20)
    assert len(run.nodes["tune"].nodes) == 1
    assert "other" not in phases(run)
    flyte_admin.clock.advance(180)
    assert phases(run)["other"] == "RUNNING"
    flyte_admin.clock.advance(60)
    assert run.phase == "SUCCEEDED"


def test_a_map_counts_for_nothing(flyte_admin, launch):
    tree = nodes.workflow(fit=nodes.array(running(60).succeeds(), size=3, after=()), other=ALONE)
    run = launch(tree, 1)
    assert phases(run) == {"fit": "RUNNING", "other": "RUNNING"}


def test_a_launch_plan_counts_as_long_as_its_child_runs(flyte_admin, launch):
    train = nodes.launch_plan(running(60).succeeds(), of="training", after=())
    run = launch(nodes.workflow(train=train, other=ALONE), 1)
    assert phases(run) == {"train": "RUNNING"}
    flyte_admin.clock.advance(60)
    assert phases(run) == {"train": "SUCCEEDED", "other": "RUNNING"}
