"""A dataclass from the JSON schema that flytekit stores with a dataclass type.

Whoever reads ``outputs["model"].auc`` without naming a class gets one that is made from the schema,
named as the original and with its fields. Two dialects are read: mashumaro's (``title`` and
``properties``) and marshmallow's (``$ref`` and ``definitions``).

This module is ignorant of literals.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Union

__all__ = ["class_of"]

Schema = Mapping[str, Any]

_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "null": type(None)}


def class_of(schema: Schema) -> Any:
    """Return a dataclass for a schema, or nothing if it describes none.

    Example:
        >>> point = class_of({"title": "Point", "properties": {"x": {"type": "integer"}}})
        >>> point(x=1)
        Point(x=1)
    """
    definitions = {**schema.get("$defs", {}), **schema.get("definitions", {})}
    if "$ref" in schema:
        return _referred(schema["$ref"], definitions)
    if "title" not in schema or "properties" not in schema:
        return None
    return _made(str(schema["title"]), schema["properties"], definitions)


def _referred(reference: str, definitions: Schema) -> Any:
    name = reference.rpartition("/")[2]
    schema = definitions.get(name, {})
    if "properties" in schema:
        return _made(name, schema["properties"], definitions)
    return str if "enum" in schema else Any


def _made(name: str, properties: Schema, definitions: Schema) -> type:
    fields = [
        (key, _type_of(value, definitions), dataclasses.field(default=None))
        for key, value in properties.items()
    ]
    return dataclasses.make_dataclass(name, fields)


def _type_of(schema: Schema, definitions: Schema) -> Any:
    if "$ref" in schema:
        return _referred(schema["$ref"], definitions)
    if "anyOf" in schema:
        variants = tuple(_type_of(one, definitions) for one in schema["anyOf"])
        return Union[variants]  # noqa: UP007  built, not written
    kind = schema.get("type")
    if isinstance(kind, list):
        variants = tuple(_type_of({**schema, "type": one}, definitions) for one in kind)
        return Union[variants]  # noqa: UP007  likewise
    if kind == "array":
        return list[_type_of(schema.get("items", {}), definitions)]  # type: ignore[misc]  # built
    if kind == "object":
        if "properties" in schema:
            return _made(str(schema.get("title", "Object")), schema["properties"], definitions)
        inner = schema.get("additionalProperties")
        values = _type_of(inner, definitions) if isinstance(inner, dict) else Any
        return dict[str, values]  # type: ignore[valid-type]  # built, not written
    if kind == "number" and schema.get("format") == "integer":
        return int
    return _TYPES.get(str(kind), Any)
