"""Nodes whose events are lost, as both clients read them."""

import pytest

from flyte_testkit import NoSuchNode, TimelineError, failures, nodes, running
from tests.conftest import needs_flytekit
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

ROWS = running(60).succeeds(rows=1000)
NEXT = nodes.task(running(30).succeeds())


def test_a_node_stays_running_and_so_does_its_attempt(flyte_admin, remote):
    execution, launch = played(
        flyte_admin,
        remote,
        nodes.workflow(extract=nodes.flawed(nodes.task(ROWS), stays="RUNNING"), train=NEXT),
    )

    node = execution.node_executions["n0"]
    assert execution.is_successful
    assert not node.is_done
    assert [attempt.is_done for attempt in node.task_executions] == [False]
    with pytest.raises(Exception, match="outputs"):  # each client has a FlyteAssertion of its own
        _ = node.outputs
    assert execution.node_executions["n1"].is_done
    assert [run.phase for run in launch.nodes.values()] == ["RUNNING", "SUCCEEDED"]
    assert [each.phase for each in launch.nodes["extract"].attempts] == ["RUNNING"]
    assert flyte_admin.clock.elapsed == 90


def test_what_comes_after_it_is_given_its_outputs(flyte_admin, remote):
    tree = nodes.workflow(
        extract=nodes.flawed(nodes.task(ROWS), missing=True),
        train=nodes.task(inputs={"rows": nodes.promise("extract.rows")}),
    )

    _, launch = played(flyte_admin, remote, tree)

    assert launch.nodes["train"].inputs == {"rows": 1000}


def test_a_node_stays_queued_with_no_attempt(flyte_admin, remote):
    tree = nodes.workflow(extract=nodes.flawed(nodes.task(ROWS), stays="QUEUED"))

    execution, launch = played(flyte_admin, remote, tree)

    assert execution.is_successful
    assert execution.node_executions["n0"].task_executions == []
    assert launch.nodes["extract"].phase == "QUEUED"


def test_of_a_node_that_stays_only_the_end_of_the_last_attempt_is_lost(flyte_admin, remote):
    lost = running(5).fails(failures.preempted())
    tree = nodes.workflow(
        fit=nodes.flawed(nodes.task(lost, running(60).fails("nan")), stays="RUNNING")
    )

    execution, launch = played(flyte_admin, remote, tree)

    assert "nan" in execution.error.message
    with pytest.raises(Exception, match=r"error information|no error"):
        _ = execution.node_executions["n0"].error
    assert [each.phase for each in launch.nodes["fit"].attempts] == ["FAILED", "RUNNING"]
    assert launch.failing is None


def _each_flawed(kinds, **flaw):
    return nodes.workflow(**{name: nodes.flawed(node, **flaw) for name, node in kinds.items()})


def test_a_node_of_any_kind_stays_running(flyte_admin, remote):
    kinds = {
        "task": nodes.task(ROWS),
        "map": nodes.array(running(5).succeeds(), size=3),
        "gate": nodes.gate(running(5).succeeds()),
        "sleep": nodes.sleep(5),
        "branch": nodes.branch(retrain=NEXT),
        "group": nodes.subworkflow(fit=NEXT),
        "child": nodes.launch_plan(running(5).succeeds(), of="training"),
    }

    execution, launch = played(flyte_admin, remote, _each_flawed(kinds, stays="RUNNING"))

    assert execution.is_successful
    assert [run.phase for run in launch.nodes.values()] == ["RUNNING"] * 7
    told = {name: [each.phase for each in run.attempts] for name, run in launch.nodes.items()}
    assert {name for name, phases in told.items() if phases} == {"task", "map"}
    assert told["task"] == told["map"] == ["RUNNING"]


def test_an_attempt_that_is_stopped_after_its_node_has_failed_stays_too(flyte_admin):
    slow = nodes.flawed(nodes.task(running(60).times_out()), stays="RUNNING")
    launch = flyte_admin.add_execution("run", nodes.workflow(fit=slow))

    flyte_admin.clock.advance(60)

    assert launch.phase == "FAILED"
    assert [each.phase for each in launch.nodes["fit"].attempts] == ["RUNNING"]


def test_what_is_inside_of_a_node_that_stays_is_told_of(flyte_admin, remote):
    tree = nodes.workflow(
        train=nodes.flawed(
            nodes.subworkflow(fit=nodes.task(running(60).fails("nan"))), stays="RUNNING"
        )
    )

    execution, launch = played(flyte_admin, remote, tree)

    assert "nan" in execution.error.message
    with pytest.raises(Exception, match=r"error information|no error"):
        _ = execution.node_executions["n0"].error
    assert launch.failing.path == "train.fit"
    assert (
        "nan"
        in execution.node_executions["n0"].subworkflow_node_executions["n0-0-n0"].error.message
    )


def test_one_that_is_aborted_stays_running_all_the_same(flyte_admin, remote):
    tree = nodes.workflow(fit=nodes.flawed(nodes.task(running(600).succeeds()), stays="RUNNING"))
    route = flyte_admin.on_launch("etl").plays(tree.aborts("too dear", at=60))
    execution = launched(remote)

    remote.wait(execution)

    (launch,) = route.launches
    assert launch.phase == "ABORTED"
    assert launch.nodes["fit"].phase == "RUNNING"


