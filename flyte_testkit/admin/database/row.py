"""What every row has, whatever it is of: a number, a key, two times, and a way to change.

Ignorant of columns.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from typing_extensions import Self

__all__ = ["Key", "Row", "Stored"]

Key = tuple[Any, ...]


class Row(Protocol):
    """What every row has: a number, and the key that its table holds it under."""

    @property
    def id(self) -> int:
        """The number that the database gave, from 1; 0 before it is inserted."""

    @property
    def key(self) -> Key:
        """The values of the primary key."""

    def changed(self, **columns: Any) -> Self:
        """Return the row with other values in some columns."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The columns that every table has.

    Those who inherit are made by one and the same function, not by one that ``dataclass`` writes
    for each: that of a frozen class takes three times as long, for it sets column by column.
    """

    created_at: datetime
    updated_at: datetime
    id: int = 0
    deleted_at: None = None

    #: Columns whose texts many rows share: lists compare them row by row, a thousand times.
    _interned: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__init__ = _set  # type: ignore[assignment]  # what a class has of its own, dataclass leaves

    def changed(self, **columns: Any) -> Self:
        """Return the row with other values in some columns.

        As ``dataclasses.replace``, which takes ten times as long: each event changes two rows.

        Raises:
            TypeError: There is no such column.
        """
        known = self.__dict__
        changed = known | columns
        if len(changed) != len(known):
            raise TypeError(f"no columns of {type(self).__name__}: {columns.keys() - known.keys()}")
        twin = object.__new__(type(self))
        object.__setattr__(twin, "__dict__", changed)
        return twin


def _set(self: Stored, /, **columns: Any) -> None:
    """Make a row of its columns, as the ``__init__`` of a dataclass does."""
    own = self.__dict__
    defaults, known = _columns(type(self))  # type: ignore[arg-type]  # mypy asks its rows for a hash
    own.update(defaults)
    own.update(columns)
    if own.keys() != known:
        raise TypeError(f"not the columns of {type(self).__name__}: {own.keys() ^ known}")
    for column in self._interned:
        own[column] = sys.intern(own[column])


@cache
def _columns(kind: Any) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Return the columns of a kind of row that may be left out, and the names of all."""
    every = fields(kind)
    left_out = {one.name: one.default for one in every if one.default is not MISSING}
    return left_out, frozenset(one.name for one in every)
