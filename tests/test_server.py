from datetime import date, datetime, timedelta, timezone

import grpc
import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2, version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import literals, queued, running
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, TimelineError, UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin


@pytest.fixture
def admin():
    admin = FakeFlyteAdmin()
    with admin.serving():
        yield admin


@pytest.fixture
def stub(admin):
    with admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


def create(stub, plan="nightly", name="", **inputs):
    request = execution_pb2.ExecutionCreateRequest(
        project="flytesnacks",
        domain="development",
        name=name,
        inputs=literals.literal_map(inputs),
    )
    request.spec.launch_plan.resource_type = 3
    request.spec.launch_plan.project = "flytesnacks"
    request.spec.launch_plan.domain = "development"
    request.spec.launch_plan.name = plan
    request.spec.launch_plan.version = "v1"
    return stub.CreateExecution(request).id


def get(stub, execution_id):
    return stub.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=execution_id))


def data(stub, execution_id):
    request = execution_pb2.WorkflowExecutionGetDataRequest(id=execution_id)
    return stub.GetExecutionData(request)


def test_a_launch_plays_its_script(admin, stub):
    nightly = admin.on_launch("nightly").plays(queued(5).running(600).succeeds(auc=0.91))

    execution = create(stub)
    phases = []
    for seconds in (0, 5, 599, 1):
        admin.clock.advance(seconds)
        phases.append(get(stub, execution).closure.phase)

    assert phases == [1, 2, 2, 4]
    assert literals.python_values(data(stub, execution).full_outputs) == {"auc": 0.91}
    assert nightly.launches[0].phase == "SUCCEEDED"
    assert admin.launches == nightly.launches


def test_inputs_are_seen_as_python_values(admin, stub):
    admin.register("nightly", inputs={"day": str, "n": int}, outputs={})
    nightly = admin.on_launch("nightly").plays(running(1).succeeds())

    create(stub, day="monday", n=7)

    assert nightly.launches[0].inputs == {"day": "monday", "n": 7}


def test_a_script_may_depend_on_the_launch(admin, stub):
    admin.register("nightly", inputs={"n": int})
    admin.on_launch("nightly").always_plays(lambda launch: running(launch.inputs["n"]).fails("x"))

    first, second = create(stub, n=1), create(stub, n=2)
    admin.clock.advance(1)

    assert [get(stub, id_).closure.phase for id_ in (first, second)] == [6, 2]


def test_an_unscripted_launch_is_refused_stored_nowhere_and_told(admin, stub):
    admin.register("nightly")

    with pytest.raises(grpc.RpcError) as caught:
        create(stub)

    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "Script it with on_launch('nightly')" in caught.value.details()
    listed = stub.ListExecutions(_everything())
    assert list(listed.executions) == []
    with pytest.raises(UnexpectedUse, match="nothing is scripted for it"):
        admin.verify()


def test_an_unscripted_launch_stays_undefined_when_nothing_is_strict():
    with FakeFlyteAdmin(strict=False) as admin, admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        admin.register("nightly")

        execution = create(stub)
        admin.clock.advance(3600)

        assert get(stub, execution).closure.phase == 0


def test_a_script_that_is_never_played_fails_the_block():
    with pytest.raises(UnexpectedUse) as caught, FakeFlyteAdmin() as admin:
        admin.on_launch("nightly").plays(running(1).succeeds())

    assert str(caught.value) == (
        "on_launch('nightly') was scripted, and never launched as often as that.\n"
        "  1. running(1).succeeds()  NEVER PLAYED\n"
        "Take the script out, or find out why the code did not launch."
    )


def test_an_error_in_the_block_is_not_hidden_by_what_was_unforeseen():
    with pytest.raises(ZeroDivisionError), FakeFlyteAdmin() as admin:
        admin.on_launch("nightly").plays(running(1).succeeds())
        _ = 1 / 0


def test_an_unknown_launch_plan_is_refused_as_the_real_server_refuses_it(admin, stub):
    with pytest.raises(grpc.RpcError) as caught:
        create(stub, plan="nightyl")

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details().startswith("missing entity of type LAUNCH_PLAN with identifier")
    admin.verify()  # an answer of the real server is no surprise


