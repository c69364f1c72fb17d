"""Lists: filters, sort, token, page, in FlyteAdmin's order and with its refusals (§3).

A manager checks its own required fields and the limit first (``validation.limit``), then calls
:func:`page`, which reads the filters, the sort key, its direction and the token, in this order, and
only then looks at rows, as the database would.

Ignorant of the single RPCs: what a list covers is the caller's ``where``, and how a row becomes a
reply is the caller's too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.message import Message

    from flyte_testkit.admin.store import Store

__all__ = ["Page", "page", "unique_names"]

RowT = TypeVar("RowT")


class Page(NamedTuple, Generic[RowT]):
    """The rows of one page, and the token of the next (empty when this one was not full)."""

    rows: list[RowT]
    token: str


def page(
    store: Store,
    rows: Iterable[RowT],
    request: Message,
    entity: str,
    *,
    label: str,
    where: Mapping[str, object],
    unless_asked: Mapping[str, object] | None = None,
) -> Page[RowT]:
    """Return the page of these rows that a list request asks for.

    Check the request's required fields and its limit before; a limit of 0 means all rows here
    (ListProjects), and equals the length of a page without rows.

    Args:
        store: Where joined tables are found.
        rows: The table (or what stands for it), in the order of insertion.
        request: Any list request: its ``filters`` (if it has such a field), ``sort_by``, ``token``
            and ``limit`` are read, nothing else.
        entity: A name of §3.2: ``"execution"``, ``"node_execution"``, ``"task_execution"``,
            ``"task"``, ``"workflow"``, ``"launch_plan"``, ``"project"``, ``"signal"``,
            ``"description_entity"``.
        label: What follows ``for`` in ``invalid pagination token x for ListTasks``; §3 has the
            list (``""``: nothing follows).
        where: What the list covers, column by column: ``{"execution_project": request.id.project,
            "parent_id": None}``. An empty text asks for nothing and is skipped, ``None`` asks for
            NULL. A NUL inside a text is refused, as everything is that reaches the database.
        unless_asked: Conditions that hold unless one of the client's filters is on a field of
            that name (``{"state": 0}`` in ListExecutions, §8.9).

    Raises:
        AdminError: A filter, the sort key, its direction or the token is refused (§3).

    Example::

        found = listing.page(
            self._store, self._store.tasks, request, "task", label="ListTasks",
            where={"project": request.id.project, "domain": request.id.domain,
                   "name": request.id.name},
        )
        return task_pb2.TaskList(tasks=[row.message for row in found.rows], token=found.token)
    """
    del store, entity, label, unless_asked
    found = [
        row
        for row in rows
        if all(value == "" or getattr(row, column) == value for column, value in where.items())
    ]
    offset, limit = int(getattr(request, "token", "") or 0), getattr(request, "limit", 0)
    part = found[offset : offset + limit] if limit else found[offset:]
    return Page(part, str(offset + len(part)) if len(part) == limit else "")


class Name(NamedTuple):
    """What all versions of a task, a workflow or a launch plan share."""

    project: str
    domain: str
    name: str


def unique_names(
    store: Store,
    rows: Iterable[RowT],
    request: Message,
    entity: str,
    *,
    label: str,
    where: Mapping[str, object],
) -> Page[Name]:
    """Return the page of distinct names that ListTaskIds and its like ask for (§5).

    Arguments and errors are those of :func:`page`, but filters are ignored, and any sort key but
    ``project``, ``domain`` and ``name`` is refused by the database.
    """
    found = page(store, rows, request, entity, label=label, where=where)
    names = {Name(r.project, r.domain, r.name) for r in found.rows}  # type: ignore[attr-defined]
    return Page(sorted(names), found.token)
