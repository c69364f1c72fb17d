"""Plain content of dicts, dataclasses and models: what JSON and msgpack would hold.

Of a place inside, three things may be known: its type, its JSON schema, and what consumers ask of
it. Ignorant of literals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import types_pb2

from flyte_testkit.flow._demand import EACH
from flyte_testkit.flow._schemas import Schema
from flyte_testkit.literals.structs import dict_of
from flyte_testkit.references import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.flow._demand import Demand

__all__ = ["URI", "chosen", "content", "texts"]

URI: Final = "s3://my-s3-bucket/data/plain"
"""Where plain files, directories and tables are said to lie."""

_SIMPLE: Final[dict[int, Any]] = {
    types_pb2.INTEGER: 0,
    types_pb2.FLOAT: 0.0,
    types_pb2.STRING: "",
    types_pb2.BOOLEAN: False,
    types_pb2.DATETIME: "2024-01-01T00:00:00+00:00",
    types_pb2.DURATION: 0.0,
    types_pb2.BINARY: b"",
}
_REFERENCES: Final = {"blob": "file", "schema": "schema", "structured_dataset_type": "table"}
_TITLES: Final = {  # flytekit's own classes, where a schema alone tells of them
    "FlyteFile": "file",
    "FlyteDirectory": "directory",
    "StructuredDataset": "table",
    "FlyteSchema": "schema",
}


def content(
    kind: types_pb2.LiteralType | None, demand: Demand, schema: Schema | None = None
) -> Any:
    """Return plain content of a type, with the parts that are asked for.

    Args:
        kind: Its type, if it is known.
        demand: What is asked of it.
        schema: What a schema says of it; types of dataclasses bring their own.
    """
    if kind is None:
        return _untyped(demand, schema)
    named = _named(kind, demand, schema)
    if named:
        return named[0]
    return _WRITERS.get(str(kind.WhichOneof("type")), _atom)(kind, demand, schema)


def texts(kind: types_pb2.LiteralType, demand: Demand) -> list[str]:
    """Return the texts that are allowed, where not all are: by the type, or by who takes it."""
    allowed = [_texts(one) for one in (kind, *demand.kinds)]
    some = [choices for choices in allowed if choices]
    if not some or not (kind.HasField("enum_type") or kind.simple == types_pb2.STRING):
        return []
    common = [text for text in some[0] if all(text in choices for choices in some)]
    return common or some[0]


def _texts(kind: types_pb2.LiteralType) -> list[str]:
    if kind.HasField("enum_type"):
        return list(kind.enum_type.values)
    values = kind.annotation.annotations.fields.get("literal_values")
    return [] if values is None else [one.string_value for one in values.list_value.values]


def chosen(variants: Sequence[types_pb2.LiteralType], demand: Demand) -> int:
    """Return which variant of a union to be: one that has what is asked for, and is not None."""
    wanted: tuple[str, ...] = ()
    if demand.size:
        wanted = ("collection_type",)
    elif demand.keys:
        wanted = ("map_value_type", "struct")
    ranks = [
        (_form(one) not in wanted, _form(one) == "none", number)
        for number, one in enumerate(variants)
    ]
    return min(ranks)[-1]


def _form(kind: types_pb2.LiteralType) -> str:
    which = str(kind.WhichOneof("type"))
    if which == "simple" and kind.simple in {types_pb2.STRUCT, types_pb2.NONE}:
        return "struct" if kind.simple == types_pb2.STRUCT else "none"
    return which


def _named(kind: types_pb2.LiteralType, demand: Demand, schema: Schema | None) -> list[Any]:
    """Return, in a list, the value that a schema names, if consumers ask for no more."""
    if schema is None or demand.keys or demand.size or kind.WhichOneof("type") in _REFERENCES:
        return []
    choices = texts(kind, demand)
    return [value for value in schema.named() if not choices or value in choices]


def _atom(kind: types_pb2.LiteralType, demand: Demand, schema: Schema | None) -> Any:
    if kind.simple == types_pb2.STRUCT:
        return _record(kind, demand, schema)
    if choices := texts(kind, demand):
        return choices[0]
    if schema is not None and schema.is_scalar:
        return schema.scalar()
    return _SIMPLE.get(kind.simple)


def _variant(kind: types_pb2.LiteralType, demand: Demand, schema: Schema | None) -> Any:
    variants = kind.union_type.variants
    if not variants:
        return None
    number = chosen(variants, demand)
    choices = [] if schema is None else schema.choices
    inner = choices[number] if len(choices) == len(variants) else None
    return content(variants[number], demand, inner)


def _reference(kind: types_pb2.LiteralType, *_: object) -> dict[str, Any]:
    name = _REFERENCES[str(kind.WhichOneof("type"))]
    if kind.blob.dimensionality == types_pb2.BlobType.MULTIPART:
        name = "directory"
    return Reference(name, URI, kind.structured_dataset_type.format).fields


def _list(kind: types_pb2.LiteralType, demand: Demand, schema: Schema | None) -> list[Any]:
    elements = None if schema is None else schema.elements
    return [content(kind.collection_type, one, elements) for one in _elements(demand, schema)]


def _elements(demand: Demand, schema: Schema | None) -> list[Demand]:
    """Return what is asked of each element; a schema may want more of them."""
    asked = demand.elements
    least = 0 if schema is None else schema.least_elements
    return asked + [demand.part(EACH)] * (least - len(asked))


def _map(kind: types_pb2.LiteralType, demand: Demand, schema: Schema | None) -> dict[str, Any]:
    inner, entries = kind.map_value_type, None if schema is None else schema.entries
    return {key: content(inner, demand.part(key), entries) for key in demand.keys}


def _record(kind: types_pb2.LiteralType, demand: Demand, schema: Schema | None) -> dict[str, Any]:
    """Return a dataclass with its fields, or a dict with the keys that are asked for."""
    kind = _told(kind, demand)
    if kind.HasField("metadata"):
        schema = Schema.of(dict_of(kind.metadata))
    fields = kind.structure.dataclass_type
    properties = {} if schema is None else schema.properties
    names = sorted({*properties, *fields, *demand.keys})
    return {
        name: content(fields.get(name), demand.part(name), properties.get(name)) for name in names
    }


def _told(kind: types_pb2.LiteralType, demand: Demand) -> types_pb2.LiteralType:
    """Return the type that knows more: a dict that goes into a dataclass has its fields."""
    if _has_fields(kind):
        return kind
    return next((one for one in demand.kinds if _has_fields(one)), kind)


def _has_fields(kind: types_pb2.LiteralType) -> bool:
    return bool(kind.structure.dataclass_type) or kind.HasField("metadata")


def _untyped(demand: Demand, schema: Schema | None) -> Any:
    if schema is not None:
        return _of_schema(schema, demand)
    taken = [one for one in demand.kinds if one.simple != types_pb2.NONE]
    if taken:
        return content(taken[0], demand)
    if demand.keys:
        return {key: content(None, demand.part(key)) for key in demand.keys}
    if demand.size:
        return [content(None, one) for one in demand.elements]
    return None


def _of_schema(schema: Schema, demand: Demand) -> Any:
    if not (demand.keys or demand.size) and (said := schema.named()):
        return said[0]
    if schema.title in _TITLES:
        return Reference(_TITLES[schema.title], URI).fields
    if schema.choices:
        choices = [one for one in schema.choices if not one.is_circular and one.kind != "null"]
        return _of_schema(choices[0], demand) if choices else None
    if schema.kind == "array":
        return [_of_schema(schema.elements, one) for one in _elements(demand, schema)]
    if schema.kind == "object":
        properties = schema.properties
        names = sorted({*properties, *demand.keys})
        return {
            name: _of_schema(properties.get(name, schema.entries), demand.part(name))
            for name in names
        }
    return _untyped(demand, None) if not schema.kind else schema.scalar()


_WRITERS: Final[dict[str, Callable[[types_pb2.LiteralType, Demand, Schema | None], Any]]] = {
    "collection_type": _list,
    "map_value_type": _map,
    "union_type": _variant,
    **dict.fromkeys(_REFERENCES, _reference),
}
