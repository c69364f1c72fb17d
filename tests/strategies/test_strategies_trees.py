from __future__ import annotations

from random import Random

import pytest
from flyteidl.core import execution_pb2 as core
from hypothesis import find, given, settings
from realistic_data import SECOND, legal_problems, nanos

from examples import FEW, MORE, never_drawn, simplest
from flyte_testkit.propeller import names
from flyte_testkit.strategies import node_trees

TREES = settings(MORE, max_examples=20)
PHASES = [
    "SUCCEEDED",
    "FAILED",
    "RUNNING",
    "ABORTED",
    "SUCCEEDING",
    "FAILING",
    "ABORTING",
    "UNDEFINED",
]
ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "SKIPPED", "TIMED_OUT", "RECOVERED"}


def phase_of(node):
    return core.NodeExecution.Phase.Name(node.node.closure.phase)


def edges(tree):
    """Visit all nodes with their parent, which is None at the top."""
    for node in tree.nodes:
        yield None, node
    for parent in tree.walk():
        for child in parent.children:
            yield parent, child


@TREES
@given(node_trees())
def test_every_closure_of_a_tree_agrees_with_itself(tree):
    assert legal_problems(tree.execution.closure) == []
    for node in tree.walk():
        assert legal_problems(node.node.closure) == []
        for attempt in node.tasks:
            assert legal_problems(attempt.closure) == []


@pytest.mark.parametrize("phase", PHASES)
def test_nodes_fit_the_phase_of_their_execution(phase):
    @FEW
    @given(node_trees(phase=phase))
    def fit(tree):
        nodes = list(tree.walk())
        phases = {phase_of(node) for node in nodes}
        assert core.WorkflowExecution.Phase.Name(tree.execution.closure.phase) == phase
        if phase in {"SUCCEEDED", "SUCCEEDING"}:
            assert phases == {"SUCCEEDED"}
            assert tree.nodes[-1].node.id.node_id == "end-node"
        elif phase in {"FAILED", "FAILING"}:
            assert phases & {"FAILED", "TIMED_OUT"}
            assert phase == "FAILING" or phases <= ENDED
        elif phase in {"RUNNING", "ABORTING"}:
            assert phases <= {"RUNNING", "DYNAMIC_RUNNING", "QUEUED", *ENDED}
        elif phase == "ABORTED":
            assert phases <= ENDED
        else:
            assert not nodes

    fit()


@TREES
@given(node_trees())
def test_ids_name_their_parents_and_none_is_there_twice(tree):
    ids = [node.node.id.node_id for node in tree.walk()]

    assert len(set(ids)) == len(ids)
    for parent, child in edges(tree):
        assert child.node.id.execution_id == tree.execution.id
        metadata = child.node.metadata
        if parent is None:
            assert (child.node.id.node_id, metadata.retry_group) == (metadata.spec_node_id, "")
        else:
            assert child.node.id.node_id == names.node_id(
                parent.node.id.node_id, int(metadata.retry_group), metadata.spec_node_id
            )
            assert parent.node.metadata.is_parent_node


@TREES
@given(node_trees())
def test_whoever_has_children_says_so(tree):
    for node in tree.walk():
        assert node.node.metadata.is_parent_node or not node.children


@TREES
@given(node_trees())
def test_times_lie_within_those_above(tree):
    closure = tree.execution.closure
    for parent, child in edges(tree):
        above = closure if parent is None else parent.node.closure
        below = child.node.closure
        assert nanos(below.created_at) >= nanos(above.created_at)
        ended = above.HasField("duration")
        assert not ended or nanos(below.updated_at) <= nanos(above.updated_at)


@TREES
@given(node_trees())
def test_attempts_lie_within_their_node_and_follow_each_other(tree):
    for node in tree.walk():
        closure = node.node.closure
        told = [nanos(closure.created_at)]
        for number, attempt in enumerate(node.tasks):
            assert attempt.id.retry_attempt == number
            assert attempt.id.node_execution_id == node.node.id
            assert nanos(attempt.closure.created_at) >= told[-1]
            told.append(nanos(attempt.closure.updated_at))
        if phase_of(node) in ENDED:
            assert told[-1] <= nanos(closure.updated_at)


@TREES
@given(node_trees())
def test_only_the_last_attempt_is_not_a_failure(tree):
    for node in tree.walk():
        phases = [core.TaskExecution.Phase.Name(task.closure.phase) for task in node.tasks]
        assert set(phases[:-1]) <= {"FAILED", "ABORTED"}
        if phase_of(node) == "SUCCEEDED" and phases:
            assert phases[-1] == "SUCCEEDED"
        elif phase_of(node) == "ABORTED" and phases and not node.children:
            assert phases[-1] == "ABORTED"


