"""Kubernetes' sizes, such as ``200Mi`` or ``1500m``: read, compared and shown as it does.

Ignorant of what is measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["InvalidQuantityError", "Quantity", "parse"]

_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_SYNTAX = re.compile(
    r"(?P<number>[+-]?[0-9]*\.?[0-9]*)(?P<suffix>[eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII
)
_EXPONENT = re.compile(r"[eE][-+]?[0-9]+", re.ASCII)
_DIGITS = 30  # Kubernetes' sizes end at 2**63, and have nine decimals
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


class InvalidQuantityError(ValueError):
    """A text that is no size; its message is Kubernetes'."""


@dataclass(frozen=True)
class Quantity:
    """A size, with the text that it shows as."""

    value: Fraction
    text: str

    @property
    def whole(self) -> int:
        """The size in whole units, rounded away from zero, as comparisons see it."""
        up, sign = -(-abs(self.value) // 1), -1 if self.value < 0 else 1
        return int(up) * sign

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number, to a thousandth rounded up."""
        return -(-abs(self.value) * 1000 // 1) % 1000 == 0

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Quantity:
    """Read a size.

    Raises:
        InvalidQuantityError: It is none.

    Example:
        >>> parse("1500m").whole, parse("0.5Gi").text
        (2, '512Mi')
    """
    found = _SYNTAX.fullmatch(text)
    if not text or found is None:
        raise InvalidQuantityError(_WRONG)
    number, suffix = found["number"], found["suffix"]
    amount = _amount(number)
    if suffix in _BINARY:
        value = amount * 2 ** _BINARY[suffix]
        return Quantity(value, _in_binary(value) if "." in number else text)
    if suffix in _DECIMAL:
        return Quantity(amount * Fraction(10) ** _DECIMAL[suffix], text)
    if _EXPONENT.fullmatch(suffix) and len(suffix) <= _DIGITS:
        exponent = max(-_DIGITS, min(int(suffix[1:]), _DIGITS))
        return Quantity(amount * Fraction(10) ** exponent, text)
    raise InvalidQuantityError("unable to parse quantity's suffix")


def _amount(number: str) -> Fraction:
    """Read the digits of a size, as many as tell sizes apart."""
    sign = -1 if number.startswith("-") else 1
    whole, _, part = number.lstrip("+-").partition(".")
    whole, part = whole.lstrip("0"), part[:_DIGITS]
    if len(whole) > _DIGITS:
        return Fraction(sign * 10**_DIGITS)
    return sign * Fraction(int(whole + part or "0"), 10 ** len(part))


def _in_binary(value: Fraction) -> str:
    """Show a size that was written with a point, which is the only one that is rewritten."""
    if value.denominator != 1 or not value:
        return str(Quantity(value, "").whole)
    size, unit = int(value), ""
    for larger in _BINARY:
        if size % 1024:
            break
        size, unit = size // 1024, larger
    return f"{size}{unit}"
