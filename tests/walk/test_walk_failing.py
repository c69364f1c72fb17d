"""What becomes of the other nodes when one has failed."""

import pytest
from flyteidl.core.literals_pb2 import BindingData
from templates import INTEGERS, MAYBE_ERROR, Definitions, promise
from walking import walking

from flyte_testkit import nodes, running


def sides(*ids, late=False, on_failure=None, played=None, after=None):
    """Tasks side by side, but for those that come after others."""
    made = Definitions()
    template = made.workflow(
        *(made.task(id_, after=(after or {}).get(id_, ())) for id_ in ids),
        late=late,
        on_failure=None if on_failure is None else made.task("fn0", **on_failure),
    )
    return walking(made, template, played)


FAILS = nodes.task(running(60).fails("no disk"))


def test_at_the_top_the_execution_is_failing_before_the_others_are_stopped():
    with sides("n0", "n1", played={"n0": nodes.task(running(99).succeeds()), "n1": FAILS}) as walk:
        assert walk.after(60)[-6:] == [
            "T n1#0 FAILED 60",
            "N n1 FAILED 60",
            "W FAILING 60",
            "T n0#0 ABORTED 60",
            "N n0 ABORTED 60",
            "W FAILED 60",
        ]
        error = walk.events("n0")[-1].error
        assert (error.code, error.kind) == ("NodeAborted", 0)
        assert error.message == "Some node execution failed, auto-abort."
        assert walk.refused == []


def test_what_fails_at_the_same_instant_fails_by_itself_and_the_first_error_counts():
    other = nodes.task(running(60).fails("no net"))
    with sides("n0", "n1", played={"n0": FAILS, "n1": other}) as walk:
        assert walk.after(60)[-6:] == [
            "T n0#0 FAILED 60",
            "N n0 FAILED 60",
            "T n1#0 FAILED 60",
            "N n1 FAILED 60",
            "W FAILING 60",
            "W FAILED 60",
        ]
        assert walk.execution.closure.error.message == "no disk"


def test_what_ends_at_the_same_instant_ends_but_nothing_begins():
    played = {"n0": FAILS, "n1": nodes.task(running(60).succeeds())}
    with sides("n0", "n1", "n2", played=played, after={"n2": "n1"}) as walk:
        assert walk.after(60)[-3:] == ["N n1 SUCCEEDED 60", "W FAILING 60", "W FAILED 60"]
        assert walk.told("n2") == []


def test_what_comes_after_leaves_no_trace():
    with sides("n0", "n1", played={"n0": FAILS}, after={"n1": "n0"}) as walk:
        walk.after(99)
        assert walk.told("n1", "end-node") == []


# The late policy.


def test_a_late_failure_lets_the_others_run_and_skips_what_cannot():
    played = {"n0": FAILS, "n1": nodes.task(running(99).succeeds())}
    after = {"n2": ["n0"], "n3": ["n0", "n1"], "n4": ["n1"]}
    with sides("n0", "n1", "n2", "n3", "n4", late=True, played=played, after=after) as walk:
        walk.after(200)
        ends = [line for line in walk.lines() if line[0] != "T" and line.split()[-1] != "0"]
        assert ends == [
            "N n0 FAILED 60",
            "N n2 SKIPPED 60",
            "N n1 SUCCEEDED 99",
            "N n4 QUEUED 99",
            "N n3 SKIPPED 99",
            "N n4 RUNNING 99",
            "N n4 SUCCEEDED 99",
            "N end-node SKIPPED 99",
            "W FAILING 99",
            "W FAILED 99",
        ]
        assert walk.refused == []


def test_where_nothing_runs_any_more_nothing_is_skipped():
    with sides("n0", "n1", late=True, played={"n0": FAILS}, after={"n1": "n0"}) as walk:
        assert walk.after(60)[-3:] == ["N n0 FAILED 60", "W FAILING 60", "W FAILED 60"]
        assert walk.told("SKIPPED") == []


def test_of_late_failures_the_last_one_in_the_graph_is_told():
    later = nodes.task(running(5).fails("no net"))
    with sides("n0", "n1", late=True, played={"n0": FAILS, "n1": later}) as walk:
        walk.after(60)
        assert walk.execution.closure.error.message == "no net"


