"""Maps that nobody registered: what scripts of one name say of them together."""

import pytest
from flyteidl.core.identifier_pb2 import Identifier

from flyte_testkit import RegistrationError, TimelineError, failures, graphs, nodes, running

DONE = running(60).succeeds(o0=1.5)
AGAIN = running(5).fails(failures.recoverable())
ID = Identifier(project="flytesnacks", domain="development", name="etl", version="v1")


def graph_of(*arrays):
    """The graph of several trees that have a map ``fit`` each, and a list beside it."""
    paths = nodes.task(running(1).succeeds(o0=["a", "b"]))
    drawn = [graphs.drawn(nodes.workflow(paths=paths, fit=array), repr("etl")) for array in arrays]
    graph = drawn[0]
    for other in drawn[1:]:
        graph = graphs.joined(graph, other, repr("etl"))
    return graph


def made(*arrays):
    """The node of the map, and its task."""
    found = graphs.templates(graph_of(*arrays), ID)
    (node,) = (node for node in found.workflow.nodes if node.HasField("array_node"))
    (task,) = (task for task in found.tasks if task.id.name == "etl.fit")
    return node, task


def test_a_map_without_a_list_is_given_numbers():
    node, task = made(nodes.array(DONE, size=3))

    (binding,) = node.inputs
    assert binding.var == "item"
    assert [one.scalar.primitive.integer for one in binding.binding.collection.bindings] == [
        0,
        1,
        2,
    ]
    assert task.interface.inputs.variables["item"].type.collection_type.simple == 1
    assert task.interface.outputs.variables["o0"].type.collection_type.simple == 2


@pytest.mark.parametrize(
    ("arrays", "size"),
    [
        ([nodes.array()], 1),
        ([nodes.array(size=0)], 0),
        ([nodes.array(but={4: DONE})], 5),
        ([nodes.array(but={4: DONE}), nodes.array(but={11: DONE}), nodes.array()], 12),
        ([nodes.array(but={4: DONE}), nodes.array(size=20)], 20),
    ],
)
def test_there_are_as_many_items_as_any_script_needs(arrays, size):
    node, _ = made(*arrays)

    (binding,) = node.inputs
    assert len(binding.binding.collection.bindings) == size


def test_lists_are_mapped_and_all_else_is_bound():
    inputs = {"path": nodes.promise("paths.o0"), "depth": 3, "seed": [7, 8]}
    node, _ = made(nodes.array(DONE, inputs=inputs))

    assert [*node.array_node.bound_inputs] == ["depth"]
    assert [one.var for one in node.inputs] == ["path", "depth", "seed"]


def test_what_is_only_bound_is_no_list_to_map():
    node, _ = made(nodes.array(DONE, size=2, inputs={"item": 3}))

    assert [*node.array_node.bound_inputs] == ["item"]
    assert [one.var for one in node.inputs] == ["item", "number"]


def test_where_items_may_fail_elements_may_be_none():
    for ratio, kind in ((None, "simple"), (1, "simple"), (0.9, "union_type"), (0, "union_type")):
        node, task = made(nodes.array(DONE, min_success_ratio=ratio))
        element = task.interface.outputs.variables["o0"].type.collection_type
        assert element.WhichOneof("type") == kind
        assert node.array_node.min_success_ratio == pytest.approx(1 if ratio is None else ratio)


def test_options_are_those_of_any_script():
    node, task = made(
        nodes.array(DONE, concurrency=2), nodes.array(AGAIN, DONE, min_success_ratio=0.5)
    )

    assert node.array_node.parallelism == 2
    assert node.array_node.min_success_ratio == 0.5
    assert node.array_node.node.metadata.retries.retries == 1
    assert task.metadata.retries.retries == 1


def test_an_item_may_give_what_only_another_one_gives_as_well():
    _, task = made(nodes.array(DONE, but={1: running(1).succeeds(o0=2)}))

    assert task.interface.outputs.variables["o0"].type.collection_type.simple == 2


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ([nodes.array(size=2), nodes.array(size=3)], "how many items 'etl.fit' has: 2 and 3"),
        ([nodes.array(size=2), nodes.array(but={2: DONE})], "and one says what item 2 does"),
        (
            [nodes.array(min_success_ratio=0.5), nodes.array(min_success_ratio=0.6)],
            "about min_success_ratio of 'fit' of 'etl': it is 0.5 and 0.6",
        ),
        ([nodes.array(concurrency=1), nodes.array(concurrency=2)], "about concurrency of 'fit'"),
        ([nodes.array(), nodes.task()], r"it is nodes\.array\(…\) and nodes\.task\(…\)"),
    ],
)
def test_scripts_that_disagree_are_refused(arrays, problem):
    with pytest.raises(TimelineError, match=problem) as refusal:
        made(*arrays)

    assert "\n" in str(refusal.value), "no advice"


def test_items_that_disagree_about_a_type_are_refused():
    with pytest.raises(RegistrationError, match="the items of 'fit' of 'etl' disagree"):
        made(nodes.array(DONE, but={1: running(1).succeeds(o0="high")}))


def test_data_may_be_of_another_size_each_time():
    inputs = {"path": nodes.promise("paths.o0")}

    node, _ = made(nodes.array(size=2, inputs=inputs), nodes.array(size=3, inputs=inputs))

    assert [one.var for one in node.inputs] == ["path"]
