"""Values, texts and times on one line each, however long they are.

Ignorant of executions.
"""

from __future__ import annotations

import reprlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit import literals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyteidl.core import literals_pb2

__all__ = ["cut", "first_line", "in_seconds", "told"]

_TEXT = 40  # letters of a text among values
_ITEMS = 3  # of a collection
_LARGE = 2000  # bytes of a structure that is only measured


def told(literal: literals_pb2.Literal) -> str:
    """Return a literal as a short piece of Python, more or less.

    Example:
        >>> told(literals.literal_map({"days": list(range(100))}, of="input").literals["days"])
        '[0, 1, 2, …]'
    """
    kind = literal.WhichOneof("value")
    if kind == "collection":
        items = literal.collection.literals
        return f"[{', '.join(_some((told(item) for item in items[:_ITEMS]), len(items)))}]"
    if kind == "map":
        names = sorted(literal.map.literals)
        parts = (f"{_quoted(n)}: {told(literal.map.literals[n])}" for n in names[:_ITEMS])
        return f"{{{', '.join(_some(parts, len(names)))}}}"
    scalar = literal.scalar
    if scalar.primitive.HasField("string_value"):
        return _quoted(scalar.primitive.string_value)
    if literal.ByteSize() > _LARGE:
        return f"<{literal.ByteSize():,} bytes>"
    try:
        return _of_python(literals.python_value(literal))
    except Exception:  # noqa: BLE001  a picture must not fail over what cannot be read
        return f"<{scalar.WhichOneof('value') or 'nothing'}>"


def _of_python(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, (Duration, Timestamp)):  # longer or later than Python's own
        return f"{value.seconds} s"
    return cut(_SHORT.repr(value), 2 * _TEXT)


def _quoted(text: str) -> str:
    return repr(text) if len(text) <= _TEXT else f"{text[:_TEXT]!r}…"


def _some(parts: Iterable[str], count: int) -> list[str]:
    return [*parts, *(["…"] if count > _ITEMS else [])]


def first_line(text: str, most: int) -> str:
    """Return the first line of a text, or most of it."""
    head = text[: 10 * most].strip()  # whatever comes later is not shown
    first = (head.splitlines() or [""])[0][:most]
    return first if first == text else f"{first} …"


def cut(text: str, most: int) -> str:
    """Return a text, or its beginning.

    Example:
        >>> cut("a long story", 6)
        'a long…'
    """
    return text if len(text) <= most else f"{text[:most]}…"


def in_seconds(seconds: float) -> str:
    """Return seconds in words.

    Example:
        >>> in_seconds(0.5), in_seconds(1_036_800), in_seconds(-1_036_800)
        ('0.5 s', '1,036,800 s', '-1,036,800 s')
    """
    return f"{round(seconds, 3):,g} s" if abs(seconds) < 10**6 else f"{seconds:,.0f} s"


class _Short(reprlib.Repr):
    """Reprs of a few items, a few levels deep."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = self.maxdict = self.maxlist = self.maxtuple = self.maxset = _ITEMS
        self.maxstring = self.maxother = _TEXT


_SHORT = _Short()
