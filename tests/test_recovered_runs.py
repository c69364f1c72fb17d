"""A recovered run goes on where the old one stopped, a relaunched one begins anew."""

from importlib.util import find_spec

import pytest
from flyteidl.admin import execution_pb2, node_execution_pb2

from flyte_testkit import fixtures, nodes, render, running
from flyte_testkit.server import FakeFlyteAdmin

pytestmark = pytest.mark.flyte(transport="direct")

GOOD = nodes.task(running(60).succeeds(rows=9))
FIT = nodes.subworkflow(
    prepare=nodes.task(running(10).succeeds()), fit=nodes.task(running(60).fails("nan"))
)
FAILS = nodes.workflow(extract=GOOD, train=FIT, report=nodes.task(running(5).succeeds()))
NEVER = nodes.task(running(60).fails("it runs all the same"))


@pytest.fixture
def admin(flyte_admin):
    return flyte_admin


def launch(admin, name="etl"):
    with fixtures.client(admin) as remote:
        remote.execute(remote.fetch_launch_plan(name=name), inputs={})


def launched(admin, *scripts, name="etl"):
    """Launch the first of these scripts, and let it end; return the route."""
    route = admin.on_launch(name).plays(*scripts)
    launch(admin, name)
    admin.clock.advance(600)
    return route


def again(admin, route, *, how="Recover", wait=600):
    """Recover the last launch, or relaunch it, and return the new one."""
    id_ = route.launches[-1].id
    kind = getattr(execution_pb2, f"Execution{how}Request")
    admin._backend.answer(f"{how}Execution", kind(id=id_))
    admin.clock.advance(wait)
    return route.launches[-1]


def rows(launch):
    request = node_execution_pb2.NodeExecutionListRequest(
        workflow_execution_id=launch.id, limit=100
    )
    found = launch.nodes._reader._ask("ListNodeExecutions", request).node_executions
    return {row.id.node_id: row for row in found}


def test_what_had_succeeded_is_recovered_and_the_rest_runs(admin):
    repaired = nodes.where(
        extract=NEVER,
        train=nodes.subworkflow(prepare=NEVER, fit=nodes.task(running(9).succeeds())),
    )
    new = again(admin, launched(admin, FAILS, repaired))
    assert new.phase == "SUCCEEDED"
    assert new.nodes["extract"].phase == "RECOVERED"
    assert new.nodes["train"].phase == "SUCCEEDED"
    assert new.nodes["train.prepare"].phase == "RECOVERED"
    assert new.nodes["train.fit"].phase == "SUCCEEDED"
    assert new.nodes["report"].phase == "SUCCEEDED"


def test_a_recovered_node_has_its_old_outputs_in_a_new_place_and_no_attempts(admin):
    route = launched(admin, FAILS, nodes.where())
    old, new = route.launches[-1], again(admin, route)
    node = new.nodes["extract"]
    assert (node.outputs, node.attempts) == ({"rows": 9}, ())
    closure = rows(new)["n0"].closure
    assert closure.output_uri == rows(old)["n0"].closure.output_uri.replace(
        old.id.name, new.id.name
    )
    assert closure.HasField("task_node_metadata")
    assert not closure.HasField("started_at")
    assert not closure.HasField("duration")


def test_the_spec_says_which_run_is_recovered(admin):
    route = launched(admin, FAILS, nodes.where())
    old, new = route.launches[-1], again(admin, route)
    assert new.spec.metadata.mode == execution_pb2.ExecutionMetadata.RECOVERED
    assert new.spec.metadata.reference_execution == old.id


def test_what_was_recovered_is_recovered_again(admin):
    route = launched(admin, FAILS, FAILS, nodes.where())
    assert again(admin, route).phase == "FAILED"
    third = again(admin, route)
    assert third.phase == "SUCCEEDED"
    assert third.nodes["extract"].phase == "RECOVERED"
    assert third.nodes["extract"].outputs == {"rows": 9}


def test_a_run_that_was_aborted_is_recovered(admin):
    route = admin.on_launch("etl").plays(FAILS, nodes.where(extract=NEVER))
    launch(admin)
    admin.clock.advance(65)
    admin.terminate(route.launches[0].id.name, "enough")
    admin.clock.advance(1)
    new = again(admin, route)
    assert new.phase == "SUCCEEDED"
    assert new.nodes["train.prepare"].phase == "SUCCEEDED"


