"""What a node's inputs are, once the nodes before it have ended."""

from __future__ import annotations

import pytest
from flow_messages import binding, literal, literal_map, promise
from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit import flow, literals, msgpack
from flyte_testkit.literals.structs import struct_of
from flyte_testkit.propeller.wording import binding_failed


def resolve(data, given):
    """Return what one input is bound to."""
    return flow.resolved([binding("x", data)], given).literals["x"]


def packed(content):
    binary = literals_pb2.Binary(value=msgpack.pack(content), tag="msgpack")
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=binary))


def struct(content):
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(generic=struct_of(content)))


def gave(one):
    return {"n0": literals_pb2.LiteralMap(literals={"o0": one})}


def cause(data, given):
    with pytest.raises(flow.UnresolvedError) as refusal:
        resolve(data, given)
    assert refusal.value.variable == "x"
    return refusal.value.cause


@pytest.mark.parametrize("node", ["", "start-node"])
def test_a_promise_of_no_node_means_the_inputs_of_the_scope(node):
    given = {"start-node": literal_map(day="monday")}
    assert resolve(promise(node, "day"), given) == literal("monday")


def test_constants_lists_and_maps_hold_promises_at_any_depth():
    scalar = literals_pb2.BindingData(scalar=literal(7).scalar)
    entries = {"a": promise("n0", "o0"), "b": scalar}
    inner = literals_pb2.BindingData(map=literals_pb2.BindingDataMap(bindings=entries))
    several = literals_pb2.BindingDataCollection(bindings=[scalar, inner])

    made = resolve(literals_pb2.BindingData(collection=several), gave(literal(0.5)))

    assert literals.python_value(made) == [7, {"a": 0.5, "b": 7}]
    assert made.collection.literals[1].WhichOneof("value") == "map"


def test_a_union_is_passed_on_as_it_is_bound():
    optional = literals.literal_type(int | None)
    constant = literals.literal(None, optional)
    assert resolve(literals_pb2.BindingData(scalar=constant.scalar), {}) == constant
    given = literals.literal(3, optional)
    assert resolve(promise("n0", "o0"), gave(given)) == given


def test_a_promise_into_an_optional_input_is_not_wrapped():
    assert resolve(promise("n0", "o0"), gave(literal(3))) == literal(3)


def test_empty_bindings_are_empty_literals():
    assert resolve(literals_pb2.BindingData(), {}) == literals_pb2.Literal()
    assert flow.resolved([], {}) == literals_pb2.LiteralMap()


def test_what_is_resolved_is_a_copy():
    given = gave(literal([1]))
    made = resolve(promise("n0", "o0"), given)
    made.collection.literals[0].scalar.primitive.integer = 2
    assert literals.python_value(given["n0"].literals["o0"]) == [1]


# --- paths


def test_a_path_leads_through_lists_and_maps():
    given = gave(literal({"a": [1, 2]}, dict[str, list[int]]))
    assert resolve(promise("n0", "o0", "a", 1), given) == literal(2)


def test_an_index_beyond_the_list_is_told_as_in_life():
    data = promise("n0", "o0", 0)
    with pytest.raises(flow.UnresolvedError) as refusal:
        resolve(data, gave(literal([], list[str])))
    wrong = refusal.value
    said = binding_failed("n1", wrong.variable, wrong.upstream, wrong.cause).message
    assert said == (
        "failed at Node[n1]. BindingResolutionError: Error binding Var [wf].[x], caused by: "
        "failed at Node[n0]. PromiseAttributeResolveError: index [0] is out of range of []"
    )


