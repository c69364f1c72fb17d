"""Texts that PostgreSQL cannot hold. Ignorant of columns."""

from __future__ import annotations

from flyte_testkit.admin.errors import database_error

__all__ = ["storable"]


def storable(*texts: str) -> None:
    """Refuse texts that PostgreSQL cannot hold, as it does itself when they reach it.

    Raises:
        AdminError: There is a NUL in one of them.
    """
    if "\0" in "".join(texts):
        raise database_error('invalid byte sequence for encoding "UTF8": 0x00')
