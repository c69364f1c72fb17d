"""Lists: filters, sort, token, page, in FlyteAdmin's order and with its refusals (§3).

A manager checks its own required fields and the limit first (``validation.limit``), then asks a
:class:`Listing` for the page. That reads the filters, the sort key, its direction and the token, in
this order, and only then looks at rows, as the database would.

Ignorant of the single RPCs: what a list covers is the caller's ``where``, and how a row becomes a
reply is the caller's too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.admin.database.columns import ENTITIES
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import database_error, invalid_argument
from flyte_testkit.admin.go import numbers as go_numbers
from flyte_testkit.admin.lists import filters, selection, sorting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from google.protobuf.message import Message

    from flyte_testkit.admin.database.store import Store

__all__ = ["Listing", "Name", "Page", "cut"]


class Page(NamedTuple):
    """The rows of one page, and the token of the next (empty when this one was not full)."""

    rows: list[Any]
    token: str


class Name(NamedTuple):
    """What all versions of a task, a workflow or a launch plan share."""

    project: str
    domain: str
    name: str


@dataclass(frozen=True)
class Listing:
    """A kind of list: the entity that it lists, and what its refusals of tokens call it.

    Attributes:
        entity: A name of §3.2: ``"execution"``, ``"node_execution"``, ``"task_execution"``,
            ``"task"``, ``"workflow"``, ``"launch_plan"``, ``"project"``, ``"signal"``,
            ``"description_entity"``.
        label: What follows ``for`` in ``invalid pagination token x for ListTasks``; §3 has the
            list of them (empty: nothing follows).
        filtered_as: The entity whose columns the filters may name, where it is not the listed one
            (descriptions are filtered as what they describe, §14); ``""`` if there is none.
    """

    entity: str
    label: str
    filtered_as: str | None = None

    def page(
        self,
        store: Store,
        request: Message,
        *,
        where: Mapping[str, object],
        now: datetime,
        unless_asked: Mapping[str, object] | None = None,
    ) -> Page:
        """Return the page of rows that a list request asks for.

        Check the request's required fields and its limit before; a limit of 0 means all rows here
        (ListProjects).

        Args:
            store: Where the tables are.
            request: Any list request: its ``filters`` (if it has them), ``sort_by``, ``token`` and
                ``limit`` are read, nothing else.
            where: What the list covers, column by column: ``{"execution_project": "p",
                "parent_id": None}``. An empty text asks for nothing and is skipped, ``None`` asks
                for NULL. A NUL inside a text is refused, as all that reaches the database is.
            now: What a filter like ``gt(created_at,today)`` is reckoned from.
            unless_asked: Conditions that hold unless one of the client's filters is on a field of
                that name (``{"state": 0}`` in ListExecutions, §8.9).

        Raises:
            AdminError: A filter, the sort key, its direction or the token is refused (§3).

        Example::

            _LIST_TASKS = Listing("task", "ListTasks")
            ...
            found = _LIST_TASKS.page(store, request, now=now, where={
                "project": request.id.project, "domain": request.id.domain, "name": request.id.name,
            })
            return task_pb2.TaskList(tasks=[row.message for row in found.rows], token=found.token)
        """
        asked = filters.parse(
            getattr(request, "filters", ""),
            self.entity if self.filtered_as is None else self.filtered_as,
        )
        order = sorting.parse(request, self.entity)
        offset = self.offset(request)
        fields = {condition.column for condition in asked}
        default = {} if unless_asked is None else unless_asked
        scope = {**where, **{name: default[name] for name in default if name not in fields}}
        tests = selection.prepare(
            asked,
            columns_of="" if self.filtered_as is None else self.entity,
            scope=scope.values(),
            now=now,
        )
        rows = selection.select(store, self.entity, self._covered(store, scope), tests)
        return cut(order.sorted(rows), request, offset)

    def names(self, store: Store, request: Message, *, where: Mapping[str, object]) -> Page:
        """Return the page of distinct :class:`Name` that ListTaskIds and its like ask for (§5).

        As :meth:`page`, but the request's filters are ignored, and any sort key but ``project``,
        ``domain`` and ``name`` is refused by the database.
        """
        order = sorting.parse(request, self.entity)
        offset = self.offset(request)
        if order.column and order.column not in Name._fields:
            raise database_error(
                f'column "{ENTITIES[self.entity].table}.{order.column}" must appear in the '
                "GROUP BY clause or be used in an aggregate function"
            )
        storable(*(value for value in where.values() if isinstance(value, str)))
        rows = self._covered(store, where)
        names = sorted({Name(row.project, row.domain, row.name) for row in rows})
        return cut(order.sorted(names), request, offset)

    def offset(self, request: Any) -> int:
        """Read the token of a list request: how many rows the pages before have shown.

        Raises:
            AdminError: It is no such number.
        """
        if not request.token:
            return 0
        offset = go_numbers.atoi(request.token)
        if offset is None or offset < 0:
            purpose = f" for {self.label}" if self.label else ""
            raise invalid_argument(f"invalid pagination token {request.token}{purpose}")
        return offset

    def _covered(self, store: Store, scope: Mapping[str, object]) -> Iterable[Any]:
        """Return the rows that the list is about, whatever the filters."""
        table = getattr(store, ENTITIES[self.entity].table)
        rows: Iterable[Any] = table.where(
            {name: value for name, value in scope.items() if value != ""}
        )
        return rows


def cut(rows: list[Any], request: Any, offset: int) -> Page:
    """Return the page of a list that starts at this offset, as long as the request's limit."""
    limit = request.limit
    part = rows[offset : offset + limit] if limit else rows[offset:]
    return Page(part, str(offset + len(part)) if len(part) == limit else "")
