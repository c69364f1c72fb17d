"""Nodes that are conditionals."""

from templates import Definitions
from walking import walking

from flyte_testkit import nodes, running


def conditional(rows, played=None, otherwise="too few"):
    """A branch ``n1`` that retrains above 10, tests above 5, and else fails.

    With an ``@`` before it ``otherwise`` is a node.
    """
    made = Definitions()
    arms = [
        (10, made.task("retrain", reads={"x": "n0"})),
        (5, made.task("test", reads={"x": "n0"})),
    ]
    if otherwise.startswith("@"):
        otherwise = made.task(otherwise[1:])
    top = made.workflow(
        made.task("n0"),
        made.branch("n1", *arms, reads={"n0.o0": "n0"}, otherwise=otherwise),
        made.task("n2", reads={"y": "n1"}),
    )
    played = {"n0": nodes.task(running(1).succeeds(o0=rows)), **(played or {})}
    return walking(made, top, played)


def test_the_values_take_an_arm_and_nothing_of_the_others_is_told():
    played = {"n1.n1-retrain": nodes.task(running(60).succeeds(o0=4))}
    with conditional(11, played) as walk:
        walk.after(99)
        assert [line for line in walk.lines() if " n1" in line] == [
            "N n1 QUEUED 1",
            "N n1 RUNNING 1",
            "N n1-0-n1-retrain QUEUED 1",
            "T n1-0-n1-retrain#0 QUEUED 1",
            "N n1-0-n1-retrain RUNNING 1",
            "T n1-0-n1-retrain#0 INITIALIZING 1",
            "T n1-0-n1-retrain#0 RUNNING 1",
            "T n1-0-n1-retrain#0 SUCCEEDED 61",
            "N n1-0-n1-retrain SUCCEEDED 61",
            "N n1 SUCCEEDED 61",
        ]
        assert walk.refused == []


def test_an_arm_is_given_what_stands_beside_the_branch_and_gives_for_it():
    with conditional(7, {"n1.n1-test": nodes.task(running(1).succeeds(o0=4))}) as walk:
        walk.after(9)
        assert walk.data("n1-0-n1-test") == ({"x": 7}, {"o0": 4})
        assert walk.data("n1")[1] == {"o0": 4}
        assert walk.data("n2")[0] == {"y": 4}


def test_else_is_an_arm():
    with conditional(1, otherwise="@skip") as walk:
        walk.after(9)
        assert walk.node("n1-0-n1-skip").closure.phase == 3


def test_an_arm_that_fails_fails_the_branch_with_the_same_error():
    with conditional(11, {"n1.n1-retrain": nodes.task(running(5).fails("no disk"))}) as walk:
        assert walk.after(9)[-4:] == [
            "N n1-0-n1-retrain FAILED 6",
            "N n1 FAILED 6",
            "W FAILING 6",
            "W FAILED 6",
        ]
        assert walk.events("n1")[-1].error == walk.events("W")[-1].error


def test_its_fail_ends_it_before_it_runs():
    with conditional(1) as walk:
        walk.after(9)
        assert walk.told("n1") == ["N n1 QUEUED 1", "N n1 FAILED 1"]
        error = walk.events("n1")[-1].error
        assert (error.code, error.message) == ("UserProvidedError", "[UserProvidedError] too few")


def test_stopped_it_is_told_of_after_its_arm():
    with conditional(11, {"n1.n1-retrain": nodes.task(running(60).succeeds())}) as walk:
        walk.after(9)
        walk.stop()
        assert walk.after(1)[-4:] == [
            "T n1-0-n1-retrain#0 ABORTED 9.5",
            "N n1-0-n1-retrain ABORTED 9.5",
            "N n1 ABORTED 9.5",
            "W ABORTED 9.5",
        ]
        assert walk.events("n1")[-1].error.message == "Workflow aborted."


def test_a_branch_in_a_branch():
    made = Definitions()
    inner = made.branch(
        "b", (5, made.task("deep")), reads={"n0.o0": "n0"}, otherwise=made.task("flat")
    )
    top = made.workflow(
        made.task("n0"),
        made.branch("n1", (1, inner), reads={"n0.o0": "n0"}, otherwise="too few"),
    )
    played = {
        "n0": nodes.task(running(1).succeeds(o0=9)),
        "n1.n1-b.n1-b-deep": nodes.task(running(60).fails("no disk")),
    }
    with walking(made, top, played) as walk:
        assert walk.after(99)[-5:] == [
            f"N {walk.acts[-5].request.event.id.node_id} FAILED 61",
            "N n1-0-n1-b FAILED 61",
            "N n1 FAILED 61",
            "W FAILING 61",
            "W FAILED 61",
        ]
        assert walk.acts[-5].request.event.spec_node_id == "n1-b-deep"
