from __future__ import annotations

from typing import Any

import pytest
from builders import refusal_of
from google.protobuf import json_format, struct_pb2

from flyte_testkit.admin.rules import json_schemas


def struct(content: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(content, struct_pb2.Struct())


def of(*types: str, **words: Any) -> dict[str, Any]:
    return {"type": types[0] if len(types) == 1 else list(types), **words}


def schema(required: tuple[str, ...] = (), title: str = "A", **properties: Any) -> dict[str, Any]:
    typed = {
        name: {"type": kind} if isinstance(kind, str) else kind for name, kind in properties.items()
    }
    return {
        "type": "object",
        "title": title,
        "properties": typed,
        "required": list(required),
        "additionalProperties": False,
    }


X = schema(("x",), x="integer")


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        (X, X, True),
        ({}, {}, True),
        (schema(("x",), title="B", x="integer"), X, True),
        (schema(("x",), x="integer", y="string"), X, True),
        (schema(("x", "y"), x="integer", y="string"), X, True),
        (X, schema(("x", "y"), x="integer", y="string"), False),
        (X, schema(("x",), x="integer", y="string"), False),
        (schema(("x",), x="string"), X, False),
        (schema((), x="integer"), X, False),
        (X, {}, False),
        ({}, X, False),
        (schema(inner=schema(x="integer", y="string")), schema(inner=schema(x="integer")), True),
        (schema(inner=schema(x="integer")), schema(inner=schema(x="string")), False),
        (
            schema(xs={"type": "array", "items": {"type": "integer"}}),
            schema(xs={"type": "array", "items": {"type": "string"}}),
            False,
        ),
        (
            schema(x={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
            schema(x={"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}),
            True,
        ),
        ({"properties": 1}, {"properties": 2}, False),
        ({"required": "x"}, {"required": "x"}, True),
    ],
)
def test_one_schema_fits_another_when_it_promises_at_least_as_much(source, target, fits):
    assert json_schemas.fits(struct(source), struct(target)) is fits


@pytest.mark.parametrize(
    ("kind", "wanted", "fits"),
    [
        (of("string"), of("string", enum=["a"]), True),
        (of("string", enum=["a", ""]), of("string", enum=["a", "b"]), True),
        (of("string", enum=["c"]), of("string", enum=["a", "b"]), False),
        (of("string", format="date"), of("string"), False),
        (of("string", pattern="a"), of("string"), True),
        (of("string", pattern="a"), of("string", pattern="b"), False),
        (of("string", maxLength=3), of("string", maxLength=4), True),
        (of("string", maxLength=4), of("string", maxLength=3), False),
        (of("string"), of("string", minLength=1), False),
        (of("number", minimum=2), of("number", minimum=1), True),
        (of("number", minimum=0), of("number", minimum=1), False),
        (of("number"), of("number", exclusiveMinimum=1), True),
        (of("number", multipleOf=6), of("number", multipleOf=3), True),
        (of("number", multipleOf=3), of("number", multipleOf=2), False),
        (of("number", multipleOf=3.5), of("number", multipleOf=1.5), True),
        (of("integer"), of("integer", minimum=1), True),
        (of("integer"), of("number"), False),
        (of("null", "integer"), of("integer", "null"), True),
        (of("integer"), of("integer", "null"), False),
        (of("array", items=of("integer")), of("array"), True),
        (of("array"), of("array", items=of("integer")), False),
        (of("array", items=[of("integer")]), of("array", items=[of("string")]), False),
        (of("array", items=[of("integer")]), of("array", items=[of("integer"), True]), False),
        (of("array", items=[of("integer")]), of("array", items=of("integer")), False),
        (of("array", items=[of("null")]), of("array", items=[of("null", title="B")]), True),
        (of("array", minItems=2), of("array", minItems=1), True),
        (of("array"), of("array", uniqueItems=True), False),
        ({"const": 1}, {"const": 1, "title": "B"}, True),
        ({"const": 1}, {"const": True}, False),
        ({}, {"const": 1}, False),
        (True, {"title": "B"}, True),
        (of("object"), True, False),
        (of("object", additionalProperties=of("integer")), of("object"), True),
        (of("object"), {"title": "B"}, True),
        (of("integer"), {"title": "B"}, False),
        (of("object", minProperties=2), of("object", minProperties=1), True),
        (of("object"), of("object", maxProperties=1), False),
        (of("object"), of("object", **{"if": of("null")}), True),
        (of("object"), of("object", **{"if": of("null"), "then": of("null")}), False),
        ({"anyOf": [of("null")]}, {"anyOf": [of("integer"), of("null")]}, True),
        ({"anyOf": [of("integer"), of("null")]}, {"anyOf": [of("null")]}, False),
        ({"anyOf": [of("null")]}, {}, False),
        ({"anyOf": [X]}, {"anyOf": [{**X, "title": "B"}]}, False),
        ({"anyOf": [True]}, {"anyOf": [True], "title": "B"}, True),
        ({"anyOf": [True]}, {"anyOf": [False]}, False),
    ],
)
def test_a_property_fits_when_all_that_is_wanted_of_it_is_given(kind, wanted, fits):
    source, target = (
        schema(title=title, p=content) for title, content in (("A", kind), ("B", wanted))
    )
    assert json_schemas.fits(struct(source), struct(target)) is fits


def test_additional_properties_are_not_compared():
    assert json_schemas.fits(struct({**X, "additionalProperties": True}), struct(X))


def test_references_are_followed_in_their_own_document():
    source = {"$ref": "#/definitions/A", "definitions": {"A": schema(x="integer", y="string")}}
    target = {"$ref": "#/definitions/B", "definitions": {"B": schema(x="integer")}}
    assert json_schemas.fits(struct(source), struct(target))
    assert not json_schemas.fits(struct(target), struct(source))


def test_schemas_inside_themselves_come_to_an_end():
    def tree(title):
        return {"type": "object", "title": title, "properties": {"left": {"$ref": "#"}}}

    assert json_schemas.fits(struct(tree("A")), struct(tree("B")))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (of("string"), of("string", pattern="a")),
        (of("string"), of("string", enum=["a", 1])),
        (of("number", multipleOf=2), of("number")),
        (of("number", multipleOf=2), of("number", multipleOf=0.5)),
        ({"const": [1]}, {"const": [1]}),
    ],
)
def test_what_the_real_server_stumbles_over_is_internal(kind, wanted):
    refusal = refusal_of(
        json_schemas.fits, struct(schema(title="A", p=kind)), struct(schema(title="B", p=wanted))
    )
    assert (refusal.code, refusal.message) == ("INTERNAL", "")


def test_a_default_that_no_json_says_makes_no_schema():
    boundless = schema(x={"type": "number", "default": float("inf")})
    assert json_schemas.fits(struct(boundless), struct(boundless))
    assert not json_schemas.fits(struct(boundless), struct(schema(x="number")))
    assert not json_schemas.fits(struct(schema(x="number")), struct(boundless))
