"""What is registered and added: schedules, places, modes, annotations, entities."""

from datetime import datetime, timedelta, timezone
from importlib.util import find_spec

import pytest
from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import immediately, queued, running
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, RouteError
from flyte_testkit.server import FakeFlyteAdmin

pytestmark = pytest.mark.flyte(transport="direct")

needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")


@pytest.fixture
def rpc(flyte_admin):
    with flyte_admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


def active(rpc, name, project="flytesnacks", domain="development"):
    request = launch_plan_pb2.ActiveLaunchPlanRequest()
    request.id.project, request.id.domain, request.id.name = project, domain, name
    return rpc.GetActiveLaunchPlan(request)


def execution(rpc, launch):
    return rpc.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=launch.id))


# --- register


def test_a_launch_plan_has_its_schedule_and_is_active(flyte_admin, rpc):
    flyte_admin.register("nightly", outputs={"auc": float}, schedule="0 3 * * *")
    flyte_admin.register("hourly", schedule=timedelta(hours=1))

    schedules = [active(rpc, n).spec.entity_metadata.schedule for n in ("nightly", "hourly")]

    assert schedules[0].cron_schedule.schedule == "0 3 * * *"
    assert schedules[1].rate.value == 1


def test_a_schedule_that_flyteadmin_refuses_is_told(flyte_admin):
    with pytest.raises(RegistrationError, match="Invalid cron expression") as told:
        flyte_admin.register("nightly", schedule="every night")

    assert "A cron expression has five fields" in str(told.value)
    assert "another name" not in str(told.value)


def test_a_launch_plan_is_registered_elsewhere(flyte_admin, rpc, flyte_client):
    flyte_admin.register("nightly", inputs={"day": str}, project="other", domain="production")
    flyte_admin.on_launch("nightly").plays(running(1).succeeds())

    plan = flyte_client.fetch_launch_plan(
        name="nightly", project="other", domain="production", version="v1"
    )
    flyte_client.execute(plan, inputs={"day": "x"}, project="other", domain="production")

    assert active(rpc, "nightly", "other", "production").id.version == "v1"
    (launch,) = flyte_admin.launches
    assert (launch.id.project, launch.id.domain) == ("other", "production")
    here = flyte_admin.whereabouts("launch_plan", "flytesnacks", "development", "nightly")
    assert here.versions == ()  # the route knew it, so nothing was inferred here


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            {"domain": "producton"},
            "it has 'development', 'staging', 'production'. Did you mean 'prod",
        ),
        ({"project": "no good!"}, "project='no good!' is refused by FlyteAdmin"),
        ({"project": 7}, "project=7: a project is named by a text"),
        ({"domain": ["staging"]}, r"domain=\['staging'\] is none that a FlyteAdmin has"),
    ],
)
def test_a_place_that_cannot_be_is_refused(flyte_admin, place, message):
    with pytest.raises(RegistrationError, match=message):
        flyte_admin.register("nightly", **place)
    with pytest.raises(RegistrationError, match=message):
        flyte_admin.add_execution("e1", immediately.succeeds(), **place)


@pytest.mark.parametrize("version", [1, None, "", True])
def test_what_is_no_version_is_refused(flyte_admin, version):
    with pytest.raises(RegistrationError, match="a version is a text, such as 'v1'"):
        flyte_admin.register("nightly", version=version)


@needs_flytekit
def test_an_entity_is_registered_elsewhere(flyte_admin, rpc):
    from flytekit import task

    @task
    def double(x: int) -> int:
        return 2 * x

    flyte_admin.register(double, project="other", domain="staging")

    request = common_pb2.ResourceListRequest(limit=10)
    request.id.project, request.id.domain = "other", "staging"
    assert [found.id.name for found in rpc.ListTasks(request).tasks] == [double.name]
    with pytest.raises(RegistrationError, match="has a schedule of its own"):
        flyte_admin.register(double, schedule="@daily")


# --- add_execution


def test_an_added_execution_is_where_and_what_it_was_said_to_be(flyte_admin, rpc):
    launch = flyte_admin.add_execution(
        "e1",
        running(60).succeeds(auc=0.5),
        launch_plan="nightly",
        version="v7",
        annotations={"team": "ml"},
        labels={"a": "b"},
        mode="SCHEDULED",
        project="other",
        domain="production",
    )

    found = execution(rpc, launch)
    assert (found.id.project, found.id.domain) == ("other", "production")
    assert found.spec.launch_plan.project == "other"
    assert found.spec.launch_plan.version == "v7"
    assert dict(found.spec.annotations.values) == {"team": "ml"}
    assert found.spec.metadata.mode == execution_pb2.ExecutionMetadata.SCHEDULED
    assert found.spec.metadata.scheduled_at.ToDatetime(timezone.utc) == flyte_admin.clock.now()


