from __future__ import annotations

import enum
from typing import Any

import pytest
from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import json_format

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.rules.castability import castable, print_type, type_of
from flyte_testkit.literals import literal, literal_type


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


def a_type(spec: Any) -> types_pb2.LiteralType:
    if isinstance(spec, dict):
        return json_format.ParseDict(spec, types_pb2.LiteralType())
    return literal_type(spec)


def a_literal(spec: Any) -> literals_pb2.Literal:
    if isinstance(spec, dict) and spec.keys() <= {
        "scalar",
        "collection",
        "map",
        "offloaded_metadata",
    }:
        return json_format.ParseDict(spec, literals_pb2.Literal())
    return literal(spec)


def a_list(*specs: Any) -> literals_pb2.Literal:
    elements = [a_literal(spec) for spec in specs]
    return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=elements))


def a_map(**specs: Any) -> literals_pb2.Literal:
    elements = {key: a_literal(spec) for key, spec in specs.items()}
    return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=elements))


def union_literal(value: Any, type_: Any = None) -> literals_pb2.Literal:
    union = literals_pb2.Union(value=a_literal(value))
    if type_ is not None:
        union.type.CopyFrom(a_type(type_))
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))


def union(*specs: Any) -> types_pb2.LiteralType:
    variants = types_pb2.UnionType(variants=map(a_type, specs))
    return types_pb2.LiteralType(union_type=variants)


def of_list(element: types_pb2.LiteralType) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(collection_type=element)


def given(value: Any, declared: Any) -> bool:
    return castable(type_of(a_literal(value), "x"), a_type(declared))


def tagged(simple: str, tag: str = "") -> types_pb2.LiteralType:
    return a_type({"simple": simple, **({"structure": {"tag": tag}} if tag else {})})


HOLLOW = literals_pb2.Literal()
NO_SCALAR = {"scalar": {}}
NO_PRIMITIVE = {"scalar": {"primitive": {}}}
ANY_BLOB = {"blob": {}}
CSV_BLOB = {"blob": {"format": "csv"}}
CSV = {"scalar": {"blob": {"metadata": {"type": {"format": "csv"}}, "uri": "s3://b"}}}
JPG = {"scalar": {"blob": {"metadata": {"type": {"format": "jpg"}}, "uri": "s3://b"}}}
SCHEMA_LITERAL = {"scalar": {"schema": {"uri": "s3://s", "type": {}}}}
DATASET = {"structured_dataset_type": {}}
DATASET_LITERAL = {
    "scalar": {"structured_dataset": {"uri": "s3://d", "metadata": {"structured_dataset_type": {}}}}
}


def offloaded(type_: Any) -> dict[str, Any]:
    return {"offloaded_metadata": {"uri": "s3://o", "inferred_type": type_}}


