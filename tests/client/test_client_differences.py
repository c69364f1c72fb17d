"""Where our client behaves better than flytekit's on purpose: each test shows both sides.

``docs/differences.md`` is the table of them; a test here keeps the two together.
"""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from client_stage import RECOVERED, SUCCEEDED, TASK, literal

from flyte_testkit import client, immediately, running, undefined
from flyte_testkit import nodes as trees
from flyte_testkit.client import exceptions, models

pytest.importorskip("flytekit")
from flytekit.configuration import Config, PlatformConfig
from flytekit.exceptions import user as their_exceptions
from flytekit.models.execution import Execution as TheirExecution
from flytekit.remote import remote as their_module

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"

has_rpc_deadlines = pytest.mark.skipif(
    not hasattr(their_module, "DEFAULT_SYNC_EXECUTION_RPC_TIMEOUT"),
    reason="before 1.16.21 flytekit's calls have no deadline: it waits for ever",
)


@contextlib.contextmanager
def raised(name):
    with pytest.raises(Exception) as caught:  # noqa: PT011  the name is checked below
        yield caught
    assert type(caught.value).__name__ == name, repr(caught.value)


@pytest.fixture
def theirs(flyte_admin):
    return flyte_admin.remote()


@pytest.fixture
def ours(flyte_admin):
    config = client.Config.for_endpoint(flyte_admin.endpoint, insecure=True)
    with client.FlyteRemote(config, "flytesnacks", "development", seed=0) as remote:
        yield remote


@pytest.fixture
def launch(flyte_admin):
    """Launch a script with one of the remotes."""

    flyte_admin.register("nightly", outputs={"auc": float})

    def launch(remote, script, **arguments):
        flyte_admin.on_launch("nightly").plays(script)
        return remote.execute(remote.fetch_launch_plan(name="nightly"), {}, **arguments)

    return launch


@pytest.fixture
def took(flyte_clock):
    """Return how many virtual seconds a call took."""

    def took(call):
        before = flyte_clock.elapsed
        with contextlib.suppress(AssertionError):
            call()
        return flyte_clock.elapsed - before

    return took


@pytest.fixture
def on_the_wire(wire):
    """Both remotes on the scripted server."""
    config = Config(platform=PlatformConfig(endpoint=wire.endpoint, insecure=True))
    theirs = their_module.FlyteRemote(config, "flytesnacks", "development")
    mine = client.Config.for_endpoint(wire.endpoint, insecure=True)
    with client.FlyteRemote(mine, "flytesnacks", "development", seed=0) as ours:
        yield SimpleNamespace(theirs=theirs, ours=ours)


def calls_of(admin, rpc):
    return [call for call in admin.calls if call.rpc == rpc]


# ----------------------------------------------------------------------------------------- waiting


def test_an_end_exactly_at_the_deadline(launch, theirs, ours, flyte_clock, monkeypatch):
    frozen = SimpleNamespace(
        now=lambda: flyte_clock.now().replace(tzinfo=None), max=datetime.max
    )  # readings that stand still between sleeps, as a coarse clock's do
    monkeypatch.setattr(their_module, "datetime", frozen)
    script = running(60).succeeds(auc=0.9)

    with raised("FlyteTimeout"):
        launch(theirs, script).wait(timeout=60, poll_interval=30)
    assert launch(ours, script).wait(timeout=60, poll_interval=30).is_successful


def test_a_timeout_shorter_than_the_poll_interval(launch, theirs, ours, took):
    script = running(600).succeeds(auc=0.9)

    assert took(lambda: launch(theirs, script).wait(timeout=10)) == 30
    assert took(lambda: launch(ours, script).wait(timeout=10)) == 10


def test_an_end_after_the_deadline(launch, theirs, ours):
    script = running(12).succeeds(auc=0.9)
    execution = launch(theirs, script)
    late = execution.wait(timeout=10)

    assert late.is_done
    assert late is not execution
    assert not execution.is_done
    assert late.execution_url is None
    with raised("FlyteAssertion"):
        late.sync()

    execution = launch(ours, script)
    with raised("FlyteTimeout"):
        execution.wait(timeout=10)
    assert execution.wait() is execution
    assert execution.execution_url is not None


