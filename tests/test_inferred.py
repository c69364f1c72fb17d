"""What is inferred grows and cuts nothing, and steps aside for what a client registers."""

from importlib.util import find_spec

import grpc
import pytest
from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import immediately, literals, running
from flyte_testkit.errors import RegistrationError, UnexpectedUse
from flyte_testkit.inferred import Name
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.stubs import Stub

pytestmark = pytest.mark.flyte(transport="direct")

needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")
PLACE = ("flytesnacks", "development")
SUCCEEDED = core.WorkflowExecution.SUCCEEDED


@pytest.fixture
def rpc(flyte_admin):
    with flyte_admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


@pytest.fixture
def listed(rpc):
    def listed(name, where="ListLaunchPlans"):
        request = common_pb2.ResourceListRequest(limit=100)
        request.id.project, request.id.domain, request.id.name = *PLACE, name
        fields = {"ListLaunchPlans": "launch_plans", "ListWorkflows": "workflows"}
        found = getattr(getattr(rpc, where)(request), fields.get(where, "tasks"))
        return [entity.id.version for entity in found]

    return listed


def run(remote, name, **inputs):
    return remote.execute(remote.fetch_launch_plan(name=name), inputs=inputs, wait=True)


def count(rpc, field, value):
    request = common_pb2.ResourceListRequest(limit=100, filters=f"eq({field},{value})")
    request.id.project, request.id.domain = PLACE
    return len(rpc.ListExecutions(request).executions)


# --- growing


def test_what_ran_can_be_read_whatever_was_scripted_since(flyte_admin, remote):
    flyte_admin.add_execution("a", immediately.succeeds(x=1), launch_plan="p")
    flyte_admin.add_execution("b", immediately.succeeds(x=2.5, y="b"), launch_plan="p")
    flyte_admin.add_execution("c", immediately.succeeds(x=None), launch_plan="p")
    flyte_admin.add_execution("d", immediately.succeeds(z=[]), launch_plan="p")
    flyte_admin.add_execution("e", immediately.succeeds(z=[1]), launch_plan="p")

    def outputs(name):
        return remote.fetch_execution(name=name).outputs

    assert [outputs(name)["x"] for name in "abc"] == [1, 2.5, None]
    assert [outputs(name)["z"] for name in "de"] == [[], [1]]
    assert outputs("b")["y"] == "b"


def test_scripts_that_come_while_a_client_works_can_be_read_by_the_same_client(flyte_admin, remote):
    route = flyte_admin.on_launch("p").plays(running(1).succeeds(x=1))
    first = run(remote, "p")
    route.plays(running(1).succeeds(y="b"))
    second = run(remote, "p")
    flyte_admin.on_launch("p", inputs={"day": "monday"}).plays(running(1).succeeds(x=0.5))
    third = run(remote, "p", day="monday")

    assert (first.outputs["x"], second.outputs["y"], third.outputs["x"]) == (1, "b", 0.5)
    assert remote.fetch_execution(name=first.id.name).outputs["x"] == 1


@needs_flytekit
def test_executions_stay_in_filters_and_joins(flyte_admin, flyte_remote, rpc):
    for day in ("monday", "tuesday"):
        flyte_admin.on_launch("p", inputs={"day": day}).plays(running(1).succeeds({day: 1}))
        run(flyte_remote, "p", day=day)
    flyte_admin.add_execution("other", immediately.succeeds(n=1), launch_plan="p")

    for field in ("launch_plan.name", "workflow.name"):
        assert count(rpc, field, "p") == 3


def test_a_default_script_followed_by_one_bad_day(flyte_admin, remote):
    default = flyte_admin.on_launch("p").always_plays(running(1).succeeds(auc=0.9))
    bad = flyte_admin.on_launch("p", inputs={"day": "tuesday"}).plays(running(1).fails("disk"))

    ended = [run(remote, "p", day=day) for day in ("monday", "tuesday", "sunday")]

    assert [execution.closure.phase for execution in ended] == [4, 6, 4]
    assert ended[2].outputs["auc"] == 0.9
    assert (len(default.launches), len(bad.launches)) == (2, 1)


