"""Who is next, and whose failure is told."""

from flyteidl.core import compiler_pb2, workflow_pb2

from flyte_testkit.walk.graph import Graph


def graph(**upstream):
    """A compiled workflow of these nodes; what nobody waits for leads to the end."""
    before = {id_: ids.split() or ["start-node"] for id_, ids in upstream.items()}
    waited = {one for ids in before.values() for one in ids}
    before["end-node"] = [id_ for id_ in upstream if id_ not in waited]
    workflow = compiler_pb2.CompiledWorkflow()
    workflow.template.nodes.extend(
        workflow_pb2.Node(id=id_) for id_ in ("start-node", "end-node", *upstream)
    )
    for id_, ids in before.items():
        workflow.connections.upstream[id_].ids.extend(ids)
        for one in ids:
            workflow.connections.downstream[one].ids.append(id_)
    return Graph(workflow)


def test_those_come_first_that_wait_for_none():
    assert list(graph(a="", b="a", c="").first()) == ["a", "c"]


def test_a_node_is_next_when_the_last_before_it_has_ended():
    found = graph(a="", b="", c="a b")
    assert list(found.ended("a")) == []
    assert list(found.ended("b")) == [("c", True)]
    assert list(found.ended("c")) == [("end-node", True)]


def test_what_waits_for_a_failure_can_never_run():
    found = graph(a="", b="", c="a b")
    assert list(found.ended("a", well=False)) == []
    assert list(found.ended("b")) == [("c", False)]


def test_of_several_failures_the_last_that_is_met_is_told():
    one, other = ValueError("one"), ValueError("other")
    assert graph(a="", b="").last_failed({"b": one, "a": other}) is one
    assert graph(a="", b="a", c="a").last_failed({"c": one, "b": other}) is one


def test_nothing_below_a_failure_is_looked_at():
    one, other = ValueError("one"), ValueError("other")
    assert graph(a="", b="a").last_failed({"a": one, "b": other}) is one


def test_many_ways_to_one_node_are_no_trouble():
    rungs = {f"n{n}": " ".join(f"n{m}" for m in range(max(0, n - 5), n)) for n in range(90)}
    failure = ValueError("no disk")
    assert graph(**rungs).last_failed({"n89": failure}) is failure
