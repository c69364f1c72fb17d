"""What is registered, for what dynamic tasks yield: tasks and launch plans beside a task, by name.

Ignorant of scripts, and of who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flyteidl.admin import launch_plan_pb2
    from flyteidl.core import identifier_pb2, tasks_pb2

    from flyte_testkit.admin.database.store import Store, Table

__all__ = ["Beside"]


class Beside:
    """What is registered.

    Of a name it is the one of the dynamic task's version, as in life; else the newest one.

    Args:
        store: Where it is registered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def task(self, name: str, beside: identifier_pb2.Identifier) -> tasks_pb2.TaskTemplate | None:
        """Return a task; None if there is none."""
        found = _beside(self._store.tasks, name, beside)
        return None if found is None else found.message.closure.compiled_task.template

    def launch_plan(
        self, name: str, beside: identifier_pb2.Identifier
    ) -> launch_plan_pb2.LaunchPlan | None:
        """Return a launch plan; None if there is none."""
        found = _beside(self._store.launch_plans, name, beside)
        return None if found is None else found.message


def _beside(table: Table[Any], name: str, beside: identifier_pb2.Identifier) -> Any:
    place = (beside.project, beside.domain, name)
    same_version = table.get(*place, beside.version)
    if same_version is not None:
        return same_version
    named = (one for one in table if one.key[:3] == place)
    return max(named, key=lambda one: one.id, default=None)
