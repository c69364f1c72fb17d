"""Texts in small letters as Go's ``strings.ToLower`` makes them: each letter by itself.

Ignorant of what the texts are.
"""

from __future__ import annotations

__all__ = ["lowered"]


def lowered(text: str) -> str:
    """Return a text in small letters, one for each letter, whatever stands beside it.

    Example:
        >>> lowered("MyRun"), lowered("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}")
        ('myrun', 'i')
    """
    if text.isascii():  # as mostly
        return text.lower()
    return "".join([letter.lower()[0] for letter in text])
