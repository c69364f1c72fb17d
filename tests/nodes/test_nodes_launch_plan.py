"""The word for nodes that launch launch plans: what can be said, and what is refused at once."""

import pytest

from flyte_testkit import TimelineError, nodes, polls, running

DONE = running(600).succeeds(auc=0.9)


def test_a_launch_plan_has_a_script_or_leaves_it_to_its_route():
    scripted = nodes.launch_plan(DONE, of="training", inputs={"rows": nodes.promise("a.rows")})
    left = nodes.launch_plan(of="training", after=())

    assert (scripted.script, scripted.of) == (DONE, "training")
    assert (left.script, left.after) == (None, ())
    assert [str(promise) for promise in scripted.promises()] == ["a.rows"]


@pytest.mark.parametrize(
    "node",
    [
        nodes.launch_plan(),
        nodes.launch_plan(DONE),
        nodes.launch_plan(running(polls(2)).fails("nan"), of="training", after="extract"),
        nodes.launch_plan(nodes.workflow(fit=nodes.task()), inputs={"day": "monday"}),
        nodes.launch_plan(nodes.where(fit=nodes.task(running(6).fails("nan")))),
    ],
)
def test_it_prints_as_the_code_that_makes_it(node):
    made = eval(repr(node), {"nodes": nodes, "running": running, "polls": polls})  # noqa: S307  it is our own

    assert made == node
    assert repr(made) == repr(node)


def test_its_outputs_can_be_promised():
    nodes.workflow(
        train=nodes.launch_plan(DONE, of="training"),
        report=nodes.task(inputs={"auc": nodes.promise("train.auc")}),
    )


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda: nodes.launch_plan("training"), r"nodes\.launch_plan\(of='training'\)"),
        (lambda: nodes.launch_plan(of=3), r"of=3\): a launch plan is named by a text"),
        (lambda: nodes.launch_plan(running(60)), r"has no ending"),
        (lambda: nodes.launch_plan(nodes.queued(3).running(60).succeeds()), "attempt of a task"),
        (lambda: nodes.launch_plan(nodes.task()), r"is one node.*\n.*nodes\.workflow\(train="),
        (lambda: nodes.launch_plan(inputs=3), r"launch_plan\(inputs=…\): 3 has no names"),
        (lambda: nodes.launch_plan(DONE, off="x"), "off"),
        (lambda: nodes.launch_plan(of="x").succeeds, r"It is the execution that ends"),
        (
            lambda: nodes.where(train=nodes.launch_plan(inputs={"a": 1})),
            r"'train' says inputs=\{'a': 1\}, which the registered workflow says itself",
        ),
        (
            lambda: nodes.workflow(a=nodes.task()).on_failure(b=nodes.launch_plan(of="x")),
            "a failure node is a task or a sub-workflow",
        ),
        (lambda: nodes.workflow(a=nodes.launch_plan), r"nodes\.launch_plan is not called yet"),
    ],
)
def test_what_no_engine_does_is_refused_where_it_is_written(write, told):
    with pytest.raises((TimelineError, TypeError, AttributeError), match=told):
        write()