def test_what_was_launched_without_an_input_may_be_launched_without_it_again(flyte_admin, remote):
    flyte_admin.on_launch("p").always_plays(running(1).succeeds())
    run(remote, "p")
    flyte_admin.on_launch("p", inputs={"day": "tuesday"}).plays(running(1).succeeds())

    run(remote, "p")
    run(remote, "p", day="tuesday")
    again = flyte_admin.add_execution("e", immediately.succeeds(), launch_plan="p")

    assert again.inputs == {"day": None}
    assert [launch.inputs for launch in flyte_admin.launches[1:]] == [
        {"day": None},
        {"day": "tuesday"},
    ]


def test_an_input_that_every_launch_had_is_required(flyte_admin, rpc):
    flyte_admin.on_launch("p", inputs={"day": "tuesday"}).plays(running(1).succeeds())
    flyte_admin.on_launch("p", inputs={"day": "friday"}, strict=False).plays(running(1).succeeds())
    request = common_pb2.ObjectGetRequest()
    request.id.CopyFrom(Stub(*PLACE, "p", "v1", None)._id(identifier_pb2.LAUNCH_PLAN))

    (parameter,) = rpc.GetLaunchPlan(request).closure.expected_inputs.parameters.values()

    assert parameter.required
    assert literals.describe(parameter.var.type) == "str"
    flyte_admin.unforeseen()


def test_rows_keep_their_numbers_times_and_versions_while_nobody_looks(flyte_admin):
    flyte_admin.on_launch("p", strict=False).plays(running(1).succeeds(x=1))
    store = flyte_admin._backend.admin.store
    before = [next(iter(t)) for t in (store.tasks, store.workflows, store.launch_plans)]
    flyte_admin.clock.advance(60)

    flyte_admin.on_launch("p").plays(running(1).succeeds(x=1.5, y=2))

    after = [row for t in (store.tasks, store.workflows, store.launch_plans) for row in t]
    assert [(r.id, r.key, r.created_at) for r in after] == [
        (r.id, r.key, r.created_at) for r in before
    ]
    assert set(after[2].message.closure.expected_outputs.variables) == {"x", "y"}
    assert after[2].message.closure.created_at == before[2].message.closure.created_at
    assert after[2].workflow_id == after[1].id


def test_what_a_client_saw_gets_one_new_version_and_not_one_for_each_growth(
    flyte_admin, flyte_client
):
    flyte_admin.on_launch("p", strict=False).plays(running(1).succeeds(x=1))
    flyte_client.fetch_launch_plan(name="p")

    for outputs in ({"y": 1}, {"z": 1}):  # nobody has seen v2 yet
        flyte_admin.on_launch("p").plays(running(1).succeeds(outputs))

    assert flyte_admin.whereabouts("launch_plan", *PLACE, "p").versions == ("v1", "v2")


@needs_flytekit
@pytest.mark.parametrize("outputs", [{}, {"new": 1}])
def test_a_deactivated_plan_stays_so(flyte_admin, flyte_remote, outputs):
    flyte_admin.on_launch("p").always_plays(running(1).succeeds())
    flyte_remote.deactivate_launchplan(flyte_remote.fetch_launch_plan(name="p").id)

    flyte_admin.on_launch("p").always_plays(running(1).succeeds(outputs))
    flyte_admin.add_execution("other", immediately.succeeds(outputs), launch_plan="p")

    assert flyte_remote.fetch_active_launchplan(name="p") is None


@needs_flytekit
def test_a_task_that_is_launched_alone_grows_too(flyte_admin, flyte_remote):
    flyte_admin.on_launch("t").always_plays(running(1).succeeds(x=1))
    first = flyte_remote.execute(flyte_remote.fetch_task(name="t"), inputs={}, wait=True)
    flyte_admin.on_launch("t", inputs={"day": "monday"}).plays(running(1).succeeds(y=2))
    task = flyte_remote.fetch_task(name="t")

    second = flyte_remote.execute(task, inputs={"day": "monday"}, wait=True)
    third = flyte_remote.execute(flyte_admin.remote().fetch_task(name="t"), inputs={}, wait=True)

    assert (first.outputs["x"], second.outputs["y"], third.outputs["x"]) == (1, 2, 1)


