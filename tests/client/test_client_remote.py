"""Launching, stopping and signaling on a scripted server: what is sent, and what is retried."""

from __future__ import annotations

import importlib.util

import pytest
from flyteidl.admin import (
    execution_pb2,
    launch_plan_pb2,
    signal_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import types_pb2

from flyte_testkit import running
from flyte_testkit.client import (
    Config,
    FlyteRemote,
    Options,
    PlatformConfig,
    WorkflowExecutionIdentifier,
)
from flyte_testkit.client.exceptions import (
    FlyteAssertion,
    FlyteValueException,
    TypeTransformerFailedError,
)
from flyte_testkit.client.models import (
    Labels,
    Literal,
    LiteralType,
    RawOutputDataConfig,
    SecurityContext,
)

INTERFACE = {
    "inputs": {"variables": {"day": {"type": {"simple": 3}}, "n": {"type": {"simple": 1}}}}
}


@pytest.fixture
def sent(server):
    """A server that creates whatever it is asked to, and remembers it."""
    requests = []

    def create(request):
        requests.append(request)
        return execution_pb2.ExecutionCreateResponse(
            id={"project": "flytesnacks", "domain": "development", "name": request.name}
        )

    compiled = {"primary": {"template": {"interface": INTERFACE}}}
    server.on(
        CreateExecution=create,
        RelaunchExecution=create,
        RecoverExecution=create,
        GetExecution=lambda r: execution_pb2.Execution(id=r.id),
        GetLaunchPlan=lambda r: launch_plan_pb2.LaunchPlan(id=r.id, spec={"workflow_id": r.id}),
        GetWorkflow=lambda _: workflow_pb2.Workflow(closure={"compiled_workflow": compiled}),
        GetTask=lambda _: task_pb2.Task(
            closure={"compiled_task": {"template": {"interface": INTERFACE}}}
        ),
        TerminateExecution=lambda _: execution_pb2.ExecutionTerminateResponse(),
        SetSignal=lambda r: requests.append(r) or signal_pb2.SignalSetResponse(),
    )
    return requests


@pytest.fixture
def plan(remote, sent):
    return remote.fetch_launch_plan(name="nightly", version="v1")


def test_what_is_not_named_is_named_here(remote, sent, plan):
    names = {remote.execute(plan).id.name for _ in range(3)}

    assert len(names) == 3
    assert all(name.isalnum() and len(name) == 20 for name in names)


def test_a_lost_answer_launches_once(remote, server, sent, plan, failure):
    create = server.answers["CreateExecution"]
    made = set()

    def losing(request):
        if request.name in made:
            return failure("ALREADY_EXISTS")
        made.add(request.name)
        create(request)
        return failure("UNAVAILABLE", "the answer is lost")

    server.on(CreateExecution=losing)
    execution = remote.execute(plan, {"day": "2024-03-10"})

    assert made == {execution.id.name}
    assert len(sent) == 1


def test_entities_are_fetched_once(remote, server, plan):
    for _ in range(3):
        remote.fetch_launch_plan(name="nightly", version="v1")
        remote.fetch_workflow(name="nightly", version="v1")

    assert server.rpcs == ["GetLaunchPlan", "GetWorkflow", "GetWorkflow"]


def test_another_remote_does_not_know_what_this_one_fetched(remote, server, plan):
    FlyteRemote(remote.config, "flytesnacks", "development", channel=server).fetch_launch_plan(
        name="nightly", version="v1"
    )

    assert server.rpcs.count("GetLaunchPlan") == 2


def test_options_are_sent(remote, sent, plan):
    remote.execute(
        plan,
        options=Options(
            labels={"team": "a"},
            annotations=Labels(values={"why": "b"}),
            raw_output_data_config=RawOutputDataConfig("s3://bucket"),
            security_context=SecurityContext(run_as={"k8s_service_account": "me"}),
            max_parallelism=7,
            disable_notifications=True,
        ),
    )

    spec = sent[0].spec
    assert dict(spec.labels.values) == {"team": "a"}
    assert dict(spec.annotations.values) == {"why": "b"}
    assert spec.raw_output_data_config.output_location_prefix == "s3://bucket"
    assert spec.security_context.run_as.k8s_service_account == "me"
    assert spec.max_parallelism == 7
    assert spec.disable_all


def test_a_task_is_launched_by_itself(remote, sent):
    remote.execute(remote.fetch_task(name="add", version="v1"), {"n": 1})

    assert sent[0].spec.launch_plan.resource_type == 1
    assert sent[0].inputs.literals["n"].scalar.primitive.integer == 1


def test_a_misspelt_input_gets_a_suggestion_and_no_call(remote, sent, plan):
    with pytest.raises(FlyteValueException) as caught:
        remote.execute(plan, {"dya": "x"})

    assert str(caught.value) == (
        "USER:ValueError: Received 'dya'. FlyteLaunchPlan 'nightly' has no such input; "
        "it has ['day', 'n']. Did you mean 'day'?"
    )
    assert sent == []


def test_a_wrong_value_is_told_with_the_name_of_its_input(remote, sent, plan):
    with pytest.raises(TypeTransformerFailedError, match=r"Input 'n' of .*'nightly': '5' \(str\)"):
        remote.execute(plan, {"n": "5"})

    assert sent == []


def test_a_relaunch_and_a_recovery_are_new_executions(remote, sent):
    old = WorkflowExecutionIdentifier("flytesnacks", "development", "x1")

    again = remote.relaunch(old, name="x2", overwrite_cache=True)
    recovered = remote.recover(remote.relaunch(old))
    assert (again.id.name, sent[0].id.name, sent[0].overwrite_cache) == ("x2", "x1", True)
    assert sent[2].id.name == sent[1].name
    assert recovered.id.name == sent[2].name
    assert recovered.execution_url is not None


def test_terminating_tells_the_cause(remote, server, sent):
    remote.terminate(WorkflowExecutionIdentifier("p", "d", "x1"), "too dear")

    request = server.calls[-1][1]
    assert (request.id.name, request.cause) == ("x1", "too dear")


def test_a_place_must_be_known(server):
    remote = FlyteRemote(Config.for_endpoint("localhost:1", insecure=True), channel=server)

    for call in (
        lambda: remote.fetch_execution(name="x1"),
        remote.recent_executions,
        lambda: remote.fetch_task(name="x1", project="p"),
    ):
        with pytest.raises(FlyteAssertion, match="do not name a place: give both here"):
            call()
    assert server.calls == []


def test_filters_are_joined(remote, server):
    server.on(
        ListExecutions=lambda _: execution_pb2.ExecutionList(),
        ListSignals=lambda _: signal_pb2.SignalList(signals=[{"id": {"signal_id": "go"}}]),
    )

    remote.recent_executions(filters=["eq(phase,FAILED)", "eq(launch_plan.name,x)"])
    signals = remote.list_signals("x1", filters="eq(type,1)")
    assert server.calls[0][1].filters == "eq(phase,FAILED)+eq(launch_plan.name,x)"
    assert server.calls[1][1].filters == "eq(type,1)"
    assert signals[0].id.signal_id == "go"


def test_signals_take_python_values_and_literals(remote, sent):
    five = Literal(scalar={"primitive": {"integer": 5}})
    nothing = LiteralType.from_flyte_idl(
        types_pb2.LiteralType(collection_type={"simple": types_pb2.INTEGER})
    )
    remote.approve("go", "x1")
    remote.reject("go", "x1", project="p", domain="d")
    remote.set_signal("n", "x1", 5)
    remote.set_input("n", "x1", five)
    remote.set_signal("n", "x1", [], literal_type=nothing)
    remote.set_signal("n", "x1", [], literal_type=nothing.to_flyte_idl())

    values = [request.value for request in sent]
    assert [value.scalar.primitive.boolean for value in values[:2]] == [True, False]
    assert values[2] == values[3] == five.to_flyte_idl()
    assert values[4] == values[5]
    assert values[4].HasField("collection")
    assert sent[1].id.execution_id.project == "p"
    assert sent[0].id.execution_id.project == "flytesnacks"


def test_a_sync_can_be_bounded(remote, server, sent):
    execution = remote.execute(remote.fetch_task(name="add", version="v1"))
    server.on(GetExecutionData=lambda _: execution_pb2.WorkflowExecutionGetDataResponse())

    remote.sync_execution(execution, rpc_timeout=3)
    assert server.calls[-1][2] == 3
    remote.sync_execution(execution, rpc_timeout=None)
    assert server.calls[-1][2] == 60
    with pytest.raises(TypeError, match="rpc_timeout='3'"):
        remote.sync_execution(execution, rpc_timeout="3")


def test_a_channel_that_was_given_stays_open(server):
    closed = []
    server.close = lambda: closed.append(True)
    with FlyteRemote(Config.for_sandbox(), channel=server):
        pass

    assert closed == []


def test_entities_know_their_names_and_interfaces(remote, sent):
    plan = remote.fetch_launch_plan(name="nightly", version="v1")
    task = remote.fetch_task(name="add", version="v1")

    assert repr(plan) == "<FlyteLaunchPlan flytesnacks/development/nightly/v1>"
    assert (task.name, task.version, task.type) == ("add", "v1", "")
    assert plan.workflow_id.name == plan.flyte_workflow.name == "nightly"
    assert plan.python_interface is None
    assert plan.spec.workflow_id.name == "nightly"
    assert sorted(task.interface.inputs) == ["day", "n"]


def test_the_console_can_be_elsewhere(server):
    platform = PlatformConfig("flyte.example.com", console_endpoint="https://console.example.com")
    remote = FlyteRemote(Config(platform), channel=server)
    named = WorkflowExecutionIdentifier("p", "d", "x1")

    assert remote.generate_console_url(named) == (
        "https://console.example.com/console/projects/p/domains/d/executions/x1"
    )


@pytest.mark.parametrize("verb", ["wait", "sync", "sync_execution"])
def test_what_is_no_execution_of_this_client_is_refused_at_once(flyte_admin, flyte_client, verb):
    flyte_admin.add_execution("run", running(60).succeeds())
    mine = flyte_client.fetch_execution(name="run")

    for other in ("run", mine.id, mine.to_flyte_idl(), None):
        with pytest.raises(
            ValueError, match="only knows how to change a workflow execution of its"
        ):
            getattr(flyte_client, verb)(other)
    assert flyte_admin.clock.elapsed == 0


needs_flytekit = pytest.mark.skipif(
    importlib.util.find_spec("flytekit") is None, reason="about flytekit's own client"
)


@needs_flytekit
@pytest.mark.parametrize("verb", ["wait", "sync", "sync_execution"])
def test_an_execution_of_flytekits_is_refused_with_what_to_do(
    flyte_admin, flyte_client, flyte_remote, verb
):
    flyte_admin.add_execution("run", running(60).succeeds())
    theirs = flyte_remote.fetch_execution(name="run")

    with pytest.raises(ValueError, match="'run' of flytekit's FlyteWorkflowExecution") as caught:
        getattr(flyte_client, verb)(theirs)

    assert "Fetch one: remote.fetch_execution(name='run')." in str(caught.value)
    assert flyte_admin.clock.elapsed == 0


@needs_flytekit
@pytest.mark.parametrize("verb", ["wait", "sync_execution"])
def test_flytekit_cannot_bring_one_of_ours_to_date_and_is_told(
    flyte_admin, flyte_client, flyte_remote, verb
):
    flyte_admin.add_execution("run", running(60).succeeds())
    ours = flyte_client.fetch_execution(name="run")

    with pytest.raises(AssertionError, match="flytekit's FlyteRemote was given Execution 'run' of"):
        getattr(flyte_remote, verb)(ours)

    assert flyte_admin.clock.elapsed == 0


@needs_flytekit
def test_either_client_stops_and_repeats_executions_of_the_other(
    flyte_admin, flyte_client, flyte_remote
):
    flyte_admin.on_launch("train").always_plays(running(60).succeeds())
    for name in ("one", "two", "three"):
        flyte_admin.add_execution(name, running(60).succeeds(), launch_plan="train")
    theirs, ours = (
        flyte_remote.fetch_execution(name="one"),
        flyte_client.fetch_execution(name="two"),
    )

    flyte_client.terminate(theirs, "too dear")
    flyte_remote.terminate(ours, "too dear")
    flyte_client.terminate(theirs.id.__class__("flytesnacks", "development", "three"), "too dear")
    again = flyte_client.relaunch(theirs)

    for name in ("one", "two", "three"):
        assert flyte_client.fetch_execution(name=name).closure.abort_metadata.cause == "too dear"
    assert not again.is_done


@pytest.mark.parametrize("other", ["run", None, 7])
def test_what_has_no_id_cannot_be_stopped(flyte_admin, flyte_client, other):
    with pytest.raises(ValueError, match="is no execution and no id of one"):
        flyte_client.terminate(other, "too dear")
