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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

    from flyte_testkit.admin.store import Store

__all__ = ["Listing", "Name", "Page"]


class Page(NamedTuple):
    """The rows of one page, and the token of the next (empty when this one was not full)."""

    rows: list[Any]
    token: str


class Name(NamedTuple):
    """What all versions of a task, a workflow or a launch plan share."""

    project: str
    domain: str
    name: str


_TABLES = {
    "execution": "executions",
    "node_execution": "node_executions",
    "task_execution": "task_executions",
    "task": "tasks",
    "workflow": "workflows",
    "launch_plan": "launch_plans",
    "project": "projects",
    "signal": "signals",
    "description_entity": "description_entities",
}


@dataclass(frozen=True)
class Listing:
    """A kind of list: the entity that it lists, and what its refusals of tokens call it.

    Attributes:
        entity: A name of §3.2: ``"execution"``, ``"node_execution"``, ``"task_execution"``,
            ``"task"``, ``"workflow"``, ``"launch_plan"``, ``"project"``, ``"signal"``,
            ``"description_entity"``.
        label: What follows ``for`` in ``invalid pagination token x for ListTasks``; §3 has the
            list of them (empty: nothing follows).
    """

    entity: str
    label: str

    def page(
        self,
        store: Store,
        request: Message,
        *,
        where: Mapping[str, object],
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
            unless_asked: Conditions that hold unless one of the client's filters is on a field of
                that name (``{"state": 0}`` in ListExecutions, §8.9).

        Raises:
            AdminError: A filter, the sort key, its direction or the token is refused (§3).

        Example::

            _LIST_TASKS = Listing("task", "ListTasks")
            ...
            found = _LIST_TASKS.page(store, request, where={
                "project": request.id.project, "domain": request.id.domain, "name": request.id.name,
            })
            return task_pb2.TaskList(tasks=[row.message for row in found.rows], token=found.token)
        """
        del unless_asked
        found = [
            row
            for row in getattr(store, _TABLES[self.entity])
            if all(value == "" or getattr(row, column) == value for column, value in where.items())
        ]
        offset, limit = int(getattr(request, "token", "") or 0), getattr(request, "limit", 0)
        part = found[offset : offset + limit] if limit else found[offset:]
        return Page(part, str(offset + len(part)) if len(part) == limit else "")

    def names(self, store: Store, request: Message, *, where: Mapping[str, object]) -> Page:
        """Return the page of distinct :class:`Name` that ListTaskIds and its like ask for (§5).

        As :meth:`page`, but the request's filters are ignored, and any sort key but ``project``,
        ``domain`` and ``name`` is refused by the database. For ListLaunchPlanIds, which looks at
        its limit last, call it with whatever limit there is and refuse afterwards (§7).
        """
        found = self.page(store, request, where=where)
        return Page(sorted({Name(r.project, r.domain, r.name) for r in found.rows}), found.token)
