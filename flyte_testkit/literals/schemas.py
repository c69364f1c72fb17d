"""The JSON schemas that types of dataclasses and models carry: what they say, and their names.

Both dialects are known that flytekit has shipped: schemas that refer to ``definitions``, and those
of pydantic, which refer to ``$defs``. Ignorant of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyteidl.core import types_pb2

from flyte_testkit.literals.structs import dict_of

__all__ = ["OPEN", "Schema", "followed", "name_of", "schema_of"]

Schema = Mapping[str, Any]

OPEN = "x-open"
"""The mark of a schema that names only some of the fields, and not which of them have defaults."""


def schema_of(declared: types_pb2.LiteralType) -> Schema:
    """Return the schema of a Struct, or one of the types of its fields, as far as they are known.

    Example:
        >>> schema_of(types_pb2.LiteralType(simple=types_pb2.STRUCT))
        {}
    """
    if declared.metadata.fields:
        return dict_of(declared.metadata)
    fields = declared.structure.dataclass_type
    known = {name: _of_type(kind) for name, kind in sorted(fields.items())}
    return {"type": "object", "properties": known, OPEN: True} if known else {}


def _of_type(kind: types_pb2.LiteralType) -> Schema:
    which = kind.WhichOneof("type")
    if which == "collection_type":
        return {"type": "array", "items": _of_type(kind.collection_type)}
    if which == "map_value_type":
        return {"type": "object", "additionalProperties": _of_type(kind.map_value_type)}
    if which == "union_type":
        return {"anyOf": [_of_type(variant) for variant in kind.union_type.variants]}
    if which == "enum_type":
        return {"enum": list(kind.enum_type.values)}
    if kind.simple == types_pb2.STRUCT and which == "simple":
        own = schema_of(kind)
        return {} if "$defs" in own or "definitions" in own else own  # its references lead nowhere
    return _SIMPLE.get(kind.simple, {}) if which == "simple" else {}


_SIMPLE: dict[int, Schema] = {
    types_pb2.NONE: {"type": "null"},
    types_pb2.INTEGER: {"type": "integer"},
    types_pb2.FLOAT: {"type": "number"},
    types_pb2.STRING: {"type": "string"},
    types_pb2.BOOLEAN: {"type": "boolean"},
    types_pb2.DATETIME: {"type": "string", "format": "date-time"},
    types_pb2.DURATION: {"type": "number", "format": "time-delta"},
    types_pb2.BINARY: {"type": "string", "format": "base64"},
}


def followed(schema: object, root: Schema) -> Schema:
    """Return what a schema says, once its references are looked up in the whole."""
    seen = set()
    while isinstance(schema, dict) and (target := schema.get("$ref")) and target not in seen:
        seen.add(target)
        found: Any = root
        for name in str(target).removeprefix("#/").split("/"):
            found = found.get(name) if isinstance(found, dict) else None
        rest = {key: said for key, said in schema.items() if key not in ("$ref", "type")}
        named = {"title": str(target).rpartition("/")[2]}
        schema = {**named, **found, **rest} if isinstance(found, dict) else {}
    return schema if isinstance(schema, dict) else {}


def name_of(schema: object, root: Schema) -> str:
    """Return what Python calls it."""
    says = followed(schema, root)
    if choices := says.get("anyOf") or says.get("oneOf") or says.get("allOf"):
        return " | ".join(dict.fromkeys(name_of(one, root) for one in choices))
    if "enum" in says or "const" in says:
        named = says["enum"] if "enum" in says else [says["const"]]
        return f"an enum of {', '.join(map(repr, named))}"
    kind = says.get("type", "object" if "properties" in says else "")
    if isinstance(kind, list):
        return " | ".join(name_of({**says, "type": one}, root) for one in kind)
    if kind == "array":
        return f"list[{name_of(says['items'], root)}]" if says.get("items") else "list"
    if kind == "object" and ("properties" in says or says.get("additionalProperties") is False):
        return str(says.get("title") or "a record")
    if kind == "object":
        others = says.get("additionalProperties")
        keys = name_of(says.get("propertyNames", {"type": "string"}), root)
        return f"dict[{keys}, {name_of(others, root)}]" if isinstance(others, dict) else "dict"
    return _FORMATS.get(str(says.get("format"))) or _NAMES.get(kind, "anything")


_NAMES = {
    "integer": "int",
    "number": "float",
    "string": "str",
    "boolean": "bool",
    "null": "None",
}
_FORMATS = {
    "date-time": "datetime",
    "date": "date",
    "time-delta": "timedelta",
    "duration": "timedelta",
    "base64": "bytes",
    "binary": "bytes",
}
