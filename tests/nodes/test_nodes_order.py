"""Who waits for whom, against the plain definition of it; outputs and paths."""

import functools
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyte_testkit import TimelineError, failures, nodes, running
from flyte_testkit.nodes import facts, order

DONE = running(60).succeeds()
SIZES = st.integers(1, 8)
SELDOM = st.integers(0, 4)


def told(after, given_):
    """All that each node waits for, as it is written; the definition, word by word."""
    names = list(after)
    return {
        name: {*(names[: names.index(name)] if said is None else said), *given_.get(name, ())}
        for name, said in after.items()
    }


def closed(edges):
    """All that each node waits for, directly or not."""
    above = {name: set(direct) for name, direct in edges.items()}
    for middle in edges:
        for name, waits_for in above.items():
            if middle in waits_for:
                above[name] = waits_for | above[middle]
    return above


@functools.cache  # Hypothesis takes long to look at a new strategy
def others(names, name):
    """Some of the other nodes."""
    left = [one for one in names if one != name]
    return st.lists(st.sampled_from(left), max_size=3) if left else st.just([])


@functools.cache  # likewise
def afters(names, name):
    return st.none() | others(names, name)


@st.composite
def orders(draw):
    """Some nodes, each with an ``after=`` and with promises to it; circles, too."""
    names = tuple(f"n{number}" for number in range(draw(SIZES)))
    after = {name: draw(afters(names, name)) for name in names}
    promised = {name: draw(others(names, name)) for name in names if draw(SELDOM) == 0}
    return after, promised


@given(orders())
@settings(max_examples=300)
def test_nodes_wait_for_what_is_written_and_no_more(case):
    after, promised = case
    edges = told(after, promised)
    above = closed(edges)
    if any(name in waits_for for name, waits_for in above.items()):
        with pytest.raises(TimelineError, match="nobody of these would ever begin"):
            order.upstream(after, promised)
        return

    found = order.upstream(after, promised)

    assert closed(found) == above
    for direct in found.values():  # none is waited for by another one of them
        assert not any(one in above[other] for one in direct for other in direct)
    assert list(found) == list(after)


@given(orders())
def test_a_circle_is_told_by_nodes_that_do_wait_for_each_other(case):
    after, promised = case
    edges = told(after, promised)
    try:
        order.check_order(after, promised, "nodes.workflow(…)")
    except TimelineError as error:
        names = str(error).removeprefix("nodes.workflow(…): ").partition(":")[0].split(" after ")
        if "…" not in names:
            assert names[0] == names[-1]
            assert all(other in edges[one] for one, other in itertools.pairwise(names))


def test_each_comes_after_all_that_is_written_before_it():
    whole = nodes.workflow(
        extract=nodes.task(),
        fit_a=nodes.task(after="extract"),
        fit_b=nodes.task(after="extract"),
        report=nodes.task(),
    )

    assert facts.upstream(whole) == {
        "extract": (),
        "fit_a": ("extract",),
        "fit_b": ("extract",),
        "report": ("fit_a", "fit_b"),
    }


def test_after_takes_either_spelling():
    whole = nodes.workflow(fit_a=nodes.task(), b=nodes.task(), c=nodes.task(after="fit-a"))

    assert facts.upstream(whole)["c"] == ("fit_a",)


def test_a_promise_is_waited_for_whatever_after_says():
    rows = {"x": [{"y": nodes.promise("extract.rows")}]}
    whole = nodes.workflow(
        extract=nodes.task(),
        other=nodes.task(after=()),
        train=nodes.task(inputs=rows, after=()),
        check=nodes.branch(retrain=nodes.task(inputs=rows), after=()),
    )

    assert facts.upstream(whole)["train"] == ("extract",)
    assert facts.upstream(whole)["check"] == ("extract",)


def test_a_thousand_nodes_are_a_line():
    found = order.upstream(dict.fromkeys(map("n{}".format, range(1000))))

    assert sum(map(len, found.values())) == 999


def test_a_long_circle_is_told_in_short():
    names = [f"n{number}" for number in range(100)]
    after = dict.fromkeys(names) | {"n0": ["n99"]}

    with pytest.raises(TimelineError, match=r"n0 after n99 after n98.* after … after n0") as told:
        order.check_order(after)
    assert len(str(told.value)) < 400


def test_a_whole_gives_what_its_last_nodes_give():
    whole = nodes.workflow(
        extract=nodes.task(running(60).succeeds(rows=9)),
        train=nodes.subworkflow(
            fit=nodes.task(running(60).succeeds(model="m", loss=1)),
            test=nodes.task(running(60).succeeds(auc=0.9)),
        ),
        check=nodes.branch(keep=nodes.task(running(6).succeeds(kept=True)), after="extract"),
    )

    assert facts.default_outputs(whole) == {
        "auc": nodes.promise("train.auc"),
        "kept": nodes.promise("check.kept"),
    }


def test_what_a_sub_workflow_gives_can_be_said():
    sub = nodes.subworkflow(fit=nodes.task(running(6).succeeds(loss=1))).succeeds(x=1)

    assert facts.outputs_of(sub) == ("x",)


@pytest.mark.parametrize(
    "attempts",
    [[], [running(6).fails("no disk")], [running(6).fails(failures.oom_killed())]],
)
def test_what_does_not_succeed_gives_nothing(attempts):
    assert facts.default_outputs(nodes.workflow(train=nodes.task(*attempts))) == {}


def test_the_last_attempt_says_what_is_given():
    task = nodes.task(running(6).fails(failures.preempted()), running(6).succeeds(auc=1))

    assert facts.outputs_of(task) == ("auc",)


TREE = nodes.where(
    train=nodes.subworkflow(fit_a=nodes.task(DONE), check=nodes.branch(n6_n0=nodes.task())),
).on_failure(clean_up=nodes.task())


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("train", ("train",)),
        ("train.fit-a", ("train", "fit_a")),
        ("train.check.n6-n0", ("train", "check", "n6_n0")),
        ("clean-up", ("clean_up",)),
    ],
)
def test_nodes_are_found_by_their_paths(path, names):
    found, node = facts.find(TREE, path)

    assert found == names
    assert isinstance(node, nodes.Node)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("trian", r"no 'trian' in the workflow\. Did you mean 'train'"),
        ("train.fit_b", r"no 'fit_b' in 'train'\. Did you mean 'fit_a'"),
        ("train.fit_a.x", "It has none inside"),
        ("", "no '' in the workflow"),
        (None, "names no node"),
    ],
)
def test_a_path_to_nowhere_is_answered_with_what_there_is(path, problem):
    with pytest.raises(TimelineError, match=problem):
        facts.find(TREE, path)
