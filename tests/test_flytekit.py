"""What flytekit's own client does with the fake, beyond launching and waiting."""

from datetime import datetime, timedelta, timezone

import pytest

from flyte_testkit import running
from flyte_testkit.errors import RegistrationError

flytekit = pytest.importorskip("flytekit")

from flytekit import LaunchPlan, task, workflow
from flytekit.exceptions.user import FlyteEntityNotExistException, FlyteValueException
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from flytekit.types.structured import StructuredDataset


@task
def double(x: int) -> int:
    return 2 * x


@workflow
def twice_doubled(x: int = 3) -> int:
    return double(x=double(x=x))


@task
def stamp(at: datetime, took: timedelta) -> datetime:
    return at + took


@workflow
def stamped(at: datetime, took: timedelta) -> datetime:
    return stamp(at=at, took=took)


plan = LaunchPlan.get_or_create(twice_doubled, name="quadruple", default_inputs={"x": 5})


@pytest.fixture
def executions(flyte_admin, flyte_remote):
    """Two executions of one launch plan: one succeeds in a minute, the other runs for ever."""
    flyte_admin.register("nightly", outputs={"auc": float})
    for name, script in [
        ("good", running(60).succeeds(auc=1.0)),
        ("stuck", running().never_ends()),
    ]:
        flyte_admin.add_execution(name, script, launch_plan="nightly")
    flyte_admin.clock.advance(60)
    return flyte_remote


def test_an_interface_may_have_flytekits_types(flyte_admin, flyte_remote):
    flyte_admin.register(
        "nightly",
        inputs={"days": list[FlyteFile]},
        outputs={"model": FlyteFile, "scores": StructuredDataset, "logs": FlyteDirectory | None},
    )
    flyte_admin.on_launch("nightly").plays(
        running(60).succeeds(model="s3://b/model", scores="s3://b/scores", logs=None)
    )
    plan = flyte_remote.fetch_launch_plan(name="nightly")

    execution = flyte_remote.execute(plan, inputs={"days": ["s3://b/monday"]}, wait=True)

    assert execution.inputs["days"][0].remote_source == "s3://b/monday"
    assert execution.outputs["model"].remote_source == "s3://b/model"
    assert execution.outputs.get("scores", StructuredDataset).literal.uri == "s3://b/scores"
    assert execution.outputs["logs"] is None


def test_what_flytekit_would_pickle_is_refused(flyte_admin):
    class Model:
        pass

    with pytest.raises(RegistrationError, match="'model': Flyte has no type for Model: use a"):
        flyte_admin.register("nightly", outputs={"model": Model})


def test_a_file_does_not_say_which_type_an_output_has(flyte_admin):
    script = running(60).succeeds(model=FlyteFile("s3://b/model"))

    with pytest.raises(RegistrationError, match="the output 'model' of 'nightly' does not say"):
        flyte_admin.on_launch("nightly", name="never").always_plays(script)


def test_a_real_workflow_is_registered_and_launched(flyte_admin, flyte_remote):
    flyte_admin.register(twice_doubled, version="v7")
    route = flyte_admin.on_launch(twice_doubled).plays(running(60).succeeds(o0=20))

    fetched = flyte_remote.fetch_workflow(name=twice_doubled.name)
    execution = flyte_remote.execute(fetched, inputs={"x": 5}, wait=True)

    assert fetched.id.version == "v7"
    assert [node.id for node in fetched.flyte_nodes] == ["n0", "n1"]
    assert execution.outputs["o0"] == 20
    assert route.launches[0].inputs == {"x": 5}


def test_a_real_launch_plan_brings_its_defaults(flyte_admin, flyte_remote):
    flyte_admin.register(plan)
    route = flyte_admin.on_launch("quadruple").plays(running(1).succeeds(o0=20))

    flyte_remote.execute(flyte_remote.fetch_launch_plan(name="quadruple"), inputs={}, wait=True)

    assert route.launches[0].inputs == {"x": 5}


def test_a_real_task_is_launched_alone(flyte_admin, flyte_remote):
    flyte_admin.register(double)
    flyte_admin.on_launch(double).plays(running(1).succeeds(o0=2))

    execution = flyte_remote.execute(
        flyte_remote.fetch_task(name=double.name), inputs={"x": 1}, wait=True
    )

    assert execution.outputs["o0"] == 2


def test_local_entities_are_registered_as_they_are_launched(flyte_admin, flyte_remote):
    flyte_admin.on_launch(twice_doubled).always_plays(running(1).succeeds(o0=4))

    execution = flyte_remote.execute(twice_doubled, inputs={"x": 1}, version="v9", wait=True)

    assert execution.outputs["o0"] == 4