def test_what_is_found_in_the_cache_never_stayed(flyte_admin, flyte_client):
    tree = nodes.workflow(fit=nodes.cached(rows=1))
    flyte_admin.on_launch("etl").plays(tree)
    flawed = nodes.where(fit=nodes.flawed(nodes.task(ROWS), stays="RUNNING"))
    plan = flyte_client.fetch_launch_plan(name="etl")
    flyte_client.execute(plan, inputs={}, wait=True)
    route = flyte_admin.on_launch("etl").plays(flawed)

    flyte_client.execute(plan, inputs={}, wait=True)

    assert route.launches[0].nodes["fit"].phase == "SUCCEEDED"


def test_a_node_of_any_kind_is_missing_with_all_that_is_inside(flyte_admin, remote):
    kinds = {
        "task": nodes.task(ROWS),
        "cached": nodes.cached(rows=1),
        "map": nodes.array(ROWS, size=3),
        "gate": nodes.gate(running(5).succeeds()),
        "branch": nodes.branch(retrain=NEXT),
        "group": nodes.subworkflow(fit=NEXT, child=nodes.launch_plan(ROWS, of="training")),
        "search": nodes.dynamic(running(2).yields([NEXT] * 3)),
        "child": nodes.launch_plan(ROWS, of="training"),
    }

    execution, launch = played(flyte_admin, remote, _each_flawed(kinds, missing=True))

    assert execution.is_successful
    assert sorted(execution.node_executions) == ["end-node", "start-node"]
    assert list(launch.nodes) == []
    assert launch.failing is None
    with pytest.raises(NoSuchNode, match="'task' never began"):
        _ = launch.nodes["task"]


def test_a_child_that_is_missing_in_a_failed_run_leaves_no_leaf(flyte_admin, remote):
    bad = nodes.flawed(nodes.task(running(9).fails("nan")), missing=True)
    tree = nodes.workflow(train=nodes.subworkflow(fit=bad, test=NEXT))

    execution, launch = played(flyte_admin, remote, tree)

    assert "nan" in execution.node_executions["n0"].error.message
    assert "n0-0-n0" not in execution.node_executions["n0"].subworkflow_node_executions
    assert launch.failing.path == "train"


def test_an_execution_that_a_missing_node_has_launched_names_no_parent(flyte_admin, remote):
    child = flyte_admin.on_launch("training").plays(ROWS)
    lost = nodes.flawed(nodes.launch_plan(of="training"), missing=True)

    execution, _ = played(flyte_admin, remote, nodes.workflow(train=lost))

    assert execution.is_successful
    (launch,) = child.launches
    assert not launch.spec.metadata.HasField("parent_node_execution")
    assert launch.phase == "SUCCEEDED"


def test_a_missing_arm_is_one_that_is_never_listed(flyte_admin, remote):
    tree = nodes.workflow(check=nodes.branch(retrain=nodes.flawed(NEXT, missing=True)))

    execution, launch = played(flyte_admin, remote, tree)

    assert execution.is_successful
    assert launch.nodes["check"].phase == "SUCCEEDED"
    assert list(launch.nodes["check"].nodes) == []


@needs_flytekit
def test_flaws_in_a_registered_workflow(flyte_admin, flyte_remote):
    import flytekit

    @flytekit.task
    def extract(day: str) -> int:
        return 0

    @flytekit.task(enable_deck=True)
    def train(rows: int) -> float:
        return 0.0

    @flytekit.workflow
    def training(day: str) -> float:
        return train(rows=extract(day=day))

    flyte_admin.register(training)
    route = flyte_admin.on_launch(training).plays(
        nodes.where(
            extract=nodes.flawed(nodes.task(), stays="RUNNING"),
            train=nodes.flawed(nodes.task(running(5).succeeds(o0=0.5)), deck="missing"),
        )
    )
    plan = flyte_remote.fetch_launch_plan(name=training.name)

    execution = flyte_remote.execute(plan, inputs={"day": "monday"}, wait=True)

    assert execution.outputs == {"o0": 0.5}
    assert [run.phase for run in route.launches[0].nodes.values()] == ["RUNNING", "SUCCEEDED"]
    with pytest.raises(TimelineError, match="makes no deck that could be"):
        flyte_admin.on_launch(training).plays(
            nodes.where(extract=nodes.flawed(nodes.task(), deck="missing"))
        )


@needs_flytekit
def test_flytekit_has_no_words_for_a_dynamic_node_that_is_never_dynamic_running(
    flyte_admin, flyte_remote
):
    """The one flaw here that flytekit's sync does not survive; ours reads what there is."""
    tree = nodes.workflow(
        tune=nodes.flawed(nodes.dynamic(running(20).yields([NEXT])), stays="RUNNING")
    )
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(flyte_remote)

    with pytest.raises(ValueError, match="Node execution undeterminable"):
        flyte_remote.wait(execution)
    assert flyte_remote.wait(execution, sync_nodes=False).is_successful
    assert list(route.launches[0].nodes["tune"].nodes) == ["dn0"]


def test_our_client_reads_a_dynamic_node_that_is_never_dynamic_running(flyte_admin, flyte_client):
    tree = nodes.workflow(
        tune=nodes.flawed(nodes.dynamic(running(20).yields([NEXT])), stays="RUNNING")
    )

    execution, _ = played(flyte_admin, flyte_client, tree)

    assert execution.is_successful
    assert "n0-0-dn0" in execution.node_executions["n0"].subworkflow_node_executions