def test_every_version_that_a_test_names_is_there(flyte_admin, listed):
    flyte_admin.on_launch("p", version="v7", strict=False).plays(running(1).succeeds(x=1))
    flyte_admin.on_launch("p", version="v8", strict=False).plays(running(1).succeeds(x=1))
    flyte_admin.on_launch("p", strict=False).plays(running(1).succeeds(y=1))

    assert listed("p") == ["v8", "v7"] or set(listed("p")) == {"v7", "v8"}
    flyte_admin.on_launch("p").plays(running(1).succeeds(z=1))
    assert set(listed("p")) == {"v7", "v8"}  # no other is made up


def test_a_launch_plan_that_a_client_made_of_a_stub_takes_what_is_new(flyte_admin, rpc):
    flyte_admin.on_launch("p").always_plays(running(1).succeeds())
    own = launch_plan_pb2.LaunchPlanCreateRequest()
    own.id.CopyFrom(Stub(*PLACE, "own", "v1", None)._id(identifier_pb2.LAUNCH_PLAN))
    workflow = Stub(*PLACE, "p", "v1", None)._id(identifier_pb2.WORKFLOW)
    own.spec.workflow_id.CopyFrom(workflow)
    rpc.CreateLaunchPlan(own)
    flyte_admin.on_launch("p", inputs={"day": "x"}, strict=False).plays(running(1).succeeds())

    flyte_admin.on_launch("own").plays(running(1).succeeds())
    launch = flyte_admin.add_execution("e", immediately.succeeds(), launch_plan="own")

    assert launch.phase == "SUCCEEDED"
    assert launch.inputs == {"day": None}
    flyte_admin.unforeseen()


def test_what_disagrees_leaves_everything_as_it_was(flyte_admin, remote):
    flyte_admin.on_launch("p").plays(running(1).succeeds(x=1))
    with pytest.raises(RegistrationError, match="disagree about the output 'x'"):
        flyte_admin.on_launch("p").plays(running(1).succeeds(new=1, x="one"))
    with pytest.raises(RegistrationError, match="disagree about the output 'x'"):
        flyte_admin.add_execution("e", immediately.succeeds(x="one"), launch_plan="p")

    assert run(remote, "p").outputs["x"] == 1
    assert set(flyte_admin._backend.inferred.guess(Name(*PLACE, "p")).outputs) == {"x"}


# --- stepping aside


def create(rpc, kind, stub):
    """Register one of the three things that a stub is made of, as a client would."""
    request = {"Task": stub._task, "Workflow": stub._workflow, "LaunchPlan": stub._launch_plan}
    getattr(rpc, f"Create{kind}")(request[kind]())


def declared(name, version="v1", **types):
    return Stub.declared(PLACE, name, version, {}, types)


def active(rpc, name):
    request = launch_plan_pb2.ActiveLaunchPlanRequest()
    request.id.project, request.id.domain, request.id.name = *PLACE, name
    try:
        return rpc.GetActiveLaunchPlan(request).id.version
    except grpc.RpcError as error:
        return error.code().name


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_client_registers_what_was_only_scripted(flyte_admin, rpc, listed, remote, version):
    flyte_admin.on_launch("p").plays(running(1).succeeds(x=6))
    stub = declared("p", version, x=int)

    for kind in ("Task", "Workflow", "LaunchPlan"):
        create(rpc, kind, stub)

    assert active(rpc, "p") == "NOT_FOUND"  # the client's is not active, and the stub is no more
    lists = ("ListLaunchPlans", "ListWorkflows", "ListTasks")
    assert [listed("p", where) for where in lists] == [[version]] * 3
    assert run(remote, "p").outputs["x"] == 6