def test_terminating_cuts_the_script_and_ends_aborted(admin, stub):
    train = admin.add_execution("train", running(3600).succeeds())
    admin.clock.advance(60)

    admin.terminate("train", "too dear", principal="ann")
    aborting = train.phase
    admin.clock.advance(0.5)  # what a real engine takes

    assert (aborting, train.phase) == ("ABORTING", "ABORTED")
    assert train.closure.abort_metadata.cause == "too dear"
    assert train.closure.abort_metadata.principal == "ann"
    assert train.closure.duration.ToTimedelta() == timedelta(seconds=60.5)
    admin.clock.advance(3600)
    assert train.phase == "ABORTED"


def test_terminating_what_is_not_there_names_the_near_miss(admin):
    admin.add_execution("train", running(1).succeeds())

    with pytest.raises(FlyteTestkitError, match=r"missing entity.*Did you mean 'train'\?"):
        admin.terminate("trian", "too dear")


def test_terminating_what_has_ended_is_refused(admin):
    train = admin.add_execution("train", running(1).succeeds())
    admin.clock.advance(1)

    with pytest.raises(FlyteTestkitError, match="Cannot abort an already terminated workflow"):
        admin.terminate(train, "too dear")


def test_an_added_execution_has_what_it_was_given(admin, stub):
    admin.register("nightly", inputs={"day": str}, outputs={"auc": float})

    launch = admin.add_execution(
        "e1",
        running(60).succeeds(auc=1),
        launch_plan="nightly",
        inputs={"day": "monday"},
        labels={"team": "ml"},
        principal="ann",
        created_at=admin.clock.now() - timedelta(seconds=30),
    )

    execution = get(stub, launch.id)
    assert launch.inputs == {"day": "monday"}
    assert execution.spec.launch_plan.name == "nightly"
    assert dict(execution.spec.labels.values) == {"team": "ml"}
    assert execution.spec.metadata.principal == "ann"
    assert launch.phase == "RUNNING"
    admin.clock.advance(30)
    assert launch.phase == "SUCCEEDED"
    assert admin.launches == []  # somebody else launched it


def test_an_execution_cannot_be_added_in_the_future(admin):
    later = admin.clock.now() + timedelta(seconds=1)

    with pytest.raises(FlyteTestkitError, match=r"would be created at .*, but it is only"):
        admin.add_execution("e1", running(1).succeeds(), created_at=later)


def test_an_execution_cannot_be_added_twice(admin):
    admin.add_execution("e1", running(1).succeeds())

    with pytest.raises(
        FlyteTestkitError, match=r"add_execution\('e1', …\) is refused: since .* there is 'e1' in"
    ):
        admin.add_execution("e1", running(1).succeeds())


def test_a_script_without_an_ending_cannot_be_added(admin):
    with pytest.raises(TimelineError, match=r"add_execution\('e1', …\): running\(60\) has no end"):
        admin.add_execution("e1", running(60))


def test_a_run_without_scripted_nodes_has_its_start_its_task_and_its_end(admin, stub):
    from flyteidl.admin import node_execution_pb2

    train = admin.add_execution("train", running(60).succeeds())
    request = node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=train.id, limit=10)
    before = [n.id.node_id for n in stub.ListNodeExecutions(request).node_executions]
    admin.clock.advance(60)
    after = {
        n.id.node_id: n.closure.phase for n in stub.ListNodeExecutions(request).node_executions
    }

    assert before == ["n0", "start-node"]
    assert after == {"start-node": 3, "n0": 3, "end-node": 3}


def test_a_server_that_does_not_run_has_no_endpoint():
    with pytest.raises(FlyteTestkitError, match="Use it as a context manager"):
        _ = FakeFlyteAdmin().endpoint


def test_a_taken_port_is_named(admin):
    port = int(admin.endpoint.split(":")[1])

    with (
        pytest.raises(FlyteTestkitError, match=f"port {port} of 127.0.0.1"),
        FakeFlyteAdmin(port=port),
    ):
        pass


def get_version(admin):
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        return stub.GetVersion(version_pb2.GetVersionRequest(), timeout=10)