def test_modes_are_found_by_filters(flyte_admin, rpc):
    for name, mode in [("a", "SCHEDULED"), ("b", "child_workflow"), ("c", 3), ("d", None)]:
        flyte_admin.add_execution(name, immediately.succeeds(), launch_plan="p", mode=mode)
    request = common_pb2.ResourceListRequest(limit=10, filters="eq(mode,1)")
    request.id.project, request.id.domain = "flytesnacks", "development"

    assert [found.id.name for found in rpc.ListExecutions(request).executions] == ["a"]


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (
            {"mode": "SHEDULED"},
            RouteError,
            "mode='SHEDULED' is none that Flyte has; it has 'MANUAL'",
        ),
        ({"mode": "SHEDULED"}, RouteError, "Did you mean 'SCHEDULED'"),
        ({"mode": True}, RouteError, "mode=True is none that Flyte has"),
        ({"mode": 99}, RouteError, "mode=99 is none that Flyte has"),
        ({"annotations": {"n": 1}}, RouteError, "annotations={'n': 1} are not texts by name"),
        ({"labels": ["a"]}, RouteError, r"labels=\['a'\] are not texts by name"),
        ({"inputs": ["a"]}, FlyteTestkitError, r"inputs=\['a'\] are not values by name"),
        (
            {"created_at": datetime(2020, 1, 1)},
            FlyteTestkitError,
            "that is no instant, for it has no time zone",
        ),
        ({"created_at": 5}, FlyteTestkitError, "that is no instant, for it has no time zone"),
        ({"launch_plan": 7}, RouteError, "7 has no name that a launch could go by"),
        ({"version": 1}, RegistrationError, "version=1: a version is a text, such as 'v1'"),
        ({"name": 5}, FlyteTestkitError, "an execution is named by a text"),
        ({"principal": 5}, FlyteTestkitError, "principal=5: who launched it is a text"),
        ({"principal": None}, FlyteTestkitError, "principal=None: who launched it is a text"),
    ],
)
def test_what_no_execution_has_is_refused(flyte_admin, wrong, kind, message):
    with pytest.raises(kind, match=message):
        flyte_admin.add_execution(**{"name": "e1", "script": immediately.succeeds(), **wrong})

    flyte_admin.add_execution("e1", immediately.succeeds())  # the name is free still


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cause": 3}, "cause=3: a cause is a text"),
        ({"cause": None}, "cause=None: a cause is a text"),
        ({"cause": "why", "principal": 3}, "principal=3: a principal is a text"),
    ],
)
def test_what_terminates_nothing_is_refused(flyte_admin, wrong, message):
    run = flyte_admin.add_execution("e1", running(60).succeeds())

    with pytest.raises(FlyteTestkitError, match=message):
        flyte_admin.terminate(run, **wrong)

    assert run.phase == "RUNNING"


def test_a_version_that_is_not_there_is_told_with_those_that_are(flyte_admin):
    flyte_admin.register("nightly", version="v1")
    flyte_admin.register("nightly", version="v2")

    added = flyte_admin.add_execution(
        "e1", immediately.succeeds(), launch_plan="nightly", version="v1"
    )

    assert added.spec.launch_plan.version == "v1"
    with pytest.raises(RegistrationError) as caught:
        flyte_admin.add_execution("e2", immediately.succeeds(), launch_plan="nightly", version="v3")
    assert str(caught.value) == "there is no version 'v3' of 'nightly'; there is 'v1', 'v2'."


def test_a_launch_plan_that_is_registered_elsewhere_is_told(flyte_admin):
    flyte_admin.register("nightly", project="other", domain="production")

    with pytest.raises(RegistrationError) as caught:
        flyte_admin.add_execution("e1", immediately.succeeds(), launch_plan="nightly")

    assert str(caught.value) == (
        "there is no launch plan 'nightly' in flytesnacks/development, but in other/production.\n"
        "Say so with project=… and domain=…, or register it here as well."
    )
    flyte_admin.add_execution(
        "e1", immediately.succeeds(), launch_plan="nightly", domain="staging"
    )  # said so: it is inferred there


@needs_flytekit
def test_entities_are_named_by_themselves(flyte_admin, flyte_remote):
    from flytekit import LaunchPlan, task, workflow

    @task
    def double(x: int) -> int:
        return 2 * x

    @workflow
    def doubled(x: int = 3) -> int:
        return double(x=x)

    plan = LaunchPlan.get_or_create(doubled, name="doubled_plan")
    flyte_admin.register(plan)
    flyte_admin.register(double)
    fetched = flyte_remote.fetch_launch_plan(name="doubled_plan")

    for name, entity in [("a", doubled), ("b", plan), ("c", fetched), ("d", double)]:
        flyte_admin.add_execution(
            name, immediately.succeeds(o0=6), launch_plan=entity, inputs={"x": 3}
        )
        assert flyte_remote.fetch_execution(name=name).outputs["o0"] == 6
    for entity in (doubled, plan, fetched, double):
        assert flyte_admin.on_launch(entity) is flyte_admin.on_launch(entity.name)


