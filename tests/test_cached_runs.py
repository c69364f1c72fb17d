"""Tasks that are declared to be cached run once, and are found by later runs of one server."""

from datetime import timedelta

import pytest

from flyte_testkit import nodes, running
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.server import FakeFlyteAdmin

flytekit = pytest.importorskip("flytekit")

from flyteidl.admin.execution_pb2 import ExecutionRecoverRequest
from flyteidl.core import catalog_pb2
from flytekit import Cache, LaunchPlan, conditional, dynamic, map_task, task, workflow

STATUS = catalog_pb2.CatalogCacheStatus


@task(cache=Cache(version="1.0", ignored_inputs=("verbose",)))
def extract(day: str, verbose: bool) -> int:  # noqa: FBT001  flytekit asks for it
    return 9


@task(cache=Cache(version="1.0", serialize=True))
def fit(rows: int) -> float:
    return float(rows)


@task
def report(auc: float): ...


@workflow
def etl(day: str, verbose: bool = False) -> float:  # noqa: FBT001, FBT002  flytekit asks for it
    auc = fit(rows=extract(day=day, verbose=verbose))
    report(auc=auc)
    return auc


@workflow
def twice(rows: int):
    fit(rows=rows)
    fit(rows=rows)


@workflow
def gathers(day: str):
    extract(day=day, verbose=True)
    extract(day=day, verbose=False)


SLOW = nodes.where().others(running(60).succeeds())


@pytest.fixture
def admin():
    with FakeFlyteAdmin() as admin:
        for one in (etl, twice, gathers):
            admin.register(one)
        yield admin


def launch(admin, entity, *, script=SLOW, overwrite=False, version=None, **inputs):
    route = admin.on_launch(entity).plays(script)
    remote = admin.remote()
    plan = remote.fetch_launch_plan(name=entity.name, version=version)
    remote.execute(plan, inputs=inputs, overwrite_cache=overwrite)
    return route.launches[-1]


def run(admin, entity, **options):
    launched = launch(admin, entity, **options)
    admin.clock.advance(timedelta(hours=1))
    return launched


def closure(launch, node_id):
    rows = {row.id.node_id: row for row in _nodes(launch)}
    return rows[node_id].closure


def _nodes(launch):
    from flyteidl.admin.node_execution_pb2 import NodeExecutionListRequest

    request = NodeExecutionListRequest(workflow_execution_id=launch.id, limit=100)
    return launch.nodes._reader._ask("ListNodeExecutions", request).node_executions


def statuses(launch):
    return {
        row.id.node_id: STATUS.Name(row.closure.task_node_metadata.cache_status)
        for row in _nodes(launch)
        if row.closure.HasField("task_node_metadata")
        and row.closure.task_node_metadata.HasField("catalog_key")
    }


def test_the_first_run_fills_the_cache_and_the_next_finds_it(admin):
    first, second = run(admin, etl, day="monday"), run(admin, etl, day="monday")
    assert statuses(first) == {"n0": "CACHE_POPULATED", "n1": "CACHE_POPULATED"}
    assert statuses(second) == {"n0": "CACHE_HIT", "n1": "CACHE_HIT"}
    assert second.nodes["extract"].attempts == ()
    assert second.nodes["report"].attempts != ()


def test_a_hit_gives_what_was_made(admin):
    script = nodes.where(fit=nodes.task(running(60).succeeds(o0=0.75)))
    run(admin, etl, script=script, day="monday")
    second = run(admin, etl, day="monday")
    assert second.nodes["fit"].outputs == {"o0": 0.75}
    assert second.nodes["report"].inputs == {"auc": 0.75}


def test_a_hit_takes_no_time_and_was_never_queued(admin):
    run(admin, etl, day="monday")
    started = admin.clock.now()
    second = launch(admin, etl, day="monday")
    found = closure(second, "n1")
    assert found.created_at.ToDatetime(started.tzinfo) == started
    assert not found.HasField("started_at")
    assert found.output_uri.endswith(f"{second.id.name}/n1/data/0/outputs.pb")
    admin.clock.advance(61)
    assert second.phase == "SUCCEEDED"


