from __future__ import annotations

import pytest
from compiling import compiled, errors
from definition_builders import INT, node, promise
from flyteidl.core import workflow_pb2

NOT_BOUND = ("ParameterNotBound", "n", "Parameter not bound [x].")


def asks(*promised, task="inc", name="x"):
    """The errors of a node that is promised this by a node that gives everything."""
    return errors(node("a", "everything"), node("n", task, inputs={name: promise(*promised)}))


def mismatch(output, given, wanted="simple:INTEGER"):
    return (
        "MismatchingTypes",
        "n",
        (
            f"The output variable '{output}' has type [{given}], but it's assigned to the input "
            f"variable 'x' which has type type [{wanted}]."
        ),
    )


def test_names_a_node_that_is_not_there_and_the_input_that_waits_for_it():
    assert asks("nope", "y") == [
        ("NodeReferenceNotFound", "nope", "Referenced node [nope] not found."),
        NOT_BOUND,
    ]


@pytest.mark.parametrize("giver", ["a", "start-node"])
def test_names_the_node_that_does_not_give_what_was_promised(giver):
    assert asks(giver, "nope") == [
        NOT_BOUND,
        ("VariableNameNotFound", giver, f"Variable [nope] not found on node [{giver}]."),
    ]


def test_a_node_that_is_wrong_itself_gives_nothing():
    assert errors(node("a", None), node("n", "inc", inputs={"x": promise("a", "y")})) == [
        NOT_BOUND,
        ("ValueRequired", "a", "Value required [Target]."),
        ("VariableNameNotFound", "a", "Variable [y] not found on node [a]."),
    ]


@pytest.mark.parametrize("variable", ["x.f", "", "x x", "é", "[a].x", "[-1].x"])
def test_reads_one_name_and_nothing_else(variable):
    assert asks("a", variable) == [("SyntaxError", "n", f"Failed to parse element [{variable}].")]


def test_does_not_mind_signs_around_a_name():
    compiled(node("a", "one"), node("n", "inc", inputs={"x": promise("a", "-y-")}))


def test_says_both_types_when_a_promise_does_not_fit():
    assert asks("a", "text") == [mismatch("text", "simple:STRING")]


def test_a_struct_is_worded_in_its_own_way():
    assert asks("a", "struct") == [mismatch("struct", "simple: STRUCT structure{}")]
    assert asks("a", "data")[0][2].startswith(
        "The output variable 'data' has type [simple: STRUCT structure{dataclass_type:{key:f "
        "value:{simple:INTEGER}"
    )


def test_puts_the_names_of_nodes_in_front_of_those_of_variables():
    metadata = workflow_pb2.NodeMetadata(name="nice")
    found = errors(
        node("a", "say", inputs={"s": ""}, metadata=metadata),
        node("n", "inc", inputs={"x": promise("a", "y")}, metadata=metadata),
    )
    assert found[0][2].startswith("The output variable 'nice.y' has type [simple:STRING]")
    assert "input variable 'nice.x'" in found[0][2]


def test_an_index_means_an_element_of_a_list():
    compiled(
        node("a", "everything"),
        node("n", "inc", inputs={"x": promise("a", "[0].list")}),
    )
    assert asks("a", "[0].x") == [mismatch("[0].x", "simple:INTEGER")]
    assert asks("a", "[0].map") == [mismatch("[0].map", "map_value_type:{simple:INTEGER}")]


@pytest.mark.parametrize(
    "path", [("list", 0), ("map", "k"), ("data", "f"), ("x", "beyond", 7), ("data", "f", 1)]
)
def test_follows_a_path_into_lists_maps_and_dataclasses_and_no_further(path):
    compiled(node("a", "everything"), node("n", "inc", inputs={"x": promise("a", *path)}))


def test_follows_a_path_of_several_steps():
    found = asks("a", "data", "l", 0)
    assert found == [mismatch("data", "simple:STRING")]


def test_names_a_field_that_a_dataclass_does_not_have():
    ((code, where, description),) = asks("a", "data", "nope")
    assert (code, where) == ("FieldNotFound", "n")
    assert description.startswith("Variable [data] (type [simple:STRUCT structure:{dataclass_type:")
    assert description.endswith("]) doesn't have field [nope].")


def test_a_promise_makes_a_node_wait():
    made = compiled(
        node("a", "one"), node("n", "inc", inputs={"x": promise("a", "y")}), inputs={"in": INT}
    )
    assert list(made.primary.connections.upstream["n"].ids) == ["a"]
    assert list(made.primary.connections.downstream["a"].ids) == ["n"]
