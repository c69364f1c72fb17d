"""Literals as the Python values that a test compares with.

Ignorant of declared types: a literal speaks for itself.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from flyte_testkit import msgpack

if TYPE_CHECKING:
    from flyteidl.core import literals_pb2

__all__ = ["python_value", "python_values"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def python_value(literal: literals_pb2.Literal) -> Any:
    """Return what a literal says, in plain Python.

    Unions are opened; a Struct or msgpack becomes what it holds (a dict, for a dict or dataclass);
    times are aware UTC datetimes of microseconds; blobs, schemas, structured datasets and offloaded
    literals become their URI; an enum's value is a text. A literal without content is None.

    Example:
        >>> from flyte_testkit.literals import literal
        >>> python_value(literal({"a": [1, 2]}))
        {'a': [1, 2]}
    """
    kind = literal.WhichOneof("value")
    if kind == "scalar":
        return _scalar(literal.scalar)
    if kind == "collection":
        return [python_value(element) for element in literal.collection.literals]
    if kind == "map":
        return python_values(literal.map)
    if kind == "offloaded_metadata":
        return literal.offloaded_metadata.uri
    return None


def python_values(literals: literals_pb2.LiteralMap) -> dict[str, Any]:
    """Return a map of literals as a dict of Python values."""
    return {name: python_value(literal) for name, literal in literals.literals.items()}


def _scalar(scalar: literals_pb2.Scalar) -> Any:
    kind = scalar.WhichOneof("value")
    if kind == "primitive":
        return _primitive(scalar.primitive)
    if kind == "union":
        return python_value(scalar.union.value)
    if kind == "generic":
        return json_format.MessageToDict(scalar.generic)
    if kind == "binary":
        return _binary(scalar.binary)
    if kind == "blob":
        return scalar.blob.uri
    if kind == "schema":
        return scalar.schema.uri
    if kind == "structured_dataset":
        return scalar.structured_dataset.uri
    if kind == "error":
        return scalar.error
    return None


def _primitive(primitive: literals_pb2.Primitive) -> Any:
    kind = primitive.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(primitive, kind)
    if kind == "datetime":
        return _EPOCH + _span(value.seconds, value.nanos)
    if kind == "duration":
        return _span(value.seconds, value.nanos)
    return value


def _span(seconds: int, nanos: int) -> dt.timedelta:
    micros = abs(nanos) // 1000
    return dt.timedelta(seconds=seconds, microseconds=micros if nanos >= 0 else -micros)


def _binary(binary: literals_pb2.Binary) -> Any:
    if binary.tag != "msgpack":
        return binary.value
    try:
        return msgpack.unpack(binary.value)
    except ValueError:
        return binary.value