def test_a_hit_names_who_made_it_by_the_id_in_its_workflow(admin):
    first, second = run(admin, etl, day="monday"), run(admin, etl, day="monday")
    key = closure(second, "n0").task_node_metadata.catalog_key
    assert key.source_task_execution.node_execution_id.execution_id == first.id
    assert key.source_task_execution.node_execution_id.node_id == "n0"
    made = closure(first, "n0").task_node_metadata.catalog_key
    assert made.artifact_tag == key.artifact_tag
    assert not made.HasField("source_task_execution")
    assert key.dataset_id.name == f"flyte_task-{extract.name}"
    assert key.dataset_id.version.startswith("1.0-")


@pytest.mark.parametrize("inputs", [{"day": "tuesday"}, {"day": "monday", "verbose": True}])
def test_other_inputs_are_other_work_unless_they_are_ignored(admin, inputs):
    run(admin, etl, day="monday")
    found = statuses(run(admin, etl, **inputs))["n0"]
    assert found == ("CACHE_HIT" if "verbose" in inputs else "CACHE_POPULATED")


def test_another_version_of_the_task_finds_it(admin):
    run(admin, etl, day="monday")
    admin.register(etl, version="v2")
    assert statuses(run(admin, etl, version="v2", day="monday"))["n0"] == "CACHE_HIT"


def test_another_project_finds_nothing(admin):
    run(admin, etl, day="monday")
    admin.register(etl, project="other", domain="staging")
    admin.on_launch(etl, project="other", domain="staging").plays(SLOW)
    remote = admin.remote()
    plan = remote.fetch_launch_plan(project="other", domain="staging", name=etl.name)
    execution = remote.execute(plan, inputs={"day": "monday"}, project="other", domain="staging")
    admin.clock.advance(600)
    remote.sync_execution(execution, sync_nodes=True)
    assert execution.node_executions["n0"].closure.started_at is not None


def test_attempts_say_what_happens_if_the_task_runs_at_all(admin):
    run(admin, etl, day="monday")
    script = nodes.where(extract=nodes.task(running(60).fails("no disk")))
    assert run(admin, etl, script=script, day="monday").phase == "SUCCEEDED"
    assert run(admin, etl, script=script, day="tuesday").phase == "FAILED"


def test_what_failed_is_not_cached(admin):
    script = nodes.where(extract=nodes.task(running(60).fails("no disk")))
    run(admin, etl, script=script, day="monday")
    assert statuses(run(admin, etl, day="monday"))["n0"] == "CACHE_POPULATED"


def test_a_script_says_that_it_is_cached(admin):
    script = nodes.where(extract=nodes.cached(o0=1000))
    first = run(admin, etl, script=script, day="monday")
    assert statuses(first)["n0"] == "CACHE_HIT"
    assert first.nodes["extract"].outputs == {"o0": 1000}
    assert first.nodes["fit"].inputs == {"rows": 1000}
    second = run(admin, etl, day="monday")
    assert second.nodes["extract"].outputs == {"o0": 1000}


def test_a_script_that_does_not_say_what_is_cached_takes_what_is_there(admin):
    run(admin, etl, script=nodes.where(extract=nodes.task(running(9).succeeds(o0=7))), day="monday")
    again = run(admin, etl, script=nodes.where(extract=nodes.cached()), day="monday")
    assert again.nodes["extract"].outputs == {"o0": 7}
    other = run(admin, etl, script=nodes.where(extract=nodes.cached()), day="tuesday")
    assert statuses(other)["n0"] == "CACHE_HIT"


def test_a_task_that_is_not_cached_is_refused(admin):
    with pytest.raises(FlyteTestkitError, match="not declared to be cached") as caught:
        admin.on_launch(etl).plays(nodes.where(report=nodes.cached()))
    assert "'report' (n2)" in str(caught.value)


def test_wrong_outputs_are_refused(admin):
    with pytest.raises(FlyteTestkitError, match="rows"):
        admin.on_launch(etl).plays(nodes.where(extract=nodes.cached(rows=1)))


def test_a_launch_that_overwrites_runs_all_and_what_it_makes_is_found(admin):
    run(admin, etl, day="monday")
    script = nodes.where(extract=nodes.task(running(9).succeeds(o0=5)))
    second = run(admin, etl, script=script, overwrite=True, day="monday")
    assert statuses(second) == {"n0": "CACHE_POPULATED", "n1": "CACHE_POPULATED"}
    told = closure(second, "n0").task_node_metadata.catalog_key
    assert told.source_task_execution.node_execution_id.execution_id == second.id
    third = run(admin, etl, day="monday")
    assert third.nodes["extract"].outputs == {"o0": 5}
    found = closure(third, "n0").task_node_metadata.catalog_key
    assert found.artifact_tag == told.artifact_tag


