"""Scalars of Python as scalars of Flyte: one function for each simple type.

Each returns None for a value that is of another kind, and raises ValueError, saying why, for one of
the right kind that Flyte cannot hold. Ignorant of lists, unions and names.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import TYPE_CHECKING, Any

from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import duration_pb2, json_format, struct_pb2, timestamp_pb2

from flyte_testkit import msgpack
from flyte_testkit.literals.dataclass_types import is_msgpack, is_record, plain

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["simple_literal", "text_literal"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def simple_literal(value: Any, declared: types_pb2.LiteralType) -> literals_pb2.Literal | None:
    """Return the literal of a value that is declared simple, or None if it is of another kind.

    Raises:
        ValueError: Flyte cannot hold this value; the message says why.
    """
    if declared.simple == types_pb2.STRUCT:
        return _struct(value, packed=is_msgpack(declared))
    convert = _CONVERTERS.get(declared.simple)
    return convert(value) if convert else None


def text_literal(text: str) -> literals_pb2.Literal:
    """Return the literal of a text."""
    return _primitive(string_value=str(text))


def _scalar(**content: Any) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(**content))


def _primitive(**content: Any) -> literals_pb2.Literal:
    return _scalar(primitive=literals_pb2.Primitive(**content))


def _none(value: Any) -> literals_pb2.Literal | None:
    return _scalar(none_type=literals_pb2.Void()) if value is None else None


def _integer(value: Any) -> literals_pb2.Literal | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if not -(2**63) <= value < 2**63:
        raise ValueError("an integer of Flyte has 64 bits")
    return _primitive(integer=int(value))


def _float(value: Any) -> literals_pb2.Literal | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return _primitive(float_value=float(value))
    except OverflowError:
        raise ValueError("no float is that large") from None


def _text(value: Any) -> literals_pb2.Literal | None:
    text = value.value if isinstance(value, enum.Enum) else value
    return text_literal(text) if isinstance(text, str) else None


def _boolean(value: Any) -> literals_pb2.Literal | None:
    return _primitive(boolean=value) if isinstance(value, bool) else None


def _datetime(value: Any) -> literals_pb2.Literal | None:
    if isinstance(value, timestamp_pb2.Timestamp):
        return _primitive(datetime=value)
    if isinstance(value, dt.datetime):  # a naive one counts as UTC, as in flytekit
        moment = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
    elif isinstance(value, dt.date):
        moment = dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc)
    else:
        return None
    since = moment - _EPOCH
    try:
        stamp = timestamp_pb2.Timestamp(
            seconds=since.days * 86400 + since.seconds, nanos=since.microseconds * 1000
        )
    except TypeError:  # what pandas has instead of an instant: NaT
        raise ValueError("it is no instant") from None
    return _primitive(datetime=stamp)


def _duration(value: Any) -> literals_pb2.Literal | None:
    if isinstance(value, duration_pb2.Duration):
        return _primitive(duration=value)
    if not isinstance(value, dt.timedelta):
        return None
    sign, size = (-1, -value) if value < dt.timedelta(0) else (1, value)
    span = duration_pb2.Duration(  # both parts have the same sign
        seconds=sign * (size.days * 86400 + size.seconds), nanos=sign * size.microseconds * 1000
    )
    return _primitive(duration=span)


def _bytes(value: Any) -> literals_pb2.Literal | None:
    return _scalar(binary=literals_pb2.Binary(value=value)) if isinstance(value, bytes) else None


def _struct(value: Any, *, packed: bool) -> literals_pb2.Literal | None:
    if isinstance(value, struct_pb2.Struct):
        return _scalar(generic=value)
    if not isinstance(value, dict) and not is_record(type(value)):
        return None
    try:
        content = plain(value)
        if packed:
            return _scalar(binary=literals_pb2.Binary(value=msgpack.pack(content), tag="msgpack"))
        return _scalar(generic=json_format.ParseDict(content, struct_pb2.Struct()))
    except (TypeError, OverflowError, json_format.ParseError) as error:
        raise ValueError(str(error)) from None


_CONVERTERS: dict[int, Callable[[Any], literals_pb2.Literal | None]] = {
    types_pb2.NONE: _none,
    types_pb2.INTEGER: _integer,
    types_pb2.FLOAT: _float,
    types_pb2.STRING: _text,
    types_pb2.BOOLEAN: _boolean,
    types_pb2.DATETIME: _datetime,
    types_pb2.DURATION: _duration,
    types_pb2.BINARY: _bytes,
}