def test_a_run_that_still_runs_is_recovered_as_it_is_by_then(admin):
    """FlyteAdmin 1.16 asks for no phase, as recorded: of "recover of an execution without inputs"
    nothing had happened yet, and of "recover meets the concurrency limit" only the limit is in the
    way of a run that is RUNNING. What has not ended runs in both.
    """
    route = admin.on_launch("etl").plays(FAILS, nodes.where(extract=NEVER))
    launch(admin)
    admin.clock.advance(65)
    new = again(admin, route, wait=0)
    assert route.launches[0].phase == "RUNNING"
    assert new.nodes["extract"].phase == "RECOVERED"
    assert new.nodes["train.prepare"].phase != "RECOVERED"


@pytest.mark.parametrize(
    ("wait", "told"),
    [
        (65, "which was RUNNING then: what had not succeeded runs twice; wait for its end"),
        (600, "\n"),
    ],
)
def test_the_picture_says_what_is_recovered_and_that_it_still_ran(admin, wait, told):
    route = admin.on_launch("etl").plays(FAILS, nodes.where(extract=NEVER))
    launch(admin)
    admin.clock.advance(wait)

    again(admin, route)

    drawn = render.text(admin)
    recovers = f"recovers {route.launches[0].id.name}"
    assert recovers + (", " if told != "\n" else "") + told in drawn


def test_the_picture_says_what_is_relaunched(admin):
    route = launched(admin, FAILS, FAILS)

    again(admin, route, how="Relaunch")

    assert f"relaunches {route.launches[0].id.name}\n" in render.text(admin)


def test_a_run_that_succeeded_is_recovered_whole(admin):
    fine = nodes.workflow(extract=GOOD, report=nodes.task())
    new = again(admin, launched(admin, fine, nodes.where(extract=NEVER, report=NEVER)))
    assert new.phase == "SUCCEEDED"
    assert {new.nodes[name].phase for name in ("extract", "report")} == {"RECOVERED"}


def test_a_sub_workflow_that_succeeded_is_recovered_whole(admin):
    first = nodes.workflow(
        train=nodes.subworkflow(fit=nodes.task(running(9).succeeds(auc=0.5))),
        report=nodes.task(running(9).fails("no disk")),
    )
    new = again(admin, launched(admin, first, nodes.where()))
    assert new.nodes["train"].phase == "RECOVERED"
    assert new.nodes["train"].outputs == {"auc": 0.5}
    assert len(new.nodes["train"].nodes) == 0


def test_a_branch_that_succeeded_is_recovered_whole(admin):
    first = nodes.workflow(
        check=nodes.branch(retrain=nodes.task(running(9).succeeds(auc=0.5))),
        report=nodes.task(running(9).fails("no disk")),
    )
    new = again(admin, launched(admin, first, nodes.where()))
    assert new.nodes["check"].phase == "RECOVERED"
    assert len(new.nodes["check"].nodes) == 0


def test_a_failed_branch_runs_again(admin):
    first = nodes.workflow(check=nodes.branch(retrain=nodes.task(running(9).fails("no"))))
    new = again(admin, launched(admin, first, nodes.where()))
    assert new.nodes["check"].phase == "SUCCEEDED"
    assert new.nodes["check.retrain"].phase == "SUCCEEDED"


def test_a_failure_node_that_ran_is_recovered_if_it_comes_to_that_again(admin):
    first = nodes.workflow(extract=NEVER).on_failure(clean_up=nodes.task(running(9).succeeds()))
    new = again(admin, launched(admin, first, nodes.where(extract=NEVER)))
    assert new.phase == "FAILED"
    assert rows(new)["fn0"].closure.phase == 10


def test_a_recovered_node_takes_no_time(admin):
    route = launched(admin, FAILS, nodes.where())
    new = again(admin, route, wait=0)
    assert new.nodes["extract"].phase == "RECOVERED"


def test_the_clock_knows_what_is_to_come_of_it(admin):
    fine = nodes.where(train=nodes.subworkflow(fit=nodes.task(running(9).succeeds())))
    route = launched(admin, FAILS, fine)
    id_ = route.launches[-1].id
    admin._backend.answer("RecoverExecution", execution_pb2.ExecutionRecoverRequest(id=id_))
    now = admin.clock.now()
    assert (admin._backend.engine.next_due() - now).total_seconds() == 9


