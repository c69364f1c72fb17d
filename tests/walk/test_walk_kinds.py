"""Which kinds of nodes can be played, and how others are refused."""

import pytest
from flyteidl.core.literals_pb2 import LiteralMap
from templates import Definitions
from walking import walking

from flyte_testkit import nodes, polls, running
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.walk import Cast, Walked, unplayable
from flyte_testkit.walk.kinds import PLAYED


@pytest.fixture
def _without_sleeps(monkeypatch):
    """As if nobody played sleeps."""
    monkeypatch.delitem(PLAYED, "sleep")


def gated(*, in_branch=False, below=False):
    """A workflow with a sleep ``n1``, beside a task, in an arm, or in a sub-workflow."""
    made = Definitions()
    first = made.task("n0")
    if in_branch:
        last = made.branch(
            "n1", (5, made.gate("z")), reads={"n0.o0": "n0"}, otherwise=made.gate("y")
        )
    elif below:
        last = made.sub("n1", made.workflow(made.gate("z"), name="flows.below"), after="n0")
    else:
        last = made.gate("n1", after="n0")
    return made, made.workflow(first, last)


def test_tasks_sub_workflows_and_branches_can_be_played():
    made = Definitions()
    template = made.workflow(
        made.task("n0"),
        made.sub("n1", made.workflow(made.task("n0"), name="flows.below")),
        made.branch("n2", (5, made.task("z")), reads={"n0.o0": "n0"}, otherwise="no"),
    )
    with walking(made, template) as walk:
        assert unplayable(walk.closure) == ""


@pytest.mark.usefixtures("_without_sleeps")
def test_others_are_named_with_their_kinds_wherever_they_are():
    for options, told in (
        ({}, "node 'n1' of 'flows.wf' is a sleep"),
        ({"below": True}, "node 'z' of 'flows.below' is a sleep"),
        ({"in_branch": True}, "node 'n1-z' of 'flows.wf' is a sleep, node 'n1-y' of"),
    ):
        with walking(*gated(**options)) as walk:
            problem = unplayable(walk.closure)
            assert problem.startswith(told)
            assert problem.endswith("can be played yet")


def walked(walk, attempt):
    return Walked(
        Cast(walk.closure, nodes.where(), {("n0",): nodes.task(attempt)}, {}), LiteralMap()
    )


@pytest.mark.usefixtures("_without_sleeps")
def test_they_do_no_harm_where_they_are_never_reached():
    with walking(*gated()) as walk:
        for attempt in (running().never_ends(), running(5).fails("no disk")):
            assert walked(walk, attempt).unplayable() == ""
        for attempt in (running(5).succeeds(), running(polls(2)).fails("no disk")):
            assert "is a sleep" in walked(walk, attempt).unplayable()


@pytest.mark.usefixtures("_without_sleeps")
def test_what_waits_at_a_gate_may_go_on_to_them():
    tree = nodes.workflow(go=nodes.gate(), nap=nodes.sleep(3))
    with FakeFlyteAdmin() as admin, pytest.raises(FlyteTestkitError, match="is a sleep"):
        admin.add_execution("run", tree)