@needs_flytekit
def test_a_task_alone_may_have_been_launched(flyte_admin, flyte_remote):
    from flytekit import task

    @task
    def double(x: int) -> int:
        return 2 * x

    flyte_admin.register(double)
    added = flyte_admin.add_execution(
        "e1", immediately.succeeds(o0=6), launch_plan=double, inputs={"x": 3}
    )

    assert added.spec.launch_plan.resource_type == 1
    assert flyte_remote.fetch_execution(name="e1").outputs["o0"] == 6


# --- on_launch


def test_a_route_may_be_for_one_project_or_domain(flyte_admin, flyte_client):
    for domain in ("development", "production"):
        flyte_admin.register("nightly", domain=domain)
    here = flyte_admin.on_launch("nightly").always_plays(running(1).succeeds())
    there = flyte_admin.on_launch("nightly", domain="production").plays(running(1).fails("x"))

    for domain in ("development", "production"):
        plan = flyte_client.fetch_launch_plan(name="nightly", domain=domain, version="v1")
        flyte_client.execute(plan, inputs={}, domain=domain)

    assert [len(here.launches), len(there.launches)] == [1, 1]
    assert there.launches[0].spec.launch_plan.domain == "production"


def test_where_a_route_for_another_place_is_inferred(flyte_admin, rpc):
    flyte_admin.on_launch("nightly", domain="staging", strict=False).plays(running(1).succeeds())

    assert active(rpc, "nightly", domain="staging").id.name == "nightly"
    here = flyte_admin.whereabouts("launch_plan", "flytesnacks", "development", "nightly")
    assert here.versions == ()


# --- whereabouts


def test_whereabouts_tell_what_there_is_of_a_name():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register("nightly", version="v1")
        admin.register("nightly", version="v2")
        admin.register("nightly", project="other", domain="production")
        admin.on_launch("hourly").plays(running(1).succeeds())
        here = ("flytesnacks", "development")

        found = admin.whereabouts("launch_plan", *here, "nightly")
        assert found.versions == ("v1", "v2")
        assert found.elsewhere == (("other", "production"),)
        assert found.kinds == ("workflow", "task")
        assert not found.inferred
        assert admin.whereabouts("task", *here, "nightyl").near == ("nightly",)
        assert admin.whereabouts("launch_plan", "other", "staging", "nightly").versions == ()
        assert admin.whereabouts("launch_plan", *here, "hourly").inferred


@pytest.mark.parametrize(
    "script",
    [
        *(running(60).succeeds(auc=0.91), running().never_ends(), running(2).succeeds()),
        *(immediately.fails("not mine"), queued(10).running(20).aborts("too dear")),
    ],
    ids=str,
)
def test_executions_that_are_added_alike_are_those_that_are_added_one_by_one(script):
    def added(together):
        with FakeFlyteAdmin(transport="direct", strict=False) as admin:
            now = admin.clock.now()
            born = {f"run-{age}": now - timedelta(seconds=age) for age in (3, 1, 90)}
            if together:
                admin._add_alike(born, script, "runs")
            else:
                for name, at in born.items():
                    admin.add_execution(name, script, launch_plan="runs", created_at=at)
            admin.clock.advance(30)
            request = common_pb2.ResourceListRequest(limit=10)
            request.id.project, request.id.domain = admin.project, admin.domain
            listed = admin._backend.answer("ListExecutions", request)
            return (
                listed,
                [list(life[1]) for life in admin.lives()],
                [
                    (launch.id, launch.spec, launch.script, launch.inputs)
                    for launch in admin.launches
                ],
                [list(table) for table in vars(admin._backend.store).values()],
                dict(admin._backend.store.blobs),
            )

    assert added(together=True) == added(together=False)


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (["a", "a"], "there is 'a' in project"),
        (["a", "b", "run"], "there is 'run' in project"),
        (["a", "b c"], "invalid name format"),
        (["a", "b" * 64], "size of name exceeded length"),
    ],
)
def test_what_is_added_alike_is_refused_as_what_is_added_one_by_one(names, refused):
    class Born(dict):
        def items(self):
            return [(name, admin.clock.now()) for name in names]

    def one_by_one():
        for name in names:
            admin.add_execution(name, running(60).succeeds(), launch_plan="runs")

    def together():
        admin._add_alike(Born(), running(60).succeeds(), "runs")

    told = []
    for add in (one_by_one, together):
        with FakeFlyteAdmin(transport="direct", strict=False) as admin:
            admin.add_execution("run", running(60).succeeds(), launch_plan="runs")
            with pytest.raises(FlyteTestkitError) as error:
                add()
            told.append((str(error.value), [launch.id.name for launch in admin.launches]))
    assert told[0] == told[1]
    assert refused in told[0][0]


def test_what_is_added_alike_is_no_younger_than_now():
    with FakeFlyteAdmin(transport="direct", strict=False) as admin:
        now = admin.clock.now()
        born = {"a": now, "b": now + timedelta(seconds=1)}
        with pytest.raises(FlyteTestkitError, match="'b' would be created at"):
            admin._add_alike(born, running(60).succeeds(), "runs")
