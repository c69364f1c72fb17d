"""From a Python value to a literal of the type that an interface declares.

As strict as flytekit: an ``int`` is no ``float``, a ``bool`` no ``int``. Dataclasses and untyped
dicts travel as MessagePack. Files, directories and tables are given by URI, or as flytekit's own
objects for what lies at one: nothing is uploaded.

This module is ignorant of which input a value is for.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit.client import models
from flyte_testkit.client.exceptions import TypeTransformerFailedError
from flyte_testkit.errors import shown
from flyte_testkit.literals.scalars import (
    packed_literal,
    reference_literal,
    simple_literal,
    text_literal,
)
from flyte_testkit.references import reference_of

__all__ = ["literal_of", "type_of"]

_PRIMITIVES: dict[int, type] = {
    types_pb2.INTEGER: int,
    types_pb2.FLOAT: float,
    types_pb2.STRING: str,
    types_pb2.BOOLEAN: bool,
    types_pb2.DATETIME: datetime,
    types_pb2.DURATION: timedelta,
}


def literal_of(value: object, literal_type: types_pb2.LiteralType) -> literals_pb2.Literal:
    """Return a value as a literal of that type. A literal is returned as it is.

    Raises:
        TypeTransformerFailedError: The value is not of that type.

    Example:
        >>> literal_of(5, types_pb2.LiteralType(simple=types_pb2.INTEGER)).scalar.primitive.integer
        5
    """
    if isinstance(value, models.Literal):
        return value.to_flyte_idl()
    if isinstance(value, literals_pb2.Literal):
        return value
    kind = literal_type.WhichOneof("type")
    if kind == "simple":
        return _simple(value, literal_type.simple)
    if kind == "collection_type":
        if not isinstance(value, list):
            raise _misfit(value, "a list")
        items = [literal_of(item, literal_type.collection_type) for item in value]
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))
    if kind == "map_value_type":
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise _misfit(value, "a dict with text as keys")
        pairs = {key: literal_of(item, literal_type.map_value_type) for key, item in value.items()}
        return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=pairs))
    if kind == "union_type":
        return _union(value, literal_type.union_type)
    if kind == "enum_type":
        return _enum(value, list(literal_type.enum_type.values))
    return _reference(value, literal_type)


def type_of(value: object) -> types_pb2.LiteralType:
    """Return the Flyte type of a Python value, for values that no interface declares.

    Raises:
        TypeTransformerFailedError: It has none that can be seen from the value alone.
    """
    if isinstance(value, (models.Literal, literals_pb2.Literal)):
        return types_pb2.LiteralType()  # it goes as it is
    if value is None:
        return types_pb2.LiteralType(simple=types_pb2.NONE)
    for simple, python_type in _PRIMITIVES.items():
        if _is_exactly(value, python_type):
            return types_pb2.LiteralType(simple=simple)  # type: ignore[arg-type]  # its stub wants the enum
    if (reference := reference_of(value)) is not None:
        return reference.type
    if isinstance(value, enum.Enum):
        values = [member.value for member in type(value)]
        return types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=values))
    if isinstance(value, list) and value:
        return types_pb2.LiteralType(collection_type=type_of(value[0]))
    if _is_record(value):
        return types_pb2.LiteralType(simple=types_pb2.STRUCT)
    raise _misfit(value, "a value whose Flyte type is plain from itself; give literal_type=")


def _simple(value: object, simple: int) -> literals_pb2.Literal:
    made = None
    try:
        if simple == types_pb2.STRUCT and _is_record(value):
            made = packed_literal(value, _laxly)
        elif _fits(value, simple):
            made = simple_literal(value, types_pb2.LiteralType(simple=simple))  # type: ignore[arg-type]  # likewise
    except ValueError as error:  # 2**64, half a surrogate pair, a NaT, an object in a dict
        raise TypeTransformerFailedError(
            f"{shown(value)} ({type(value).__name__}) is nothing that Flyte can hold: {error}."
        ) from error
    if made is None:
        python_type = _PRIMITIVES.get(simple)
        wanted = python_type.__name__ if python_type else types_pb2.SimpleType.Name(simple)
        raise _misfit(value, f"{'an' if wanted[0] in 'aeiou' else 'a'} {wanted}")
    return made


def _fits(value: object, simple: int) -> bool:
    if simple == types_pb2.NONE:
        return value is None
    python_type = _PRIMITIVES.get(simple)
    day = simple == types_pb2.DATETIME and isinstance(value, date)
    return day or (python_type is not None and _is_exactly(value, python_type))


def _is_exactly(value: object, python_type: type) -> bool:
    """Say whether a value is of a type; subclasses count for times only (tools fake those)."""
    if python_type in (datetime, timedelta):
        return isinstance(value, python_type)
    return type(value) is python_type


def _is_record(value: object) -> bool:
    is_instance = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return isinstance(value, dict) or is_instance or hasattr(value, "model_dump")


def _laxly(value: object) -> object:
    """Return as a dict or list what flytekit's encoders take inside a dataclass alone."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if hasattr(value, "model_dump"):  # what looks like a model of pydantic
        return value.model_dump(mode="json")
    raise TypeError(f"{shown(value)} is a {type(value).__name__}, which msgpack cannot hold")


def _union(value: object, union_type: types_pb2.UnionType) -> literals_pb2.Literal:
    for variant in union_type.variants:
        try:
            literal = literal_of(value, variant)
        except TypeTransformerFailedError:
            continue
        union = literals_pb2.Union(value=literal, type=variant)
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))
    raise _misfit(value, f"of one of the {len(union_type.variants)} types of the union")


def _enum(value: object, allowed: list[str]) -> literals_pb2.Literal:
    text = value.value if isinstance(value, enum.Enum) else value
    if text not in allowed:
        raise _misfit(value, f"one of {shown(allowed)}")
    return text_literal(text)


def _reference(value: object, literal_type: types_pb2.LiteralType) -> literals_pb2.Literal:
    """Return a reference to what lies at a URI, as a blob, a schema or a structured dataset."""
    kind = literal_type.WhichOneof("type")
    reference = reference_of(value)
    if reference is not None and not reference.fits(literal_type):
        raise _misfit(value, f"what is declared: it is a {reference.kind}, and a {kind} is wanted")
    uri = value if reference is None else reference.uri
    if not isinstance(uri, str) or "://" not in uri:
        raise _misfit(
            value,
            "a URI such as 's3://bucket/key' (this client uploads nothing: put it there first)",
        )
    return reference_literal(uri, literal_type, reference)


def _misfit(value: object, wanted: str) -> TypeTransformerFailedError:
    return TypeTransformerFailedError(f"{shown(value)} ({type(value).__name__}) is not {wanted}.")