@pytest.mark.parametrize(
    ("start", "timeout", "between", "theirs_took"),
    [
        (datetime(2024, 11, 3, 5, 59, 50, tzinfo=timezone.utc), 60, 30, 3660),
        (datetime(2024, 3, 10, 6, 59, 50, tzinfo=timezone.utc), 600, 5, 10),
    ],
    ids=["autumn", "spring"],
)
def test_the_night_when_the_clocks_change(start, timeout, between, theirs_took):
    from flyte_testkit import world
    from flyte_testkit.clock import VirtualClock
    from flyte_testkit.server import FakeFlyteAdmin

    clock = VirtualClock(start=start)
    with (
        world.local_time("America/New_York"),
        FakeFlyteAdmin(clock=clock, transport="direct") as admin,
        admin.env(),
        world.governed_by(clock),
    ):
        config = client.Config.for_endpoint(admin.endpoint, insecure=True)
        ours = client.FlyteRemote(config, "flytesnacks", "development")
        for remote, expected in ((admin.remote(), theirs_took), (ours, timeout)):
            admin.add_execution(f"x{expected}", running(9000).succeeds())
            execution = remote.fetch_execution(name=f"x{expected}")
            before = clock.elapsed
            with raised("FlyteTimeout"):
                remote.wait(execution, timeout=timeout, poll_interval=between)
            assert clock.elapsed - before == expected
        ours.close()


def test_no_pause_between_polls(launch, theirs, ours, flyte_admin, took):
    script = running(600).succeeds(auc=0.9)
    execution = launch(theirs, script)

    assert took(lambda: execution.wait(timeout=60, poll_interval=0)) == 60
    assert len(calls_of(flyte_admin, "GetExecution")) < 8  # it polled every 30 s
    execution = launch(ours, script)
    calls = len(flyte_admin.calls)
    with pytest.raises(ValueError, match="poll_interval=0 would ask the server without a pause"):
        execution.wait(timeout=60, poll_interval=0)
    assert len(flyte_admin.calls) == calls


@has_rpc_deadlines
def test_a_server_that_hangs(launch, theirs, ours, flyte_admin, took):
    script = running(600).succeeds(auc=0.9)
    executions = launch(theirs, script), launch(ours, script)
    flyte_admin.on("GetExecution").hangs()

    assert took(lambda: executions[0].wait(timeout=5)) == pytest.approx(60, rel=0.01)
    assert took(lambda: executions[1].wait(timeout=5)) == pytest.approx(6, rel=0.1)


def test_what_the_end_of_patience_says(launch, theirs, ours):
    script = running(600).succeeds(auc=0.9)

    with raised("FlyteTimeout") as caught:
        launch(theirs, script, execution_name="x1").wait(timeout=5)
    assert "FlyteRemote object at 0x" in str(caught.value)
    with raised("FlyteTimeout") as caught:
        launch(ours, script, execution_name="x2").wait(timeout=5)
    assert "Execution 'flytesnacks/development/x2' was RUNNING" in str(caught.value)
    assert "within 5 s" in str(caught.value)


def test_a_server_that_is_away_for_a_moment(launch, theirs, ours, flyte_admin):
    script = running(600).succeeds(auc=0.9)
    executions = launch(theirs, script), launch(ours, script)
    away = flyte_admin.on("GetExecution").fails_with("UNAVAILABLE", times=1)

    with raised("FlyteSystemUnavailableException"):
        executions[0].wait(timeout=3600)
    assert away.struck == 4
    flyte_admin.on("GetExecution").fails_with("UNAVAILABLE", attempts=4)
    assert executions[1].wait(timeout=3600).is_successful


@pytest.mark.parametrize("timeout", [timedelta.max, 10**12])
def test_a_very_long_timeout(launch, theirs, ours, timeout):
    script = running(60).succeeds(auc=0.9)

    with raised("OverflowError"):
        launch(theirs, script).wait(timeout=timeout)
    assert launch(ours, script).wait(timeout=timeout).is_successful


def test_a_negative_timeout(launch, theirs, ours):
    script = immediately.succeeds(auc=0.9)

    assert launch(theirs, script).wait(timeout=-5).is_done
    with raised("ValueError"):
        launch(ours, script).wait(timeout=-5)