def test_a_cached_task_is_looked_up_first(admin):
    first = nodes.workflow(
        extract=nodes.cached(rows=9), report=nodes.task(running(9).fails("no disk"))
    )
    new = again(admin, launched(admin, first, nodes.where(extract=NEVER)))
    assert new.nodes["extract"].phase == "SUCCEEDED"
    assert new.nodes["extract"].attempts == ()


def test_a_relaunch_is_an_ordinary_run(admin):
    route = launched(admin, FAILS, nodes.where(extract=NEVER))
    new = again(admin, route, how="Relaunch")
    assert new.spec.metadata.mode == execution_pb2.ExecutionMetadata.RELAUNCH
    assert new.phase == "FAILED"
    assert new.nodes["extract"].phase == "FAILED"


def test_a_recovered_run_needs_a_script_as_any_launch_does():
    with FakeFlyteAdmin() as admin:
        route = launched(admin, FAILS)
        with pytest.raises(Exception, match="for the 2nd time"):
            again(admin, route)
        assert len(admin.take_unforeseen()) == 1


def test_a_timeline_plays_for_a_recovered_run_as_for_any(admin):
    assert again(admin, launched(admin, FAILS, running(5).succeeds())).phase == "SUCCEEDED"


CLIENTS = ["flyte_client", *(["flyte_remote"] if find_spec("flytekit") else [])]


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_read_recovered_nodes(client, request, flyte_admin):
    remote = request.getfixturevalue(client)
    route = launched(flyte_admin, FAILS, nodes.where())
    new = again(flyte_admin, route)
    execution = remote.fetch_execution(name=new.id.name)
    remote.sync_execution(execution, sync_nodes=True)
    assert execution.node_executions["n0"].closure.phase == 10
    below = execution.node_executions["n1"].subworkflow_node_executions
    assert below["n1-0-n0"].closure.phase == 10


def test_our_client_recovers(flyte_admin, flyte_client):
    route = launched(flyte_admin, FAILS, nodes.where())
    old = flyte_client.fetch_execution(name=route.launches[0].id.name)
    new = flyte_client.wait(flyte_client.recover(old))
    assert new.is_successful
    assert route.launches[1].nodes["extract"].phase == "RECOVERED"


YIELDS = nodes.workflow(
    tune=nodes.dynamic(
        running(20).yields(
            fit=nodes.task(running(60).succeeds(auc=0.5)),
            check=nodes.task(running(9).fails("too low"), after="fit"),
        )
    ),
)


def test_what_a_dynamic_task_had_yielded_is_played_without_its_task(admin):
    repaired = nodes.where(
        tune=nodes.dynamic(
            running(20).yields(
                fit=nodes.task(running(60).succeeds(auc=0.5)),
                check=nodes.task(running(7).succeeds(), after="fit"),
            )
        )
    )
    route = launched(admin, YIELDS, repaired)
    began = admin.clock.now()
    new = again(admin, route)
    assert new.phase == "SUCCEEDED"
    assert new.nodes["tune"].attempts == ()
    assert new.nodes["tune.fit"].phase == "RECOVERED"
    assert new.nodes["tune.check"].phase == "SUCCEEDED"
    updated = new.closure.updated_at.ToDatetime(began.tzinfo)
    assert (updated - began).total_seconds() == 7


def test_a_dynamic_task_that_nobody_scripts_again_plays_what_it_had_yielded(admin):
    new = again(admin, launched(admin, YIELDS, nodes.where()))
    assert new.phase == "SUCCEEDED"
    assert new.nodes["tune.fit"].phase == "RECOVERED"
    assert new.nodes["tune.check"].phase == "SUCCEEDED"


def yields_again(**nodes_):
    return nodes.where(tune=nodes.dynamic(running(20).yields(**nodes_)))


def test_what_failed_of_what_was_yielded_may_give_something_now(admin):
    repaired = yields_again(
        fit=nodes.task(running(60).succeeds(auc=0.5)),
        check=nodes.task(running(7).succeeds(best=0.9), after="fit"),
    )
    new = again(admin, launched(admin, YIELDS, repaired))
    assert new.phase == "SUCCEEDED"
    assert new.nodes["tune.fit"].phase == "RECOVERED"
    assert new.nodes["tune.check"].outputs == {"best": 0.9}


