"""What flytekit's classes and ours do alike, on the same fake: one suite, both sides.

Where they differ on purpose, ``test_client_differences`` shows both.
"""

from __future__ import annotations

import contextlib
import math
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import grpc
import pytest
from client_stage import literal
from flyteidl.admin import execution_pb2, signal_pb2
from flyteidl.core import literals_pb2, types_pb2
from flyteidl.service import signal_pb2_grpc

from flyte_testkit import client, failures, immediately, running, undefined
from flyte_testkit.client import models

pytest.importorskip("flytekit")
from flytekit.configuration import Config, PlatformConfig
from flytekit.models import execution as their_models
from flytekit.models.core.identifier import WorkflowExecutionIdentifier as TheirIdentifier
from flytekit.remote import FlyteRemote as TheirRemote
from flytekit.remote import executions as their_executions

FLYTEKIT = SimpleNamespace(
    name="flytekit",
    Execution=their_models.Execution,
    FlyteWorkflowExecution=their_executions.FlyteWorkflowExecution,
    WorkflowExecutionIdentifier=TheirIdentifier,
)
OURS = SimpleNamespace(
    name="ours",
    Execution=models.Execution,
    FlyteWorkflowExecution=client.FlyteWorkflowExecution,
    WorkflowExecutionIdentifier=client.WorkflowExecutionIdentifier,
)