@TREES
@given(node_trees(phase="FAILED"))
def test_an_error_travels_up_to_the_execution(tree):
    error = tree.execution.closure.error
    told = [node.node.closure for node in tree.nodes if phase_of(node) == "FAILED"]
    if any(phase_of(node) == "TIMED_OUT" for node in tree.nodes):
        assert error.code == "Timeout" or error in [closure.error for closure in told]
    else:  # of a task with a deck the node says nothing, as recorded
        assert error in [closure.error for closure in told] or any(one.deck_uri for one in told)


@TREES
@given(node_trees(phase="FAILED"))
def test_what_was_tried_as_often_as_may_be_says_so(tree):
    for node in tree.walk():
        code, tasks = node.node.closure.error.code, node.tasks
        if code.startswith("RetriesExhausted|") and len(tasks) > 1 and not node.children:
            last = tasks[-1].closure.error
            if last.code:
                assert code == f"RetriesExhausted|{last.code}"
                assert node.node.closure.error.message.endswith(last.message)


@TREES
@given(node_trees())
def test_a_scope_that_succeeded_has_a_start_and_an_end(tree):
    for node in tree.walk():
        names = [child.node.metadata.spec_node_id for child in node.children]
        if "start-node" in names:
            assert names[0] == "start-node"
            assert ("end-node" in names) == (phase_of(node) == "SUCCEEDED")


@FEW
@given(node_trees(max_nodes=2, max_depth=1))
def test_bounds_are_kept(tree):
    for node in tree.walk():
        inner = [child for child in node.children if not child.node.id.node_id.endswith("-node")]
        assert len(inner) <= 2
        assert all(not child.children for child in node.children)


def test_deep_ids_are_hashed():
    def is_hashed(tree):
        ids = [node.node.id.node_id for node in tree.walk()]
        assert all(len(id_) <= 20 for id_ in ids)
        return any(id_.startswith("f") for id_ in ids)

    trees = node_trees(phase="SUCCEEDED", max_depth=3)

    assert never_drawn(trees, {"hashed": is_hashed}) == set()


def test_a_tree_shrinks_to_one_task():
    tree = simplest(node_trees(phase="FAILED"))

    start, node = tree.walk()
    assert start.node.id.node_id == "start-node"
    assert len(node.tasks) == 1
    assert node.node.closure.error.code == "USER:RuntimeError"
    assert nanos(start.node.closure.created_at) == 1704067200 * SECOND + SECOND // 2


def test_without_a_phase_a_tree_shrinks_to_an_execution_without_nodes():
    assert simplest(node_trees()).nodes == ()


def test_all_kinds_of_trees_are_drawn():
    conditions = {
        "retries": lambda node: len(node.tasks) > 1,
        "map": lambda node: node.node.metadata.is_array,
        "dynamic": lambda node: node.node.metadata.is_dynamic,
        "deck": lambda node: node.node.closure.deck_uri,
        "time-out": lambda node: phase_of(node) == "TIMED_OUT",
        "deep": lambda node: any(child.children for child in node.children),
        "launch plan": lambda node: node.node.closure.HasField("workflow_node_metadata"),
    }

    def in_a_tree(condition):
        return lambda tree: any(map(condition, tree.walk()))

    kinds = {name: in_a_tree(condition) for name, condition in conditions.items()}

    assert never_drawn(node_trees(phase="FAILED", max_nodes=2), kinds) == set()


def test_executions_are_created_at_whole_seconds_of_any_day_and_in_between():
    def created(tree):
        return divmod(nanos(tree.execution.closure.created_at) - 1704067200 * SECOND, SECOND)

    kinds = {
        "whole, another day": lambda tree: created(tree)[0] > 86_400 and created(tree)[1] == 0,
        "in between, another day": lambda tree: created(tree)[0] > 86_400 and created(tree)[1] > 0,
    }

    assert never_drawn(node_trees(phase="UNDEFINED"), kinds) == set()


@pytest.mark.parametrize("part", [0, 1000], ids=["whole", "in between"])
def test_a_creation_shrinks_to_the_first_instant_that_will_do(part):
    def will_do(tree):
        second, parts = divmod(nanos(tree.execution.closure.created_at), SECOND)
        return second > 1704067202 and second % 2 == 1 and parts >= part

    tree = simplest(node_trees(phase="UNDEFINED"), will_do)

    assert nanos(tree.execution.closure.created_at) == 1704067203 * SECOND + part


def test_where_an_execution_ran_shrinks_though_its_name_matters():
    def is_long(tree):
        return len(tree.execution.id.name) == 20

    many, trees = settings(FEW, max_examples=300), node_trees(phase="UNDEFINED")
    chances = map(Random, range(5))
    drawn = [find(trees, is_long, settings=many, random=chance) for chance in chances]

    ids = [tree.execution.id for tree in drawn]
    assert {(id_.project, id_.domain) for id_ in ids} == {("flytesnacks", "development")}