def test_the_policy_of_a_sub_workflow_does_nothing_and_that_of_the_whole_rules_in_it():
    for inner, outer in ((True, False), (False, True)):
        made = Definitions()
        below = made.workflow(made.task("n0"), made.task("n1"), name="flows.below", late=inner)
        top = made.workflow(made.sub("n0", below), late=outer)
        played = {"n0.n0": FAILS, "n0.n1": nodes.task(running(99).succeeds())}
        with walking(made, top, played) as walk:
            walk.after(200)
            assert walk.told("n0")[-1] == f"N n0 FAILED {99 if outer else 60}"


# Failure nodes.


def test_a_failure_node_runs_after_the_stops_and_the_first_error_stays():
    played = {"n0": FAILS, "fn0": nodes.task(running(5).succeeds())}
    with sides("n0", "n1", on_failure={}, played=played, after={"n1": "n0"}) as walk:
        walk.after(99)
        assert walk.told("fn0", "W")[1:] == [
            "W FAILING 60",
            "N fn0 QUEUED 60",
            "N fn0 RUNNING 60",
            "N fn0 SUCCEEDED 65",
            "W FAILED 65",
        ]
        assert walk.execution.closure.error.message == "no disk"
        assert not walk.events("fn0")[0].HasField("parent_node_metadata")


def test_its_own_failure_takes_the_place_of_the_first():
    played = {"n0": FAILS, "fn0": nodes.task(running(5).fails("no net"))}
    with sides("n0", on_failure={}, played=played) as walk:
        walk.after(99)
        assert [event.error.message for event in walk.events("W")[1:]] == ["no disk", "no net"]


def test_it_is_told_the_error_where_it_takes_one():
    bound = BindingData()
    bound.scalar.union.value.scalar.none_type.SetInParent()
    bound.scalar.union.type.CopyFrom(MAYBE_ERROR.union_type.variants[1])
    options = {"reads": {"err": bound}, "takes": {"err": MAYBE_ERROR}}
    with sides("n0", on_failure=options, played={"n0": FAILS}) as walk:
        walk.after(60)
        uri = walk.node("fn0").input_uri
        written = next(act.blobs[uri] for act in walk.acts if uri in act.blobs)
        assert b"no disk" in written
        assert walk.node("fn0").closure.phase == 3


def test_it_does_not_run_when_the_execution_is_terminated():
    with sides("n0", on_failure={}, played={"n0": FAILS}) as walk:
        walk.after(10)
        walk.stop()
        assert walk.after(9)[-3:] == ["T n0#0 ABORTED 10.5", "N n0 ABORTED 10.5", "W ABORTED 10.5"]


def test_terminated_while_it_runs_it_stays_as_it_is():
    played = {"n0": FAILS, "fn0": nodes.task(running(99).succeeds())}
    with sides("n0", on_failure={}, played=played) as walk:
        walk.after(70)
        walk.stop()
        assert walk.after(200)[-2:] == ["T fn0#0 RUNNING 60", "W ABORTED 70.5"]
        assert walk.engine.next_due() is None


# Inputs that are not there.


def unresolved(*, late=False):
    made = Definitions()
    template = made.workflow(
        made.task("n0", gives={"o0": INTEGERS}),
        made.task("n1", reads={"x": promise("n0", path=[2])}),
        late=late,
    )
    return walking(made, template, {"n0": nodes.task(running(5).succeeds(o0=[1]))})


@pytest.mark.parametrize("late", [False, True])
def test_a_node_whose_input_is_not_there_fails_before_it_is_queued(late):
    with unresolved(late=late) as walk:
        walk.after(9)
        assert [line for line in walk.lines() if " n1" in line] == [
            "N n1 FAILED 5",
            "T n1#0 ABORTED 5",
        ]
        error = walk.execution.closure.error
        assert (error.code, error.kind) == ("BindingResolutionFailure", 2)
        assert "Error binding Var [wf].[x], caused by: failed at Node[n0]" in error.message
        assert walk.refused == []


def test_an_output_that_is_not_there_fails_the_end_node():
    made = Definitions()
    template = made.workflow(made.task("n0", gives={"o0": INTEGERS}), o0=promise("n0", path=[2]))
    with walking(made, template, {"n0": nodes.task(running(5).succeeds(o0=[1]))}) as walk:
        assert walk.after(9)[-3:] == ["N end-node FAILED 5", "W FAILING 5", "W FAILED 5"]