def test_what_a_poll_costs(launch, theirs, ours, flyte_admin):
    script = running(300).succeeds(auc=0.9)
    costs = []
    for remote in (theirs, ours):
        execution = launch(remote, script)
        before = len(flyte_admin.calls)
        execution.wait()
        costs.append(len(flyte_admin.calls) - before)

    assert costs[0] >= 11 * 3
    assert costs[1] <= 11 + 8


# ------------------------------------------------------------------------------------ executions


def test_the_outputs_of_what_was_aborted(launch, theirs, ours):
    script = running(0).aborts("cost")

    assert launch(theirs, script).wait().outputs == {}
    with raised("FlyteAssertion"):
        _ = launch(ours, script).wait().outputs


def test_a_fetched_execution_has_a_remote(flyte_admin, theirs, ours):
    flyte_admin.add_execution("x1", running(60).succeeds())

    for fetch in (lambda r: r.fetch_execution(name="x1"), lambda r: r.recent_executions()[0]):
        with raised("FlyteAssertion"):
            fetch(theirs).wait()
        assert fetch(ours).wait().is_successful


def test_when_an_execution_started_that_has_not(launch, theirs, ours):
    script = undefined().never_ends()

    assert launch(theirs, script).closure.started_at == datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert launch(ours, script).closure.started_at is None


def test_fields_that_a_round_trip_loses(launch, theirs, ours):
    script = immediately.succeeds(auc=0.9)
    full = launch(ours, script).wait().to_flyte_idl()
    assert full.closure.HasField("workflow_id")

    assert not TheirExecution.from_flyte_idl(full).to_flyte_idl().closure.HasField("workflow_id")
    assert models.Execution.from_flyte_idl(full).to_flyte_idl() == full


def test_a_literal_whose_type_nobody_declares():
    from flytekit.core.type_engine import LiteralsResolver
    from flytekit.models.literals import Literal

    with raised("ValueError"):
        LiteralsResolver({"x": Literal.from_flyte_idl(literal(5))})["x"]
    assert client.LiteralsResolver({"x": models.Literal.from_flyte_idl(literal(5))})["x"] == 5


def test_a_file_is_a_reference(theirs, ours, flyte_admin):
    from flyteidl.core import interface_pb2, literals_pb2
    from flytekit.core.type_engine import LiteralsResolver
    from flytekit.models.interface import Variable
    from flytekit.models.literals import Literal

    pb = literals_pb2.Literal(
        scalar={"blob": {"uri": "s3://bucket/key", "metadata": {"type": {"format": "csv"}}}}
    )
    declared = interface_pb2.Variable(type={"blob": {"format": "csv"}})
    their_file = LiteralsResolver(
        {"x": Literal.from_flyte_idl(pb)}, {"x": Variable.from_flyte_idl(declared)}
    )["x"]
    our_file = client.LiteralsResolver(
        {"x": models.Literal.from_flyte_idl(pb)}, {"x": models.Variable.from_flyte_idl(declared)}
    )["x"]

    assert their_file.remote_source == our_file.uri == "s3://bucket/key"
    assert hasattr(their_file, "download")
    assert not hasattr(our_file, "download")


# ------------------------------------------------------------------------------------------- nodes


def synced(remote):
    return remote.sync_execution(remote.fetch_execution(name="x1"), sync_nodes=True)


def test_a_recovered_node(nodes, on_the_wire):
    nodes.add("n0", RECOVERED, o0=5)
    their_node = synced(on_the_wire.theirs).node_executions["n0"]

    assert not their_node.is_done
    with raised("FlyteAssertion"):
        _ = their_node.outputs
    assert synced(on_the_wire.ours).node_executions["n0"].outputs["o0"] == 5


def test_a_node_that_the_workflow_does_not_know(nodes, on_the_wire):
    nodes.add("n99", SUCCEEDED, o0=5)

    with raised("ValueError"):
        synced(on_the_wire.theirs)
    assert synced(on_the_wire.ours).node_executions["n99"].outputs["o0"] == 5


def test_an_attempt_without_data(nodes, server, on_the_wire, failure):
    nodes.add("n0", SUCCEEDED, attempts=[3], o0=5)
    server.on(GetTaskExecutionData=lambda _: failure("NOT_FOUND"))

    with raised("FlyteEntityNotExistException"):
        synced(on_the_wire.theirs)
    assert synced(on_the_wire.ours).node_executions["n0"].task_executions[0].outputs is None


