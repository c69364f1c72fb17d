"""What a dict, a dataclass or a model holds, as JSON and msgpack put it, and back.

flytekit ships msgpack; elder ones shipped protobuf's Struct, which is JSON but for its numbers: all
are floats, infinity and NaN among them. Ignorant of types.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from typing import TYPE_CHECKING, Any

from flyteidl.core import literals_pb2
from google.protobuf import struct_pb2

from flyte_testkit import msgpack
from flyte_testkit.errors import shown
from flyte_testkit.references import Reference, reference_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["dict_of", "is_pydantic", "packed", "plain", "struct_of"]


def plain(value: Any, other: Callable[[object], object] | None = None) -> Any:
    """Return the value made of what JSON and msgpack know, as flytekit's encoders put it.

    Args:
        value: What to convert, with all that is in it.
        other: What to make of anything that flytekit's encoders do not know; without it there is
            no form for that. It raises TypeError where it knows none either.

    Raises:
        TypeError: There is no such form.
    """
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, enum.Enum):
        return plain(value.value, other)
    if isinstance(value, dict):
        return {plain(key, other): plain(element, other) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element, other) for element in value]
    if isinstance(value, (dt.date, dt.timedelta)):  # a datetime is a date
        return value.isoformat() if isinstance(value, dt.date) else value.total_seconds()
    if (reference := reference_of(value)) is not None:
        return _reference(reference, value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name), other) for field in fields}
    if is_pydantic(type(value)):
        return json.loads(value.model_dump_json())
    if other is not None:
        return plain(other(value), other)
    raise TypeError(
        f"{shown(value)} is a {type(value).__name__}, which a dict of Flyte cannot hold"
    )


def is_pydantic(cls: type) -> bool:
    """Say whether a class is a model of pydantic."""
    return hasattr(cls, "model_json_schema") and hasattr(cls, "model_fields")


def _reference(reference: Reference, value: object) -> dict[str, str | None]:
    if reference.uri is None:
        raise TypeError(f"{shown(value)} lies nowhere yet: give it a uri")
    return reference.fields


def packed(content: object) -> literals_pb2.Binary:
    """Return plain content as msgpack, tagged as such.

    Raises:
        TypeError: It is not plain.
        OverflowError: An integer in it needs more than 64 bits.
    """
    return literals_pb2.Binary(value=msgpack.pack(content), tag="msgpack")


def struct_of(content: Mapping[str, object]) -> struct_pb2.Struct:
    """Return plain content as a Struct.

    Raises:
        TypeError: A Struct knows no bytes, and no keys but texts.
        OverflowError: An integer in it is larger than any float.

    Example:
        >>> dict_of(struct_of({"auc": [1, None, float("inf")]}))
        {'auc': [1.0, None, inf]}
    """
    struct = struct_pb2.Struct()
    for key, element in content.items():
        if not isinstance(key, str):
            raise TypeError(f"its key {shown(key)} is no text, and a Struct has no other keys")
        _fill(struct.fields[key], element)
    return struct


def _fill(value: struct_pb2.Value, element: object) -> None:
    if element is None:
        value.null_value = struct_pb2.NULL_VALUE
    elif isinstance(element, bool):
        value.bool_value = element
    elif isinstance(element, (int, float)):
        value.number_value = float(element)
    elif isinstance(element, str):
        value.string_value = element
    elif isinstance(element, dict):
        value.struct_value.CopyFrom(struct_of(element))
    elif isinstance(element, (list, tuple)):
        value.list_value.SetInParent()
        for one in element:
            _fill(value.list_value.values.add(), one)
    else:
        raise TypeError(
            f"{shown(element)} is a {type(element).__name__}, which a Struct cannot hold"
        )


def dict_of(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a Struct as a dict; protobuf's own conversion refuses infinity, which is no JSON."""
    return {key: _element(value) for key, value in struct.fields.items()}


def _element(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return dict_of(value.struct_value)
    if kind == "list_value":
        return [_element(one) for one in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)
