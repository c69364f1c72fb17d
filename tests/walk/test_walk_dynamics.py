"""Dynamic tasks: what they yield is played before their node ends."""

import pytest
from flyteidl.admin import node_execution_pb2
from flyteidl.core import dynamic_job_pb2, identifier_pb2
from templates import INTEGERS, LATE, Definitions
from walking import walking

from flyte_testkit import failures, nodes, running

FIT = nodes.task(running(60).succeeds(o0=9))
SLOW = nodes.task(running(600).succeeds(o0=9))
BAD = nodes.task(running(9).fails("nan"))


def alone(**options):
    """A workflow of one task."""
    made = Definitions()
    gives = {} if options.get("gives") == {} else {"o0": "n0"}
    return made, made.workflow(made.task("n0", **options), **gives)


def yielding(*attempts, **options):
    """A launch of it, whose node plays these attempts."""
    return walking(*alone(**options), script=nodes.where(n0=nodes.dynamic(*attempts)))


def test_what_it_yields_is_played_once_its_task_has_ended():
    with yielding(running(20).yields([FIT]).succeeds(o0=nodes.promise("dn0.o0"))) as walk:
        assert walk.after(80)[2:-4] == [
            "N n0 QUEUED 0",
            "T n0#0 QUEUED 0",
            "N n0 RUNNING 0",
            "T n0#0 INITIALIZING 0",
            "T n0#0 RUNNING 0",
            "T n0#0 SUCCEEDED 20",
            "N n0 DYNAMIC_RUNNING 20",
            "N n0-0-start-node SUCCEEDED 20",
            "N n0-0-dn0 QUEUED 20",
            "T n0-0-dn0#0 QUEUED 20",
            "N n0-0-dn0 RUNNING 20",
            "T n0-0-dn0#0 INITIALIZING 20",
            "T n0-0-dn0#0 RUNNING 20",
            "T n0-0-dn0#0 SUCCEEDED 80",
            "N n0-0-dn0 SUCCEEDED 80",
            "N n0-0-end-node QUEUED 80",
            "N n0-0-end-node SUCCEEDED 80",
            "N n0 SUCCEEDED 80",
        ]
        assert walk.outputs == {"o0": 9}
        assert walk.refused == []


def test_one_that_yields_nothing_is_a_task():
    made, top = alone()
    tree = nodes.where(n0=nodes.dynamic(running(20).yields([]).succeeds(o0=3)))
    with walking(made, top, script=tree) as walk, walking(*alone()) as usual:
        lines = walk.after(20)
        usual.after(20)
        assert [line.rsplit(" ", 1)[0] for line in lines] == [
            line.rsplit(" ", 1)[0] for line in usual.lines()
        ]
        assert not any(event.is_dynamic for event in walk.events("n0"))
        assert walk.outputs == {"o0": 3}


def test_its_events_say_what_it_is_once_it_has_yielded():
    with yielding(running(20).yields([FIT])) as walk:
        walk.after(100)
        told = [(event.is_parent, event.is_dynamic) for event in walk.events("n0")]
        assert told == [(False, False), (False, False), (True, True), (False, True)]
        assert {event.is_in_dynamic_chain for event in walk.events("n0-0-dn0")} == {True}
        assert not any(event.is_in_dynamic_chain for event in walk.events("n0"))
        last = walk.events("n0")[-1]
        assert not last.HasField("task_node_metadata")


def test_one_without_outputs_has_no_address_of_outputs():
    with yielding(running(20).yields([FIT]), gives={}) as walk:
        walk.after(100)
        assert walk.events("n0")[-1].WhichOneof("output_result") is None
        assert walk.phase == "SUCCEEDED"


def test_what_it_yielded_can_be_fetched_and_was_written_down():
    with yielding(running(20).yields([FIT] * 2)) as walk:
        walk.after(20)
        (event,) = (e for e in walk.events("n0") if e.HasField("task_node_metadata"))
        dynamic = event.task_node_metadata.dynamic_workflow
        (act,) = (act for act in walk.acts if dynamic.dynamic_job_spec_uri in act.blobs)
        futures = dynamic_job_pb2.DynamicJobSpec.FromString(*act.blobs.values())
        assert [node.id for node in futures.nodes] == ["dn0", "dn1"]
        assert dynamic.dynamic_job_spec_uri.endswith("/n0/data/0/futures.pb")

        id_ = identifier_pb2.NodeExecutionIdentifier(node_id="n0", execution_id=walk.id)
        request = node_execution_pb2.GetDynamicNodeWorkflowRequest(id=id_)
        got = walk._stub.GetDynamicNodeWorkflow(request).compiled_workflow
        assert got == dynamic.compiled_workflow
        of = got.primary.template.id
        assert (of.name, len(of.version)) == ("dynamic_n0", 10)
        assert [node.id for node in got.primary.template.nodes] == [
            "start-node",
            "end-node",
            "dn0",
            "dn1",
        ]
        assert len(got.tasks) == 1  # both are the very same
        assert got.tasks[0].template.id.version == "v1"