def test_a_task_that_the_workflow_only_refers_to(nodes, on_the_wire):
    far = {"id": "n6", "task_node": {"reference_id": {"resource_type": 1, "name": "elsewhere"}}}
    nodes.closure.primary.template.nodes.add(**far)
    nodes.add("n6", SUCCEEDED, o0=5)

    with raised("RuntimeError"):
        synced(on_the_wire.theirs)
    assert synced(on_the_wire.ours).node_executions["n6"].outputs["o0"] == 5


def test_an_array_node_that_is_not_marked_as_one(nodes, on_the_wire):
    nodes.add("n4", SUCCEEDED)

    with raised("AttributeError"):
        synced(on_the_wire.theirs)
    assert synced(on_the_wire.ours).node_executions["n4"].is_done


def test_the_inputs_and_outputs_of_a_gate(nodes, on_the_wire):
    nodes.add("n3", SUCCEEDED, o0=1)

    assert synced(on_the_wire.theirs).node_executions["n3"].outputs is None
    assert synced(on_the_wire.ours).node_executions["n3"].outputs["o0"] == 1


def test_the_executions_of_a_launch_plan_node(nodes, on_the_wire):
    launched = {"workflow_node_metadata": {"executionId": {"name": "x2"}}}
    nodes.add("n5", SUCCEEDED, closure=launched)

    assert synced(on_the_wire.theirs).node_executions["n5"].executions == []
    node = synced(on_the_wire.ours).node_executions["n5"]
    assert node.executions == node.workflow_executions
    assert len(node.executions) == 1


def test_a_launched_execution_of_a_single_task(nodes, on_the_wire):
    launched = {"workflow_node_metadata": {"executionId": {"name": "x2"}}}
    nodes.add("n5", SUCCEEDED, closure=launched)
    nodes.child_launch_plan = TASK["id"]

    with raised("AttributeError"):
        synced(on_the_wire.theirs)
    assert synced(on_the_wire.ours).node_executions["n5"].workflow_executions[0].is_done


def test_the_attempts_of_a_dynamic_node(nodes, on_the_wire):
    data = nodes.add("n0", SUCCEEDED, metadata={"is_parent_node": True}, attempts=[5, 3])
    data.dynamic_workflow.compiled_workflow.CopyFrom(nodes.closure)
    nodes.add("n0-0-n0", SUCCEEDED, below="n0", attempts=[3])

    (child_attempts,) = synced(on_the_wire.theirs).node_executions["n0"].task_executions
    assert [one.id.node_execution_id.node_id for one in child_attempts] == ["n0-0-n0"]
    attempts = synced(on_the_wire.ours).node_executions["n0"].task_executions
    assert [one.id.node_execution_id.node_id for one in attempts] == ["n0", "n0"]


def test_the_task_and_the_times_of_an_attempt(nodes, on_the_wire):
    nodes.add("n0", SUCCEEDED, attempts=[3])
    their_attempt = synced(on_the_wire.theirs).node_executions["n0"].task_executions[0]
    our_attempt = synced(on_the_wire.ours).node_executions["n0"].task_executions[0]

    assert their_attempt.task is None
    assert our_attempt.task.name == "add"
    assert their_attempt.closure.started_at == datetime(1970, 1, 1)
    assert our_attempt.closure.started_at is None


def test_the_console_page_of_a_node(nodes, on_the_wire):
    nodes.add("n0", SUCCEEDED)

    with raised("AttributeError"):
        on_the_wire.theirs.generate_console_url(synced(on_the_wire.theirs).node_executions["n0"])
    url = on_the_wire.ours.generate_console_url(synced(on_the_wire.ours).node_executions["n0"])
    assert url.endswith("/executions/x1")


# ------------------------------------------------------------------------------------------- calls


def test_a_launch_whose_answer_is_lost(flyte_admin, theirs, ours):
    flyte_admin.register("nightly")
    flyte_admin.on_launch("nightly").plays(*[running(60).succeeds()] * 3)
    numbers = []
    for remote in (theirs, ours):
        before = len(flyte_admin.launches)
        plan = remote.fetch_launch_plan(name="nightly")
        flyte_admin.on("CreateExecution").loses_reply(attempts=1)
        remote.execute(plan, {})
        numbers.append(len(flyte_admin.launches) - before)

    assert numbers == [2, 1]


