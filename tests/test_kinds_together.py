"""Nodes of several kinds in one execution: what one kind does holds beside and inside of others."""

from datetime import timedelta

import pytest
from flyteidl.admin.execution_pb2 import ExecutionRecoverRequest

from flyte_testkit import aborting, nodes, running

pytestmark = pytest.mark.flyte(transport="direct")

QUICK = nodes.task(running(5).succeeds())


def elapsed(launch):
    """How long each node ran, by its path."""
    return {run.path: run.duration for run in launch.nodes.everywhere() if run.duration}


def test_a_dynamic_task_yields_gates_sleeps_and_launch_plans(flyte_admin):
    yields = running(5).yields(
        go=nodes.gate(running(7).succeeds()),
        nap=nodes.sleep(3, after="go"),
        child=nodes.launch_plan(running(4).succeeds(), of="kid", after="nap"),
    )
    launch = flyte_admin.add_execution("run", nodes.workflow(many=nodes.dynamic(yields)))

    flyte_admin.clock.advance(19)

    assert launch.phase == "SUCCEEDED"
    assert elapsed(launch) == {"many": 19, "many.go": 7, "many.nap": 3, "many.child": 4}


def test_a_gate_of_a_child_holds_up_its_parent(flyte_admin):
    kid = flyte_admin.on_launch("kid").plays(
        nodes.workflow(go=nodes.gate(), fit=nodes.array(running(3).succeeds(), size=3))
    )
    launch = flyte_admin.add_execution("run", nodes.workflow(child=nodes.launch_plan(of="kid")))
    flyte_admin.clock.advance(10)

    flyte_admin.approve(kid.launches[0], "go")
    assert launch.phase == "RUNNING"
    flyte_admin.clock.advance(3)

    assert launch.phase == "SUCCEEDED"
    assert launch.nodes["child"].duration == 13


def test_a_child_at_a_gate_is_stopped_once_its_parent_hears_that_it_was_terminated(flyte_admin):
    kid = flyte_admin.on_launch("kid").plays(nodes.workflow(go=nodes.gate()))
    tree = nodes.workflow(child=nodes.launch_plan(of="kid")).on_terminate(aborting(3))
    launch = flyte_admin.add_execution("run", tree)
    flyte_admin.clock.advance(10)

    flyte_admin.terminate("run", "too slow")
    flyte_admin.clock.advance(2.9)
    assert (launch.phase, kid.launches[0].phase) == ("ABORTING", "RUNNING")
    flyte_admin.clock.advance(0.1)
    assert (launch.phase, kid.launches[0].phase) == ("ABORTED", "ABORTING")
    flyte_admin.clock.advance(0.5)

    assert kid.launches[0].phase == "ABORTED"
    assert kid.launches[0].nodes["go"].phase == "ABORTED"


def test_a_gate_that_was_released_is_recovered(flyte_admin):
    broken = nodes.workflow(
        rate=nodes.gate(running(5).succeeds(o0=0.5), signal=float),
        fit=nodes.task(running(5).fails("no disk"), inputs={"rate": nodes.promise("rate.o0")}),
    )
    route = flyte_admin.on_launch("etl").plays(broken, nodes.where(fit=QUICK))
    failed = flyte_admin.add_execution("run", broken, launch_plan="etl")
    flyte_admin.clock.advance(10)
    assert failed.phase == "FAILED"

    recover = ExecutionRecoverRequest(id=failed.id)
    flyte_admin._backend.answer("RecoverExecution", recover)
    flyte_admin.clock.advance(5)
    flyte_admin._backend.answer("RecoverExecution", recover)
    flyte_admin.clock.advance(5)

    new = route.launches[-1]
    assert new.phase == "SUCCEEDED"
    assert new.nodes["rate"].phase == "RECOVERED"
    assert new.nodes["fit"].inputs == {"rate": 0.5}


def serialized(admin):
    """Launch a workflow twice whose first task makes the other run wait for it."""

    pytest.importorskip("flytekit")
    from flytekit import Cache, approve, task, workflow

    @task(cache=Cache(version="1.0", serialize=True))
    def fit(rows: int) -> float:
        return float(rows)

    @workflow
    def training(rows: int) -> float:
        return approve(fit(rows=rows), "go", timeout=timedelta(hours=1))

    admin.register(training)
    script = nodes.where(
        fit=nodes.task(running(60).succeeds(o0=2.0)), go=nodes.gate(running(10).succeeds())
    )
    route = admin.on_launch(training).plays(script, script)
    remote = admin.remote()
    plan = remote.fetch_launch_plan(name=training.name)
    for _ in range(2):
        remote.execute(plan, inputs={"rows": 9})
    return route.launches


def test_what_waits_for_somebody_elses_cache_goes_on_to_its_gate(flyte_admin):
    launches = serialized(flyte_admin)

    flyte_admin.clock.advance(70)

    assert [launch.phase for launch in launches] == ["SUCCEEDED", "SUCCEEDED"]
    assert [len(launch.nodes["fit"].attempts) for launch in launches] == [1, 0]


def test_who_is_terminated_lets_others_make_what_they_wait_for(flyte_admin):
    first, second = serialized(flyte_admin)
    flyte_admin.clock.advance(30)

    flyte_admin.terminate(first, "too slow")
    flyte_admin.clock.advance(0.5)
    assert first.phase == "ABORTED"
    flyte_admin.clock.advance(70)

    assert second.phase == "SUCCEEDED"
    assert second.nodes["go"].duration == 10
    assert len(second.nodes["fit"].attempts) == 1
