"""Messages as the code that makes them, and the door through which Hypothesis prints them so.

A protobuf message prints as its text form, which nobody can paste into a test, and its class cannot
be given a method. So this module tells Hypothesis's own printer how messages are written: in every
failing example, of these strategies or others, a message stands as the call that makes it. Ignorant
of Flyte: whatever protobuf describes can be printed.
"""

from __future__ import annotations

import keyword
import math
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import struct_pb2
from google.protobuf.message import Message

from flyte_testkit.strategies._descriptors import entry_of, is_map, is_repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import FieldDescriptor

__all__ = ["as_code", "teach_hypothesis"]

_WIDTH: Final = 79
_LONG_TEXT: Final = 200
_MANY: Final = 8


def as_code(message: Message) -> str:
    """Return the Python expression that makes a message.

    Modules are written in full, so that ``import flyteidl.admin.execution_pb2`` and the like is all
    it needs. Messages inside are dicts, which protobuf takes in their place; enums go by name.
    A text that repeats itself is written as a product, so that even a giant error fits the screen.

    Example:
        >>> from flyteidl.admin import execution_pb2
        >>> print(as_code(execution_pb2.ExecutionClosure(phase="RUNNING")))
        flyteidl.admin.execution_pb2.ExecutionClosure(phase='RUNNING')
    """
    return _call(message, 0)


def teach_hypothesis() -> None:
    """Let Hypothesis print every protobuf message by :func:`as_code`."""
    try:
        from hypothesis.vendor.pretty import for_type_by_name  # noqa: PLC0415  it may go; see below
    except ImportError:  # pragma: no cover  vendored and undocumented: without it messages print
        return  # as text, and nothing else is lost
    for_type_by_name(Message.__module__, Message.__name__, _print)


def _print(message: Message, printer: Any, cycle: bool) -> None:  # noqa: ARG001, FBT001  IPython's protocol, which Hypothesis speaks
    first, *others = as_code(message).split("\n")
    printer.text(first)
    for line in others:
        printer.break_()
        printer.text(line)


def _call(message: Message, indent: int) -> str:
    cls = type(message)
    name = f"{cls.__module__}.{cls.__qualname__}"
    arguments = [
        (field.name, f"{field.name}=", _field(message, field, indent + 4))
        for field, _ in message.ListFields()
    ]
    if any(keyword.iskeyword(field) for field, _, _ in arguments):
        return f"{name}(**{_fields(message, indent)})"
    return _enclosed(f"{name}(", [start + value for _, start, value in arguments], ")", indent)


def _fields(message: Message, indent: int) -> str:
    pairs = [
        f"{field.name!r}: {_field(message, field, indent + 4)}" for field, _ in message.ListFields()
    ]
    return _enclosed("{", pairs, "}", indent)


def _field(message: Message, field: FieldDescriptor, indent: int) -> str:
    value = getattr(message, field.name)
    if is_map(field):
        inner = entry_of(field)["value"]
        pairs = [f"{key!r}: {_value(value[key], inner, indent + 4)}" for key in sorted(value)]
        return _enclosed("{", pairs, "}", indent)
    if is_repeated(field):
        return _enclosed("[", [_value(item, field, indent + 4) for item in value], "]", indent)
    return _value(value, field, indent)


def _value(value: Any, field: FieldDescriptor, indent: int) -> str:
    if isinstance(value, (struct_pb2.Struct, struct_pb2.ListValue, struct_pb2.Value)):
        return _call(value, indent)  # a dict in their place means something else
    if isinstance(value, Message):
        return _fields(value, indent)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return repr(known.name if known else value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    """Write a text, as a product if it repeats itself and is long."""
    if len(value) > _LONG_TEXT:
        unit = (value + value).find(value, 1)
        if len(value) // unit >= _MANY:
            return f"{value[:unit]!r} * {len(value) // unit}"
    return repr(value)


def _enclosed(start: str, parts: Iterable[str], end: str, indent: int) -> str:
    """Put parts on one line where they fit, else on one each."""
    parts = list(parts)
    line = f"{start}{', '.join(parts)}{end}"
    if not parts or (indent + len(line) <= _WIDTH and "\n" not in line):
        return line
    margin = "\n" + " " * (indent + 4)
    return f"{start}{''.join(_each(parts, margin))}\n{' ' * indent}{end}"


def _each(parts: Iterable[str], margin: str) -> Iterator[str]:
    for part in parts:
        yield f"{margin}{part},"