def test_each_node_yields_a_version_of_its_own():
    both = [nodes.dynamic(running(20).yields([FIT]))] * 2
    made = Definitions()
    top = made.workflow(made.task("n0"), made.task("n1"))
    with walking(made, top, script=nodes.where(n0=both[0], n1=both[1])) as walk:
        walk.after(20)
        found = {
            event.task_node_metadata.dynamic_workflow.id.version
            for who in ("n0", "n1")
            for event in walk.events(who)
            if event.HasField("task_node_metadata")
        }
        assert len(found) == 2


def test_one_that_fails_before_it_yields_fails_as_a_task():
    with yielding(running(20).fails("no")) as walk:
        walk.after(20)
        assert walk.told("n0")[-1] == "N n0 FAILED 20"
        assert not any(event.is_dynamic for event in walk.events("n0"))


def test_the_attempt_that_yields_is_the_one_that_its_nodes_belong_to():
    lost = running(20).fails(failures.preempted())
    with yielding(lost, running(30).yields([FIT])) as walk:
        walk.after(200)
        (first, *_) = walk.events("n0-1-dn0")
        assert (first.parent_node_metadata.node_id, first.retry_group) == ("n0", "1")
        assert first.input_uri.endswith("/n0/data/1/dn0/inputs.pb")
        assert walk.events("n0")[-1].output_uri.endswith("/n0/data/1/outputs.pb")
        assert walk.phase == "SUCCEEDED"


def test_if_one_fails_the_others_are_stopped_before_it_says_so():
    with yielding(running(20).yields([SLOW, BAD, SLOW]), retries=3) as walk:
        walk.after(100)
        lines = walk.lines()
        assert lines[lines.index("N n0-0-dn1 FAILED 29") :] == [
            "N n0-0-dn1 FAILED 29",
            "T n0-0-dn0#0 ABORTED 29",
            "N n0-0-dn0 ABORTED 29",
            "T n0-0-dn2#0 ABORTED 29",
            "N n0-0-dn2 ABORTED 29",
            "N n0 FAILED 29",
            "W FAILING 29",
            "W FAILED 29",
        ]
        assert walk.events("n0-0-dn0")[-1].error.message == "Dynamic workflow failed"
        assert walk.events("n0-0-dn0")[-1].is_in_dynamic_chain
        last = walk.events("n0")[-1]
        assert (last.error.code, last.is_dynamic) == ("USER:RuntimeError", True)
        assert walk.refused == []


def test_the_policy_is_that_of_the_whole():
    made = Definitions()
    top = made.workflow(made.task("n0"), late=True)
    assert top.metadata.on_failure == LATE
    fails_late = nodes.dynamic(running(20).yields([SLOW, BAD]))
    with walking(made, top, script=nodes.where(n0=fails_late)) as walk:
        walk.after(1000)
        assert "N n0-0-dn0 SUCCEEDED 620" in walk.lines()
        assert walk.told("n0")[-1] == "N n0 FAILED 620"


def test_a_termination_stops_what_was_yielded_first():
    with yielding(running(20).yields([SLOW])) as walk:
        walk.after(60)
        walk.stop()
        assert walk.after(1)[-4:] == [
            "T n0-0-dn0#0 ABORTED 60.5",
            "N n0-0-dn0 ABORTED 60.5",
            "N n0 ABORTED 60.5",
            "W ABORTED 60.5",
        ]
        assert not walk.events("n0")[-1].is_dynamic
        assert walk.node("n0").metadata.is_dynamic


def test_a_termination_before_that_stops_its_task():
    with yielding(running(20).yields([SLOW])) as walk:
        walk.after(10)
        walk.stop()
        assert walk.after(1)[-3:] == ["T n0#0 ABORTED 10.5", "N n0 ABORTED 10.5", "W ABORTED 10.5"]


