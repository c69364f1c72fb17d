"""Literals as the Python values that a test compares with.

Ignorant of declared types: a literal speaks for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyte_testkit.literals.scalars import scalar_value

if TYPE_CHECKING:
    from flyteidl.core import literals_pb2
    from google.protobuf.message import Message

__all__ = ["python_value", "python_values"]


def python_value(literal: literals_pb2.Literal) -> Any:
    """Return what a literal says, in plain Python.

    Unions are opened; a Struct or msgpack becomes what it holds (a dict, for a dict or dataclass);
    times are aware UTC datetimes of microseconds; blobs, schemas, structured datasets and offloaded
    literals become their URI; an enum's value is a text. A literal without content is None. A
    Timestamp or a Duration that Python's classes cannot hold stays that message.

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
    if kind == "union":
        return python_value(scalar.union.value)
    if kind == "blob":
        return scalar.blob.uri
    if kind == "schema":
        return scalar.schema.uri
    if kind == "structured_dataset":
        return scalar.structured_dataset.uri
    if kind == "error":
        return scalar.error
    try:
        return scalar_value(scalar)
    except ValueError:  # whoever only looks must not fail over what another sent
        return _unread(scalar)


def _unread(scalar: literals_pb2.Scalar) -> bytes | Message:
    """Return as it came what Python cannot hold: an instant, a span, or bytes that pack nothing."""
    if scalar.HasField("binary"):
        return scalar.binary.value
    held: Message = getattr(scalar.primitive, str(scalar.primitive.WhichOneof("value")))
    copy = type(held)()  # nobody changes what was sent by changing what was read
    copy.CopyFrom(held)
    return copy