def binary(tag: str = "") -> dict[str, Any]:
    return {"scalar": {"binary": {"value": "gA==", "tag": tag}}}


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1, "simple:INTEGER"),
        (1.5, "simple:FLOAT"),
        ("a", "simple:STRING"),
        (True, "simple:BOOLEAN"),
        (None, "simple:NONE"),
        (NO_PRIMITIVE, "simple:NONE"),
        ({"scalar": {"error": {}}}, "simple:ERROR"),
        ({"scalar": {"generic": {"a": 1}}}, "simple:STRUCT"),
        (binary("msgpack"), "simple:STRUCT"),
        (binary("MSGPACK"), "simple:BINARY"),
        (binary("json"), "simple:BINARY"),
        (binary(), "simple:BINARY"),
        (CSV, 'blob:{format:"csv"}'),
        ({"scalar": {"blob": {"metadata": {}}}}, "blob:{}"),
        ({"scalar": {"schema": {"uri": "s3://s"}}}, "schema:{}"),
        (
            {"scalar": {"schema": {"type": {"columns": [{"name": "a", "type": "INTEGER"}]}}}},
            'schema:{columns:{name:"a"}}',
        ),
        ({"scalar": {"structured_dataset": {}}}, "structured_dataset_type:{}"),
        (union_literal("text", int), "union_type:{variants:{simple:INTEGER}}"),
        (union_literal(1, {}), "union_type:{variants:{}}"),
        (union_literal(1), "union_type:{variants:{}}"),
        (a_list(), "collection_type:{simple:NONE}"),
        (a_list(1, 2), "collection_type:{simple:INTEGER}"),
        (
            a_list(1, "a", None, 2.5),
            (
                "collection_type:{union_type:{variants:{simple:FLOAT} variants:{simple:INTEGER} "
                "variants:{simple:NONE} variants:{simple:STRING}}}"
            ),
        ),
        (a_list(a_list(), a_list(1)), "collection_type:{collection_type:{simple:INTEGER}}"),
        (a_list(a_list(), a_list()), "collection_type:{collection_type:{simple:NONE}}"),
        (
            a_list(HOLLOW, offloaded({})),
            "collection_type:{union_type:{variants:{} variants:{}}}",
        ),
        (
            a_list(offloaded({"enum_type": {}, "metadata": {}}), 1, None),
            (
                "collection_type:{union_type:{variants:{enum_type:{} metadata:{}} "
                "variants:{simple:INTEGER} variants:{simple:NONE}}}"
            ),
        ),
        (
            a_list(a_list(None), a_list(1)),
            (
                "collection_type:{union_type:{variants:{collection_type:{simple:INTEGER}} "
                "variants:{collection_type:{simple:NONE}}}}"
            ),
        ),
        (
            a_list(a_map(), a_map(k=1)),
            (
                "collection_type:{union_type:{variants:{map_value_type:{simple:INTEGER}} "
                "variants:{map_value_type:{simple:NONE}}}}"
            ),
        ),
        (
            a_list(a_list(1, "a"), a_list(1)),
            (
                "collection_type:{collection_type:{union_type:{"
                "variants:{collection_type:{simple:INTEGER}} "
                "variants:{simple:INTEGER} variants:{simple:STRING}}}}"
            ),
        ),
        (
            a_list(a_list("a"), a_list(1)),
            (
                "collection_type:{union_type:{variants:{collection_type:{simple:INTEGER}} "
                "variants:{collection_type:{simple:STRING}}}}"
            ),
        ),
        (a_map(), "map_value_type:{simple:NONE}"),
        (a_map(b="x", a="y"), "map_value_type:{simple:STRING}"),
        (a_list(HOLLOW), "collection_type:{}"),
        (a_list(NO_SCALAR), "collection_type:{}"),
        (a_list({"offloaded_metadata": {"uri": "s3://o"}}), "collection_type:{}"),
        (a_list(1, HOLLOW), "collection_type:{union_type:{variants:{} variants:{simple:INTEGER}}}"),
        (a_map(k=HOLLOW), "map_value_type:{}"),
        (offloaded({"collection_type": {"simple": "FLOAT"}}), "collection_type:{simple:FLOAT}"),
        (offloaded({}), ""),
    ],
)
def test_reads_a_type_off_a_literal(value, printed):
    assert print_type(type_of(a_literal(value), "x")) == printed


@pytest.mark.parametrize(
    "value",
    [
        HOLLOW,
        NO_SCALAR,
        {"scalar": {"blob": {"uri": "s3://x"}}},
        {"offloaded_metadata": {"uri": "s3://o", "size_bytes": 5}},
    ],
)
def test_a_literal_without_a_type_is_refused_by_name(value):
    with pytest.raises(AdminError) as refused:
        type_of(a_literal(value), "x")
    assert refused.value.code == "INVALID_ARGUMENT"
    assert refused.value.message == (
        "Failed to validate literal type for [x] with err: got unknown literal type: [<nil>].\n"
        "Suggested solution: Please update all your Flyte deployment images "
        "to the latest version and try again"
    )


def test_a_type_that_is_not_there_prints_as_go_prints_nil():
    assert print_type(None) == "<nil>"


SIMPLE = [int, float, str, bool, type(None), {"simple": "BINARY"}, {"simple": "ERROR"}]


@pytest.mark.parametrize("source", SIMPLE)
@pytest.mark.parametrize("target", SIMPLE)
def test_a_simple_type_takes_itself_alone(source, target):
    assert castable(a_type(source), a_type(target)) is (source == target)


