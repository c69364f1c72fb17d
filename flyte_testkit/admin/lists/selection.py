"""Which rows pass the filters of a list request, in the steps that the database takes (§3.1).

Ignorant of orders and pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flyte_testkit.admin.database import comparisons as postgres
from flyte_testkit.admin.database.columns import ENTITIES, Column
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import database_error
from flyte_testkit.admin.lists import joins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.lists.filters import Filter

    Tests = Mapping[str, Sequence[tuple[Column, postgres.Test]]]

__all__ = ["prepare", "select"]

_RowT = TypeVar("_RowT")


def prepare(
    asked: Sequence[Filter],
    *,
    now: datetime,
    columns_of: str = "",
    scope: Iterable[object] = (),
) -> Tests:
    """Return the tests that filters make of rows, by the entity whose rows are tested.

    Args:
        asked: The filters of the client.
        now: What words like ``today`` are reckoned from.
        columns_of: The one entity whose columns all filters are looked up in; nothing says that
            each has its own.
        scope: What else the database is asked for; texts among it are checked.

    Raises:
        AdminError: The database refuses: first a column or an operator that is not there, then a
            text that it cannot hold, then a text that is no value of its column.
    """
    found = [_column(condition, columns_of) for condition in asked]
    for condition, (_, column) in zip(asked, found, strict=True):
        postgres.analyse(column.type, condition.operator, len(condition.values))
    storable(*(value for value in scope if isinstance(value, str)))
    tests: dict[str, list[tuple[Column, postgres.Test]]] = {}
    for condition, (entity, column) in zip(asked, found, strict=True):
        test = postgres.bind(column.type, condition.operator, condition.values, now)
        tests.setdefault(entity, []).append((column, test))
    return tests


def select(store: Store, entity: str, rows: Iterable[_RowT], tests: Tests) -> Iterable[_RowT]:
    """Return those rows of an entity that pass, once for each set of partners that pass with it.

    Raises:
        AdminError: A pattern turns out to be none, where a text gets so far.
    """
    for tested, of_entity in tests.items():
        if tested == entity:
            for column, test in of_entity:
                rows = _passing(rows, column, test)
        else:
            find = joins.partners(store, entity, tested)
            rows = [
                row
                for row in rows
                for partner in find(row)
                if all(test(column.read(partner)) for column, test in of_entity)
            ]
    return rows


def _column(condition: Filter, columns_of: str) -> tuple[str, Column]:
    """Return the entity and the column that a filter looks at in the end."""
    entity = columns_of or condition.entity
    column = ENTITIES[entity].columns.get(condition.column)
    if column is None:
        raise database_error(f'column "{condition.column}" does not exist')
    return entity, column


def _passing(rows: Iterable[_RowT], column: Column, test: postgres.Test) -> list[_RowT]:
    read = column.read
    return [row for row in rows if test(read(row))]
