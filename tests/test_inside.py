"""What a launch tells of its inside, told to a fake by hand, event by event."""

from datetime import datetime, timezone

import pytest
from flyteidl.admin import event_pb2
from flyteidl.core import execution_pb2, identifier_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit import NoSuchNode, literals, render, running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.server import FakeFlyteAdmin

OOM = execution_pb2.ExecutionError(
    code="OOMKilled", message="out of memory", kind=execution_pb2.ExecutionError.USER
)


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register("nightly")
        yield admin


@pytest.fixture
def launch(admin):
    return admin.add_execution("run", running(3600).succeeds(), launch_plan="nightly")


class Teller:
    """Tells a fake what an engine would, at the clock's time."""

    def __init__(self, admin, launch):
        self.admin, self.launch = admin, launch

    def node(self, node_id, *phases, parent="", spec_id=None, group="", **fields):
        for phase in phases:
            event = events.NodeExecutionEvent(
                id=self._node(node_id),
                phase=execution_pb2.NodeExecution.Phase.Value(phase),
                occurred_at=self._now(),
                spec_node_id=spec_id or node_id,
                retry_group=group,
                event_version=1,
                **(fields if phase not in {"QUEUED", "RUNNING"} else {}),
            )
            if parent:
                event.parent_node_metadata.node_id = parent
            self._send("CreateNodeEvent", event_pb2.NodeExecutionEventRequest(event=event))

    def task(self, node_id, attempt, *phases, error=None):
        for phase in phases:
            event = events.TaskExecutionEvent(
                task_id=identifier_pb2.Identifier(
                    resource_type=identifier_pb2.TASK,
                    project=self.admin.project,
                    domain=self.admin.domain,
                    name="fit",
                    version="v1",
                ),
                parent_node_execution_id=self._node(node_id),
                retry_attempt=attempt,
                phase=execution_pb2.TaskExecution.Phase.Value(phase),
                occurred_at=self._now(),
                **({"error": error} if error and phase == "FAILED" else {}),
            )
            self._send("CreateTaskEvent", event_pb2.TaskExecutionEventRequest(event=event))

    def _node(self, node_id):
        return identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=self.launch.id)

    def _now(self):
        return self.admin.clock.now()

    def _send(self, rpc, request):
        self.admin._backend.answer(rpc, request)


@pytest.fixture
def engine(admin, launch):
    return Teller(admin, launch)