@pytest.mark.parametrize(
    ("held", "path", "told"),
    [
        (
            literal(["a"]),
            [1],
            'index [1] is out of range of [scalar:{primitive:{string_value:"a"}}]',
        ),
        (
            literal([1, 2]),
            [-1],
            (
                "index [-1] is out of range of "
                "[scalar:{primitive:{integer:1}} scalar:{primitive:{integer:2}}]"
            ),
        ),
        (
            literal({"b": 1, "a": 2}, dict[str, int]),
            ["c"],
            (
                "key [c] does not exist in literal "
                "map[a:scalar:{primitive:{integer:2}} b:scalar:{primitive:{integer:1}}]"
            ),
        ),
        (literal({}, dict[str, int]), [0], "key [] does not exist in literal map[]"),
        (packed({"b": 1, "a": None}), ["c"], "key [c] does not exist in literal map[a:<nil> b:1]"),
        (packed({"a": [1.5, "x"]}), ["a", 2], "index [2] is out of range of [1.5 x]"),
        (packed({"a": [1]}), ["a", -1], "index [-1] is out of range of [1]"),
        (
            packed({"a": [1e6, 1.5e-7, 123456.5, float("inf"), float("nan"), -0.0, b"\1\2"]}),
            ["a", 9],
            "index [9] is out of range of [1e+06 1.5e-07 123456.5 +Inf NaN -0 [1 2]]",
        ),
        (packed({"a": 300}), ["a", "b"], "unexpected type [uint16] for value 300"),
        (packed({"a": None}), ["a", "b"], "unexpected type [<nil>] for value <nil>"),
        (packed({"a": "x"}), ["a", 0], "unexpected type [string] for value x"),
        (
            packed({"a": [1]}),
            ["a", "b"],
            "unexpected attribute type [*core.PromiseAttribute_StringValue] for value &{b}",
        ),
        (
            packed({"a": 1}),
            [0],
            "unexpected attribute type [*core.PromiseAttribute_IntValue] for value &{0}",
        ),
        (packed({"a": 2**64 - 1}), ["a"], "uint64 value is too large to be converted to int64"),
        (struct({"a": {}}), ["a", "b"], "key [b] does not exist in literal map[]"),
        (struct({"a": [1]}), ["a", 1], "index [1] is out of range of [1]"),
        (
            literal(b"\0", types_pb2.LiteralType(simple=types_pb2.BINARY)),
            ["a"],
            (
                "Unsupported format '' found for literal value.\n"
                "Please ensure the serialization format is supported."
            ),
        ),
    ],
)
def test_what_a_path_does_not_find_is_told_as_go_prints_it(held, path, told):
    assert cause(promise("n0", "o0", *path), gave(held)) == told


@pytest.mark.parametrize("value", [0, 200, -5, 2**40, 0.5, "x", True, False])
def test_a_primitive_in_msgpack_comes_out_as_a_primitive(value):
    made = resolve(promise("n0", "o0", "a", "b"), gave(packed({"a": {"b": value}})))
    assert made == literal(value)


@pytest.mark.parametrize("value", [None, {"c": [1]}, b"raw"])
def test_all_else_comes_out_as_msgpack(value):
    assert resolve(promise("n0", "o0", "a"), gave(packed({"a": value}))) == packed(value)


def test_a_list_in_msgpack_comes_out_as_a_list_of_msgpack():
    made = resolve(promise("n0", "o0", "a"), gave(packed({"a": [1, {"b": 2}]})))
    assert list(made.collection.literals) == [packed(1), packed({"b": 2})]


def test_msgpack_inside_a_list_is_opened_at_its_place():
    several = literals_pb2.LiteralCollection(literals=[packed({"a": 1}), packed({"a": 2})])
    given = gave(literals_pb2.Literal(collection=several))
    assert resolve(promise("n0", "o0", 1, "a"), given) == literal(2)
    assert resolve(promise("n0", "o0", 1), given) == packed({"a": 2})


def test_a_struct_gives_structs_lists_and_primitives():
    given = gave(struct({"a": {"b": [1, "x", True, {"c": 2}]}}))
    assert resolve(promise("n0", "o0", "a"), given) == struct({"b": [1, "x", True, {"c": 2}]})
    made = resolve(promise("n0", "o0", "a", "b"), given)
    kept = [literal(1.0), literal("x"), literal(True), struct({"c": 2})]
    assert list(made.collection.literals) == kept


def test_null_in_a_struct_is_a_literal_without_content():
    assert resolve(promise("n0", "o0", "a"), gave(struct({"a": None}))) == literals_pb2.Literal()


@pytest.mark.parametrize("held", [literal(1), literal({"a": 1}, dict | None)])
def test_what_has_no_parts_is_given_whole(held):
    assert resolve(promise("n0", "o0", "a"), gave(held)) == held


def test_bytes_that_pack_nothing_are_told():
    binary = literals_pb2.Binary(value=b"\xa5x", tag="msgpack")
    held = literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=binary))
    assert cause(promise("n0", "o0", "a"), gave(held)) == "the msgpack value ends early"


# --- what was never given


def test_an_output_that_nobody_gave_is_told():
    assert cause(promise("n0", "o1"), gave(literal(1))) == "Failed to find [n0].[o1]"
    assert cause(promise("n9", "o0"), {}) == "Failed to find [n9].[o0]"
    assert cause(promise("", "day"), {}) == "Failed to find [start-node].[day]"


def test_elder_clients_ask_for_one_of_several_outputs():
    assert resolve(promise("n0", "[1].o0"), gave(literal([1, 2]))) == literal(2)
    assert cause(promise("n0", "[2].o0"), gave(literal([1, 2]))) == "Failed to find [n0[2].o0]"


def test_the_error_itself_says_who_asked_whom():
    with pytest.raises(flow.UnresolvedError, match="'x' asks 'n0' for what it does not have"):
        resolve(promise("n0", "o0", 0), gave(literal([], list[int])))
