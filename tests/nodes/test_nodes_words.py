"""Nodes, and wholes of them: what can be said, and what is refused at once."""

import copy
import pickle
import typing

import pytest

from flyte_testkit import (
    TimelineError,
    failures,
    immediately,
    nodes,
    queued,
    running,
    undefined,
)
from flyte_testkit.admin.settings import MAX_WORKFLOW_NODES
from flyte_testkit.nodes._wholes import MOST_NODES

DONE = running(60).succeeds()
TASK = nodes.task(DONE)
ROWS = nodes.task(running(6).succeeds(rows=1))
ROW = {"x": nodes.promise("a.row")}
BEGINNING = queued(3)
LOST = running(6).fails(failures.preempted())


def test_a_whole_is_one_expression():
    whole = (
        nodes.workflow(
            undefined(30),
            extract=nodes.task(running(60).succeeds(rows=1000)),
            train=nodes.subworkflow(fit=TASK, test=TASK).succeeds(auc=nodes.promise("fit.auc")),
            check=nodes.branch(retrain=nodes.task(running(9).fails("no disk"))),
            report=nodes.task(after=()),
        )
        .on_failure(clean_up=TASK)
        .others(running(30).succeeds())
        .succeeds(auc=nodes.promise("train.auc"))
    )

    assert list(whole.nodes) == ["extract", "train", "check", "report"]
    assert whole.beginning == undefined(30)
    assert whole.failure_node == ("clean_up", TASK)
    assert whole.rest == nodes.running(30).succeeds()
    assert whole.outputs == {"auc": nodes.promise("train.auc")}
    assert whole.nodes["check"].arm[0] == "retrain"
    assert whole.nodes["report"].after == ()


def test_nodes_are_found_by_either_spelling():
    whole = nodes.workflow(fit_a=TASK, **{"fit-b": nodes.task()})

    assert whole.nodes["fit-a"] == TASK
    assert whole.nodes["fit_b"] == nodes.task()
    assert "fit_c" not in whole.nodes


def test_order_is_part_of_the_value():
    assert nodes.workflow(a=TASK, b=TASK) != nodes.workflow(b=TASK, a=TASK)
    assert nodes.workflow(a=TASK) != nodes.where(a=TASK)
    assert nodes.workflow(immediately, a=TASK) == nodes.workflow(a=TASK)


@pytest.mark.parametrize("after", [["a", "b"], ("a", "b"), {"b", "a"}, ["a", "b", "a"]])
def test_after_is_several_names_however_they_are_kept(after):
    assert nodes.task(after=after).after == ("a", "b")


def test_after_is_a_name_or_none():
    assert nodes.task(after="a").after == ("a",)
    assert nodes.task(after=()).after == ()
    assert nodes.task().after is None
    assert nodes.subworkflow(fit=TASK, after="a").after == ("a",)
    assert nodes.branch(fit=TASK, after=["a"]).after == ("a",)


def test_a_node_may_be_called_after_inside_of_another():
    inside = nodes.subworkflow({"after": TASK, "b": TASK}, after="x")

    assert list(inside.nodes) == ["after", "b"]
    assert inside.after == ("x",)
    assert nodes.workflow(after=TASK, others=TASK).nodes["others"] == TASK


