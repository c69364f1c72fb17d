"""Comparisons as PostgreSQL makes them: types, operators, what it refuses, NULL (§3.1).

A comparison is made in the database's own three steps, because each has refusals of its own and
those of an earlier step win over those of a later one, wherever they stand in the question:
:func:`analyse` (is there such an operator?), :func:`bind` (is the text such a value?), and then
row by row the test that :func:`bind` returned.

Ignorant of FlyteAdmin: it knows columns only by their type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flyte_testkit.admin.database.moments import timestamp
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import database_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    Test = Callable[[Any], bool]

__all__ = ["Operator", "Type", "analyse", "bind"]

Type = Literal[
    "text", "character varying", "bigint", "integer", "timestamp with time zone", "bytea"
]
Operator = Literal["=", "<>", ">", ">=", "<", "<=", "~~", "!~~", "in", "not in"]

_LIKE = ("~~", "!~~")
_LISTS = ("in", "not in")
_BITS = {"bigint": 64, "integer": 32}
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*")
_CONTAINS = re.compile(r"%[^%_\\]*%")
_ESCAPED = re.compile(rb"\\(?:\\|([0-3][0-7]{2}))|[^\\]", re.DOTALL)


def analyse(kind: Type, operator: Operator, count: int) -> None:
    """Check that a column of this type can be compared with so many values in this way.

    Raises:
        AdminError: It can't.
    """
    if count > 1 and operator not in _LISTS:
        raise database_error(f"operator does not exist: {kind} {operator} record")
    if operator in _LIKE and kind not in ("text", "character varying", "bytea"):
        raise database_error(f"operator does not exist: {kind} {operator} unknown")


def bind(kind: Type, operator: Operator, values: Sequence[str | int], now: datetime) -> Test:
    """Read the values and return the test that they make of a column's value.

    NULL passes no test, not even an inequality.

    Args:
        kind: The column's type.
        operator: An operator that :func:`analyse` let pass.
        values: Texts, or the nanoseconds of durations.
        now: What a word like ``today`` is reckoned from.

    Raises:
        AdminError: A text is no value of this type. (A test can raise it too: the pattern of
            ``!~~`` is read only as far as it is needed.)

    Example:
        >>> from datetime import datetime, timezone
        >>> is_small = bind("bigint", "<", ["10"], datetime.now(timezone.utc))
        >>> is_small(9), is_small(10), is_small(None)
        (True, False, False)
    """
    read = [_read(kind, value, now) for value in values]
    if operator in _LISTS:
        several = frozenset(read)
        if operator == "in":
            return several.__contains__  # NULL is no member, for no text reads as NULL
        return lambda value: value is not None and value not in several
    return _TESTS[operator](read[0])


def _equal(wanted: object) -> Test:
    return lambda value: value == wanted  # wanted is never None


def _like(pattern: Any) -> Test:
    if isinstance(pattern, str) and _CONTAINS.fullmatch(pattern):  # what nearly all of them are
        part = pattern[1:-1]
        return lambda value: value is not None and part in value
    matches = _pattern(pattern)
    return lambda value: value is not None and matches(value)


def _not_like(pattern: Any) -> Test:
    matches = _pattern(pattern)
    return lambda value: value is not None and not matches(value)


_TESTS: dict[str, Callable[[Any], Test]] = {
    "=": _equal,
    "<>": lambda wanted: lambda value: value is not None and value != wanted,
    ">": lambda wanted: lambda value: value is not None and value > wanted,
    ">=": lambda wanted: lambda value: value is not None and value >= wanted,
    "<": lambda wanted: lambda value: value is not None and value < wanted,
    "<=": lambda wanted: lambda value: value is not None and value <= wanted,
    "~~": _like,
    "!~~": _not_like,
}


def _read(kind: Type, value: str | int, now: datetime) -> Any:
    if isinstance(value, int):
        return value
    storable(value)
    if kind in _BITS:
        return _integer(kind, value)
    if kind == "timestamp with time zone":
        return timestamp(value, now)
    if kind == "bytea":
        return _bytes(value)
    return value


def _integer(kind: str, text: str) -> int:
    found = _INTEGER.fullmatch(text)
    if found is None:
        raise database_error(f'invalid input syntax for type {kind}: "{text}"')
    limit = 1 << (_BITS[kind] - 1)
    number = int(found[1]) if len(found[1]) < 100 else limit
    if not -limit <= number < limit:
        raise database_error(f'value "{text}" is out of range for type {kind}')
    return number


def _bytes(text: str) -> bytes:
    if text.startswith("\\x"):
        return _hexadecimal(text[2:])
    raw = text.encode()
    pieces = list(_ESCAPED.finditer(raw))
    if sum(len(piece[0]) for piece in pieces) != len(raw):
        raise database_error("invalid input syntax for type bytea")
    return b"".join(bytes([int(piece[1], 8)]) if piece[1] else piece[0][-1:] for piece in pieces)


def _hexadecimal(digits: str) -> bytes:
    """Read pairs of digits; white space may stand between the pairs."""
    at = 0
    while at < len(digits):
        if digits[at] in " \t\n\r":
            at += 1
            continue
        pair = digits[at : at + 2]
        for digit in pair:
            if digit not in "0123456789abcdefABCDEF":
                raise database_error(f'invalid hexadecimal digit: "{digit}"')
        if len(pair) < 2:
            raise database_error("invalid hexadecimal data: odd number of digits")
        at += 2
    return bytes.fromhex(digits)


def _pattern(pattern: str | bytes) -> Test:
    """Return what tells whether a text matches a pattern of LIKE.

    ``%`` stands for any text, ``_`` for one character, and after a backslash a character stands for
    itself. A backslash at the end is refused only where a text gets so far.
    """
    segments, is_unfinished = _segments(pattern)
    *head, tail = segments

    def unfinished(value: object) -> bool:
        if _after(segments, value) is not None:
            raise database_error("LIKE pattern must not end with escape character")
        return False

    def whole(value: object) -> bool:
        return tail.matches_all(value)

    def whole_after_head(value: Any) -> bool:
        at = _after(head, value)
        start = len(value) - tail.length
        return at is not None and start >= at and tail.matches_all(value[start:])

    return unfinished if is_unfinished else whole_after_head if head else whole


class _Segment(NamedTuple):
    """What stands between two ``%`` of a pattern, as a regular expression of fixed length."""

    expression: re.Pattern[Any]
    length: int

    def matches_all(self, value: object) -> bool:
        return self.expression.fullmatch(value) is not None


def _segments(pattern: str | bytes) -> tuple[list[_Segment], bool]:
    """Cut a pattern at its ``%``, and tell whether a lonely backslash ends it.

    Such a backslash counts as one character more: the one that it would have escaped.
    """
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    segments: list[list[str]] = [[]]
    characters = iter(text)
    is_unfinished = False
    for character in characters:
        if character == "%":
            segments.append([])
        elif character == "_":
            segments[-1].append(".")
        elif character == "\\":
            escaped = next(characters, None)
            is_unfinished = escaped is None
            segments[-1].append("." if escaped is None else re.escape(escaped))
        else:
            segments[-1].append(re.escape(character))
    compiled = []
    for parts in segments:
        expression = "".join(parts)
        encoded = expression if isinstance(pattern, str) else expression.encode("latin-1")
        compiled.append(_Segment(re.compile(encoded, re.DOTALL), len(parts)))
    return compiled, is_unfinished


def _after(segments: Sequence[_Segment], value: object) -> int | None:
    """Return where a value goes on after these segments, if it has them in this order."""
    at = 0
    for index, segment in enumerate(segments):
        seek = segment.expression.search if index else segment.expression.match
        found = seek(value, at)
        if found is None:
            return None
        at = found.end()
    return at
