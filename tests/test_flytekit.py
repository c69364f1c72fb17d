"""What flytekit's own client does with the fake, beyond launching and waiting."""

import dataclasses
from datetime import datetime, timedelta, timezone

import pytest

from flyte_testkit import literals, running
from flyte_testkit.client._writing import literal_of as client_literal
from flyte_testkit.errors import RegistrationError

flytekit = pytest.importorskip("flytekit")

from flytekit import FlyteContextManager, LaunchPlan, task, workflow
from flytekit.core.type_engine import TypeEngine
from flytekit.exceptions.user import FlyteEntityNotExistException, FlyteValueException
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from flytekit.types.structured import StructuredDataset


@pytest.fixture(autouse=True, params=["tcp", "direct"])
def over(request):
    """All of this is the same over both transports."""
    request.node.add_marker(pytest.mark.flyte(transport=request.param))


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


def test_files_and_tables_are_scripted_as_what_lies_at_their_uri(flyte_admin, flyte_remote):
    script = running(60).succeeds(
        model=FlyteFile("s3://b/model"),
        parts=[FlyteDirectory("s3://b/one"), FlyteDirectory("s3://b/two")],
        scores=StructuredDataset(uri="s3://b/scores", file_format="parquet"),
    )
    flyte_admin.on_launch("nightly").plays(script)

    plan = flyte_remote.fetch_launch_plan(name="nightly")
    execution = flyte_remote.execute(plan, inputs={}, wait=True)

    assert execution.outputs.get("model", FlyteFile).remote_source == "s3://b/model"
    assert [one.remote_source for one in execution.outputs.get("parts", list[FlyteDirectory])] == [
        "s3://b/one",
        "s3://b/two",
    ]
    told = execution.outputs.get("scores", StructuredDataset).literal
    assert (told.uri, told.metadata.structured_dataset_type.format) == ("s3://b/scores", "parquet")


@dataclasses.dataclass
class Bundle:
    model: FlyteFile
    logs: FlyteDirectory
    scores: StructuredDataset


def test_what_flytekit_has_in_a_dataclass_is_what_we_have(flyte_admin, flyte_remote):
    bundle = Bundle(
        FlyteFile("s3://b/model"),
        FlyteDirectory("s3://b/logs"),
        StructuredDataset(uri="s3://b/scores", file_format="parquet"),
    )
    context = FlyteContextManager.current_context()
    declared = TypeEngine.to_literal_type(Bundle)
    theirs = TypeEngine.to_literal(context, bundle, Bundle, declared).to_flyte_idl()

    ours = literals.literal(bundle, literals.literal_type(Bundle))

    assert literals.python_value(ours) == literals.python_value(theirs)


@pytest.mark.parametrize(
    "value",
    [
        FlyteFile("s3://b/one.csv"),
        FlyteFile["csv"]("s3://b/one.csv"),
        FlyteDirectory("gs://b/d"),
        StructuredDataset(uri="s3://b/t", file_format="parquet"),
        StructuredDataset(uri="s3://b/t"),
    ],
)
def test_the_type_and_the_literal_of_a_reference_are_flytekits(value):
    declared = TypeEngine.to_literal_type(type(value))
    context = FlyteContextManager.current_context()
    theirs = TypeEngine.to_literal(context, value, type(value), declared).to_flyte_idl()

    assert literals.literal(value, declared.to_flyte_idl()) == theirs
    assert client_literal(value, declared.to_flyte_idl()) == theirs


def test_a_reference_finds_its_variant_of_a_union():
    kinds = {
        FlyteFile | str | None: FlyteFile("s3://b/f"),
        FlyteFile | FlyteDirectory: FlyteDirectory("s3://b/d"),
    }
    for annotation, value in kinds.items():
        declared = TypeEngine.to_literal_type(annotation).to_flyte_idl()

        union = literals.literal(value, declared).scalar.union

        assert union.value.scalar.blob.uri == value.path
        assert union == client_literal(value, declared).scalar.union


def test_a_route_matches_files_by_where_they_lie(flyte_admin, flyte_client):
    flyte_admin.register("nightly", inputs={"model": FlyteFile, "parts": list[FlyteFile]})
    wanted = {"model": FlyteFile("s3://b/m"), "parts": [FlyteFile("s3://b/1")]}
    route = flyte_admin.on_launch("nightly", inputs=wanted).plays(running(1).succeeds())
    other = flyte_admin.on_launch("nightly").plays(running(2).succeeds())
    plan = flyte_client.fetch_launch_plan(name="nightly")

    flyte_client.execute(plan, {"model": "s3://b/other", "parts": ["s3://b/1"]})
    flyte_client.execute(plan, {"model": "s3://b/m", "parts": ["s3://b/1"]})

    assert (len(route.launches), len(other.launches)) == (1, 1)
    assert route.launches[0].script == running(1).succeeds()


@pytest.mark.parametrize(
    ("annotation", "value", "advice"),
    [
        (StructuredDataset, StructuredDataset(dataframe=[1]), "it lies nowhere yet, so give it a"),
        (FlyteFile, FlyteDirectory("s3://b/d"), "this is a directory"),
        (FlyteDirectory, FlyteFile("s3://b/d"), "this is a file"),
        (StructuredDataset, FlyteFile("s3://b/d"), "this is a file"),
        (FlyteFile, 7, "give it the URI"),
    ],
)
def test_what_lies_nowhere_or_is_of_another_kind_is_refused(annotation, value, advice):
    declared = TypeEngine.to_literal_type(annotation).to_flyte_idl()

    with pytest.raises(RegistrationError, match=advice):
        literals.literal(value, declared)
    with pytest.raises(TypeError, match=r"is not (what is declared|a URI)"):
        client_literal(value, declared)


def test_our_client_and_added_executions_take_files_as_inputs(flyte_admin, flyte_client):
    types = {"model": FlyteFile, "logs": list[FlyteDirectory]}
    values = {"model": FlyteFile("s3://b/m"), "logs": [FlyteDirectory("s3://b/l")]}
    uris = {"model": "s3://b/m", "logs": ["s3://b/l"]}
    flyte_admin.register("nightly", inputs=types)
    nightly = flyte_admin.on_launch("nightly").plays(running(1).succeeds())

    flyte_client.execute(flyte_client.fetch_launch_plan(name="nightly"), inputs=values)
    added = flyte_admin.add_execution(
        "by-hand", running(1).succeeds(), launch_plan="nightly", inputs=values
    )

    assert nightly.launches[0].inputs == added.inputs == uris
    with pytest.raises(TypeError, match="this client uploads nothing"):
        flyte_client.execute(
            flyte_client.fetch_launch_plan(name="nightly"),
            {**values, "model": FlyteFile("here.txt")},
        )


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