def test_times_are_accepted_as_inputs_and_outputs_under_the_clock(flyte_admin, flyte_remote):
    now = datetime.now(timezone.utc)  # of the virtual clock's own class
    flyte_admin.register(stamped)
    flyte_admin.on_launch(stamped).plays(running(1).succeeds(o0=now))
    inputs = {"at": now, "took": timedelta(minutes=1)}

    execution = flyte_remote.execute(
        flyte_remote.fetch_workflow(name=stamped.name), inputs=inputs, wait=True
    )

    assert execution.outputs["o0"] == now
    assert flyte_admin.launches[0].inputs == inputs


def test_the_latest_version_is_fetched_by_default(flyte_admin, flyte_remote):
    for version in ("v2", "v1"):
        flyte_admin.register("nightly", version=version)

    assert flyte_remote.fetch_launch_plan(name="nightly").id.version == "v1"
    assert flyte_remote.fetch_workflow(name="nightly").id.version == "v1"
    assert flyte_remote.fetch_task(name="nightly").id.version == "v1"
    assert flyte_remote.fetch_launch_plan(name="nightly", version="v2").id.version == "v2"


def test_the_active_version_is_fetched_when_it_is_asked_for(flyte_admin, flyte_remote):
    flyte_admin.register("nightly", version="v1")
    flyte_admin.register("nightly", version="v2")

    active = flyte_remote.fetch_active_launchplan(name="nightly")

    assert active.id.version == "v2"
    assert flyte_remote.fetch_active_launchplan(name="hourly") is None


def test_what_is_not_registered_is_not_found(flyte_remote):
    with pytest.raises(FlyteEntityNotExistException):
        flyte_remote.fetch_launch_plan(name="nightyl")
    with pytest.raises(FlyteEntityNotExistException):
        flyte_remote.fetch_launch_plan(name="nightyl", version="v1")


def test_an_unknown_input_is_refused_by_flytekit(flyte_admin, flyte_remote):
    flyte_admin.register("nightly", inputs={"day": str})
    nightly = flyte_remote.fetch_launch_plan(name="nightly")

    with pytest.raises(FlyteValueException, match="doesn't have this input key"):
        flyte_remote.execute(nightly, inputs={"dya": "monday"})


def test_recent_executions_are_the_latest_first(executions):
    recent = executions.recent_executions(limit=10)

    assert [execution.id.name for execution in recent] == ["stuck", "good"]


def test_projects_domains_and_tasks_are_listed(executions):
    assert "flytesnacks" in [project.id for project in executions.list_projects()]
    assert [domain.id for domain in executions.get_domains()] == [
        "development",
        "staging",
        "production",
    ]
    assert [t.id.name for t in executions.list_tasks_by_version("v1")] == ["nightly"]


def test_nodes_are_synced(executions):
    execution = executions.sync_execution(executions.fetch_execution(name="good"), sync_nodes=True)

    assert set(execution.node_executions) == {"start-node", "end-node"}
    assert all(node.is_done for node in execution.node_executions.values())


def test_terminate_ends_in_aborted(executions):
    execution = executions.fetch_execution(name="stuck")

    executions.terminate(execution, "too dear")
    aborting = executions.sync_execution(execution).closure.phase
    execution = executions.wait(execution)

    assert (aborting, execution.closure.phase) == (9, 7)
    assert execution.closure.abort_metadata.cause == "too dear"


@pytest.mark.parametrize("verb", ["relaunch", "recover"])
def test_an_execution_is_run_again(verb, executions, flyte_admin):
    again = flyte_admin.on_launch("nightly").plays(running(5).succeeds(auc=0.5))
    identifier = executions.fetch_execution(name="good").id

    if verb == "relaunch":
        name = executions.client.relaunch_execution(identifier)
    else:
        name = executions.client.recover_execution(identifier)

    execution = executions.wait(executions.fetch_execution(name=name.name))
    assert execution.outputs["auc"] == 0.5
    assert execution.spec.metadata.reference_execution.name == "good"
    assert len(again.launches) == 1


def test_code_that_builds_its_own_remote_lands_on_the_fake(executions):
    from flytekit.configuration import Config
    from flytekit.remote import FlyteRemote

    own = FlyteRemote(Config.auto(), "flytesnacks", "development")

    assert own.fetch_execution(name="good").is_successful


def test_an_entity_with_an_interface_beside_it_is_refused(flyte_admin):
    with pytest.raises(RegistrationError, match="has an interface of its own"):
        flyte_admin.register(double, inputs={"x": int})


def test_what_is_no_entity_is_refused(flyte_admin):
    with pytest.raises(RegistrationError, match="is neither a name nor a task, workflow or launch"):
        flyte_admin.register(7)
