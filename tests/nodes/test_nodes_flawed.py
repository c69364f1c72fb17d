"""Nodes that are told of wrongly, as values: which there may be, and how they print."""

from datetime import timedelta

import pytest

from flyte_testkit import TimelineError, nodes, polls, running

TASK = nodes.task(running(60).succeeds(rows=1), deck=True)
KINDS = [
    TASK,
    nodes.task(after="extract"),
    nodes.cached(rows=1),
    nodes.dynamic(running(20).yields([nodes.task()] * 3)),
    nodes.array(running(60).succeeds(auc=0.9), size=3, but={1: running(5).fails("nan")}),
    nodes.branch(retrain=nodes.task(), after=()),
    nodes.gate(running(5).succeeds(o0=0.5), signal=float),
    nodes.launch_plan(running(60).succeeds(), of="training"),
    nodes.sleep(60),
    nodes.subworkflow(fit=nodes.task()).on_failure(clean_up=nodes.task()),
]


def _pasted(code):
    return eval(code, {"nodes": nodes, "running": running})  # noqa: S307  the test wrote it


def _kind(node):
    return node.word


@pytest.mark.parametrize("node", KINDS, ids=_kind)
def test_a_node_of_any_kind_may_be_missing_and_prints_as_code_that_makes_it_again(node):
    flawed = nodes.flawed(node, missing=True)

    assert repr(flawed) == f"nodes.flawed({node!r}, missing=True)"
    assert _pasted(repr(flawed)) == flawed
    assert flawed != node
    assert type(flawed) is type(node)


@pytest.mark.parametrize(
    "code",
    [
        "nodes.flawed(nodes.task(), stays='QUEUED')",
        "nodes.flawed(nodes.dynamic(running(2).yields([nodes.task()])), stays='DYNAMIC_RUNNING')",
        "nodes.flawed(nodes.task(), data_after=30)",
        "nodes.flawed(nodes.task(), data_after=30, unnoticed=True)",
        "nodes.flawed(nodes.task(deck=True), stays='RUNNING', deck='missing')",
        "nodes.workflow(a=nodes.task(), b=nodes.flawed(nodes.task(), missing=True))",
        "nodes.workflow(a=nodes.task()).on_failure(b=nodes.flawed(nodes.task(), missing=True))",
        "nodes.where(a=nodes.subworkflow(b=nodes.flawed(nodes.task(), unnoticed=True)))",
        "nodes.dynamic(running(2).yields([nodes.flawed(nodes.task(), missing=True)] * 3))",
    ],
)
def test_flaws_print_as_they_are_written(code):
    assert repr(_pasted(code)) == code


def test_a_flaw_stays_with_a_node_of_which_more_is_said():
    inside = nodes.flawed(nodes.subworkflow(fit=nodes.task()), stays="RUNNING")

    grown = inside.on_failure(clean_up=nodes.task())

    assert grown == nodes.flawed(
        nodes.subworkflow(fit=nodes.task()).on_failure(clean_up=nodes.task()), stays="RUNNING"
    )


def test_data_may_be_late_by_a_timedelta():
    assert nodes.flawed(TASK, data_after=timedelta(minutes=1)).flaw.data_after == 60


def test_it_is_told_what_is_wrong_with_a_node():
    assert TASK.flaw is None
    assert nodes.flawed(TASK, missing=True).flaw == nodes.Flaw(missing=True)
    assert repr(nodes.Flaw(missing=True)) == "nodes.flawed(…, missing=True)"


