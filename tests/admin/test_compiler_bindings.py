from __future__ import annotations

import pytest
from compiling import compiled, errors, runs_launch_plan, runs_sub_workflow
from definition_builders import INT, TEXT, node, promise, template
from flyteidl.core import literals_pb2, types_pb2, workflow_pb2

from flyte_testkit.admin.errors import AdminError

LISTS = (
    "Input [u] on node [n] expects bindings of union type "
    "[union_type:{variants:{collection_type:{simple:INTEGER}} "
    "variants:{collection_type:{simple:STRING}}}].  Received "
)


def not_bound(node_id, name):
    return ("ParameterNotBound", node_id, f"Parameter not bound [{name}].")


def mismatch(name, given, wanted, node_id="n"):
    return (
        "MismatchingTypes",
        node_id,
        f"Variable [{name}] (type [{given}]) doesn't match expected type [{wanted}].",
    )


def test_takes_constants_promises_lists_and_maps():
    compiled(
        node("a", "one"),
        node("b", "inc", inputs={"x": 1}),
        node("c", "inc", inputs={"x": promise("a", "y")}),
        node("d", "list", inputs={"l": [1, promise("a", "y"), promise("", "in")]}),
        node("e", "map", inputs={"m": {"k": promise("a", "y"), "l": 2}}),
        inputs={"in": INT},
    )


def test_wants_every_input_bound():
    assert errors(node("n", "inc")) == [not_bound("n", "x")]


def test_an_optional_input_may_stay_unbound():
    compiled(node("n", "optional"))


def test_wants_no_input_that_the_node_does_not_take():
    assert errors(node("n", "t", inputs={"z": 1})) == [
        ("VariableNameNotFound", "n", "Variable [z] not found on node [n].")
    ]


def test_wants_a_value_in_a_binding():
    made = node("n", "inc")
    made.inputs.add(var="x")
    assert errors(made) == [
        not_bound("n", "x"),
        ("ValueRequired", "n", "Value required [Binding]."),
    ]


def test_wants_an_input_bound_once():
    made = node("n", "inc", inputs={"x": 1})
    made.inputs.append(made.inputs[0])
    assert errors(made) == [
        ("ParameterBoundMoreThanOnce", "n", "Input [x] is bound more than once.")
    ]


def test_wants_constants_of_the_right_type():
    assert errors(node("n", "inc", inputs={"x": "a"})) == [
        mismatch("x", "simple:STRING", "simple:INTEGER")
    ]


def test_holds_lists_and_maps_against_their_element_type_one_by_one():
    assert errors(node("n", "list", inputs={"l": [1, "a"]})) == [
        mismatch("l", "simple:STRING", "simple:INTEGER")
    ]
    assert errors(node("n", "map", inputs={"m": {"k": "a"}})) == [
        mismatch("m", "simple:STRING", "simple:INTEGER")
    ]
    compiled(node("n", "list", inputs={"l": []}), node("m", "map", inputs={"m": {}}))


@pytest.mark.parametrize(
    ("value", "received"),
    [
        ([1], "bindings:{scalar:{primitive:{integer:1}}}"),
        ({"k": 1}, 'bindings:{key:"k" value:{scalar:{primitive:{integer:1}}}}'),
        (literals_pb2.BindingData(), ""),
    ],
)
def test_wants_no_list_map_or_nothing_where_something_else_is_expected(value, received):
    assert errors(node("n", "inc", inputs={"x": value})) == [
        (
            "MismatchingBindings",
            "n",
            (
                "Input [x] on node [n] expects bindings of type [simple:INTEGER].  "
                f"Received [{received}]"
            ),
        )
    ]


def test_finds_the_one_variant_that_a_list_fits():
    compiled(node("n", "lists", inputs={"u": [1]}), node("m", "lists", inputs={"u": ["a"]}))


def test_says_that_a_list_fits_several_variants():
    assert errors(node("n", "lists", inputs={"u": []})) == [
        (
            "AmbiguousBindingUnionValue",
            "n",
            (
                f"{LISTS}[collection:{{}}] which is ambiguous as both variants "
                "[collection_type:{simple:INTEGER}] and [collection_type:{simple:STRING}] match."
            ),
        )
    ]