def test_a_launch_plan_may_say_that_all_of_its_launches_overwrite(admin):
    plan = LaunchPlan.get_or_create(etl, "etl_anew", overwrite_cache=True)
    admin.register(plan)
    run(admin, etl, day="monday")

    again = run(admin, plan, day="monday")

    assert statuses(again) == {"n0": "CACHE_POPULATED", "n1": "CACHE_POPULATED"}
    assert not again.spec.overwrite_cache  # FlyteAdmin tells its engine alone


def test_overwriting_and_being_cached_is_refused():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register(etl)
        script = nodes.where(extract=nodes.cached())
        with pytest.raises(Exception, match="overwrites the cache"):
            launch(admin, etl, script=script, overwrite=True, day="monday")


def test_two_that_miss_at_once_both_run_and_the_first_ones_is_found(admin):
    both = run(admin, gathers, day="monday")
    assert statuses(both) == {"n0": "CACHE_POPULATED", "n1": "CACHE_POPULATED"}
    one, other = (closure(both, id_).task_node_metadata.catalog_key for id_ in ("n0", "n1"))
    assert one.artifact_tag.name == other.artifact_tag.name
    assert one.artifact_tag.artifact_id != other.artifact_tag.artifact_id
    later = run(admin, gathers, day="monday")
    for id_ in ("n0", "n1"):
        assert closure(later, id_).task_node_metadata.catalog_key.artifact_tag == one.artifact_tag


def test_of_two_that_are_serialized_one_runs_and_the_other_waits(admin):
    both = launch(admin, twice, rows=9)
    admin.clock.advance(30)
    assert (both.nodes["n0"].phase, both.nodes["n1"].phase) == ("RUNNING", "QUEUED")
    admin.clock.advance(31)
    assert statuses(both) == {"n0": "CACHE_POPULATED", "n1": "CACHE_HIT"}
    assert both.nodes["n1"].attempts == ()
    assert both.phase == "SUCCEEDED"


def test_of_two_that_are_serialized_one_runs_even_if_it_takes_no_time(admin):
    both = run(admin, twice, script=nodes.where(), rows=9)
    assert statuses(both) == {"n0": "CACHE_POPULATED", "n1": "CACHE_HIT"}
    assert both.nodes["n1"].attempts == ()


def test_another_run_waits_as_well_and_goes_on_with_the_first(admin):
    run(admin, etl, day="monday", script=nodes.where(fit=nodes.task(running(1).fails("no"))))
    first = launch(admin, etl, day="monday")
    second = launch(admin, etl, day="monday")
    admin.clock.advance(30)
    assert (first.nodes["fit"].phase, second.nodes["fit"].phase) == ("RUNNING", "QUEUED")
    admin.clock.advance(30)
    assert second.nodes["fit"].phase == "SUCCEEDED"
    admin.clock.advance(60)
    assert (first.phase, second.phase) == ("SUCCEEDED", "SUCCEEDED")


@pytest.mark.parametrize("how", ["fails", "is terminated"])
def test_if_the_first_comes_to_nothing_the_next_one_runs(admin, how):
    ending = running(60).fails("no") if how == "fails" else running(90).succeeds()
    first = launch(admin, etl, day="monday", script=nodes.where(fit=nodes.task(ending)))
    second = launch(admin, etl, day="monday")
    admin.clock.advance(30)
    if how == "is terminated":
        admin.terminate(first.id.name, "enough")
    admin.clock.advance(45)
    assert second.nodes["fit"].phase == "RUNNING"
    admin.clock.advance(600)
    assert second.phase == "SUCCEEDED"


def test_a_run_that_waits_can_be_terminated(admin):
    launch(admin, twice, rows=9)
    second = launch(admin, twice, rows=9)
    admin.clock.advance(30)
    admin.terminate(second.id.name, "enough")
    admin.clock.advance(1)
    assert second.phase == "ABORTED"
    assert second.nodes["n0"].phase == "ABORTED"
    assert second.nodes["n0"].attempts == ()


def test_the_clock_knows_what_is_to_come_of_a_run_that_finds_something(admin):
    run(admin, etl, day="monday")
    before = admin.clock.now()
    again = launch(admin, etl, day="monday")
    due = admin._backend.engine.next_due()
    assert due == before + timedelta(seconds=60)
    assert again.phase == "RUNNING"


