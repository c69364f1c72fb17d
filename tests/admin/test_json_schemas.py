from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from flyte_testkit.admin import json_schemas


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
    def struct(content):
        return json_format.ParseDict(content, struct_pb2.Struct())

    assert json_schemas.fits(struct(source), struct(target)) is fits