def test_says_that_a_map_fits_no_variant():
    assert errors(node("n", "lists", inputs={"u": {}})) == [
        (
            "IncompatibleBindingUnionValue",
            "n",
            f"{LISTS}[map:{{}}] which does not match any of the variants.",
        )
    ]


def test_takes_only_members_of_an_enum_from_constants():
    compiled(node("n", "enum", inputs={"e": "red"}))
    assert errors(node("n", "enum", inputs={"e": "green"})) == [
        (
            "IllegalEnumValue",
            "n",
            (
                "Input [e] on node [n] is an Enum and expects value to be one of [[red blue]].  "
                "Received [green]"
            ),
        )
    ]


def test_says_twice_that_a_number_is_no_member_of_an_enum():
    illegal, mismatched = errors(node("n", "enum", inputs={"e": 1}))
    assert illegal[2].endswith("Received []")
    assert mismatched == mismatch("e", "simple:INTEGER", 'enum_type:{values:"red" values:"blue"}')


def test_takes_any_text_for_an_enum_from_promises():
    made = node("n", "enum", inputs={"e": promise("", "s")})
    compiled(made, inputs={"s": TEXT})


def test_does_not_know_what_a_blob_without_metadata_is():
    empty = literals_pb2.BindingData(scalar=literals_pb2.Scalar(blob=literals_pb2.Blob()))
    assert errors(node("n", "blob", inputs={"b": empty})) == [
        ("UnrecognizedValue", "n", "Unrecognized value [*core.Scalar_Blob].")
    ]


def test_stumbles_over_a_scalar_of_nothing():
    empty = literals_pb2.BindingData(scalar=literals_pb2.Scalar())
    with pytest.raises(AdminError) as refusal:
        compiled(node("n", "inc", inputs={"x": empty}))
    assert (refusal.value.code, refusal.value.message) == ("INTERNAL", "")


def test_wants_workflow_outputs_bound_at_the_end():
    assert errors(node("n"), outputs={"o": INT}) == [not_bound("end-node", "o")]
    assert errors(node("n"), outputs={"o": INT}, returns={"o": "a"}) == [
        mismatch("o", "simple:STRING", "simple:INTEGER", "end-node")
    ]


def test_makes_promises_of_nothing_promises_of_the_start_wherever_they_stand():
    nothing = promise("", "in")
    made = compiled(
        node("a", "inc", inputs={"x": nothing}),
        node("b", "list", inputs={"l": [nothing]}),
        node("c", "map", inputs={"m": {"k": nothing}}),
        inputs={"in": INT},
        outputs={"o": INT},
        returns={"o": nothing},
        failure_node=node("fn", "inc", inputs={"x": nothing}),
    ).primary.template
    _, end, a, b, c = made.nodes
    promises = [
        end.inputs[0].binding.promise,
        made.outputs[0].binding.promise,
        made.failure_node.inputs[0].binding.promise,
        a.inputs[0].binding.promise,
        b.inputs[0].binding.collection.bindings[0].promise,
        c.inputs[0].binding.map.bindings["k"].promise,
    ]
    assert {made.node_id for made in promises} == {"start-node"}


def test_leaves_the_promises_inside_an_array_node_alone():
    inside = node("i", "inc", inputs={"x": promise("", "in")})
    array = node(
        "m",
        inputs={"x": promise("", "in")},
        array_node=workflow_pb2.ArrayNode(node=inside),
    )
    made = compiled(array, inputs={"in": INT}).primary.template.nodes[2]
    assert made.inputs[0].binding.promise.node_id == "start-node"
    assert made.array_node.node.inputs[0].binding.promise.node_id == ""


def test_a_node_of_a_launch_plan_or_a_sub_workflow_binds_as_any_other():
    sub = template(node("n"), name="s", inputs={"x": INT})
    found = errors(runs_launch_plan("n"), runs_sub_workflow("m"), sub_workflows=[sub])
    assert found == [not_bound("m", "x"), not_bound("n", "x")]


def test_takes_a_type_without_content_for_one_that_nothing_fits():
    made = template(node("n"), name="s", inputs={"x": types_pb2.LiteralType()})
    assert errors(runs_sub_workflow("n", inputs={"x": 1}), sub_workflows=[made]) == [
        mismatch("x", "simple:INTEGER", "")
    ]
