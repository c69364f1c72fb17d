"""What lists leave out of an error: all but its first bytes (§8.9, §10.2).

Ignorant of whose error it is.
"""

from __future__ import annotations

__all__ = ["listed"]

_BYTES = 100


def listed(message: str) -> str:
    """Return an error's message as lists show it: at most 100 bytes, cut between characters.

    Example:
        >>> listed("ü" * 60) == "ü" * 50
        True
    """
    raw = message.encode()
    return message if len(raw) <= _BYTES else raw[:_BYTES].decode(errors="ignore")
