"""What a literal says, in a form that two literals can be compared by.

Two literals that say the same may differ: one is wrapped in the variant of a union, one Struct came
as JSON and one as msgpack, NaN is not equal to itself, and an input that was left out has none at
all. Their forms are equal, and hashable; and True is not 1. Ignorant of types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyte_testkit.literals.reading import python_value

if TYPE_CHECKING:
    from collections.abc import Hashable

    from flyteidl.core import literals_pb2

__all__ = ["form"]

_NAN = ("number", "nan")


def form(literal: literals_pb2.Literal | None) -> Hashable:
    """Return what a literal says; no literal, an empty one and None say the same: nothing.

    Example:
        >>> from flyte_testkit.literals import literal, literal_type
        >>> form(literal(1, literal_type(int | None))) == form(literal(1.0))
        True
        >>> form(literal(True)) == form(literal(1))
        False
    """
    kind = None if literal is None else literal.WhichOneof("value")
    if literal is None or kind is None:
        return None
    if kind == "collection":
        return ("list", tuple(map(form, literal.collection.literals)))
    if kind == "map":
        return ("map", frozenset((key, form(v)) for key, v in literal.map.literals.items()))
    if kind == "offloaded_metadata":
        return ("uri", literal.offloaded_metadata.uri)
    return _scalar(literal, literal.scalar)


def _scalar(literal: literals_pb2.Literal, scalar: literals_pb2.Scalar) -> Hashable:
    kind = scalar.WhichOneof("value")
    if kind == "union":
        return form(scalar.union.value)
    if kind == "primitive":
        which = scalar.primitive.WhichOneof("value")
        if which in {"datetime", "duration"}:
            span: Any = getattr(scalar.primitive, which)
            return (which, span.seconds, span.nanos)
    if kind in {"blob", "schema", "structured_dataset"}:
        return ("uri", python_value(literal))
    if kind == "error":
        return ("error", scalar.error.SerializeToString(deterministic=True))
    return _plain(python_value(literal))


def _plain(value: object) -> Hashable:
    """Return the form of what JSON and msgpack know."""
    if value is None or isinstance(value, (bool, str, bytes)):
        return None if value is None else (type(value).__name__, value)
    if isinstance(value, (int, float)):
        return _NAN if value != value else ("number", value)  # noqa: PLR0124  NaN alone differs
    if isinstance(value, dict):
        return ("map", frozenset((_plain(key), _plain(v)) for key, v in value.items()))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(map(_plain, value)))
    return (type(value).__name__, repr(value))  # msgpack knows few others