def test_values_cannot_be_changed_and_are_copied_whole():
    inputs = {"rows": 9}
    task = nodes.task(DONE, inputs=inputs)
    whole = nodes.workflow(a=task, b=nodes.branch(c=TASK)).on_failure(d=TASK)
    inputs["rows"] = 10

    assert task.inputs == {"rows": 9}
    assert pickle.loads(pickle.dumps(whole)) == whole == copy.deepcopy(whole)  # noqa: S301
    assert len({whole, copy.deepcopy(whole)}) == 1
    for attribute in ("nodes", "rest", "anything"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(whole, attribute, None)
    with pytest.raises(TypeError):
        whole.nodes["a"] = TASK


def test_hints_of_nodes_can_be_resolved():
    assert typing.get_type_hints(nodes.Task)["retries"] == int | None


REFUSED = [
    # kinds and names
    ("nodes.workflow()", "has no nodes; FlyteAdmin refuses an empty workflow"),
    ("nodes.subworkflow()", "has no nodes"),
    ("nodes.workflow(a=DONE)", r"Write a=nodes\.task\(running\(60\)\.succeeds\(\)\)"),
    ("nodes.workflow(a=nodes.running(3).succeeds())", r"Write a=nodes\.task\(running\(3\)\."),
    ("nodes.workflow(a=running(3))", "has no ending"),
    ("nodes.workflow(a=nodes.task)", r"nodes\.task is not called yet"),
    ("nodes.workflow(a=nodes.workflow(b=TASK))", r"Write a=nodes\.subworkflow"),
    ("nodes.workflow(a=nodes.where(b=TASK))", r"Write a=nodes\.subworkflow"),
    ("nodes.workflow(a=None)", "is not a node"),
    ("nodes.workflow(a=[TASK])", "is not a node"),
    ("nodes.workflow(a=TASK, others=DONE)", r"method \.others"),
    ("nodes.workflow(a=TASK, beginning=undefined(3))", "the first argument"),
    ("nodes.workflow(a=TASK, afer='x')", "Did you mean 'after'"),
    ("nodes.workflow(TASK)", "has no name"),
    ("nodes.workflow({'a': TASK})", "nodes are given by keyword"),
    ("nodes.where('train')", "nodes are given by keyword"),
    ("nodes.subworkflow(TASK)", "Nodes have names"),
    ("nodes.subworkflow({'a': TASK}, a=TASK)", "'a' stands twice"),
    ("nodes.workflow(start_node=TASK)", "it comes by itself"),
    ("nodes.workflow(**{'end-node': TASK})", "it comes by itself"),
    ("nodes.workflow(fn0=TASK)", r"Write \.on_failure"),
    ("nodes.branch(fn0=TASK)", r"Write \.on_failure"),
    ("nodes.workflow(Train=TASK)", "Write 'train'"),
    ("nodes.workflow(_a=TASK)", "Write 'a'"),
    ("nodes.workflow(größe=TASK)", "no node can be called"),
    ("nodes.workflow(**{'': TASK})", "no node can be called"),
    ("nodes.workflow(**{'a b': TASK})", "Write 'a-b'"),
    ("nodes.workflow(**{'train.fit': TASK})", r"train=nodes\.subworkflow\(fit=…\)"),
    ("nodes.workflow(**{'a' * 64: TASK})", "room for 63 letters"),
    ("nodes.workflow(a_b=TASK, **{'a-b': TASK})", "are one name"),
    ("nodes.subworkflow(a_b=TASK, **{'a-b': TASK})", "are one name"),
    ("nodes.workflow(**{f'n{i}': TASK for i in range(101)})", "has 101 nodes"),
    ("nodes.where(**{f'n{i}': TASK for i in range(101)})", "has 101 nodes"),
    # after=
    ("nodes.workflow(a=nodes.task(after='a'))", "'a' comes after itself"),
    ("nodes.workflow(a_b=nodes.task(after='a-b'))", "'a_b' comes after itself"),
    ("nodes.workflow(extract=TASK, b=nodes.task(after='extrct'))", "Did you mean 'extract'"),
    ("nodes.workflow(a=nodes.task(after='b'), b=nodes.task(after='a'))", "a after b after a"),
    ("nodes.workflow(a=nodes.task(after='b'), b=TASK)", "a after b after a"),
    ("nodes.workflow(a=nodes.task(after='c'), b=TASK, c=TASK)", "a after c after b after a"),
    ("nodes.subworkflow(a=nodes.task(after='b'), b=TASK)", "a after b after a"),
    ("nodes.branch(a=nodes.task(after='b'))", "none of the nodes beside it"),
    ("nodes.workflow(s=nodes.subworkflow(a=nodes.task(after='b')), b=TASK)", "none of the nodes"),
    ("nodes.task(after=3)", "neither the name of a node"),
    ("nodes.task(after={'a': 1})", "neither the name of a node"),
    ("nodes.task(after=b'a')", "neither the name of a node"),
    ("nodes.task(after=[3])", "a node's name is text"),
    ("nodes.task(after=TASK)", "says by name"),
    ("nodes.subworkflow(a=TASK, after=TASK)", "is written in a mapping"),
    # a task's options
    ("nodes.task(retries=True)", "a whole number from 0 on"),
    ("nodes.task(retries=-1)", "a whole number from 0 on"),
    ("nodes.task(retries=1.0)", "a whole number from 0 on"),
    ("nodes.task(deck=1)", "Write deck=True"),
    ("nodes.task(interruptible=None)", "Write interruptible=True"),
    ("nodes.task(inputs=3)", "has no names"),
    ("nodes.task(inputs={3: 3})", "the name of a value is text"),
    # branches
    ("nodes.branch()", "none is named"),
    ("nodes.branch(a=TASK, b=TASK)", "2 of them are named"),
    # promises
    ("nodes.promise('extract')", r"Write nodes\.promise\('extract\.rows'\)"),
    ("nodes.promise('a.b[x]')", "a promise names a node and one of its outputs"),
    ("nodes.promise(3)", "a promise names a node and one of its outputs"),
    ("nodes.promise('start-node.rows')", "comes by itself"),
    ("nodes.workflow(a=nodes.task(inputs={'x': nodes.promise('b.x')}), b=TASK)", "a after b"),
    ("nodes.workflow(a=nodes.task(inputs={'x': nodes.promise('a.x')}))", "outputs of itself"),
    ("nodes.workflow(a=nodes.task(inputs={'x': [nodes.promise('c.x')]}))", "none of the nodes"),
    ("nodes.workflow(a=ROWS, b=nodes.branch(c=nodes.task(inputs=ROW)))", "Did you mean 'rows'"),
    ("nodes.workflow(a=ROWS).on_failure(b=nodes.task(inputs=ROW))", "Did you mean 'rows'"),
    ("nodes.workflow(a=TASK).succeeds(x=nodes.promise('b.x'))", "there is no node 'b' here"),
    ("nodes.subworkflow(a=TASK).succeeds(x=nodes.promise('b.x'))", "there is no node 'b' here"),
    # the whole
    ("nodes.workflow(DONE, a=TASK)", "it is the nodes that end a workflow"),
    ("nodes.workflow(running(3), a=TASK)", "it is RUNNING by itself"),
    ("nodes.where(undefined(3).running(3), a=TASK)", "it is RUNNING by itself"),
    ("nodes.workflow(undefined(), a=TASK)", "no node would ever begin"),
    ("nodes.workflow(nodes.waiting(3), a=TASK)", "not what an execution does before it runs"),
    ("nodes.workflow(a=TASK).on_failure()", "one failure node, not 0"),
    ("nodes.workflow(a=TASK).on_failure(b=TASK, c=TASK)", "one failure node, not 2"),
    ("nodes.workflow(a=TASK).on_failure(a=TASK)", "is a node already"),
    ("nodes.workflow(a=TASK).on_failure(b=DONE)", r"Write b=nodes\.task"),
    ("nodes.workflow(a=TASK).on_failure(b=nodes.branch(c=TASK))", "a task or a sub-workflow"),
    ("nodes.workflow(a=TASK).on_failure(b=nodes.task(after='a'))", "Leave after= out"),
    ("nodes.workflow(a=TASK).on_failure(B=TASK)", "no node can be called 'B'"),
    ("nodes.workflow(a=TASK).on_failure(b=TASK).on_failure(c=TASK)", "already"),
    ("nodes.subworkflow(a=TASK).on_failure(b=TASK).on_failure(c=TASK)", "already"),
    ("nodes.workflow(a=TASK).others(DONE).others(DONE)", "already"),
    ("nodes.workflow(a=TASK).succeeds(x=1).succeeds(y=1)", "already"),
    ("nodes.workflow(a=TASK).others(LOST)", "an engine makes another"),
    ("nodes.workflow(a=TASK).others(TASK)", "is not a timeline"),
    ("nodes.workflow(a=TASK).others(running(3))", "has no ending"),
    ("nodes.workflow(a=TASK).succeeds(3)", "outputs have names"),
    # what a registered workflow says itself
    ("nodes.where(a=nodes.task(after=()))", r"'a' says after=\(\)"),
    ("nodes.where(s=nodes.subworkflow(a=nodes.task(retries=3)))", r"'s\.a' says retries=3"),
    ("nodes.where(s=nodes.branch(a=nodes.task(deck=True)))", r"'s\.a' says deck=True"),
    ("nodes.where(a=nodes.task(inputs={'x': 1}))", "'a' says inputs="),
    ("nodes.where(s=nodes.subworkflow(a=TASK).succeeds(x=1))", r"'s' says \.succeeds\(x=1\)"),
    ("nodes.where(a=TASK).on_failure(b=nodes.task(deck=True))", "'b' says deck=True"),
    # constructors
    ("nodes.Workflow(nodes=[TASK])", "is no mapping of names to nodes"),
    ("nodes.Workflow(nodes={'a': DONE})", r"Write a=nodes\.task"),
    ("nodes.subworkflow({3: TASK})", "a node's name is text"),
    ("nodes.Promise('a', 'b.c')", "names a node and one of its outputs"),
    ("nodes.Promise('a', 'b', (-1,))", "names a node and one of its outputs"),
    ("nodes.Task(attempts=(3,))", "is not a timeline"),
]


@pytest.mark.parametrize(("code", "problem"), REFUSED, ids=[code for code, _ in REFUSED])
def test_what_no_engine_could_do_is_refused_where_it_is_written(code, problem):
    with pytest.raises(TimelineError, match=problem) as refusal:
        eval(code)  # noqa: S307  ours

    assert "\n" in str(refusal.value) or "Write" in str(refusal.value), "no advice"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("nodes.where(a=TASK).succeeds", "Script the node that makes it"),
        ("nodes.subworkflow(a=TASK).others", r"nodes\.workflow\(…\)\.others"),
        ("TASK.succeeds", "It is its attempts that end"),
        ("nodes.workflow(a=TASK).on_failur", "Did you mean 'on_failure'"),
        ("nodes.task(afer='x')", "Did you mean 'after'"),
        ("nodes.workflw", "Did you mean 'workflow'"),
    ],
)
def test_a_misspelt_or_misplaced_word_is_answered(code, problem):
    with pytest.raises((AttributeError, TypeError), match=problem):
        eval(code)  # noqa: S307  ours


