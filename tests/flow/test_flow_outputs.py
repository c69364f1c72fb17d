"""The outputs of a node: what a test scripted, or else plain values that consumers take."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import typing

import pytest
from flow_messages import literal
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit import RegistrationError, flow, literals
from flyte_testkit.literals.structs import struct_of

EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


@dataclasses.dataclass
class Config:
    name: str
    sizes: list[int]
    mode: Mode
    since: dt.datetime
    patience: dt.timedelta
    origin: Point
    points: list[Point]
    scores: dict[str, float]
    maybe: Point | None
    word: typing.Literal["p", "q"]
    seed: int = 42
    note: str | None = None


def declared(**annotations):
    return literals.variable_map(annotations)


def plain(kind, demand=None):
    """Return the plain value of one output."""
    kind = kind if isinstance(kind, types_pb2.LiteralType) else literals.literal_type(kind)
    variables = interface_pb2.VariableMap(variables={"o0": interface_pb2.Variable(type=kind)})
    asked = None if demand is None else {"o0": demand}
    return flow.outputs(None, variables, asked, name="fit").literals["o0"]


def value(kind, demand=None):
    return literals.python_value(plain(kind, demand))


def asks(*path, of=None):
    return flow.Demand.of(None if of is None else literals.literal_type(of), path)


# --- scripted ones


def test_scripted_outputs_are_typed():
    made = flow.outputs({"auc": 1}, declared(auc=float), name="fit")
    assert made.literals["auc"] == literal(1.0)


def test_an_unknown_output_is_refused():
    with pytest.raises(RegistrationError) as refusal:
        flow.outputs({"auk": 1.0}, declared(auc=float), name="fit")
    assert str(refusal.value) == (
        "a script of 'fit' succeeds with an output 'auk'. 'fit' declares the outputs auc: float. "
        "Did you mean 'auc'?\nScript what is declared, or declare it."
    )


def test_an_output_of_a_node_that_has_none_is_refused():
    with pytest.raises(RegistrationError, match="'fit' declares no outputs"):
        flow.outputs({"auc": 1.0}, declared(), name="fit")


def test_a_wrong_type_is_refused():
    with pytest.raises(RegistrationError, match="output 'auc' is declared float, but 'high'"):
        flow.outputs({"auc": "high"}, declared(auc=float), name="fit")


def test_whoever_scripts_some_outputs_scripts_all():
    with pytest.raises(RegistrationError) as refusal:
        flow.outputs({"auc": 1.0}, declared(auc=float, rows=int, path=str), name="fit")
    assert str(refusal.value) == (
        "a script of 'fit' succeeds without 'path', 'rows'. "
        "'fit' declares the outputs auc: float, path: str, rows: int.\n"
        "A run that succeeds has made all of them: .succeeds(path=…)."
    )


def test_scripted_values_stand_whatever_is_asked_of_them():
    made = flow.outputs({"paths": []}, declared(paths=list[str]), {"paths": asks(3)}, name="fit")
    assert literals.python_values(made) == {"paths": []}


# --- plain ones


@pytest.mark.parametrize("nothing", [None, {}])
def test_unscripted_outputs_are_plain(nothing):
    made = flow.outputs(nothing, declared(auc=float, rows=int), name="fit")
    assert literals.python_values(made) == {"auc": 0.0, "rows": 0}
    assert flow.outputs(nothing, declared(), name="fit") == literals_pb2.LiteralMap()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (int, 0),
        (float, 0.0),
        (str, ""),
        (bool, False),
        (dt.datetime, EPOCH),
        (dt.date, EPOCH),
        (dt.timedelta, dt.timedelta(0)),
        (None, None),
        (list[int], []),
        (list[list[Point]], []),
        (dict[str, int], {}),
        (dict, {}),
        (Mode, "fast"),
        (typing.Literal["x", "y"], "x"),
        (float | None, 0.0),
        (None | int, 0),
        (int | str, 0),
        (Point, {"x": 0, "y": 0.5}),
        (types_pb2.LiteralType(simple=types_pb2.BINARY), b""),
        (types_pb2.LiteralType(simple=types_pb2.STRUCT), {}),
        (types_pb2.LiteralType(simple=types_pb2.ERROR), types_pb2.Error()),
        (types_pb2.LiteralType(), None),
        (types_pb2.LiteralType(union_type=types_pb2.UnionType()), None),
        (types_pb2.LiteralType(enum_type=types_pb2.EnumType()), None),
    ],
)
def test_a_plain_value_is_as_little_as_its_type_allows(kind, expected):
    found = value(kind)
    assert found == expected
    assert type(found) is type(expected)


def test_a_union_says_which_variant_it_is():
    made = plain(float | None).scalar.union
    assert made.type.structure.tag == "float"
    assert made.value == literal(0.0)


@pytest.mark.parametrize(
    "kind",
    [
        types_pb2.LiteralType(blob=types_pb2.BlobType(format="csv")),
        types_pb2.LiteralType(schema=types_pb2.SchemaType()),
        types_pb2.LiteralType(
            structured_dataset_type=types_pb2.StructuredDatasetType(format="parquet")
        ),
    ],
)
def test_a_reference_is_of_its_type_and_lies_somewhere(kind):
    made = plain(kind)
    assert literals.python_value(made) == "s3://my-s3-bucket/data/plain"
    assert literals.type_of_literal(made) == kind


def test_a_dataclass_has_its_fields_and_their_defaults():
    assert value(Config) == {
        "name": "",
        "sizes": [],
        "mode": "fast",
        "since": "2024-01-01T00:00:00+00:00",
        "patience": 0.0,
        "origin": {"x": 0, "y": 0.5},
        "points": [],
        "scores": {},
        "maybe": {"x": 0, "y": 0.5},
        "word": "p",
        "seed": 42,
        "note": None,
    }
    assert type(value(Config)["seed"]) is int


def test_plain_values_are_the_same_every_time():
    assert plain(Config).SerializeToString() == plain(Config).SerializeToString()


def test_a_dataclass_that_travels_as_a_struct_is_one():
    kind = literals.literal_type(Point)
    kind.ClearField("annotation")
    assert plain(kind).scalar.HasField("generic")
    assert value(kind) == {"x": 0.0, "y": 0.5}


# --- what a schema alone says, as pydantic's does


def of_schema(**schema):
    kind = types_pb2.LiteralType()
    kind.CopyFrom(literals.literal_type(dict))
    kind.metadata.CopyFrom(struct_of({"type": "object", **schema}))
    return kind


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, 0),
        ({"type": "integer", "exclusiveMinimum": 0}, 1),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "number", "minimum": 1.5}, 1.5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "string", "minLength": 2}, "xx"),
        ({"type": "string", "format": "date"}, "2024-01-01"),
        ({"type": "string", "format": "duration"}, "PT0S"),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 0),
        ({"type": "array", "items": {"type": "integer"}}, []),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {}),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 0),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": "c"}, "c"),
        ({"type": "integer", "default": 7}, 7),
        ({"$ref": "#/$defs/Inner"}, {"n": 1}),
        ({"$ref": "#/$defs/Circular"}, {"next": None}),
        ({"$ref": "#/$defs/Nowhere"}, None),
        ({"title": "FlyteFile", "type": "object"}, {"path": "s3://my-s3-bucket/data/plain"}),
        ({}, None),
    ],
)
def test_a_model_has_what_its_schema_says(schema, expected):
    circular = {"anyOf": [{"$ref": "#/$defs/Circular"}, {"type": "null"}]}
    definitions = {
        "Inner": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}},
        "Circular": {"type": "object", "properties": {"next": circular}},
    }
    kind = of_schema(properties={"a": schema}, **{"$defs": definitions})
    found = value(kind)
    assert found == {"a": expected}
    assert type(found["a"]) is type(expected)


def test_a_schema_that_is_a_reference_itself_is_followed():
    point = {"type": "object", "properties": {"x": {"type": "integer"}}}
    kind = of_schema(**{"$ref": "#/definitions/Point", "definitions": {"Point": point}})
    assert value(kind) == {"x": 0}


def test_a_schema_serves_where_the_types_of_fields_are_not_known():
    """A variant of a union has its tag where the types of its fields would stand."""
    assert value(Point | None) == {"x": 0, "y": 0.5}


# --- what is asked


def test_a_list_is_as_long_as_the_largest_index_asked_of_it():
    assert value(list[int], asks(2) | asks(0)) == [0, 0, 0]


def test_each_element_has_what_is_asked_of_it_alone():
    assert value(list[list[int]], asks(1, 1)) == [[], [0, 0]]


def test_a_list_that_is_mapped_over_has_an_element_with_what_is_asked_of_each():
    assert value(list[int], asks(None)) == [0]
    assert value(list[list[int]], asks(None, 0) | asks(1)) == [[0], [0]]


@pytest.mark.parametrize("index", [-1, 10**9])
def test_an_index_that_nobody_can_have_meant_makes_no_list(index):
    assert value(list[int], asks(index)) == []


def test_a_dict_has_the_keys_asked_for():
    assert value(dict[str, list[int]], asks("a", 0) | asks("b")) == {"a": [0], "b": []}


def test_an_untyped_dict_holds_what_its_consumers_take():
    demand = asks("point", of=Point) | asks("deep", "er") | asks("many", 1, of=int) | asks("x")
    assert value(dict, demand) == {
        "deep": {"er": None},
        "many": [None, 0],
        "point": {"x": 0, "y": 0.5},
        "x": None,
    }


def test_an_untyped_dict_that_goes_into_a_dataclass_has_its_fields():
    assert value(dict, asks(of=Point)) == {"x": 0, "y": 0.5}
    assert value(list[dict], asks(0) | asks(of=list[Point])) == [{"x": 0, "y": 0.5}]


def test_a_dataclass_has_what_is_asked_of_its_fields():
    demand = asks("sizes", 1) | asks("points", 0, "x") | asks("scores", "auc") | asks("maybe", "x")
    found = value(Config, demand)
    assert found["sizes"] == [0, 0]
    assert found["points"] == [{"x": 0, "y": 0.5}]
    assert found["scores"] == {"auc": 0.0}
    assert found["maybe"] == {"x": 0, "y": 0.5}


def test_a_text_that_goes_into_an_enum_is_one_of_its_values():
    assert value(str, asks(of=Mode)) == "fast"
    assert value(str, asks(of=Mode | None)) == "fast"
    assert value(list[str], asks(0) | asks(of=list[Mode])) == ["fast"]
    assert value(str, asks(of=Mode) | asks(of=typing.Literal["slow", "other"])) == "slow"
    assert value(str, asks(of=str)) == ""


def test_a_union_is_the_variant_that_has_what_is_asked_for():
    assert value(int | list[int], asks(0)) == [0]
    assert value(int | dict[str, int], asks("a")) == {"a": 0}
    assert value(int | list[int]) == 0


def test_demands_are_values():
    assert asks(1) | asks(2) == asks(2) | asks(1)
    assert hash(asks(1, of=int)) == hash(asks(1, of=int))
    assert asks() | flow.Demand() == flow.Demand() | asks()