@pytest.mark.parametrize(
    ("value", "declared", "fits"),
    [
        # enums and texts
        ("anything", Color, True),
        ("", Color, True),
        (1, Color, False),
        (offloaded({"enum_type": {"values": ["red", "blue"]}}), Color, True),
        (offloaded({"enum_type": {"values": ["blue", "red"]}}), Color, False),
        (offloaded({"enum_type": {"values": ["x"]}}), str, True),
        # a union literal is opened once, at the top
        (union_literal("text", int), int, True),
        (union_literal(1, str), int, False),
        (union_literal("red", str), Color, True),
        (union_literal(None, type(None)), DATASET, True),
        (union_literal(union_literal(1, int), union(int)), int, False),
        (a_list(union_literal(1, int)), list[int], False),
        (offloaded({"union_type": {"variants": [{"simple": "INTEGER"}] * 2}}), int, False),
        (union_literal(1, {}), int, False),
        # structs
        ({"scalar": {"generic": {}}}, dict, True),
        (binary("msgpack"), dict, True),
        (binary("msgpack"), dict[str, int], False),
        (binary("msgpack"), list[int], False),
        (binary("json"), dict, False),
        # lists and maps
        (a_list(), list[int], True),
        (a_list(), list[list[int]], True),
        (a_list(None), list[int], True),
        (a_list(1, None), list[int], False),
        (a_list(1, 1.5), list[float], False),
        (a_list(a_list(), a_list(1)), list[list[int]], True),
        (a_list(a_map(), a_map(k=1)), list[dict[str, int]], False),
        (a_list(HOLLOW), list[int], False),
        (1, list[int], False),
        (a_map(), dict[str, int], True),
        (a_map(k=None), dict[str, int], True),
        (a_map(k="a"), dict[str, int], False),
        (a_map(k=HOLLOW), dict[str, int], False),
        (a_list(), dict[str, int], False),
        # blobs
        (CSV, CSV_BLOB, True),
        (CSV, ANY_BLOB, True),
        (JPG, CSV_BLOB, False),
        ({"scalar": {"blob": {"metadata": {"type": {}}}}}, CSV_BLOB, True),
        ({"scalar": {"blob": {"metadata": {"type": {"dimensionality": 1}}}}}, CSV_BLOB, True),
        ({"scalar": {"blob": {"metadata": {}}}}, ANY_BLOB, False),
        ("s3://b", ANY_BLOB, False),
        # tables
        (SCHEMA_LITERAL, {"schema": {}}, True),
        ({"scalar": {"schema": {"uri": "s3://s"}}}, {"schema": {}}, False),
        (DATASET_LITERAL, {"schema": {}}, True),
        (None, {"schema": {}}, False),
        (None, DATASET, True),
        (SCHEMA_LITERAL, DATASET, True),
        ({"scalar": {"structured_dataset": {}}}, DATASET, False),
        (1, DATASET, False),
        # none, and no type
        (None, type(None), True),
        (NO_PRIMITIVE, type(None), True),
        (offloaded({}), int, False),
        (offloaded({}), {}, True),
        (offloaded({}), type(None), False),
        ({"scalar": {"blob": {"metadata": {}}}}, {}, False),
    ],
)
def test_a_value_fits_or_not(value, declared, fits):
    assert given(value, declared) is fits


@pytest.mark.parametrize(
    ("value", "declared", "fits"),
    [
        (1, union(int, str), True),
        (True, union(int, str), False),
        (None, union(int, type(None)), True),
        ("a", union(str, Color), False),
        (union_literal("a", str), union(str, Color), True),
        (1, union(int, int), False),
        (union_literal(1, int), union(int, int), True),
        (1, union(tagged("INTEGER", "a"), tagged("INTEGER", "b")), False),
        (a_list(), union(list[int], list[str]), False),
        (a_list(), union(list[int], dict[str, int]), True),
        (None, union(DATASET, type(None)), False),
        (union_literal(None, type(None)), union(DATASET, type(None)), True),
        (CSV, union(CSV_BLOB, ANY_BLOB), False),
        (SCHEMA_LITERAL, union({"schema": {}}, DATASET), False),
        (offloaded({"union_type": {}}), union(int), True),
        (union_literal(1, union()), union(int), True),
        (union_literal(1.5, float), union(int, str), False),
        (1, union(), False),
        (a_list(1, "a"), of_list(union(int, str)), True),
        (a_list(1, True), of_list(union(int, str)), False),
        (a_list(union_literal(1, int), union_literal("a", str)), of_list(union(int, str)), True),
        (a_list(a_list(1), a_list("a")), of_list(of_list(union(int, str))), False),
        (a_list(a_list(1), a_list("a")), of_list(union(list[int], list[str])), True),
        (a_list(HOLLOW), of_list(union(int, str)), False),
    ],
)
def test_one_variant_of_a_union_must_fit_and_no_more(value, declared, fits):
    assert given(value, declared) is fits


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        (tagged("INTEGER", "int"), tagged("INTEGER", "int"), True),
        (tagged("INTEGER", "int"), tagged("INTEGER"), False),
        (tagged("INTEGER"), tagged("INTEGER", "int"), True),
        (tagged("STRUCT", "a"), tagged("STRUCT", "b"), False),
        (
            a_type({"enum_type": {"values": ["a"]}, "structure": {"tag": "e"}}),
            tagged("STRING"),
            True,
        ),
        (tagged("STRING", "s"), a_type({"enum_type": {}, "structure": {"tag": "e"}}), True),
        (tagged("NONE", "none"), tagged("NONE"), True),
        (
            a_type({"collection_type": {"simple": "INTEGER"}, "structure": {"tag": "l"}}),
            a_type({"collection_type": {"simple": "INTEGER"}, "structure": {"tag": "m"}}),
            True,
        ),
        (
            of_list(tagged("INTEGER", "int")),
            of_list(tagged("INTEGER")),
            False,
        ),
        (
            a_type({"simple": "INTEGER", "metadata": {"a": 1}, "annotation": {}}),
            a_type({"simple": "INTEGER", "metadata": {"b": 2}}),
            True,
        ),
    ],
)
def test_tags_of_the_source_count_where_there_is_nothing_inside(source, target, fits):
    assert castable(source, target) is fits


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (union_literal(1), a_type(int)),
        (union_literal(1), a_type(Color)),
        (union_literal(1), union(int, str)),
        (a_list(1, HOLLOW), of_list(union(int, str))),
    ],
)
def test_the_server_stumbles_over_a_variant_that_is_nil(value, declared):
    with pytest.raises(AdminError) as refused:
        given(value, declared)
    assert (refused.value.code, refused.value.message) == ("INTERNAL", "")