def test_the_clock_knows_what_is_to_come_of_a_run_for_which_others_wait(admin):
    script = nodes.where(n0=nodes.task(nodes.queued(10).running(60).succeeds()))
    began = admin.clock.now()
    launch(admin, twice, script=script, rows=9)
    run = next(iter(admin._backend.engine.plays.values())).run
    assert [(at - began).total_seconds() for at in run.to_come()] == [10, 70]


def test_a_made_up_workflow_finds_what_it_is_said_to_find(admin):
    made = nodes.workflow(
        extract=nodes.cached(rows=9),
        fit=nodes.task(running(60).succeeds(), inputs={"rows": nodes.promise("extract.rows")}),
    )
    etl = admin.on_launch("made").plays(made, made)
    remote = admin.remote()
    for _ in range(2):
        remote.execute(remote.fetch_launch_plan(name="made"), inputs={})
        admin.clock.advance(600)
        assert etl.launches[-1].nodes["fit"].inputs == {"rows": 9}
        assert statuses(etl.launches[-1]) == {"n0": "CACHE_HIT"}


def test_in_a_made_up_workflow_one_script_runs_and_the_next_is_cached(admin):
    etl = admin.on_launch("made").plays(
        nodes.workflow(extract=nodes.task(running(60).succeeds(rows=9))),
        nodes.workflow(extract=nodes.cached()),
    )
    remote = admin.remote()
    for _ in range(2):
        remote.execute(remote.fetch_launch_plan(name="made"), inputs={})
        admin.clock.advance(600)
    assert etl.launches[0].nodes["extract"].attempts != ()
    assert etl.launches[1].nodes["extract"].outputs == {"rows": 9}


def test_servers_share_nothing(admin):
    run(admin, etl, day="monday")
    with FakeFlyteAdmin() as other:
        other.register(etl)
        assert statuses(run(other, etl, day="monday"))["n0"] == "CACHE_POPULATED"


def test_clients_read_a_hit_as_they_do_in_life(admin):
    run(admin, etl, day="monday")
    again = run(admin, etl, day="monday")
    remote = admin.remote()
    execution = remote.fetch_execution(name=again.id.name)
    remote.sync_execution(execution, sync_nodes=True)
    found = execution.node_executions["n0"]
    assert found.closure.phase == 3
    assert found.task_executions == []
    assert found.outputs["o0"] == 0


@task(cache=Cache(version="1.0"))
def square(x: int) -> int:
    return x * x


@workflow
def squares(xs: list[int]) -> list[int]:
    return map_task(square)(x=xs)


@task
def plain(x: int) -> int:
    return x


@workflow
def squaring(x: int) -> int:
    return plain(x=x)


@dynamic(cache=Cache(version="1.0"))
def tune(n: int) -> int:
    return square(x=n)


@workflow
def tuning(n: int) -> int:
    return tune(n=n)


def items(launch):
    from flyteidl.admin.task_execution_pb2 import TaskExecutionListRequest

    (row,) = (row for row in _nodes(launch) if row.id.node_id == "n0")
    request = TaskExecutionListRequest(node_execution_id=row.id, limit=10)
    (told,) = launch.nodes._reader._ask("ListTaskExecutions", request).task_executions
    return [STATUS.Name(item.cache_status) for item in told.closure.metadata.external_resources]


def test_items_of_a_map_are_found_one_by_one(admin):
    admin.register(squares)
    fit = nodes.where(square=nodes.array(running(60).succeeds(o0=4)))
    first = run(admin, squares, script=fit, xs=[1, 2])
    second = launch(admin, squares, xs=[1, 2, 3])
    assert items(first) == ["CACHE_POPULATED"] * 2
    admin.clock.advance(60)
    assert items(second) == ["CACHE_HIT", "CACHE_HIT", "CACHE_POPULATED"]
    assert second.nodes["square"].outputs["o0"][:2] == [4, 4]
    third = launch(admin, squares, xs=[3, 1])
    assert items(third) == ["CACHE_HIT"] * 2
    assert third.phase == "SUCCEEDED"


def test_a_script_says_which_items_are_cached(admin):
    admin.register(squares)
    fit = nodes.where(square=nodes.array(running(60).succeeds(), but={1: nodes.cached(o0=9)}))
    first = run(admin, squares, script=fit, xs=[1, 2])
    assert items(first) == ["CACHE_POPULATED", "CACHE_HIT"]
    assert first.nodes["square"].outputs == {"o0": [0, 9]}