@pytest.mark.parametrize(
    "others",
    [
        {"fit": GOOD},
        {"fit": GOOD, "check": GOOD, "more": GOOD},
        {"fit": GOOD, "test": GOOD},
    ],
)
def test_other_nodes_than_a_dynamic_task_had_yielded_are_refused(others):
    with FakeFlyteAdmin(transport="direct", strict=False) as admin:
        route = launched(admin, YIELDS, yields_again(**others))
        with pytest.raises(Exception, match="is recovered, so its task is not run again") as caught:
            again(admin, route)
    assert "what it had yielded is: dn0 'fit', dn1 'check'. Its script yields" in str(caught.value)
    assert "Let it yield the same nodes, or say nothing of it." in str(caught.value)


def test_a_dynamic_node_that_ended_well_is_recovered_with_its_workflow(admin):
    first = nodes.workflow(
        tune=nodes.dynamic(running(20).yields(fit=nodes.task(running(60).succeeds()))),
        report=nodes.task(running(9).fails("no disk")),
    )
    new = again(admin, launched(admin, first, nodes.where()))
    assert new.nodes["tune"].phase == "RECOVERED"
    request = node_execution_pb2.GetDynamicNodeWorkflowRequest(id=rows(new)["n0"].id)
    got = new.nodes._reader._ask("GetDynamicNodeWorkflow", request)
    assert [node.id for node in got.compiled_workflow.primary.template.nodes][-1] == "dn0"


def test_a_dynamic_task_that_failed_itself_runs_again(admin):
    first = nodes.workflow(tune=nodes.dynamic(running(20).fails("no disk")))
    new = again(admin, launched(admin, first, nodes.where()))
    assert [attempt.phase for attempt in new.nodes["tune"].attempts] == ["SUCCEEDED"]


def test_what_was_yielded_twice_over_is_stopped_as_any_node(admin):
    stays = nodes.where(
        tune=nodes.dynamic(
            running(20).yields(
                fit=nodes.task(), check=nodes.task(running(900).succeeds(), after="fit")
            )
        )
    )
    new = again(admin, launched(admin, YIELDS, stays), wait=10)
    admin.terminate(new.id.name, "enough")
    admin.clock.advance(1)
    assert new.phase == "ABORTED"
    assert new.nodes["tune"].phase == "ABORTED"
    assert new.nodes["tune.check"].phase == "ABORTED"


def test_a_failed_map_runs_all_of_its_items_again(admin):
    first = nodes.workflow(
        fit=nodes.array(running(60).succeeds(o0=1), size=3, but={1: running(9).fails("no disk")})
    )
    new = again(admin, launched(admin, first, nodes.where()))
    assert new.phase == "SUCCEEDED"
    assert [item.phase for item in new.nodes["fit"].items] == ["SUCCEEDED"] * 3


def test_a_map_that_succeeded_is_recovered_whole(admin):
    first = nodes.workflow(
        fit=nodes.array(running(60).succeeds(o0=1), size=3),
        report=nodes.task(running(9).fails("no disk")),
    )
    new = again(admin, launched(admin, first, nodes.where()))
    assert new.nodes["fit"].phase == "RECOVERED"
    assert new.nodes["fit"].outputs == {"o0": [1, 1, 1]}


CHILD = nodes.launch_plan(running(60).succeeds(auc=0.5), of="training")


def test_a_launch_plan_node_that_ended_well_is_recovered_without_its_child(admin):
    first = nodes.workflow(train=CHILD, report=nodes.task(running(9).fails("no disk")))
    route = launched(admin, first, nodes.where())
    old, new = route.launches[-1], again(admin, route)
    assert new.phase == "SUCCEEDED"
    assert new.nodes["train"].phase == "RECOVERED"
    assert new.nodes["train"].outputs == {"auc": 0.5}
    assert rows(old)["n0"].closure.HasField("workflow_node_metadata")
    assert not rows(new)["n0"].closure.HasField("workflow_node_metadata")  # FlyteAdmin drops it


def test_a_launch_plan_node_that_failed_launches_a_fresh_child(admin):
    first = nodes.workflow(train=nodes.launch_plan(running(60).fails("nan"), of="training"))
    repaired = nodes.where(train=nodes.launch_plan(running(9).succeeds()))
    route = launched(admin, first, repaired)
    old, new = route.launches[-1], again(admin, route)
    assert (old.phase, new.phase) == ("FAILED", "SUCCEEDED")
    children = [
        rows(one)["n0"].closure.workflow_node_metadata.executionId.name for one in (old, new)
    ]
    assert children[0] != children[1]
    assert all(children)
