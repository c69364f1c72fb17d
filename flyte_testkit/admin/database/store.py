"""Tables of immutable rows, and blobs: all that FlyteAdmin remembers.

A table keeps its rows in the order of their insertion, which breaks ties and decides what is
"latest" on a clock that stands still. Copying a store is cheap, since rows are shared. As in any
database, an index makes a question about some columns cost what its answer costs.

Ignorant of rules: it neither validates nor says no to anything but a key that is taken.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flyte_testkit.admin.database import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Store", "Table", "TakenError"]

RowT = TypeVar("RowT", bound=rows.Row)


class TakenError(Exception):
    """A row with this key is there already."""


class Table(Generic[RowT]):
    """Rows of one kind, by key, in the order of their insertion.

    Args:
        indexes: Columns that :meth:`where` is often asked for together, the most telling first.
            They may not change while a row lives; a row with a NULL among them is left out.

    Attributes:
        on_change: Told of every row that is inserted or updated.
    """

    def __init__(self, *indexes: tuple[str, ...]) -> None:
        self._rows: dict[rows.Key, RowT] = {}
        self._retired: dict[rows.Key, RowT] = {}
        self._last_id = 0
        self.on_change: Callable[[RowT], None] | None = None
        # Groups are tuples, so that a copy of the table can share them.
        self._indexes: dict[tuple[str, ...], dict[tuple[Any, ...], tuple[rows.Key, ...]]] = {
            columns: {} for columns in indexes
        }

    def __iter__(self) -> Iterator[RowT]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: rows.Key) -> bool:
        return key in self._rows

    def get(self, *key: object) -> RowT | None:
        """Return the row with exactly this key; a retired one, if its key is still free."""
        found = self._rows.get(key)
        return self._retired.get(key) if found is None else found

    def by_id(self, number: int) -> RowT | None:
        """Return the row of this number."""
        return next((row for row in self.ever() if row.id == number), None)

    def ever(self) -> Iterator[RowT]:
        """Yield all rows that others may refer to by number, retired ones among them."""
        yield from self._retired.values()
        yield from self._rows.values()

    def where(self, conditions: Mapping[str, object]) -> list[RowT]:
        """Return the rows whose columns hold exactly these values (``None`` is NULL), oldest first.

        Example:
            >>> Store().node_executions.where({"execution_name": "e1", "parent_id": None})
            []
        """
        if not self._rows:
            return []
        candidates = self._candidates(conditions)
        if not conditions:
            return list(candidates)
        read = attrgetter(*conditions)  # in one go: lists ask this of every row there is
        wanted: Any = tuple(conditions.values())
        if len(wanted) == 1:  # attrgetter gives a single value bare
            (wanted,) = wanted
        return [row for row in candidates if read(row) == wanted]

    def _candidates(self, conditions: Mapping[str, object]) -> Iterable[RowT]:
        """Return the rows that an index points to, or all."""
        for columns, groups in self._indexes.items():
            group = tuple(map(conditions.get, columns))
            if None not in group:
                return map(self._rows.__getitem__, groups.get(group, ()))
        return self._rows.values()

    def fitting(self, *key: object) -> RowT | None:
        """Return some row whose key has these parts, where an empty part fits anything.

        FlyteAdmin looks many things up like this without meaning to (§4): its database layer leaves
        empty columns out of the question.
        """
        if all(key):
            return self.get(*key)
        return next(
            (
                row
                for row in self
                if all(not asked or asked == had for asked, had in zip(key, row.key, strict=True))
            ),
            None,
        )

    def insert(self, row: RowT) -> RowT:
        """Add a row, give it the next number and return it.

        Raises:
            TakenError: Its key is taken.
        """
        key = row.key
        if key in self._rows:
            raise TakenError(key)
        self._last_id += 1
        numbered: RowT = row.changed(id=self._last_id)
        self._rows[key] = numbered
        for columns, groups in self._indexes.items():
            group = _values(numbered, columns)
            if None not in group:
                groups[group] = (*groups.get(group, ()), key)
        if self.on_change is not None:
            self.on_change(numbered)
        return numbered

    def update(self, row: RowT) -> RowT:
        """Put a changed row in the place of the one with its key, and return it."""
        home, key = self._rows, row.key
        if key not in home and key in self._retired:
            home = self._retired
        home[key] = row
        if self.on_change is not None:
            self.on_change(row)
        return row

    def discard(self, *key: object) -> RowT | None:
        """Forget a row if it is there, and return it."""
        row = self._rows.pop(key, None)
        if row is not None:
            for columns, groups in self._indexes.items():
                group = _values(row, columns)
                if group in groups:
                    groups[group] = tuple(key for key in groups[group] if key != row.key)
        return row

    def retire(self, *key: object) -> bool:
        """Take a row out of every list, and free its key; say whether it was there.

        What refers to it still finds it. FlyteAdmin itself never does this, the toolkit's stubs
        do: they step aside for what a client registers.
        """
        row = self.discard(*key)
        if row is None:
            return False
        self._retired[row.key] = row
        return True

    def reinstate(self, *key: object) -> None:
        """Undo :meth:`retire`."""
        row = self._retired.pop(key)
        self._rows[key] = row
        for columns, groups in self._indexes.items():
            group = _values(row, columns)
            if None not in group:
                groups[group] = (*groups.get(group, ()), row.key)

    def copy(self) -> Table[RowT]:
        """Return a table with the same rows."""
        twin: Table[RowT] = Table()
        twin._rows = dict(self._rows)
        twin._retired = dict(self._retired)
        twin._last_id = self._last_id
        twin._indexes = {columns: dict(groups) for columns, groups in self._indexes.items()}
        return twin


def _values(row: rows.Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple([getattr(row, column) for column in columns])


_NAME = ("name",)  # a name is seldom in more than one project
_EXECUTION = ("execution_project", "execution_domain", "execution_name")


class Store:
    """All tables, and the blobs that stand for the object store."""

    def __init__(self) -> None:
        self.projects: Table[rows.ProjectRow] = Table()
        self.tasks: Table[rows.TaskRow] = Table(_NAME)
        self.workflows: Table[rows.WorkflowRow] = Table(_NAME)
        self.launch_plans: Table[rows.LaunchPlanRow] = Table(_NAME)
        self.executions: Table[rows.ExecutionRow] = Table()
        self.execution_tags: Table[rows.ExecutionTagRow] = Table()
        self.node_executions: Table[rows.NodeExecutionRow] = Table(
            ("parent_task_execution_id",), ("parent_id",), _EXECUTION
        )
        self.task_executions: Table[rows.TaskExecutionRow] = Table((*_EXECUTION, "node_id"))
        self.signals: Table[rows.SignalRow] = Table(_EXECUTION)
        self.named_entity_metadata: Table[rows.NamedEntityMetadataRow] = Table()
        self.description_entities: Table[rows.DescriptionEntityRow] = Table()
        self.attributes: Table[rows.AttributesRow] = Table()
        self.blobs: dict[str, bytes] = {}

    def copy(self) -> Store:
        """Return a snapshot, cheap to take and independent from then on."""
        twin = Store()
        for name, table in vars(self).items():
            setattr(twin, name, table.copy())
        return twin