@pytest.mark.parametrize("declared", [list[int], dict[str, int], ANY_BLOB, type(None), DATASET])
def test_a_variant_that_is_nil_is_a_plain_mismatch_where_something_is_inside(declared):
    assert given(union_literal(1), declared) is False


def test_the_server_stumbles_over_a_declared_column_without_a_type():
    bare = a_type({"structured_dataset_type": {"columns": [{"name": "a"}]}})
    full = {"columns": [{"name": "a", "literal_type": {"simple": "INTEGER"}}]}
    with pytest.raises(AdminError) as refused:
        castable(a_type({"structured_dataset_type": full}), bare)
    assert refused.value.code == "INTERNAL"
    assert castable(a_type(DATASET), bare)


def test_columns_of_datasets_are_compared_like_elements_of_lists():
    def columns(**types: Any) -> types_pb2.LiteralType:
        described = [{"name": name, "literal_type": type_} for name, type_ in types.items()]
        return a_type({"structured_dataset_type": {"columns": described}})

    text, numbers = {"simple": "STRING"}, {"collection_type": {"simple": "INTEGER"}}
    target = columns(a=text, l=numbers)
    empty = {"collection_type": {"simple": "NONE"}}
    assert castable(columns(a={"enum_type": {"values": ["x"]}}, l=empty), target)
    assert not castable(columns(a=text, l={"collection_type": text}), target)
    assert not castable(columns(a={"union_type": {"variants": [text]}}, l=numbers), target)


@pytest.mark.parametrize(
    ("declared", "value", "fits"),
    [
        (list[int], a_list(), False),
        (list[int], a_list(1, "a"), True),
        (of_list(a_type(int)), a_list(1), True),
        (union(int, type(None)), 1, False),
        (union(int, type(None)), None, False),
        (union(int, type(None)), union_literal(1, int), False),
        (union(int, type(None)), union_literal(1, union(int, type(None))), True),
        (DATASET, None, False),
        (type(None), DATASET_LITERAL, True),
        (CSV_BLOB, JPG, False),
        (Color, "x", True),
        (int, union_literal(1, int), True),
    ],
)
def test_signals_ask_the_other_way_round(declared, value, fits):
    assert castable(a_type(declared), type_of(a_literal(value), "x")) is fits


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ({}, {"metadata": {"type": "object"}}, True),
        ({"metadata": {"type": "object"}}, {}, True),
        ({"metadata": {"type": "object"}}, {"metadata": {"type": "object"}}, True),
        ({"metadata": {"type": "object", "title": "A"}}, {"metadata": {"type": "object"}}, True),
        ({"metadata": {"type": "object"}}, {"metadata": {}}, False),
        ({"metadata": {}}, {"metadata": {"type": "object"}}, False),
    ],
)
def test_schemas_of_structs_are_compared_where_both_sides_have_one(source, target, fits):
    assert (
        castable(a_type({"simple": "STRUCT", **source}), a_type({"simple": "STRUCT", **target}))
        is fits
    )