@contextlib.contextmanager
def raised(name):
    """Expect an exception by the name of its class: the two sides have classes of their own."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  the name is checked below
        yield caught
    assert type(caught.value).__name__ == name, repr(caught.value)


@pytest.fixture(params=[FLYTEKIT, OURS], ids=lambda side: side.name)
def side(request):
    return request.param


@pytest.fixture
def remote(side, flyte_admin):
    if side is FLYTEKIT:
        yield flyte_admin.remote()
        return
    config = client.Config.for_endpoint(flyte_admin.endpoint, insecure=True)
    with client.FlyteRemote(config, "flytesnacks", "development", seed=0) as ours:
        yield ours


@pytest.fixture
def launch(flyte_admin, remote):
    """Script one launch of a registered launch plan, and launch it."""

    def launch(script, **arguments):
        flyte_admin.register("nightly", inputs={"day": str}, outputs={"auc": float, "n": int})
        flyte_admin.on_launch("nightly").plays(script)
        plan = remote.fetch_launch_plan(name="nightly")
        return remote.execute(plan, arguments.pop("inputs", {"day": "2024-03-10"}), **arguments)

    return launch


OUTPUTS = {"auc": 0.91, "n": 3}


# ------------------------------------------------------------------------- an execution's members


def test_an_execution_knows_its_id_spec_and_closure(launch, flyte_clock):
    execution = launch(running(60).succeeds(OUTPUTS), execution_name="x1")

    assert (execution.id.project, execution.id.domain, execution.id.name) == (
        "flytesnacks",
        "development",
        "x1",
    )
    assert execution.spec.launch_plan.name == "nightly"
    assert execution.spec.launch_plan.version == "v1"
    assert execution.spec.metadata.mode == 0
    assert execution.closure.created_at == flyte_clock.now()
    assert execution.closure.duration == timedelta(0)
    execution.wait()
    assert execution.closure.started_at.replace(tzinfo=timezone.utc) == datetime(
        2024, 1, 1, tzinfo=timezone.utc
    )
    assert execution.closure.duration == timedelta(seconds=60)
    assert execution.closure.updated_at == flyte_clock.now()
    assert execution.closure.abort_metadata is None


@pytest.mark.parametrize(
    ("script", "phase", "done", "successful"),
    [
        (undefined().never_ends(), 0, False, False),
        (running().never_ends(), 2, False, False),
        (running(0).succeeding().never_ends(), 3, False, False),
        (running(0).failing().never_ends(), 5, False, False),
        (immediately.succeeds(OUTPUTS), 4, True, True),
        (running(0).fails("boom"), 6, True, False),
        (running(0).aborts("cost"), 7, True, False),
    ],
    ids=["undefined", "running", "succeeding", "failing", "succeeded", "failed", "aborted"],
)
def test_phases_say_what_is_done_and_what_is_successful(launch, script, phase, done, successful):
    execution = launch(script)

    assert execution.closure.phase == phase
    assert execution.is_done is done
    assert execution.is_successful is successful


def test_while_it_runs_there_is_neither_error_nor_outputs(launch):
    execution = launch(running(60).succeeds(OUTPUTS))

    with raised("FlyteAssertion"):
        _ = execution.error
    with raised("FlyteAssertion"):
        _ = execution.outputs
    with pytest.raises(AssertionError):
        _ = execution.error


def test_an_error_set_while_failing_still_waits_for_the_end(launch):
    execution = launch(running(0).failing(60).fails("boom"))

    with raised("FlyteAssertion"):
        _ = execution.error


def test_what_failed_has_an_error_and_no_outputs(launch):
    execution = launch(running(60).fails(failures.oom_killed())).wait()

    assert execution.error.code == "RetriesExhausted|OOMKilled"
    assert execution.error.kind == 1
    assert "Reason [OOMKilled]" in execution.error.message
    with raised("FlyteAssertion") as caught:
        _ = execution.outputs
    assert "Reason [OOMKilled]" in str(caught.value)


def test_what_was_aborted_has_no_error_but_who_and_why(launch):
    execution = launch(running(60).aborts("too dear", principal="ada")).wait()

    assert execution.error is None
    assert execution.closure.abort_metadata.cause == "too dear"


def test_outputs_and_inputs_are_read_as_python(launch):
    execution = launch(running(60).succeeds(OUTPUTS)).wait()

    assert execution.error is None
    assert execution.outputs["auc"] == 0.91
    assert execution.outputs.get("n", as_type=int) == 3
    assert sorted(execution.outputs) == ["auc", "n"]
    assert execution.outputs.literals["n"].scalar.primitive.integer == 3
    assert execution.inputs["day"] == "2024-03-10"


def test_a_missing_output_is_a_value_error_or_an_attribute_error(launch):
    outputs = launch(immediately.succeeds(OUTPUTS)).wait().outputs

    with raised("ValueError"):
        outputs["nope"]
    with raised("AttributeError"):
        outputs.get("nope")


def test_inputs_workflow_and_nodes_come_with_a_sync(launch, side):
    execution = launch(running(60).succeeds(OUTPUTS))

    assert execution.inputs is None
    assert execution.flyte_workflow is None
    assert execution.node_executions == {}
    execution.sync()
    assert execution.inputs["day"] == "2024-03-10"
    assert execution.flyte_workflow.id.name == "nightly"
    assert execution.node_executions == {}


def test_nodes_come_when_asked_for_and_stay(launch):
    execution = launch(running(60).succeeds(OUTPUTS)).wait()
    nodes = set(execution.node_executions)

    assert nodes >= {"start-node", "end-node"}
    execution.sync(sync_nodes=False)
    assert set(execution.node_executions) == nodes


def test_a_sync_changes_and_returns_the_same_object(launch, flyte_clock, remote):
    execution = launch(running(60).succeeds(OUTPUTS))
    flyte_clock.advance(60)

    assert not execution.is_done
    assert execution.sync() is execution
    assert execution.is_done
    assert remote.sync(execution) is execution
    assert remote.sync_execution(execution) is execution


def test_a_wait_changes_and_returns_the_same_object(launch, flyte_clock, remote):
    execution = launch(running(600).succeeds(OUTPUTS))

    assert execution.wait(timeout=3600, poll_interval=60) is execution
    assert execution.is_successful
    assert flyte_clock.elapsed == 600
    assert remote.wait(execution) is execution
    assert flyte_clock.elapsed == 600


@pytest.mark.parametrize(
    "script", [running(60).fails("boom"), running(60).aborts("cost")], ids=["failed", "aborted"]
)
def test_a_bad_end_is_returned_by_wait_and_not_raised(launch, script):
    assert launch(script).wait(timeout=timedelta(hours=1)).is_done


def test_a_wait_that_takes_too_long_raises(launch):
    execution = launch(running(600).succeeds(OUTPUTS))

    with raised("FlyteTimeout"):
        execution.wait(timeout=90)
    with raised("FlyteTimeout"):
        execution.wait(timeout=timedelta(minutes=1), poll_interval=timedelta(seconds=20))


@pytest.mark.parametrize(
    ("timeout", "error"),
    [("10", "TypeError"), (math.inf, "OverflowError"), (math.nan, "ValueError")],
)
def test_what_is_no_duration_is_refused(launch, timeout, error):
    execution = launch(running(60).succeeds(OUTPUTS))

    with raised(error):
        execution.wait(timeout=timeout)


def test_a_negative_poll_interval_is_refused(launch):
    with raised("ValueError"):
        launch(running(60).succeeds(OUTPUTS)).wait(poll_interval=-1)


def test_seconds_may_be_fractions(launch, flyte_clock):
    launch(running(2).succeeds(OUTPUTS)).wait(timeout=10, poll_interval=0.5)

    assert flyte_clock.elapsed == 2


def test_without_a_remote_there_is_no_sync_wait_or_url(launch, side):
    execution = launch(running(60).succeeds(OUTPUTS))
    loose = side.FlyteWorkflowExecution.promote_from_model(
        side.Execution.from_flyte_idl(execution.to_flyte_idl())
    )

    assert loose.execution_url is None
    with raised("FlyteAssertion"):
        loose.sync()
    with raised("FlyteAssertion"):
        loose.wait()


def test_a_remote_and_type_hints_can_be_given(launch, side, remote):
    execution = launch(running(60).succeeds(OUTPUTS))
    model = side.Execution.from_flyte_idl(execution.to_flyte_idl())
    promoted = side.FlyteWorkflowExecution.promote_from_model(model, remote, {"n": float})
    built = side.FlyteWorkflowExecution(
        {"n": float}, remote, id=model.id, spec=model.spec, closure=model.closure
    )

    for one in (promoted, built):
        assert one.wait() is one
        assert type(one.outputs["n"]) is float


def test_an_execution_is_a_message_that_can_be_taken_out_and_put_back(launch, side):
    execution = launch(running(60).succeeds(OUTPUTS)).wait()
    again = side.FlyteWorkflowExecution.from_flyte_idl(execution.to_flyte_idl())

    assert again == execution
    assert again.id == execution.id
    assert hash(again) == hash(execution)
    assert type(execution.serialize_to_string()) is bytes
    assert type(execution.to_flyte_idl()).FromString(execution.serialize_to_string()) == (
        execution.to_flyte_idl()
    )
    assert not execution.is_empty
    assert again.closure.phase == 4


def test_a_changed_phase_changes_equality_and_hash(launch, side, flyte_clock):
    execution = launch(running(60).succeeds(OUTPUTS))
    before = side.FlyteWorkflowExecution.from_flyte_idl(execution.to_flyte_idl())
    flyte_clock.advance(60)
    execution.sync()

    assert execution != before
    assert hash(execution) != hash(before)


def test_an_execution_prints_as_an_outline(launch):
    execution = launch(running(60).succeeds(OUTPUTS), execution_name="x1")

    assert str(execution) == execution.short_string()
    lines = execution.short_string().splitlines()
    assert lines[0] == "Flyte Serialized object (FlyteWorkflowExecution):"
    assert lines[1:5] == [
        "  id:",
        "    project: flytesnacks",
        "    domain: development",
        "    name: x1",
    ]
    assert 'name: "x1"' in repr(execution)


def test_a_notebook_shows_a_link_and_the_error(launch):
    execution = launch(running(60).fails("boom"))

    assert execution.execution_url in execution._repr_html_()
    execution.wait()
    assert "FAILED" in execution._repr_html_()
    assert "boom" in execution._repr_html_()


# ------------------------------------------------------------------- what a remote does with them


def test_a_fetched_execution_has_inputs_and_outputs(flyte_admin, remote):
    flyte_admin.add_execution("x1", immediately.succeeds(auc=0.9))
    execution = remote.fetch_execution(name="x1")

    assert execution.outputs["auc"] == 0.9
    assert execution.inputs == {}
    assert remote.fetch_execution("flytesnacks", "development", "x1") == execution


def test_fetching_takes_a_name(remote):
    for fetch in (
        remote.fetch_execution,
        remote.fetch_launch_plan,
        remote.fetch_workflow,
        remote.fetch_task,
    ):
        with raised("FlyteAssertion"):
            fetch()


def test_what_is_not_there_is_said_to_be_not_there(remote):
    for fetch in (
        remote.fetch_execution,
        remote.fetch_launch_plan,
        remote.fetch_workflow,
        remote.fetch_task,
    ):
        with raised("FlyteEntityNotExistException"):
            fetch(name="nope")
    for fetch in (remote.fetch_launch_plan, remote.fetch_workflow, remote.fetch_task):
        with raised("FlyteEntityNotExistException"):
            fetch(name="nope", version="v1")


def test_the_latest_version_is_fetched_unless_one_is_named(flyte_admin, remote, flyte_clock):
    flyte_admin.register("nightly", version="v1")
    flyte_clock.advance(1)
    flyte_admin.register("nightly", version="v2", inputs={"day": str})

    for fetch in (remote.fetch_launch_plan, remote.fetch_workflow):
        assert fetch(name="nightly").id.version == "v2"
        assert fetch(name="nightly", version="latest").id.version == "v2"
        assert fetch(name="nightly", version="v1").id.version == "v1"
        assert list(fetch(name="nightly").interface.inputs) == ["day"]


def test_recent_executions_come_latest_first_and_without_data(flyte_admin, remote, flyte_clock):
    for name in ("x1", "x2", "x3"):
        flyte_clock.advance(1)
        flyte_admin.add_execution(name, immediately.succeeds(auc=0.9))
    recent = remote.recent_executions(limit=2)

    assert [one.id.name for one in recent] == ["x3", "x2"]
    assert recent[0].inputs is None
    assert recent[0].outputs is None
    assert recent[0].is_successful


def test_terminating_returns_nothing_and_leaves_the_object_alone(launch, remote):
    execution = launch(running(600).succeeds(OUTPUTS))

    assert remote.terminate(execution, "too dear") is None
    assert execution.closure.phase == 2
    assert execution.sync().closure.abort_metadata.cause == "too dear"


def test_only_workflow_executions_can_be_synced(launch, remote):
    with raised("ValueError"):
        remote.sync("x1")
    with raised("ValueError"):
        remote.sync_execution(launch(immediately.succeeds(OUTPUTS)), entity_definition=object())


def test_console_urls_need_no_call(flyte_admin, launch, remote, side):
    execution = launch(immediately.succeeds(OUTPUTS), execution_name="x1")
    base = f"http://{flyte_admin.endpoint}/console/projects/flytesnacks/domains/development"
    calls = len(flyte_admin.calls)

    assert execution.execution_url == f"{base}/executions/x1"
    assert remote.generate_console_url(execution) == f"{base}/executions/x1"
    named = side.WorkflowExecutionIdentifier("flytesnacks", "development", "x1")
    assert remote.generate_console_url(named) == f"{base}/executions/x1"
    assert len(flyte_admin.calls) == calls
    plan = remote.fetch_launch_plan(name="nightly")
    workflow = remote.fetch_workflow(name="nightly")
    assert remote.generate_console_url(plan) == f"{base}/launch_plan/nightly/version/v1"
    assert remote.generate_console_url(plan.id) == f"{base}/launch_plan/nightly/version/v1"
    assert remote.generate_console_url(workflow) == f"{base}/workflow/nightly/version/v1"
    with raised("ValueError"):
        remote.generate_console_url("x1")


# --------------------------------------------------------------------------------------- launching


def test_a_launch_sends_what_it_was_asked_to(flyte_admin, launch):
    execution = launch(
        immediately.succeeds(OUTPUTS),
        execution_name="x1",
        overwrite_cache=True,
        interruptible=False,
        envs={"A": "1"},
        tags=["t"],
        cluster_pool="big",
    )

    spec = execution.to_flyte_idl().spec
    assert spec.overwrite_cache
    assert spec.interruptible.value is False
    assert [(pair.key, pair.value) for pair in spec.envs.values] == [("A", "1")]
    assert list(spec.tags) == ["t"]
    assert execution.spec.cluster_assignment.cluster_pool == "big"
    assert flyte_admin.launches[0].inputs == {"day": "2024-03-10"}


def test_both_sides_send_the_same_request(flyte_admin):
    flyte_admin.register("nightly", inputs={"day": str, "n": int, "xs": list[float]})
    flyte_admin.on_launch("nightly").always_plays(immediately.succeeds())
    config = client.Config.for_endpoint(flyte_admin.endpoint, insecure=True)
    inputs = {"day": "2024-03-10", "n": 5, "xs": [0.5]}
    with client.FlyteRemote(config, "flytesnacks", "development") as ours:
        for remote in (flyte_admin.remote(), ours):
            plan = remote.fetch_launch_plan(name="nightly")
            remote.execute(plan, inputs, execution_name="x1", envs={"A": "1"}, interruptible=True)

    theirs, *_, mine = [c.request for c in flyte_admin.calls if c.rpc == "CreateExecution"]
    assert mine == theirs


def test_a_workflow_is_launched_by_its_launch_plan(flyte_admin, remote):
    flyte_admin.register("nightly", inputs={"day": str}, outputs={"auc": float})
    flyte_admin.on_launch("nightly").plays(immediately.succeeds(auc=0.9))
    workflow = remote.fetch_workflow(name="nightly")

    execution = remote.execute(workflow, {"day": "2024-03-10"}, wait=True)
    assert execution.outputs["auc"] == 0.9
    assert execution.spec.launch_plan.resource_type == 3


def test_an_unknown_input_is_refused_before_any_call(flyte_admin, remote):
    flyte_admin.register("nightly", inputs={"day": str})
    plan = remote.fetch_launch_plan(name="nightly")

    with raised("FlyteValueException"):
        remote.execute(plan, {"dya": "2024-03-10"})
    assert "CreateExecution" not in [call.rpc for call in flyte_admin.calls]


def test_an_input_of_the_wrong_type_is_refused_before_any_call(flyte_admin, remote):
    flyte_admin.register("nightly", inputs={"day": str})
    plan = remote.fetch_launch_plan(name="nightly")

    with raised("TypeTransformerFailedError"):
        remote.execute(plan, {"day": 3})
    assert "CreateExecution" not in [call.rpc for call in flyte_admin.calls]


def test_a_missing_input_is_refused_by_the_server(flyte_admin, remote):
    flyte_admin.register("nightly", inputs={"day": str})

    with raised("FlyteInvalidInputException"):
        remote.execute(remote.fetch_launch_plan(name="nightly"), {})


def test_a_name_and_a_prefix_exclude_each_other(flyte_admin, remote):
    flyte_admin.register("nightly")

    with raised("ValueError"):
        remote.execute(
            remote.fetch_launch_plan(name="nightly"),
            {},
            execution_name="a",
            execution_name_prefix="b",
        )


def test_a_name_that_is_taken_is_taken_for_the_same_execution(flyte_admin, remote):
    flyte_admin.register("nightly")
    flyte_admin.on_launch("nightly").plays(running(60).succeeds())
    plan = remote.fetch_launch_plan(name="nightly")

    first = remote.execute(plan, {}, execution_name="x1")
    again = remote.execute(plan, {}, execution_name="x1")
    assert first == again
    assert len(flyte_admin.launches) == 1


def test_a_prefix_is_followed_by_chance(flyte_admin, remote):
    flyte_admin.register("nightly")
    flyte_admin.on_launch("nightly").plays(immediately.succeeds())

    execution = remote.execute(
        remote.fetch_launch_plan(name="nightly"), {}, execution_name_prefix="run"
    )
    assert execution.id.name.startswith("run-")
    assert len(execution.id.name) == len("run-") + 19


# ----------------------------------------------------------------------------- signals and failures


@pytest.fixture
def gate(flyte_admin):
    """Let execution x1 wait at a gate, as an engine would."""
    flyte_admin.add_execution("x1", running(600).succeeds())

    def gate(name, simple_type):
        request = signal_pb2.SignalGetOrCreateRequest(
            id={
                "signal_id": name,
                "execution_id": {
                    "project": "flytesnacks",
                    "domain": "development",
                    "name": "x1",
                },
            },
            type={"simple": simple_type},
        )
        with flyte_admin.channel() as channel:
            signal_pb2_grpc.SignalServiceStub(channel).GetOrCreateSignal(request)

    return gate


def test_gates_are_listed_and_opened(remote, gate):
    gate("go", types_pb2.BOOLEAN)
    gate("stop", types_pb2.BOOLEAN)
    gate("n", types_pb2.INTEGER)

    assert remote.approve("go", "x1") is None
    assert remote.reject("stop", "x1") is None
    assert remote.set_signal("n", "x1", 5) is None
    listed = {one.id.signal_id: one.value.scalar.primitive for one in remote.list_signals("x1")}
    assert listed["go"].boolean is True
    assert listed["stop"].boolean is False
    assert listed["n"].integer == 5
    assert len(remote.list_signals("x1", limit=2)) == 2


def test_a_gate_that_is_not_there_cannot_be_opened(remote, gate):
    with raised("FlyteInvalidInputException"):
        remote.approve("nope", "x1")


def test_a_gate_refuses_a_value_of_another_type(remote, gate):
    gate("n", types_pb2.INTEGER)

    with raised("FlyteInvalidInputException"):
        remote.set_signal("n", "x1", "five")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("NOT_FOUND", "FlyteEntityNotExistException"),
        ("ALREADY_EXISTS", "FlyteEntityAlreadyExistsException"),
        ("INVALID_ARGUMENT", "FlyteInvalidInputException"),
        ("UNAVAILABLE", "FlyteSystemUnavailableException"),
        ("CANCELLED", "FlyteSystemException"),
        ("PERMISSION_DENIED", "FlyteSystemException"),
        ("RESOURCE_EXHAUSTED", "FlyteSystemException"),
        ("FAILED_PRECONDITION", "FlyteSystemException"),
        ("ABORTED", "FlyteSystemException"),
        ("OUT_OF_RANGE", "FlyteSystemException"),
        ("UNIMPLEMENTED", "FlyteSystemException"),
        ("INTERNAL", "FlyteSystemException"),
        ("DATA_LOSS", "FlyteSystemException"),
    ],
)
def test_a_status_becomes_an_exception_with_the_grpc_error_as_cause(
    flyte_admin, remote, code, name
):
    flyte_admin.on("GetExecution").fails_with(code)

    with raised(name) as caught:
        remote.fetch_execution(name="x1")
    assert caught.value.__cause__.code() is grpc.StatusCode[code]


def test_what_was_offloaded_is_read_from_its_url(side, nodes, wire, tmp_path, server):
    literals = literals_pb2.LiteralMap(literals={"o0": literal(5)})
    (tmp_path / "outputs.pb").write_bytes(literals.SerializeToString())
    blob = {"url": str(tmp_path / "outputs.pb"), "bytes": 9}
    server.on(
        GetExecutionData=lambda _: execution_pb2.WorkflowExecutionGetDataResponse(outputs=blob)
    )
    if side is FLYTEKIT:
        platform = PlatformConfig(endpoint=wire.endpoint, insecure=True)
        remote = TheirRemote(Config(platform=platform), "flytesnacks", "development")
        assert remote.fetch_execution(name="x1").outputs["o0"] == 5
        return
    config = client.Config.for_endpoint(wire.endpoint, insecure=True)
    with client.FlyteRemote(config, "flytesnacks", "development") as ours:
        assert ours.fetch_execution(name="x1").outputs["o0"] == 5
