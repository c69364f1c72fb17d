"""Trees of nodes as scripts: what is drawn is taken, and comes to the end that was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flyte_testkit
from examples import FEW, MORE, never_drawn, simplest
from flyte_testkit import VirtualClock, immediately, nodes, running
from flyte_testkit.nodes._inside import deep
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies import scripts

WORDS = {
    name: getattr(flyte_testkit, name)
    for name in ("aborting", "failures", "immediately", "nodes", "queued", "running", "undefined")
}
ENDINGS = ["SUCCEEDED", "FAILED", "ABORTED", None]
PLAYED = settings(FEW, max_examples=15)


def below(tree):
    """All nodes of a tree, those of the executions that it launches included."""
    for _, node in deep(tree.below()):
        yield node
        if isinstance(node, nodes.LaunchPlan) and isinstance(node.script, nodes.Workflow):
            yield from below(node.script)


@MORE
@given(scripts(nodes=True))
def test_a_tree_prints_as_code_that_pastes_back(tree):
    assert eval(repr(tree), dict(WORDS)) == tree  # noqa: S307  our own repr


@pytest.mark.parametrize("outcome", ENDINGS)
def test_a_tree_is_taken_and_comes_to_the_end_asked_for(outcome):
    @PLAYED
    @given(scripts(nodes=True, outcomes=[outcome], max_seconds=600))
    def comes(tree):
        fake = FakeFlyteAdmin(clock=VirtualClock(limit=None), transport="direct")
        launch = fake.add_execution("run", tree)
        fake.clock.advance(600)

        over = launch.phase if launch.phase in ENDINGS else None
        assert over == outcome
        assert fake.unforeseen() == ()

    comes()


@PLAYED
@given(scripts(nodes=True, max_seconds=0, outcomes=["SUCCEEDED", "FAILED"]))
def test_a_tree_of_no_seconds_ends_at_once(tree):
    launch = FakeFlyteAdmin(transport="direct").add_execution("run", tree)

    assert launch.phase in {"SUCCEEDED", "FAILED"}


@MORE
@given(scripts(nodes=True, max_nodes=2, max_depth=1))
def test_bounds_of_a_tree_are_kept(tree):
    assert len(tree.nodes) <= 2
    for node in below(tree):
        inside = node.below()
        assert len(inside) <= 2
        assert not any(one.below() for one in inside.values())


@MORE
@given(scripts(nodes=True, max_depth=0))
def test_a_tree_without_depth_has_no_nodes_inside_of_others(tree):
    assert all(not node.below() for node in below(tree))
    assert not any(isinstance(node, nodes.LaunchPlan) for node in below(tree))


WORDS_OF_TREES = {
    *("nodes.array(", "nodes.branch(", "nodes.cached(", "nodes.dynamic(", "nodes.gate("),
    *("nodes.launch_plan(", "nodes.sleep(", "nodes.subworkflow(", "nodes.promise("),
    *("waiting(", "queued(", "initializing(", "running(", "immediately."),
    *(".times_out()", ".never_ends()", ".yields(", ".yields([])", "failures.", "reason="),
    *(".on_failure(", ".others(", ".aborts(", ".on_terminate(", "undefined("),
    *("after=", "but={", "deck=True", "interruptible=True", "retries=", "signal=float"),
    *("min_success_ratio=", "concurrency=", "futures_not_built()"),
}


def test_all_kinds_of_nodes_and_attempts_are_drawn():
    kinds = {word: lambda tree, word=word: word in repr(tree) for word in WORDS_OF_TREES}

    assert never_drawn(scripts(nodes=True), kinds) == set()


@pytest.mark.parametrize(
    ("outcome", "simple"),
    [
        ("SUCCEEDED", nodes.workflow(a=nodes.task(immediately.succeeds()))),
        ("FAILED", nodes.workflow(a=nodes.task(immediately.fails("it fails")))),
        ("ABORTED", nodes.workflow(a=nodes.task(running().never_ends())).aborts("stop it", at=0)),
        (None, nodes.workflow(a=nodes.task(running().never_ends()))),
    ],
)
def test_a_tree_shrinks_to_the_simple_one(outcome, simple):
    assert simplest(scripts(nodes=True, outcomes=[outcome])) == simple


@pytest.mark.parametrize(
    ("condition", "simple"),
    [
        (lambda tree: len(tree.nodes) > 1, {"a": 1, "b": 1}),
        (lambda tree: any(isinstance(one, nodes.Subworkflow) for one in tree.nodes.values()), None),
    ],
    ids=["two", "sub-workflow"],
)
def test_what_does_not_matter_is_a_task_that_succeeds_at_once(condition, simple):
    quick = nodes.task(immediately.succeeds())

    found = simplest(scripts(nodes=True), condition)

    expected = {"a": quick, "b": quick} if simple else {"a": nodes.subworkflow(b=quick)}
    assert found == nodes.workflow(**expected)


def test_what_a_tree_gives_is_drawn_from_what_is_given():
    outputs = st.fixed_dictionaries({"auc": st.floats(0, 1)})

    found = simplest(scripts(nodes=True, outcomes=["SUCCEEDED"], outputs=outputs))

    assert found == nodes.workflow(a=nodes.task(immediately.succeeds())).succeeds(auc=0.0)


def test_why_an_execution_is_stopped_stays_as_it_is_where_only_matters_by_whom():
    aborted = scripts(nodes=True, outcomes=["ABORTED"])

    stop = simplest(aborted, lambda tree: tree.stop.by.principal).stop

    assert (stop.by.cause, len(stop.by.principal)) == ("stop it", 1)


def test_an_attempt_gives_reasons_of_several_phases():
    def reasons(node):
        attempts = getattr(node, "attempts", ())
        return max((sum(bool(step.reason) for step in one.steps) for one in attempts), default=0)

    several = {"two": lambda tree: any(reasons(node) > 1 for node in below(tree))}

    assert never_drawn(scripts(nodes=True), several) == set()