def test_what_is_asked_again(flyte_admin, theirs, ours, flyte_clock):
    attempts = []
    for remote in (theirs, ours):
        before = len(flyte_admin.calls)
        with raised("FlyteEntityNotExistException"):
            remote.fetch_execution(name="nope")
        attempts.append(len(flyte_admin.calls) - before)

    assert attempts == [4, 1]


def test_the_pause_before_asking_again(flyte_admin, theirs, ours, took):
    flyte_admin.add_execution("x1", immediately.succeeds())

    pauses = []
    for remote in (theirs, ours):
        flyte_admin.on("GetExecution").fails_with("UNAVAILABLE", attempts=2)
        pauses.append(took(lambda remote=remote: remote.fetch_execution(name="x1")))

    assert pauses[0] == 0
    assert 0.1 < pauses[1] < 0.4


def test_a_bug_of_the_server(on_the_wire, server, failure):
    server.on(GetExecution=lambda _: failure("UNKNOWN", "a bug"))

    with pytest.raises(Exception) as caught:  # noqa: PT011  it depends on flytekit's version
        on_the_wire.theirs.fetch_execution(name="x1")
    assert "a bug" not in str(caught.value)
    assert "GetPublicClientConfig" in server.rpcs  # it wanted to log in
    with raised("FlyteSystemException") as caught:
        on_the_wire.ours.fetch_execution(name="x1")
    assert "GetExecution of 'flytesnacks/development/x1' failed with UNKNOWN: a bug" in str(
        caught.value
    )


def test_the_deadline_of_a_call(flyte_admin, theirs, ours):
    flyte_admin.register("nightly")
    deadlines = []
    for remote in (theirs, ours):
        remote.fetch_launch_plan(name="nightly")
        deadlines.append(calls_of(flyte_admin, "GetLaunchPlan")[-1].deadline)

    assert deadlines[0] is None
    assert deadlines[1] is not None


def test_filters_of_signals(flyte_admin, theirs, ours):
    flyte_admin.add_execution("x1", running(60).succeeds())

    with raised("TypeError"):
        theirs.list_signals("x1", filters=["eq(signal_id,go)"])
    assert ours.list_signals("x1", filters=["eq(signal_id,go)"]) == []


def test_a_signal_that_is_not_set(flyte_admin, theirs, ours):
    flyte_admin.add_execution("x1", trees.workflow(go=trees.gate()))

    (signal,) = theirs.list_signals("x1")
    assert not signal.HasField("value")
    assert signal.value is not None
    (signal,) = ours.list_signals("x1")
    assert signal.value is None

    ours.approve("go", "x1")

    assert theirs.list_signals("x1")[0].HasField("value")
    assert ours.list_signals("x1")[0].value.scalar.primitive.boolean is True


def test_a_project_that_nobody_named(flyte_admin):
    config = Config(platform=PlatformConfig(endpoint=flyte_admin.endpoint, insecure=True))
    theirs = their_module.FlyteRemote(config)
    mine = client.Config.for_endpoint(flyte_admin.endpoint, insecure=True)
    with client.FlyteRemote(mine) as ours:
        with raised("FlyteInvalidInputException"):
            theirs.fetch_execution(name="x1")
        calls = len(flyte_admin.calls)
        with raised("FlyteAssertion") as caught:
            ours.fetch_execution(name="x1")
    assert "do not name a place" in str(caught.value)
    assert len(flyte_admin.calls) == calls


def test_what_only_flytekit_can_launch(theirs, ours):
    import flytekit

    @flytekit.task
    def add(a: int) -> int:
        return a

    with raised("AttributeError"):
        theirs.execute("nightly", {})
    for entity in ("nightly", add):
        with raised("NotImplementedError"):
            ours.execute(entity, {})
    assert hasattr(theirs, "register_workflow")
    assert not hasattr(ours, "register_workflow")


def test_exceptions_are_classes_of_their_own():
    assert not issubclass(exceptions.FlyteTimeout, their_exceptions.FlyteTimeout)
    assert issubclass(exceptions.FlyteTimeout, AssertionError)


# ---------------------------------------------------------------------------------------- the table


def test_the_table_names_each_of_these_tests_and_no_other():
    here = {name for name in globals() if name.startswith("test_")}
    here.remove("test_the_table_names_each_of_these_tests_and_no_other")

    assert set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text())) == here
