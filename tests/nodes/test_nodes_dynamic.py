"""Dynamic tasks as they are written: what yields, what is yielded, and how it prints."""

import copy
import pickle

import pytest

from flyte_testkit import failures, immediately, nodes, running
from flyte_testkit.errors import TimelineError
from flyte_testkit.nodes import facts

FIT = nodes.task(running(60).succeeds(auc=0.9))
BAD = nodes.task(running(9).fails("nan"))


def test_fifty_equal_nodes_print_once():
    fan_out = nodes.dynamic(running(20).yields([FIT] * 17 + [BAD] + [FIT] * 32))
    assert repr(fan_out) == (
        f"nodes.dynamic(running(20).yields([{FIT!r}] * 17 + [{BAD!r}] + [{FIT!r}] * 32))"
    )
    named = nodes.dynamic(running(20).yields(**{f"fit{n}": FIT for n in range(50)}))
    assert repr(named) == (
        "nodes.dynamic(running(20).yields(**{f'fit{i}': " + repr(FIT) + " for i in range(50)}))"
    )


@pytest.mark.parametrize(
    "attempt",
    [
        running(20).yields([FIT, BAD, FIT]),
        running(20).yields([FIT] * 3).succeeds(o0=[1, 2]),
        running(20).yields(fit=FIT, test=nodes.task(after="fit")).succeeds({"a-b": 1}),
        running(20).yields({"a-b": FIT}),
        nodes.waiting(3).queued(1).running(20).yields([FIT] * 2),
        immediately.yields([nodes.dynamic(running(5).yields([FIT]))]),
        running(20).yields([]),
    ],
    ids=repr,
)
def test_what_yields_prints_as_the_code_that_makes_it(attempt):
    dynamic = nodes.dynamic(attempt)
    scope = {"nodes": nodes, "running": running, "immediately": immediately}
    assert eval(repr(dynamic), scope) == dynamic  # noqa: S307  its own text
    assert copy.deepcopy(dynamic) == dynamic
    assert pickle.loads(pickle.dumps(dynamic)) == dynamic  # noqa: S301  likewise


def test_a_list_is_called_dn0_and_so_on_and_begins_at_once():
    fan_out = nodes.dynamic(running(20).yields([FIT] * 3))
    assert list(fan_out.nodes) == ["dn0", "dn1", "dn2"]
    assert facts.upstream(fan_out) == {"dn0": (), "dn1": (), "dn2": ()}


def test_what_is_yielded_waits_for_whom_it_says_and_for_what_is_promised():
    chain = nodes.dynamic(
        running(20).yields(
            fit=FIT,
            test=nodes.task(after="fit"),
            report=nodes.task(inputs={"auc": nodes.promise("fit.auc")}),
        )
    )
    assert facts.upstream(chain) == {"fit": (), "test": ("fit",), "report": ("fit",)}


def test_values_are_equal_and_hash_alike():
    one, two = (nodes.dynamic(running(20).yields([FIT] * 2)) for _ in "ab")
    assert one == two != nodes.dynamic(running(20).yields([FIT] * 3))
    assert hash(one.attempts) == hash(two.attempts)
    assert nodes.dynamic() != nodes.task()


def test_one_line_says_how_many():
    assert str(running(20).yields([FIT] * 50)) == "RUNNING 20s -> SUCCEEDED, yields 50 nodes"


def test_what_it_yields_makes_itself_up_even_in_a_registered_workflow():
    child = nodes.task(running(1).succeeds(), of="flows.fit", after=(), inputs={"rows": 9})
    tree = nodes.where(tune=nodes.dynamic(running(20).yields(fit=child)))
    assert facts.find(tree, "tune.fit")[1] is child


def test_a_failure_node_may_be_dynamic():
    tree = nodes.workflow(fit=BAD).on_failure(clean_up=nodes.dynamic(running(2).yields([FIT])))
    assert tree.failure_node[0] == "clean_up"


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda: nodes.task(running(20).yields([FIT])), "which only a dynamic task does"),
        (lambda: nodes.task(running(20).yields([])), "which only a dynamic task does"),
        (lambda: nodes.workflow(a=FIT).others(running(2).yields([FIT])), "only a dynamic task"),
        (lambda: running(20).yields(FIT), "is a list of nodes, or has names"),
        (lambda: running(20).yields("fit"), "is a list of nodes, or has names"),
        (lambda: running(20).yields([FIT], fit=FIT), "Name all of them, or none"),
        (lambda: running(20).yields({"fit": FIT}, fit=FIT), "'fit' stands twice"),
        (lambda: running().yields([FIT]), "running() has no duration"),
        (
            lambda: running(20).yields([FIT]).succeeds(a=1).succeeds(a=2),
            "it says {'a': 1} already",
        ),
        (
            lambda: nodes.dynamic(running(20).yields([running(3).succeeds()])),
            "Write dn0=nodes.task(running(3).succeeds())",
        ),
        (
            lambda: nodes.dynamic(running(20).yields([FIT]), running(3).succeeds()),
            "attempt 1 yields, and so has ended well, so there is no attempt 2",
        ),
        (
            lambda: nodes.dynamic(running(20).yields(a=nodes.task(after="b"), b=FIT, c=FIT, d=3)),
            "d=3 is not a node",
        ),
        (
            lambda: nodes.dynamic(running(20).yields([nodes.task(after="dn1")])),
            "comes after 'dn1', which is none of the nodes beside it",
        ),
        (
            lambda: nodes.dynamic(running(20).yields([FIT]).succeeds(o0=nodes.promise("dn1.auc"))),
            "there is no node 'dn1' here. Did you mean 'dn0'?",
        ),
        (lambda: nodes.workflow(fit=nodes.task(of="flows.fit")), "its task is made up"),
        (lambda: nodes.where(fit=nodes.task(of="flows.fit")), "says itself"),
        (lambda: nodes.task(of="flows.fit", retries=2), "the registered task says that itself"),
        (lambda: nodes.dynamic(of=3), "a registered task is named by a text"),
        (
            lambda: nodes.task(running(2).fails(failures.futures_not_built())),
            "Only what a dynamic task yields does",
        ),
    ],
)
def test_what_no_engine_does_is_refused(write, said):
    with pytest.raises(TimelineError) as refused:
        write()
    assert said in str(refused.value)


def test_what_has_ended_does_not_end_again():
    with pytest.raises(AttributeError, match="It has ended, and nothing may follow"):
        nodes.running(20).succeeds(a=1).succeeds(a=2)
    with pytest.raises(AttributeError, match="Only a dynamic task yields"):
        nodes.task().yields([FIT])
    with pytest.raises(AttributeError, match="It is its last attempt that yields"):
        nodes.dynamic().yields([FIT])
