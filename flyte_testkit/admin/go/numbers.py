"""Numbers and durations as Go reads and prints them, for FlyteAdmin parses text with Go's library.

Ignorant of FlyteAdmin: what is refused here gets its words elsewhere.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from flyte_testkit.admin.go.quotes import quoted

__all__ = [
    "InvalidDurationError",
    "atoi",
    "atoi_problem",
    "float_text",
    "json_number",
    "parse_duration",
    "parse_float",
]

_MAX = 2**63 - 1
_DECIMALS = 18  # Go reads no more of them
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DIGITS = "[0-9](?:_?[0-9])*"  # one underscore may stand between two digits
_DECIMAL = re.compile(
    rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?"
)
_HEX_DIGITS = _DIGITS.replace("0-9", "0-9a-fA-F")
_HEXADECIMAL = re.compile(
    rf"[+-]?0[xX]_?(?:{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}"
)
_NAMED = re.compile("nan|[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
_DURATION_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]*)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,  # micro sign
    "\u03bcs": 10**3,  # Greek letter mu
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


class InvalidDurationError(ValueError):
    """A text is no duration; the message is Go's."""


def atoi(text: str) -> int | None:
    """Read a decimal integer of 64 bits: ``+7``, ``007`` and ``-0`` are some, ``1e2`` is none."""
    if not _INTEGER.fullmatch(text) or len(text) > 4000:
        return None
    number = int(text)
    return number if -_MAX - 1 <= number <= _MAX else None


def atoi_problem(text: str) -> str:
    """Return what Go says of a text that :func:`atoi` does not read."""
    reason = "value out of range" if _INTEGER.fullmatch(text) else "invalid syntax"
    return f"strconv.Atoi: parsing {quoted(text)}: {reason}"


def parse_float(text: str) -> float | None:
    """Read a number as Go's ParseFloat: ``6e1``, ``1_000``, ``0x1p4``, ``Inf``; not ``1e999``."""
    if _NAMED.fullmatch(text):
        return float(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else None
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    return None


def float_text(number: float) -> str:
    """Print a number as Go's ``%v``: ``60``, ``0.5``, ``1e+06``, ``NaN``, ``+Inf``."""
    if number != number:  # noqa: PLR0124  that is what makes it not a number
        return "NaN"
    if abs(number) == float("inf"):
        return "+Inf" if number > 0 else "-Inf"
    return _shortest(number, range(-4, 6))


def json_number(number: float) -> str:
    """Print a finite number as Go writes it into JSON: with all digits unless they are very many.

    Example:
        >>> json_number(1073741824.0), json_number(1e21), json_number(2.5e-7)
        ('1073741824', '1e+21', '2.5e-7')
    """
    return _shortest(number, range(-6, 21)).replace("e-0", "e-")


def _shortest(number: float, plain: range) -> str:
    """Print the digits that tell a number from all others, and a power of ten that is not plain."""
    exact = Decimal(repr(number)).normalize()
    if not number or exact.adjusted() in plain:
        return f"{exact:f}"
    digits, power = f"{exact:e}".split("e")
    return f"{digits}e{int(power):+03d}"


def parse_duration(text: str) -> int:
    """Read a duration as Go's ParseDuration, in nanoseconds: ``1h30m``, ``-1.5s``, ``0``.

    Raises:
        InvalidDurationError: It is none; the message is what Go says of it.

    Example:
        >>> parse_duration("1h30m") // 10**9
        5400
        >>> parse_duration("1d")
        Traceback (most recent call last):
        flyte_testkit.admin.go.numbers.InvalidDurationError: time: unknown unit "d" in duration "1d"
    """
    invalid = InvalidDurationError(f"time: invalid duration {_quoted(text)}")
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0
    if not body:
        raise invalid
    total, position = 0, 0
    while position < len(body):
        part = _DURATION_PART.match(body, position)
        assert part is not None  # noqa: S101  it may match nothing, and then there are no digits
        whole, decimals = part[1].lstrip("0"), (part[2] or "")[:_DECIMALS]
        if not (part[1] or part[2]) or len(whole) > _DECIMALS + 1 or int(whole or "0") > _MAX + 1:
            raise invalid
        if not part[3]:
            raise InvalidDurationError(f"time: missing unit in duration {_quoted(text)}")
        if part[3] not in _NANOSECONDS:
            unknown = f"unknown unit {_quoted(part[3])} in duration {_quoted(text)}"
            raise InvalidDurationError(f"time: {unknown}")
        unit = _NANOSECONDS[part[3]]
        total += int(whole or "0") * unit
        total += int(Fraction(int(decimals or "0"), 10 ** len(decimals)) * unit)
        if total > _MAX + 1:
            raise invalid
        position = part.end()
    total = -total if text[0] == "-" else total
    if total > _MAX:
        raise invalid
    return total


def _quoted(text: str) -> str:
    """Quote a text as Go's package time does: bytes that are not printable ASCII in hexadecimal."""
    shown = "".join(
        f"\\{character}"
        if character in '"\\'
        else character
        if " " <= character <= "\x7f"
        else "".join(f"\\x{byte:02x}" for byte in character.encode())
        for character in text
    )
    return f'"{shown}"'
