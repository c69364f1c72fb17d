"""Quoted texts as Go's ``%q`` and ``strconv.Quote`` print them, which stand in many a refusal.

Ignorant of package ``time``, which quotes in a way of its own.
"""

from __future__ import annotations

__all__ = ["quoted"]

_NAMES = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}


def quoted(text: str) -> str:
    r"""Quote a text as Go's ``%q`` does; a lone byte is held as ``surrogateescape`` holds it.

    Example:
        >>> print(quoted('a "b"\n'))
        "a \"b\"\n"
    """
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = "".join(
        letter if letter.isprintable() else "\\" + _NAMES.get(letter, _by_number(ord(letter)))
        for letter in text
    )
    return f'"{shown}"'


def _by_number(number: int) -> str:
    if 0xDC80 <= number <= 0xDCFF:  # a byte that is no letter, or half of one
        return f"x{number - 0xDC00:02x}"
    if number < 0x80:
        return f"x{number:02x}"
    return f"u{number:04x}" if number < 0x10000 else f"U{number:08x}"