@pytest.mark.parametrize(
    ("flaws", "text"),
    [
        ({}, "says no flaw"),
        ({"stays": "RUNING"}, "Did you mean 'RUNNING'?"),
        ({"stays": "running"}, "Did you mean 'RUNNING'?"),
        ({"stays": "SUCCEEDED"}, "that is an end"),
        ({"stays": "RECOVERED"}, "that is an end"),
        ({"stays": "INITIALIZING"}, "Write one of QUEUED, RUNNING, DYNAMIC_RUNNING"),
        ({"stays": True}, "no node is left in such a phase"),
        ({"stays": None}, "no node is left in such a phase"),
        ({"stays": "DYNAMIC_RUNNING"}, "a nodes.task that yields nothing is never in that phase"),
        ({"missing": "yes"}, "it is so or not"),
        ({"missing": 1}, "it is so or not"),
        ({"unnoticed": None}, "it is so or not"),
        ({"data_after": -1}, "negative"),
        ({"data_after": 0}, "at once"),
        ({"data_after": float("nan")}, "data_after=nan"),
        ({"data_after": True}, "data_after=True"),
        ({"data_after": "30"}, "data_after='30'"),
        ({"data_after": polls(3)}, "data come by the clock"),
        ({"deck": "late"}, "deck='missing'"),
        ({"deck": True}, "deck='missing'"),
        ({"missing": True, "stays": "RUNNING"}, "nobody sees the phase"),
        ({"missing": True, "data_after": 5}, "nobody can read data"),
        ({"missing": True, "deck": "missing"}, "nobody can read a deck"),
        ({"missing": True, "unnoticed": True}, "nobody sees the end"),
        ({"stays": "RUNNING", "data_after": 5}, "gives no data at all"),
        ({"stays": "RUNNING", "unnoticed": True}, "one that never ends"),
    ],
)
def test_what_is_no_flaw_is_refused_where_it_is_written(flaws, text):
    with pytest.raises(TimelineError) as refused:
        nodes.flawed(TASK, **flaws)

    assert text in str(refused.value)
    assert str(refused.value).startswith("nodes.flawed(")


@pytest.mark.parametrize(
    ("node", "flaws", "text"),
    [
        (nodes.cached(), {"stays": "RUNNING"}, "only one event"),
        (nodes.dynamic(running(2).yields([])), {"stays": "DYNAMIC_RUNNING"}, "yields nothing"),
        (
            nodes.dynamic(running(2).yields([nodes.task()]), deck=True),
            {"deck": "missing"},
            "no deck at its end",
        ),
        (nodes.gate(), {"deck": "missing"}, "a nodes.gate has no deck"),
        (nodes.subworkflow(fit=nodes.task()), {"deck": "missing"}, "has no deck"),
        (nodes.sleep(5), {"data_after": 5}, "gives nothing"),
        (nodes.task(running(5).fails("nan")), {"data_after": 5}, "gives nothing"),
        (nodes.task(running(5).never_ends()), {"data_after": 5}, "gives nothing"),
    ],
)
def test_a_flaw_that_such_a_node_never_has_is_refused(node, flaws, text):
    with pytest.raises(TimelineError, match=text):
        nodes.flawed(node, **flaws)


@pytest.mark.parametrize(
    "value", [running(60).succeeds(), nodes.workflow(a=nodes.task()), "fit", None, nodes.task]
)
def test_what_is_no_node_has_no_flaw(value):
    with pytest.raises(TimelineError, match="that is no node"):
        nodes.flawed(value, missing=True)


@pytest.mark.parametrize("node", [nodes.cached(), nodes.task()])
def test_items_of_a_map_have_no_flaw_of_their_own(node):
    with pytest.raises(TimelineError, match=r"nodes\.flawed\(nodes\.array\(…\), …\)"):
        nodes.array(running(5).succeeds(), size=3, but={1: nodes.flawed(node, missing=True)})


def test_all_flaws_of_a_node_are_said_at_once():
    late = nodes.flawed(TASK, data_after=30)

    with pytest.raises(TimelineError, match="Say all its flaws at once"):
        nodes.flawed(late, unnoticed=True)


def test_a_misspelt_flaw_names_the_one_that_was_meant():
    with pytest.raises(TypeError, match="Did you mean 'missing'"):
        nodes.flawed(TASK, mising=True)