@pytest.mark.parametrize("kind", ["Task", "Workflow"])
def test_whatever_is_registered_first_the_whole_stub_goes(flyte_admin, rpc, listed, kind):
    flyte_admin.on_launch("p", strict=False).plays(running(1).succeeds(x=6))
    create(rpc, "Task", declared("q", x=int))
    stub = declared("p", x=int)
    request = stub._workflow()
    request.spec.template.nodes[0].task_node.reference_id.name = "q"

    if kind == "Task":
        create(rpc, "Task", stub)
    else:
        rpc.CreateWorkflow(request)

    assert listed("p") == []
    assert active(rpc, "p") == "NOT_FOUND"
    assert not flyte_admin.whereabouts("launch_plan", *PLACE, "p").inferred


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_what_ran_against_the_stub_stays_readable(flyte_admin, rpc, remote, version):
    flyte_admin.add_execution("old", immediately.succeeds(x=6), launch_plan="p")
    for kind in ("Task", "Workflow", "LaunchPlan"):
        create(rpc, kind, declared("p", version, x=int))

    assert remote.fetch_execution(name="old").outputs["x"] == 6
    assert count(rpc, "launch_plan.name", "p") == 1
    assert count(rpc, "workflow.name", "p") == 1


def test_a_registration_that_is_refused_leaves_the_stub(flyte_admin, rpc, listed, remote):
    flyte_admin.on_launch("p").plays(running(1).succeeds(x=6))
    broken = declared("p", "v2", x=int)._workflow()  # its task is not registered

    with pytest.raises(grpc.RpcError, match="failed to compile"):
        rpc.CreateWorkflow(broken)

    assert (listed("p"), active(rpc, "p")) == (["v1"], "v1")
    assert run(remote, "p").outputs["x"] == 6


def test_a_script_that_does_not_fit_what_was_registered_since_is_told(flyte_admin, rpc, remote):
    route = flyte_admin.on_launch("p").plays(running(1).succeeds(x=6))
    for kind in ("Task", "Workflow", "LaunchPlan"):
        create(rpc, kind, declared("p", auc=float))

    with pytest.raises(Exception, match="output 'x' is not declared; declared: 'auc'"):
        run(remote, "p")

    assert route.launches == []
    with pytest.raises(UnexpectedUse, match="its script cannot be played: output 'x' is not"):
        flyte_admin.verify()


