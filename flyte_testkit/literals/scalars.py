"""Scalars of Python as scalars of Flyte, and back: the one place, for server and client alike.

To write, there is a function for each simple type. It returns None for a value of another kind, and
raises ValueError, saying why, for one of the right kind that Flyte cannot hold. To be stricter is
for whoever asks. Ignorant of lists, unions and names.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import TYPE_CHECKING, Any

from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2

from flyte_testkit import msgpack
from flyte_testkit.literals.dataclass_types import is_msgpack, is_record
from flyte_testkit.literals.spans import duration_of, moment_of, span_of, timestamp_of
from flyte_testkit.literals.structs import dict_of, packed, plain, struct_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.references import Reference

__all__ = ["packed_literal", "reference_literal", "scalar_value", "simple_literal", "text_literal"]


def simple_literal(value: object, declared: types_pb2.LiteralType) -> literals_pb2.Literal | None:
    """Return the literal of a value that is declared simple, or None if it is of another kind.

    Raises:
        ValueError: Flyte cannot hold this value; the message says why.
    """
    if declared.simple == types_pb2.STRUCT:
        return _struct(value, as_msgpack=is_msgpack(declared))
    convert = _CONVERTERS.get(declared.simple)
    return convert(value) if convert else None


def text_literal(text: str) -> literals_pb2.Literal:
    """Return the literal of a text."""
    return _primitive(string_value=str(text))


def reference_literal(
    uri: str, declared: types_pb2.LiteralType, reference: Reference | None = None
) -> literals_pb2.Literal:
    """Return what lies at a URI as the blob, schema or structured dataset that is declared.

    Where the type leaves a table's format open, that of the reference is told.
    """
    if declared.HasField("blob"):
        metadata = literals_pb2.BlobMetadata(type=declared.blob)
        return _scalar(blob=literals_pb2.Blob(metadata=metadata, uri=uri))
    if declared.HasField("schema"):
        return _scalar(schema=literals_pb2.Schema(type=declared.schema, uri=uri))
    dataset = literals_pb2.StructuredDataset(uri=uri)
    told = dataset.metadata.structured_dataset_type
    told.CopyFrom(declared.structured_dataset_type)
    if reference is not None and not told.format:
        told.format = reference.format
    return _scalar(structured_dataset=dataset)


def packed_literal(
    value: object, other: Callable[[object], object] | None = None
) -> literals_pb2.Literal:
    """Return what a dict or a dataclass holds as msgpack; ``other`` is as for ``structs.plain``.

    Raises:
        ValueError: Flyte cannot hold this value; the message says why.
    """
    try:
        return _scalar(binary=packed(plain(value, other)))
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def scalar_value(scalar: literals_pb2.Scalar) -> Any:
    """Return what a scalar says that speaks for itself: a primitive, a Struct, msgpack or nothing.

    Bytes in another format than msgpack are bytes.

    Raises:
        ValueError: Python cannot hold it; the message says why.
    """
    kind = scalar.WhichOneof("value")
    if kind == "primitive":
        return _primitive_value(scalar.primitive)
    if kind == "generic":
        return dict_of(scalar.generic)
    if kind == "binary":
        value = scalar.binary.value
        return msgpack.unpack(value) if scalar.binary.tag == "msgpack" else value
    return None


def _primitive_value(primitive: literals_pb2.Primitive) -> Any:
    kind = primitive.WhichOneof("value")
    if kind == "datetime":
        return moment_of(primitive.datetime)
    if kind == "duration":
        return span_of(primitive.duration)
    return getattr(primitive, kind) if kind else None


def _scalar(**content: Any) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(**content))


def _primitive(**content: Any) -> literals_pb2.Literal:
    return _scalar(primitive=literals_pb2.Primitive(**content))


def _none(value: object) -> literals_pb2.Literal | None:
    return _scalar(none_type=literals_pb2.Void()) if value is None else None


def _integer(value: object) -> literals_pb2.Literal | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if not -(2**63) <= value < 2**63:
        raise ValueError("an integer of Flyte has 64 bits")
    return _primitive(integer=int(value))


def _float(value: object) -> literals_pb2.Literal | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return _primitive(float_value=float(value))
    except OverflowError:
        raise ValueError("no float is that large") from None


def _text(value: object) -> literals_pb2.Literal | None:
    text = value.value if isinstance(value, enum.Enum) else value
    return text_literal(text) if isinstance(text, str) else None


def _boolean(value: object) -> literals_pb2.Literal | None:
    return _primitive(boolean=value) if isinstance(value, bool) else None


def _datetime(value: object) -> literals_pb2.Literal | None:
    if isinstance(value, timestamp_pb2.Timestamp):
        return _primitive(datetime=value)
    if not isinstance(value, dt.date):  # a datetime is one
        return None
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001  naive is UTC
    return _primitive(datetime=timestamp_of(value))


def _duration(value: object) -> literals_pb2.Literal | None:
    if isinstance(value, duration_pb2.Duration):
        return _primitive(duration=value)
    return _primitive(duration=duration_of(value)) if isinstance(value, dt.timedelta) else None


def _bytes(value: object) -> literals_pb2.Literal | None:
    return _scalar(binary=literals_pb2.Binary(value=value)) if isinstance(value, bytes) else None


def _struct(value: object, *, as_msgpack: bool) -> literals_pb2.Literal | None:
    if isinstance(value, struct_pb2.Struct):
        return _scalar(generic=value)
    if not isinstance(value, dict) and not is_record(type(value)):
        return None
    if as_msgpack:
        return packed_literal(value)
    try:
        return _scalar(generic=struct_of(plain(value)))
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


_CONVERTERS: dict[int, Callable[[object], literals_pb2.Literal | None]] = {
    types_pb2.NONE: _none,
    types_pb2.INTEGER: _integer,
    types_pb2.FLOAT: _float,
    types_pb2.STRING: _text,
    types_pb2.BOOLEAN: _boolean,
    types_pb2.DATETIME: _datetime,
    types_pb2.DURATION: _duration,
    types_pb2.BINARY: _bytes,
}
