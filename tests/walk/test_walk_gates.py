"""What an engine sends for nodes that wait."""

from flyteidl.core import types_pb2, workflow_pb2
from templates import Definitions
from walking import walking

from flyte_testkit import nodes, polls, running


def gate(made, id_, *, after=(), **condition):
    """A gate that waits for an approval, or what else is said."""
    condition = condition or {"approve": workflow_pb2.ApproveCondition(signal_id="go")}
    return made._node(id_, after, None, gate_node=workflow_pb2.GateNode(**condition))


def waiting(script=None, *, beside=None, **condition):
    """A gate ``n0``, and maybe a task ``n1``."""
    made = Definitions()
    parts = [gate(made, "n0", **condition)]
    played = {} if script is None else {"n0": script}
    if beside is not None:
        parts.append(made.task("n1"))
        played["n1"] = nodes.task(beside)
    return walking(made, made.workflow(*parts), played)


def test_a_gate_asks_for_its_signal_once_it_is_reached():
    with waiting(nodes.gate(running(60).succeeds())) as walk:
        assert walk.after(60) == [
            "W RUNNING 0",
            "N start-node SUCCEEDED 0",
            "N n0 QUEUED 0",
            "N n0 RUNNING 0",
            "N n0 SUCCEEDED 60",
            "N end-node QUEUED 60",
            "N end-node SUCCEEDED 60",
            "W SUCCEEDING 60",
            "W SUCCEEDED 60",
        ]
        assert [act.rpc for act in walk.acts if act.rpc.endswith("Signal")] == [
            "GetOrCreateSignal",
            "SetSignal",
        ]
        assert walk.refused == []


def test_looks_release_a_gate_as_well():
    with waiting(nodes.gate(running(polls(2)).succeeds())) as walk:
        assert "N n0 SUCCEEDED 0" not in walk.after(0)
        assert "N n0 SUCCEEDED 0" in walk.after(0)


def test_a_gate_is_stopped_where_another_node_fails():
    with waiting(beside=running(5).fails("no disk")) as walk:
        walk.after(5)
        assert walk.told("n0") == ["N n0 QUEUED 0", "N n0 RUNNING 0", "N n0 ABORTED 5"]


def test_a_gate_can_be_too_late_without_a_limit():
    with waiting(nodes.gate(running(6).times_out())) as walk:
        walk.after(6)
        (*_, failed) = walk.events("n0")
        assert failed.error.code == "RetriesExhausted|TimeoutExpired"
        assert "task execution timeout [6s] expired" in failed.error.message


def test_a_signal_without_a_scripted_value_brings_one_of_its_type():
    signal = workflow_pb2.SignalCondition(
        signal_id="rate",
        type=types_pb2.LiteralType(simple=types_pb2.FLOAT),
        output_variable_name="o0",
    )
    with waiting(nodes.gate(running(6).succeeds()), signal=signal) as walk:
        walk.after(6)
        assert walk.data("n0")[1] == {"o0": 0.0}


def test_a_sleep_is_as_long_as_its_workflow_says_and_has_no_outputs():
    made = Definitions()
    with walking(made, made.workflow(made.gate("n0"))) as walk:
        walk.after(10_000)
        begun, ended = walk.told("n0")[1:]
        assert begun == "N n0 RUNNING 0"
        assert ended.startswith("N n0 SUCCEEDED")
        assert walk.events("n0")[-1].output_uri == ""