def test_a_script_that_does_not_fit_is_told_though_nothing_was_launched(flyte_admin):
    flyte_admin.on_launch("p").plays(running(1).succeeds(x=6))
    flyte_admin.on_launch("p", inputs={"dya": "x"}).plays(running(1).succeeds(auc=1.0))
    flyte_admin.register("p", inputs={"day": str}, outputs={"auc": float})

    with pytest.raises(UnexpectedUse) as caught:
        flyte_admin.verify()

    assert "a script of 'p' succeeds with an output 'x'. 'p' declares the outputs auc: float" in (
        str(caught.value)
    )
    assert "fits no launch: input 'dya' is not declared; declared: 'day'. Did you mean 'day'?" in (
        str(caught.value)
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_our_own_registration_cuts_nothing_either(flyte_admin, remote, listed, version):
    flyte_admin.add_execution("old", immediately.succeeds(x=6), launch_plan="p")
    flyte_admin.register("p", outputs={"x": int}, version=version)

    assert remote.fetch_execution(name="old").outputs["x"] == 6
    assert listed("p") == [version]


def test_a_registration_of_our_own_that_is_refused_changes_nothing(flyte_admin, listed, remote):
    flyte_admin.on_launch("p").plays(running(1).succeeds(x=6))

    with pytest.raises(RegistrationError, match="unbound required input"):
        flyte_admin.register("p", inputs={"day": str}, schedule="@daily", version="v3")
    with pytest.raises(RegistrationError, match="unbound required input"):
        flyte_admin.register("q", inputs={"day": str}, schedule="@daily")

    assert (listed("p"), listed("q")) == (["v1"], [])
    assert run(remote, "p").outputs["x"] == 6
    flyte_admin.register("q", schedule="@daily")  # nothing of the refused one is in the way


@pytest.mark.parametrize("versions", [["v7"], ["v1", "v7"], ["v7", "v8", "v9"]])
def test_the_version_of_a_forgotten_stub_is_forgotten_too(flyte_admin, listed, versions):
    for version in versions:
        route = flyte_admin.on_launch("p", version=version, strict=False)
        route.plays(running(1).succeeds(x=6))

    flyte_admin.register("p", outputs={"x": int})

    assert listed("p") == ["v1"]


def test_what_ran_against_a_forgotten_stub_may_run_again_with_other_outputs(
    flyte_admin, rpc, remote
):
    flyte_admin.on_launch("p").always_plays(lambda _: running(1).succeeds({"y": 7}))
    ran = run(remote, "p")
    flyte_admin.register("p", outputs={"x": int}, version="v9")
    flyte_admin.clock.advance(60)
    flyte_admin.on_launch("p").always_plays(lambda _: running(1).succeeds({"z": 8}))

    request = execution_pb2.ExecutionRelaunchRequest(name="again")
    request.id.project, request.id.domain, request.id.name = *PLACE, ran.id.name
    rpc.RelaunchExecution(request)
    flyte_admin.clock.advance(60)

    assert remote.fetch_execution(name="again").closure.phase == SUCCEEDED
    read = execution_pb2.WorkflowExecutionGetDataRequest()
    read.id.project, read.id.domain, read.id.name = *PLACE, "again"
    assert list(rpc.GetExecutionData(read).full_outputs.literals) == ["z"]


def test_a_task_registered_by_a_client_is_not_run_in_the_wrapping_of_its_stub(flyte_admin, rpc):
    flyte_admin.on_launch("t", strict=False).always_plays(running(1).succeeds(x=1))
    task = Stub(*PLACE, "t", "v1", None).task
    from flyteidl.admin import execution_pb2

    request = execution_pb2.ExecutionCreateRequest(project=PLACE[0], domain=PLACE[1], name="old")
    request.spec.launch_plan.CopyFrom(task)
    rpc.CreateExecution(request)
    create(rpc, "Task", Stub.declared(PLACE, "t", "v1", {"n": int}, {"x": int}))
    request.name = "new"

    with pytest.raises(grpc.RpcError, match="expected_inputs n missing"):
        rpc.CreateExecution(request)

    request.inputs.literals["n"].CopyFrom(literals.literal(1))
    rpc.CreateExecution(request)
    assert flyte_admin.launches[1].inputs == {"n": 1}


@needs_flytekit
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_flytekit_registers_a_workflow_that_was_only_scripted(flyte_admin, flyte_remote, version):
    from flytekit import task, workflow
    from flytekit.configuration import ImageConfig, SerializationSettings

    @task
    def double(x: int) -> int:
        return 2 * x

    @workflow
    def scripted(x: int = 3) -> int:
        return double(x=x)

    flyte_admin.on_launch(scripted).plays(running(60).succeeds(o0=6), running(60).succeeds(o0=7))
    first = run(flyte_remote, scripted.name)
    settings = SerializationSettings(
        image_config=ImageConfig.auto(img_name="i/i:1"),
        project=PLACE[0],
        domain=PLACE[1],
        version=version,
    )
    flyte_remote.register_workflow(scripted, settings, version)
    fresh = flyte_admin.remote()

    second = fresh.execute(
        fresh.fetch_launch_plan(name=scripted.name, version=version), inputs={"x": 3}, wait=True
    )

    assert (first.outputs["o0"], second.outputs["o0"]) == (6, 7)
    assert fresh.fetch_execution(name=first.id.name).outputs["o0"] == 6


def test_the_seeded_project_has_a_description(flyte_admin, rpc):
    from flyteidl.admin import project_pb2

    (project,) = rpc.ListProjects(project_pb2.ProjectListRequest(limit=10)).projects

    assert project.description == "flytesnacks description"


def test_a_name_is_inferred_once_for_each_project(flyte_admin):
    flyte_admin.on_launch("p", project="other", strict=False).plays(running(1).succeeds(x=1))
    flyte_admin.on_launch("p", strict=False).plays(running(1).succeeds(x="one"))

    assert flyte_admin.whereabouts("launch_plan", "other", "development", "p").inferred
    assert flyte_admin.whereabouts("launch_plan", *PLACE, "p").versions == ("v1",)


def test_learning_costs_what_is_new():
    with FakeFlyteAdmin(strict=False) as admin:
        route = admin.on_launch("p").plays(running(1).succeeds(x=1))
        (row,) = admin._backend.admin.store.launch_plans
        for _ in range(100):
            route.plays(running(1).succeeds(x=2))

        assert next(iter(admin._backend.admin.store.launch_plans)) is row  # nothing was redefined
