"""The order of a list: what a client may sort by, and where NULLs and ties go (§3).

Ignorant of filters and pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from flyteidl.admin import common_pb2

from flyte_testkit.admin.database.columns import ENTITIES
from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.protobuf.message import Message

__all__ = ["Order", "parse"]

_RowT = TypeVar("_RowT")

_DIRECTIONS = frozenset(common_pb2.Sort.Direction.values())


@dataclass(frozen=True)
class Order:
    """The column that a list is sorted by, and the direction.

    Attributes:
        entity: What is listed.
        column: The column's name; nothing stands for the order of the database's index.
        ascending: Whether small values come first.
    """

    entity: str
    column: str = ""
    ascending: bool = True

    def sorted(self, rows: Iterable[_RowT]) -> list[_RowT]:
        """Return rows of the listed entity in this order.

        NULLs count as greater than everything. Rows with the same value keep their order, and turn
        it round with the direction, so that the youngest comes first where the latest is asked for.
        """
        entity = ENTITIES[self.entity]
        # PostgreSQL takes a bare "user" for the name of the one who asks: no order at all.
        if not self.column or self.column == "user":
            return _by_all(list(rows), entity.order)
        read = entity.columns[self.column].read
        known: list[_RowT] = []
        nulls: list[_RowT] = []
        for row in rows:
            (nulls if read(row) is None else known).append(row)
        known.sort(key=read)
        known += nulls
        if not self.ascending:
            known.reverse()
        return known


def _by_all(rows: list[_RowT], columns: Sequence[str]) -> list[_RowT]:
    """Sort rows by the first column, then by the next.

    One stable sort a column, the last one first, and no tuple for each row: thousands of those make
    Python look through all objects there are, which takes longer than the list.
    """
    for column in reversed(columns):
        rows.sort(key=attrgetter(column))
    return rows


def parse(request: Message, entity: str) -> Order:
    """Read what a list request wants to be sorted by.

    Raises:
        AdminError: It is no column of the listed entity, or there is no such direction.
    """
    if not request.HasField("sort_by"):
        return Order(entity)
    wanted: common_pb2.Sort = request.sort_by  # type: ignore[attr-defined]  # every list request's
    if wanted.key not in ENTITIES[entity].columns:
        raise invalid_argument(f"invalid sort key '{wanted.key}'")
    if wanted.direction not in _DIRECTIONS:
        raise invalid_argument(f"invalid sort order specified: {prototext(wanted)}")
    return Order(entity, wanted.key, wanted.direction == common_pb2.Sort.ASCENDING)