def test_a_server_that_starts_again_keeps_its_port():
    admin, endpoints = FakeFlyteAdmin(), []

    for _ in range(3):
        with admin.serving():
            endpoints.append(admin.endpoint)
            get_version(admin)

    assert len(set(endpoints)) == 1
    assert len(admin.calls) == 3


def test_a_client_from_before_finds_a_server_that_has_started_again():
    admin = FakeFlyteAdmin()
    with admin.serving():
        train = admin.add_execution("train", running(60).succeeds())
        channel = admin.channel()
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        assert get(stub, train.id).closure.phase == 2
    admin.clock.advance(60)

    with channel, admin.serving():
        request = execution_pb2.WorkflowExecutionGetRequest(id=train.id)
        found = stub.GetExecution(request, wait_for_ready=True, timeout=30)

    assert found.closure.phase == 4


def test_a_port_that_was_asked_for_is_kept_too():
    with FakeFlyteAdmin() as free:
        port = int(free.endpoint.rpartition(":")[2])
    admin = FakeFlyteAdmin(port=port)

    for _ in range(2):
        with admin.serving():
            assert admin.endpoint == f"127.0.0.1:{port}"


def test_a_server_whose_port_was_taken_meanwhile_says_so_and_may_try_again():
    admin = FakeFlyteAdmin()
    with admin.serving():
        endpoint = admin.endpoint
    port = int(endpoint.rpartition(":")[2])

    with (
        FakeFlyteAdmin(port=port),
        pytest.raises(FlyteTestkitError) as caught,
        admin.serving(),
    ):
        pass

    assert str(caught.value) == (
        f"this FakeFlyteAdmin listened on port {port} of 127.0.0.1 and starts again, but another "
        "server has taken the port meanwhile.\n"
        "A server that starts again keeps its port, for its clients know it: stop the other "
        "server, or make a new FakeFlyteAdmin."
    )
    with pytest.raises(FlyteTestkitError, match="does not run"):
        _ = admin.endpoint
    with admin.serving():
        assert admin.endpoint == endpoint


def test_an_unknown_domain_is_refused_with_the_known_ones():
    with pytest.raises(RegistrationError, match=r"it has 'development', 'staging', 'production'"):
        FakeFlyteAdmin(domain="developement")


def test_names_are_generated_from_the_seed():
    def generated(seed):
        with FakeFlyteAdmin(strict=False, seed=seed) as admin, admin.channel() as channel:
            admin.register("nightly")
            return create(admin_pb2_grpc.AdminServiceStub(channel)).name

    assert generated(7) == generated(7) != generated(8)


def test_the_latest_version_is_the_one_registered_last(admin, stub):
    from flyteidl.admin import common_pb2

    for version in ("b", "a", "c"):  # all at one instant: a clock that stands still
        admin.register("nightly", version=version)
    request = common_pb2.ResourceListRequest(limit=1)
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "nightly"
    request.sort_by.key = "created_at"

    (latest,) = stub.ListLaunchPlans(request).launch_plans

    assert latest.id.version == "c"


def test_a_stub_is_active(admin, stub):
    admin.register("nightly")
    request = launch_plan_pb2.ActiveLaunchPlanRequest()
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "nightly"

    assert stub.GetActiveLaunchPlan(request).id.version == "v1"


def test_time_is_the_clocks(admin):
    train = admin.add_execution("train", running(60).succeeds())

    assert train.closure.created_at.ToDatetime(timezone.utc) == admin.clock.now()
    assert admin.clock.now() == datetime(2024, 1, 1, tzinfo=timezone.utc)


def _everything():
    from flyteidl.admin import common_pb2

    request = common_pb2.ResourceListRequest(limit=100)
    request.id.project, request.id.domain = "flytesnacks", "development"
    return request


@pytest.mark.parametrize("when", [datetime(2024, 1, 1), date(2024, 1, 1), 1704067200.0, "now"])
def test_what_is_no_instant_is_refused_as_a_time_of_creation(flyte_admin, when):
    with pytest.raises(FlyteTestkitError, match="that is no instant, for it has no time zone") as e:
        flyte_admin.add_execution("run", running(60).succeeds(), created_at=when)

    assert "flyte_clock.now() - timedelta(hours=1)" in str(e.value)
    flyte_admin.add_execution("run", running(60).succeeds(), created_at=flyte_admin.clock.now())