def test_what_it_yielded_may_be_no_workflow():
    with yielding(running(20).fails(failures.futures_not_built(cause="no such plan"))) as walk:
        assert walk.after(20)[-4:] == [
            "T n0#0 SUCCEEDED 20",
            "N n0 FAILED 20",
            "W FAILING 20",
            "W FAILED 20",
        ]
        last = walk.events("n0")[-1]
        assert (last.error.code, last.error.message) == (
            "DynamicWorkflowBuildFailed",
            "[User] no such plan",
        )
        assert last.is_dynamic
        id_ = identifier_pb2.NodeExecutionIdentifier(node_id="n0", execution_id=walk.id)
        request = node_execution_pb2.GetDynamicNodeWorkflowRequest(id=id_)
        with pytest.raises(Exception, match="node does not contain dynamic workflow"):
            walk._stub.GetDynamicNodeWorkflow(request)


def test_a_dynamic_task_may_yield_others():
    inner = nodes.dynamic(running(5).yields([FIT]))
    with yielding(running(20).yields([inner])) as walk:
        walk.after(1000)
        assert walk.phase == "SUCCEEDED"
        assert walk.events("ffuqhjya")[0].spec_node_id == "start-node"
        deepest = walk.events("n0-0-dn0-0-dn0")
        assert deepest[0].parent_node_metadata.node_id == "n0-0-dn0"
        assert walk.told("n0-0-dn0")[2] == "N n0-0-dn0 DYNAMIC_RUNNING 25"


def test_sub_workflows_and_branches_inside_have_ids_like_its_own():
    below = nodes.subworkflow(a=FIT, b=FIT)
    taken = nodes.branch(c=FIT)
    with yielding(running(20).yields(below=below, taken=taken)) as walk:
        walk.after(1000)
        assert walk.phase == "SUCCEEDED"
        assert "N n0-0-dn0-0-dn1 SUCCEEDED 140" in walk.lines()
        assert "N n0-0-dn1-0-dn1-dn0 SUCCEEDED 80" in walk.lines()
        assert {event.is_in_dynamic_chain for event in walk.events("n0-0-dn0-0-dn1")} == {True}


def test_one_inside_of_a_sub_workflow_is_played():
    made = Definitions()
    below = made.workflow(made.task("n0"), name="flows.below")
    top = made.workflow(made.sub("n0", below))
    tree = nodes.where(n0=nodes.subworkflow(n0=nodes.dynamic(running(20).yields([FIT, BAD]))))
    with walking(made, top, script=tree) as walk:
        walk.after(100)
        assert walk.told("FAILED")[1:4] == [
            "N n0-0-n0-0-dn1 FAILED 29",
            "N n0-0-n0 FAILED 29",
            "N n0 FAILED 29",
        ]


def test_what_is_not_said_is_what_all_of_them_give():
    made = Definitions()
    top = made.workflow(made.task("n0", gives={"o0": INTEGERS}))
    tree = nodes.where(n0=nodes.dynamic(running(20).yields([FIT] * 3)))
    with walking(made, top, script=tree) as walk:
        walk.after(100)
        assert walk.data("n0")[1] == {"o0": [9, 9, 9]}


def test_what_nobody_gives_is_a_plain_value_that_others_accept():
    made = Definitions()
    top = made.workflow(
        made.task("n0", gives={"o0": INTEGERS}),
        made.task("n1", reads={"a": "n0"}, takes={"a": INTEGERS}),
    )
    tree = nodes.where(n0=nodes.dynamic(running(20).yields([nodes.task()])))
    with walking(made, top, script=tree) as walk:
        walk.after(100)
        assert walk.data("n1")[0] == {"a": []}


def test_what_is_yielded_is_given_what_is_promised():
    chain = {
        "a": FIT,
        "b": nodes.task(running(5).succeeds(o0=1), inputs={"x": nodes.promise("a.o0"), "y": 2}),
    }
    with yielding(running(20).yields(chain)) as walk:
        walk.after(100)
        assert walk.data("n0-0-dn1")[0] == {"x": 9, "y": 2}
        assert walk.data("n0")[1] == {"o0": 1}


def test_unscripted_nodes_do_what_the_others_do():
    tree = nodes.where(n0=nodes.dynamic(running(20).yields([nodes.task()]))).others(
        running(7).succeeds()
    )
    with walking(*alone(), script=tree) as walk:
        walk.after(100)
        assert "T n0-0-dn0#0 SUCCEEDED 27" in walk.lines()