def test_an_item_of_what_is_not_cached_is_refused(admin):
    made = nodes.workflow(fit=nodes.array(size=3))
    admin.register("made", made)
    with pytest.raises(FlyteTestkitError, match=r"item 1, .*not declared to be cached"):
        admin.on_launch("made").plays(nodes.where(fit=nodes.array(but={1: nodes.cached()})))


def test_a_cached_dynamic_task_is_found_whole(admin):
    admin.register(square)
    admin.register(tuning)
    fit = nodes.where(
        tune=nodes.dynamic(
            running(20)
            .yields(fit=nodes.task(running(60).succeeds(o0=9), of=square.name))
            .succeeds(o0=nodes.promise("fit.o0"))
        )
    )
    first = run(admin, tuning, script=fit, n=3)
    assert statuses(first)["n0"] == "CACHE_POPULATED"
    second = run(admin, tuning, script=nodes.where(), n=3)
    assert statuses(second) == {"n0": "CACHE_HIT"}
    assert len(second.nodes["tune"].nodes) == 0
    assert second.nodes["tune"].outputs == {"o0": 9}


def test_a_cached_dynamic_task_is_found_after_the_run_that_recovers_it(admin):
    admin.register(squaring)
    admin.register(tuning)
    bad, good = (
        nodes.where(
            tune=nodes.dynamic(
                running(20)
                .yields(fit=nodes.task(one, of=plain.name))
                .succeeds(o0=nodes.promise("fit.o0"))
            )
        )
        for one in (running(9).fails("no disk"), running(60).succeeds(o0=9))
    )
    failed = run(admin, tuning, script=bad, n=3)
    assert failed.phase == "FAILED"
    route = admin.on_launch(tuning).plays(good)
    admin._backend.answer("RecoverExecution", ExecutionRecoverRequest(id=failed.id))
    admin.clock.advance(timedelta(hours=1))
    assert statuses(route.launches[-1]) == {"n0": "CACHE_POPULATED"}
    last = run(admin, tuning, script=nodes.where(), n=3)
    assert statuses(last) == {"n0": "CACHE_HIT"}
    assert last.nodes["tune"].outputs == {"o0": 9}


@task
def grows(rows: int) -> int:
    return rows


@task
def shrinks(rows: int) -> int:
    return rows


@workflow
def decides(day: str) -> int:
    rows = extract(day=day, verbose=False)
    return (
        conditional("many").if_(rows > 100).then(shrinks(rows=rows)).else_().then(grows(rows=rows))
    )


@workflow
def weighs(rows: int) -> int:
    grown = grows(rows=rows)
    return (
        conditional("many")
        .if_(grown > 100)
        .then(shrinks(rows=grown))
        .else_()
        .then(grows(rows=grown))
    )


def test_which_arm_is_taken_is_told_by_what_is_found():
    first = nodes.where(extract=nodes.task(running(60).succeeds(o0=1000)))
    small = nodes.where(many=nodes.branch(shrinks=nodes.task(running(5).succeeds(o0=10))))
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register(decides)
        launch(admin, decides, script=first, day="monday")
        admin.clock.advance(60)
        second = launch(admin, decides, script=small, day="monday")
        admin.clock.advance(5)
        assert second.phase == "SUCCEEDED"
        with pytest.raises(Exception, match="does not take"):
            launch(admin, decides, script=small, day="tuesday")  # plain values: 0 rows


def test_which_arm_is_taken_is_told_by_what_is_recovered(admin):
    admin.register(weighs)
    many = nodes.where(
        n0=nodes.task(running(60).succeeds(o0=1000)),
        many=nodes.branch(shrinks=nodes.task(running(5).fails("no disk"))),
    )
    failed = launch(admin, weighs, script=many, rows=9)
    admin.clock.advance(65)
    assert failed.phase == "FAILED"

    arm = nodes.branch(shrinks=nodes.task(running(5).succeeds(o0=10)))
    route = admin.on_launch(weighs).plays(nodes.where(many=arm))
    admin._backend.answer("RecoverExecution", ExecutionRecoverRequest(id=failed.id))
    admin.clock.advance(5)

    assert route.launches[-1].phase == "SUCCEEDED"
