"""Nodes that are cached: a word, its refusals, and how it prints."""

import pytest

from flyte_testkit import nodes, running
from flyte_testkit.errors import TimelineError
from flyte_testkit.nodes import facts


def test_it_is_a_value():
    assert nodes.cached(rows=9) == nodes.cached({"rows": 9})
    assert nodes.cached(rows=9) != nodes.cached(rows=8)
    assert hash(nodes.cached(rows=9)) == hash(nodes.cached(rows=9))


@pytest.mark.parametrize(
    "code",
    [
        "nodes.cached()",
        "nodes.cached(rows=9)",
        "nodes.cached(rows=9, auc=0.5, after='extract')",
        "nodes.cached({'no identifier': 9})",
        "nodes.cached({'after': 9}, after=())",
        "nodes.cached({'of': 9}, of='flows.fit')",
        "nodes.array(running(60).succeeds(), size=3, but={1: nodes.cached(o0=9)})",
    ],
)
def test_it_prints_as_it_is_written(code):
    made = eval(code, {"nodes": nodes, "running": running})  # noqa: S307  it is our own code
    assert repr(made) == code


def test_an_output_that_stands_twice_is_refused():
    with pytest.raises(TimelineError, match="'rows' stands twice"):
        nodes.cached({"rows": 9}, rows=8)


def test_what_a_node_of_this_run_gives_is_not_cached():
    with pytest.raises(TimelineError, match=r"nodes\.promise\('a\.b'\) is promised.*made before"):
        nodes.cached(rows=nodes.promise("a.b"))


@pytest.mark.parametrize("wrong", [9, "rows", [1]])
def test_what_has_no_names_is_refused(wrong):
    with pytest.raises(TimelineError, match="has no names"):
        nodes.cached(wrong)


def test_a_timeline_is_no_set_of_outputs():
    with pytest.raises(TimelineError, match="makes no attempts"):
        nodes.cached(running(60).succeeds())


@pytest.mark.parametrize("wrong", [9, None, ["a"]])
def test_the_name_of_a_task_is_a_text(wrong):
    with pytest.raises(TimelineError, match="named by a text"):
        nodes.cached(of=wrong)


def test_it_has_an_order_as_any_node():
    tree = nodes.workflow(extract=nodes.cached(rows=9), train=nodes.task())
    assert facts.upstream(tree) == {"extract": (), "train": ("extract",)}
    with pytest.raises(TimelineError, match="'nobody'"):
        nodes.workflow(extract=nodes.cached(after="nobody"))


def test_what_it_gives_can_be_promised():
    nodes.workflow(
        extract=nodes.cached(rows=9),
        train=nodes.task(inputs={"rows": nodes.promise("extract.rows")}),
    )
    with pytest.raises(TimelineError, match="gives no 'row'"):
        nodes.workflow(
            extract=nodes.cached(rows=9),
            train=nodes.task(inputs={"rows": nodes.promise("extract.row")}),
        )


def test_items_are_told_apart_by_what_is_cached_of_them():
    one, other = (nodes.array(size=3, but={1: nodes.cached(o0=value)}) for value in (1, 2))
    assert one != other
    assert one == nodes.array(size=3, but={1: nodes.cached(o0=1)})


def test_an_item_beyond_the_size_is_refused():
    with pytest.raises(TimelineError, match="has 3 items"):
        nodes.array(size=3, but={3: nodes.cached()})


def test_it_has_succeeded_already():
    with pytest.raises(AttributeError, match="has succeeded already"):
        nodes.cached(rows=9).succeeds()
