from __future__ import annotations

import itertools

import pytest
from definition_builders import INT, interface, node
from flyteidl.core import workflow_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.graph import END, START, Graph, Step


@pytest.fixture
def graph():
    made = Graph()
    for id_ in (START, END, "a", "b"):
        made.add(Step(node(id_)))
    return made


def unreachable(graph):
    errors = CompileErrors()
    graph.check_reachable(errors)
    return str(errors)


def with_aliases(*aliases):
    made = node("n", output_aliases=[workflow_pb2.Alias(var=v, alias=a) for v, a in aliases])
    return Step(made, interface(outputs={"x": INT, "y": INT}))


def test_keeps_the_first_of_two_nodes_of_one_id(graph):
    first = graph.steps["a"]
    assert not graph.add(Step(node("a")))
    assert graph.steps["a"] is first


def test_lists_edges_sorted_and_once(graph):
    graph.follows("b", "c")
    graph.follows("a", "c")
    graph.follows("a", "c")
    connections = graph.connections()
    assert list(connections.upstream["c"].ids) == ["a", "b"]
    assert list(connections.downstream["a"].ids) == ["c"]


def test_sorts_ids_by_their_bytes(graph):
    for id_ in ("é", "z", "A", "\U0001f600", "\uffee"):
        graph.follows(id_, "n")
    assert list(graph.connections().upstream["n"].ids) == ["A", "z", "é", "\uffee", "\U0001f600"]


def test_a_wait_is_seen_by_the_waiting_node_alone(graph):
    graph.waits("a", "b")
    connections = graph.connections()
    assert "b" in connections.upstream
    assert not connections.downstream


def test_nothing_is_another_name_of_the_start(graph):
    graph.follows("", "a")
    assert list(graph.connections().downstream[START].ids) == ["a"]


def test_reaches_every_node(graph):
    graph.follows(START, "a")
    graph.follows("a", "b")
    assert unreachable(graph) == "Collected Errors: 0\n"


def test_names_nodes_that_nothing_leads_to_but_for_the_end(graph):
    graph.follows(START, "a")
    graph.follows("b", "b")
    assert "UnreachableNodes, Node Id: start-node" in unreachable(graph)
    assert "The Workflow contain unreachable nodes [b]." in unreachable(graph)


def test_shows_the_way_into_a_cycle_and_round_it(graph):
    graph.follows(START, "a")
    graph.follows("a", "b")
    graph.follows("b", "a")
    assert (
        "Code: CycleDetected, Node Id: start-node, Description: A cycle has been detected while "
        "traversing the Workflow [start-node>a>b>a]."
    ) in unreachable(graph)


def test_does_not_take_two_ways_to_a_node_for_a_cycle(graph):
    for earlier, later in ((START, "a"), (START, "b"), ("a", "b"), ("b", END), ("a", END)):
        graph.follows(earlier, later)
    assert unreachable(graph) == "Collected Errors: 0\n"


def test_walks_long_chains():
    graph = Graph()
    ids = [START, *map(str, range(5000))]
    for earlier, later in itertools.pairwise(ids):
        graph.add(Step(node(earlier)))
        graph.follows(earlier, later)
    assert unreachable(graph) == "Collected Errors: 0\n"


def test_knows_an_aliased_output_by_its_alias_only():
    errors = CompileErrors()
    assert set(with_aliases(("y", "b")).outputs(errors)) == {"x", "b"}
    assert errors.count == 0


def test_gives_nothing_if_its_aliases_are_wrong():
    errors = CompileErrors()
    assert with_aliases(("y", "a"), ("y", "b")).outputs(errors) is None
    assert with_aliases(("z", "c")).outputs(errors) is None
    assert str(errors) == (
        "Collected Errors: 2\n"
        "\tError 0: Code: DuplicateAlias, Node Id: n, Description: Duplicate alias [b] found. "
        "An output alias can only be used once in the Workflow.\n"
        "\tError 1: Code: ParameterNotBound, Node Id: n, Description: Parameter not bound [c].\n"
    )


def test_gives_nothing_if_its_interface_is_not_known():
    assert Step(node("n")).outputs(CompileErrors()) is None