def test_a_node_is_read_as_it_is_now(admin, launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    run = launch.nodes["n1"]

    assert (run.phase, run.duration, run.error) == ("RUNNING", None, None)
    assert run.started_at == datetime(2024, 1, 1, tzinfo=timezone.utc)

    admin.clock.advance(60)
    engine.node("n1", "SUCCEEDED")

    assert (run.phase, run.duration) == ("SUCCEEDED", 60)


def test_inputs_and_outputs_are_python_values(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    assert (launch.nodes["n1"].inputs, launch.nodes["n1"].outputs) == ({}, {})

    given = literals.literal_map({"day": "monday"}, of="input")
    made = literals.literal_map({"auc": 0.9, "rows": [1, 2]}, of="output")
    engine.node("n1", "SUCCEEDED", input_data=given, output_data=made)

    assert launch.nodes["n1"].inputs == {"day": "monday"}
    assert launch.nodes["n1"].outputs == {"auc": 0.9, "rows": [1, 2]}


def test_attempts_are_numbered_from_one(admin, launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    engine.task("n1", 1, "QUEUED")
    engine.task("n1", 0, "RUNNING")
    admin.clock.advance(60)
    engine.task("n1", 0, "FAILED", error=OOM)

    first, second = launch.nodes["n1"].attempts

    assert (first.number, first.phase, first.duration) == (1, "FAILED", 60)
    assert first.error == ("OOMKilled", "out of memory", "USER")
    assert (second.number, second.phase, second.started_at) == (2, "QUEUED", None)
    assert (second.ended_at, second.duration, second.error) == (None, None, None)
    assert repr(first) == "<attempt 1: FAILED, OOMKilled: out of memory>"


def test_errors_are_whole_though_lists_cut_them(launch, engine):
    long = execution_pb2.ExecutionError(code="x", message="m" * 5000)
    engine.node("n1", "QUEUED", "RUNNING")
    engine.task("n1", 0, "RUNNING", "FAILED", error=long)
    engine.node("n1", "FAILED", error=long)

    assert launch.nodes["n1"].error.message == "m" * 5000
    assert launch.nodes["n1"].attempts[0].error.message == "m" * 5000


def test_nodes_are_named_in_the_order_in_which_they_began(admin, launch, engine):
    engine.node("fit-b", "QUEUED")
    admin.clock.advance(1)
    engine.node("fit-a", "QUEUED")

    assert list(launch.nodes) == ["fit-b", "fit-a"]
    assert [run.id for run in launch.nodes.values()] == ["fit-b", "fit-a"]
    assert dict(launch.nodes.items()) == dict(launch.nodes)
    assert len(launch.nodes) == 2
    assert launch.nodes["start-node"].phase == "SUCCEEDED"
    assert launch.nodes["fit_a"] == launch.nodes["fit-a"]
    assert "fit_a" in launch.nodes
    assert "fit_c" not in launch.nodes
    assert launch.nodes.get("fit_c") is None


def test_paths_lead_inside(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING", is_parent=True)
    engine.node("n1-0-n0", "QUEUED", "RUNNING", parent="n1", spec_id="n0", group="0")

    assert launch.nodes["n1.n0"].id == "n1-0-n0"
    assert launch.nodes["n1"].nodes["n0"] == launch.nodes["n1-0-n0"]
    assert launch.nodes["n1.n0"].path == "n1.n0"
    assert launch.nodes["n1.n0"].parent == launch.nodes["n1"]
    assert launch.nodes["n1"].parent is None


def test_a_name_that_two_nodes_share_means_neither_whichever_began(admin):
    flytekit = pytest.importorskip("flytekit")

    @flytekit.task
    def fit(x: int) -> int:
        return x

    @flytekit.workflow
    def twice(x: int) -> int:
        return fit(x=fit(x=x))

    admin.register(twice)
    launch = admin.add_execution(
        "twice", running(3600).succeeds(o0=1), launch_plan=twice.name, inputs={"x": 1}
    )
    Teller(admin, launch).node("n0", "QUEUED")

    with pytest.raises(FlyteTestkitError, match="'fit' means 2 nodes inside 'twice': 'n0' and"):
        launch.nodes["fit"]
    with pytest.raises(NoSuchNode, match="'n1' has not begun yet inside 'twice', which is RUNNING"):
        launch.nodes["n1"]
    assert list(launch.nodes) == ["n0"]
    assert launch.nodes["n0"].name == "fit"


def test_a_node_that_is_further_inside_is_told_with_its_path(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING", is_parent=True)
    engine.node("n1-0-fit", "QUEUED", "RUNNING", parent="n1", spec_id="fit", group="0")

    with pytest.raises(NoSuchNode) as caught:
        launch.nodes["fit"]

    assert str(caught.value) == (
        "there is no node 'fit' inside 'run', which is RUNNING.\n"
        "There is 'n1'.\n"
        "Further inside there is 'n1.fit'."
    )


def test_of_what_each_attempt_of_a_parent_began_the_last_one_is_meant(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    for attempt in (0, 1):
        engine.node(f"n1-{attempt}-n0", "QUEUED", parent="n1", spec_id="n0", group=str(attempt))

    assert launch.nodes["n1.n0"].id == "n1-1-n0"
    assert list(launch.nodes["n1"].nodes) == ["n1-0-n0", "n0"]


def test_what_an_earlier_attempt_got_over_makes_nothing_fail(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    engine.task("n1", 0, "RUNNING", "FAILED", error=OOM)
    engine.node("n1-0-n0", "QUEUED", "FAILED", parent="n1", spec_id="n0", group="0", error=OOM)
    engine.task("n1", 1, "RUNNING", "FAILED", error=OOM)
    assert launch.failing is None

    engine.node("n1", "FAILED", error=OOM)

    assert launch.failing == launch.nodes["n1"]


def test_of_two_that_failed_alike_the_first_one_is_failing(admin, launch, engine):
    engine.node("n1", "QUEUED")
    engine.node("n2", "QUEUED")
    engine.node("n2", "FAILED", error=OOM)
    admin.clock.advance(1)
    engine.node("n1", "FAILED", error=OOM)

    assert launch.failing.path == "n2"
    assert launch.failing.error.code == "OOMKilled"


def test_what_failed_inside_of_a_node_that_still_runs_is_failing(launch, engine):
    engine.node("n1", "RUNNING")
    engine.node("n2", "RUNNING")
    engine.node("n2-0-n0", "RUNNING", parent="n2", spec_id="n0", group="0")
    assert launch.failing is None

    engine.node("n2-0-n0", "FAILED", parent="n2", spec_id="n0", group="0", error=OOM)

    assert launch.failing.path == "n2.n0"


def test_an_end_that_is_bound_to_what_nobody_gave_is_failing(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    engine.node("n1-0-end-node", "FAILED", parent="n1", spec_id="end-node", group="0", error=OOM)
    engine.node("n1", "FAILED", error=OOM)

    assert launch.failing.path == "n1.end-node"
    assert list(launch.nodes["n1"].nodes) == []


def test_a_node_that_timed_out_is_failing(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING", "TIMED_OUT")

    assert launch.failing.path == "n1"
    assert launch.failing.error is None


def test_a_node_that_is_not_there_is_told_with_those_that_are(admin, launch, engine):
    engine.node("train", "QUEUED")
    admin.clock.advance(1)
    engine.node("report", "QUEUED")

    with pytest.raises(NoSuchNode) as caught:
        launch.nodes["trian"]

    assert str(caught.value) == (
        "there is no node 'trian' inside 'run', which is RUNNING. Did you mean 'train'?\n"
        "There is 'train', 'report'."
    )
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, FlyteTestkitError)


def test_a_node_inside_that_is_not_there_is_told_with_what_it_is_not_inside_of(launch, engine):
    engine.node("train", "QUEUED", "RUNNING")

    with pytest.raises(NoSuchNode) as caught:
        launch.nodes["train.fit"]

    assert str(caught.value) == (
        "there is no node 'fit' inside 'train', which is RUNNING.\nThere is nothing inside of it."
    )


def test_an_execution_without_nodes_says_how_to_script_some(launch):
    assert list(launch.nodes) == []
    assert launch.failing is None

    with pytest.raises(NoSuchNode) as caught:
        launch.nodes["train"]

    assert str(caught.value) == (
        "there is no node 'train' inside 'run', which is RUNNING.\n"
        "Nothing has begun inside of it. Script it with nodes.workflow(…), or with "
        "nodes.where(…) if the workflow is registered: a plain timeline says nothing of nodes."
    )


@pytest.mark.parametrize("name", [1, None, True, ("train", "fit")])
def test_names_are_texts(launch, name):
    with pytest.raises(TypeError, match="a node is called by a text, not "):
        launch.nodes[name]


@pytest.mark.parametrize("name", ["", ".", "n1.", ".n1", "n1..n0", "é"])
def test_odd_names_are_not_there(launch, engine, name):
    engine.node("n1", "QUEUED")

    assert name not in launch.nodes
    with pytest.raises(NoSuchNode, match="there is no node "):
        launch.nodes[name]


def test_nodes_print_a_line_each(launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    engine.task("n1", 0, "FAILED", error=OOM)
    engine.task("n1", 1, "RUNNING")
    engine.node("n2", "QUEUED", "FAILED", error=OOM)

    assert repr(launch.nodes) == (
        "<2 nodes inside 'run'\n"
        "  <node 'n1': RUNNING in 2 attempts>\n"
        "  <node 'n2': FAILED, OOMKilled: out of memory>>"
    )


def test_reading_leaves_no_trace(admin, launch, engine):
    engine.node("n1", "QUEUED")
    calls = len(admin.calls)
    admin.on_launch("nightly").always_plays(running(1).succeeds())

    assert repr(launch.nodes)
    assert "n2" not in launch.nodes

    assert len(admin.calls) == calls


def test_a_script_function_sees_no_nodes_yet(admin, flyte_client_of):
    seen = []

    def script(launch):
        seen.append((list(launch.nodes), launch.failing, "train" in launch.nodes))
        return running(60).succeeds()

    admin.on_launch("nightly").plays(script)
    remote = flyte_client_of(admin)
    remote.execute(remote.fetch_launch_plan(name="nightly"), inputs={})

    assert seen == [([], None, False)]


@pytest.fixture
def flyte_client_of():
    made = []

    def make(admin):
        remote = FlyteRemote(
            Config.for_endpoint(admin.endpoint, insecure=True), admin.project, admin.domain
        )
        made.append(remote)
        return remote

    yield make
    for remote in made:
        remote.close()


# Below a failed test


def picture(admin):
    return render.text(admin).splitlines()


def test_nodes_stand_below_their_execution_in_time(admin, launch, engine):
    engine.node("n0", "QUEUED", "RUNNING")
    admin.clock.advance(60)
    engine.node("n0", "SUCCEEDED")
    engine.node("n1", "QUEUED", "RUNNING", is_parent=True)
    engine.node("n1-0-n0", "QUEUED", "RUNNING", parent="n1", spec_id="n0", group="0")
    engine.task("n1-0-n0", 0, "RUNNING")
    admin.clock.advance(540)
    engine.task("n1-0-n0", 0, "FAILED", error=OOM)
    engine.task("n1-0-n0", 1, "RUNNING")

    lines = picture(admin)
    at = lines.index("     nightly (n0)   0 s – 60 s    SUCCEEDED")
    assert lines[at + 1 : at + 5] == [
        "     n1             60 s –        RUNNING",
        "       n0           60 s –        RUNNING",
        "         attempt 1  60 s – 600 s  FAILED  OOMKilled: out of memory",
        "         attempt 2  600 s –       RUNNING",
    ]


def test_what_is_tried_again_is_told(admin, launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    engine.task("n1", 0, "RUNNING", "FAILED", error=OOM)

    assert "       attempt 1  0 s    FAILED  OOMKilled: out of memory" in picture(admin)


def test_of_a_hundred_nodes_those_that_failed_are_shown(admin, launch, engine):
    for number in range(100):
        engine.node(f"n{number}", "QUEUED", "RUNNING")
        if number in {40, 90}:
            engine.node(f"n{number}", "FAILED", error=OOM)
        else:
            engine.node(f"n{number}", "SUCCEEDED")

    lines = picture(admin)

    assert len(lines) < 30
    assert [line.split()[0] for line in lines if "OOMKilled" in line] == ["n40", "n90"]
    assert lines[-2].strip() == "… and 84 more nodes: 84 SUCCEEDED"


def test_many_failed_nodes_are_told_with_the_failing_one(admin, launch, engine):
    for number in range(100):
        engine.node(f"n{number}", "QUEUED", "RUNNING")
    for number in reversed(range(100)):
        admin.clock.advance(1)
        engine.node(f"n{number}", "FAILED", error=OOM)

    lines = picture(admin)

    assert len(lines) < 30
    assert any(line.split()[0] == "n99" for line in lines)
    assert any("… and 84 more nodes: 84 FAILED" in line for line in lines)


def test_of_a_thousand_attempts_the_last_are_shown(admin, launch, engine):
    engine.node("n1", "QUEUED", "RUNNING")
    for attempt in range(1000):
        engine.task("n1", attempt, "RUNNING", "FAILED", error=OOM)

    lines = picture(admin)

    assert len(lines) < 20
    assert any(line.strip() == "… 996 before" for line in lines)
    assert any("attempt 1000" in line for line in lines)


def test_long_names_and_errors_of_nodes_are_cut(admin, launch, engine):
    huge = execution_pb2.ExecutionError(code="c" * 5000, message="m" * 5000)
    engine.node("n" * 200, "QUEUED", "RUNNING", "FAILED", error=huge)

    assert max(len(line) for line in picture(admin)) < 250


def test_executions_without_nodes_are_drawn_as_ever(admin, launch):
    assert picture(admin)[-3:] == [
        "     nightly()",
        "     running(3600).succeeds()",
        "no calls",
    ]
