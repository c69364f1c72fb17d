"""The rows of other tables that a filter looks at: which belong to a row of the list (§3.1, §3.2).

Every join is an inner one as far as filters can tell, for NULL passes none of them: a row without
a partner is left out, and a row with several partners comes once for each.

Ignorant of the filters themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flyte_testkit.admin.database.store import Store

    Partners = Callable[[Any], Iterable[Any]]

__all__ = ["partners"]


def partners(store: Store, listed: str, other: str) -> Partners:
    """Return what finds the rows of another entity that belong to a row of the listed one.

    Example:
        >>> from flyte_testkit.admin.database.store import Store
        >>> partners_of = partners(Store(), "launch_plan", "workflow")
    """
    return _JOINS[listed, other](store)


def _by_number(table: str, column: str) -> Callable[[Store], Partners]:
    """Join on the number of the other row, which stands in a column of the listed one."""

    def join(store: Store) -> Partners:
        rows: Mapping[int, Any] = {row.id: row for row in getattr(store, table).ever()}

        def find(row: object) -> Iterable[Any]:
            found = rows.get(getattr(row, column))
            return () if found is None else (found,)

        return find

    return join


def _by_key(table: str, *columns: str) -> Callable[[Store], Partners]:
    """Join on the other row's key, all of which the listed row has."""

    def join(store: Store) -> Partners:
        rows = getattr(store, table)

        def find(row: object) -> Iterable[Any]:
            found = rows.get(*(getattr(row, column) for column in columns))
            return () if found is None else (found,)

        return find

    return join


def _tags(store: Store) -> Partners:
    """Join on the execution's name alone: a tag in another project counts too."""
    tags: dict[str, list[Any]] = {}
    for tag in store.execution_tags:
        tags.setdefault(tag.execution_name, []).append(tag)
    return lambda row: tags.get(row.execution_name, ())


_EXECUTION = ("execution_project", "execution_domain", "execution_name")

_JOINS: Mapping[tuple[str, str], Callable[[Store], Partners]] = {
    ("execution", "launch_plan"): _by_number("launch_plans", "launch_plan_id"),
    ("execution", "workflow"): _by_number("workflows", "workflow_id"),
    ("execution", "task"): _by_number("tasks", "task_id"),
    ("execution", "execution_tag"): _tags,
    ("launch_plan", "workflow"): _by_number("workflows", "workflow_id"),
    ("named_entity", "named_entity_metadata"): lambda _: lambda row: (row.metadata,),
    ("node_execution", "execution"): _by_key("executions", *_EXECUTION),
    ("task_execution", "execution"): _by_key("executions", *_EXECUTION),
    ("task_execution", "node_execution"): _by_key("node_executions", *_EXECUTION, "node_id"),
    ("task_execution", "task"): _by_key("tasks", "project", "domain", "name", "version"),
}
