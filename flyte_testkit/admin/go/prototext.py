r"""Messages as FlyteAdmin prints them inside its own: Go's prototext on one line (§1.1).

Python's ``text_format`` differs from it in the order of fields (number, not declaration), in
escapes and in floats, so this is a printer of its own. Where Go puts one or two blanks between
fields, chosen anew for each build of the server, this one always puts one. Ignorant of flyteidl:
descriptors say all that is printed.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from typing import TYPE_CHECKING, Any

from google.protobuf import any_pb2, symbol_database
from google.protobuf.message import Message

from flyte_testkit.admin.go.numbers import float_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import FieldDescriptor

__all__ = ["prototext"]

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FIRST_UNESCAPED_BEYOND_ASCII = 0xA0
_DELETE = 0x7F


def prototext(message: Message | None) -> str:
    """Return the message as Go prints it on one line.

    Example:
        >>> from flyteidl.core import identifier_pb2
        >>> print(prototext(identifier_pb2.Identifier(project="p", domain="d")))
        project:"p" domain:"d"
        >>> print(prototext(None))
        <nil>
    """
    return "<nil>" if message is None else " ".join(_parts(message))


def _parts(message: Message) -> Iterator[str]:
    if isinstance(message, any_pb2.Any):
        inside = _unpacked(message)
        if inside is not None:
            yield f"[{message.type_url}]:{{{prototext(inside)}}}"
            return
    for field, value in sorted(message.ListFields(), key=lambda pair: pair[0].index):
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from _map_parts(field, value)
        elif isinstance(value, MutableSequence) and not isinstance(value, Message):
            yield from (_part(field, element) for element in value)
        else:
            yield _part(field, value)


def _unpacked(message: any_pb2.Any) -> Message | None:
    try:
        kind = symbol_database.Default().GetSymbol(message.type_url.rpartition("/")[2])
    except KeyError:
        return None
    inside: Message = kind()
    return inside if message.Unpack(inside) else None


def _map_parts(field: FieldDescriptor, value: Any) -> Iterator[str]:
    entry = field.message_type
    assert entry is not None  # noqa: S101  the caller looked
    key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for key in sorted(value):
        inside = f"{_part(key_field, key)} {_part(value_field, value[key])}"
        yield f"{field.name}:{{{inside}}}"


def _part(field: FieldDescriptor, value: object) -> str:
    return f"{field.name}:{_value(field, value)}"


def _value(field: FieldDescriptor, value: Any) -> str:
    if field.message_type is not None:
        return f"{{{prototext(value)}}}"
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return str(value) if known is None else known.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    if isinstance(value, bytes):
        return f'"{_escaped(value.decode("utf-8", "surrogateescape"))}"'
    return str(value)


def _escaped(text: str) -> str:
    if text.isidentifier():  # as names mostly are, and quick to see
        return text
    return "".join(map(_character, text))


def _character(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python escapes it
        return f"\\x{code - 0xDC00:02x}"
    if code < ord(" ") or code == _DELETE:
        return f"\\x{code:02x}"
    if _DELETE < code < _FIRST_UNESCAPED_BEYOND_ASCII:
        return f"\\u{code:04x}"
    return character


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return float_text(value)