@pytest.mark.parametrize(
    "code",
    [
        "nodes.where()",
        "nodes.where().others(running(30).succeeds())",
        "nodes.where(**{'flows.map_fit_0a1-arraynode': TASK})",
        "nodes.where(BEGINNING, n6_n0=TASK)",
        "nodes.workflow(**{f'n{i}': TASK for i in range(100)})",
        "nodes.subworkflow(**{f'n{i}': TASK for i in range(150)})",
        "nodes.workflow(a=nodes.task(after='c'), b=nodes.task(after=()), c=nodes.task(after='b'))",
        "nodes.workflow(a=TASK).on_failure(fn0=TASK)",
        "nodes.where(a=TASK).on_failure(b=nodes.subworkflow(c=TASK))",
        "nodes.workflow(a=TASK, b=nodes.branch(c=nodes.task(inputs={'x': nodes.promise('a.x')})))",
        "nodes.workflow(a=nodes.task(LOST, DONE, interruptible=True, deck=True))",
    ],
)
def test_what_engines_do_can_be_said(code):
    whole = eval(code)  # noqa: S307  ours

    assert eval(repr(whole)) == whole  # noqa: S307  ours


def test_there_is_room_for_as_many_nodes_as_flyteadmin_has():
    assert MOST_NODES == MAX_WORKFLOW_NODES
