"""What a path leads to inside a literal: ``fitted.metrics["auc"][0]``.

As flytepropeller's resolver of attribute paths does: lists and maps are walked literal by literal;
a Struct or msgpack is the last stop, and the rest of the path lies inside of it. What comes out of
msgpack is a primitive if it can be, a list of msgpack if it is a list, and msgpack again otherwise.
Other scalars, unions among them, have no parts: the rest of the path is not looked at.

Ignorant of promises, nodes and types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import literals_pb2

from flyte_testkit import literals, msgpack
from flyte_testkit.flow import _go_values as go
from flyte_testkit.literals.structs import dict_of, packed, struct_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyteidl.core import types_pb2
    from google.protobuf import struct_pb2

__all__ = ["MissingError", "follow"]

_MOST = 2**63 - 1


class MissingError(Exception):
    """A path leads nowhere; the message says where it ends, as flytepropeller words it."""


def follow(
    literal: literals_pb2.Literal, path: Sequence[types_pb2.PromiseAttribute]
) -> literals_pb2.Literal:
    """Return what a path leads to.

    Raises:
        MissingError: It leads nowhere.
    """
    steps = list(path)
    if not steps:
        return literal
    while steps and literal.WhichOneof("value") in {"collection", "map"}:
        literal = _part(literal, steps.pop(0))
    scalar = literal.scalar
    if scalar.HasField("binary"):
        return _in_msgpack(scalar.binary, steps)
    if scalar.HasField("generic"):
        return _in_struct(scalar.generic, steps)
    return literal


def _part(literal: literals_pb2.Literal, step: types_pb2.PromiseAttribute) -> literals_pb2.Literal:
    if literal.HasField("map"):
        entries = literal.map.literals
        if step.string_value not in entries:
            raise _no_key(step, go.map_text(entries))
        return entries[step.string_value]
    elements = literal.collection.literals
    if not 0 <= step.int_value < len(elements):
        raise _no_index(step, go.literals_text(elements))
    return elements[step.int_value]


def _in_struct(
    struct: struct_pb2.Struct, steps: Sequence[types_pb2.PromiseAttribute]
) -> literals_pb2.Literal:
    value: Any = dict_of(struct)
    for step in steps:
        if isinstance(value, dict):
            if step.string_value not in value:
                raise _no_key(step, go.value_text(value))
            value = value[step.string_value]
        elif isinstance(value, list):
            value = _element(value, step)
    return _of_struct(value)


def _of_struct(value: Any) -> literals_pb2.Literal:
    """Return what lay in a Struct; of null there is nothing to tell, so its literal is empty."""
    if value is None:
        return literals_pb2.Literal()
    if isinstance(value, dict):
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(generic=struct_of(value)))
    if isinstance(value, list):
        return _collection([_of_struct(one) for one in value])
    return literals.literal(value)


def _in_msgpack(
    binary: literals_pb2.Binary, steps: Sequence[types_pb2.PromiseAttribute]
) -> literals_pb2.Literal:
    if binary.tag != "msgpack":
        raise MissingError(
            f"Unsupported format '{binary.tag}' found for literal value.\n"
            "Please ensure the serialization format is supported."
        )
    try:
        value = msgpack.unpack(binary.value)
    except ValueError as error:
        raise MissingError(str(error)) from None
    for step in steps:
        value = _unpacked_part(value, step)
    if isinstance(value, list):
        return _collection([_packed(one) for one in value])
    if value is None or isinstance(value, (bytes, dict)):
        return _packed(value)
    if isinstance(value, int) and value > _MOST:
        raise MissingError("uint64 value is too large to be converted to int64")
    return literals.literal(value)


def _unpacked_part(value: Any, step: types_pb2.PromiseAttribute) -> Any:
    if not isinstance(value, (dict, list)):
        raise MissingError(
            f"unexpected type [{go.type_text(value)}] for value {go.value_text(value)}"
        )
    wanted = "string_value" if isinstance(value, dict) else "int_value"
    if step.WhichOneof("value") != wanted:
        raise _wrong_step(step)
    if isinstance(value, list):
        return _element(value, step)
    if step.string_value not in value:
        raise _no_key(step, go.value_text(value))
    return value[step.string_value]


def _element(value: list[Any], step: types_pb2.PromiseAttribute) -> Any:
    if not 0 <= step.int_value < len(value):
        raise _no_index(step, go.value_text(value))
    return value[step.int_value]


def _collection(elements: Sequence[literals_pb2.Literal]) -> literals_pb2.Literal:
    return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=elements))


def _packed(value: object) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=packed(value)))


def _no_key(step: types_pb2.PromiseAttribute, there: str) -> MissingError:
    return MissingError(f"key [{step.string_value}] does not exist in literal {there}")


def _no_index(step: types_pb2.PromiseAttribute, there: str) -> MissingError:
    return MissingError(f"index [{step.int_value}] is out of range of {there}")


def _wrong_step(step: types_pb2.PromiseAttribute) -> MissingError:
    kind = "IntValue" if step.HasField("int_value") else "StringValue"
    value = step.int_value if step.HasField("int_value") else step.string_value
    return MissingError(
        f"unexpected attribute type [*core.PromiseAttribute_{kind}] for value &{{{value}}}"
    )
