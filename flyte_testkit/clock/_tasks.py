"""The tasks of asyncio, and in which threads their loops run: known without a look at any stack.

Ignorant of clocks.
"""

from __future__ import annotations

import asyncio
from asyncio import futures, tasks
from typing import Any

__all__ = ["all_tasks", "loop_of", "tasks_in"]

_Task = asyncio.Task[Any]
_TRIES = 1000  # as many as asyncio itself; another thread may make a task at any time
# Where asyncio keeps them: the first on Python 3.10 and 3.11, the others since.
_KEPT = ("_all_tasks", "_eager_tasks", "_scheduled_tasks")

loop_of: Any = futures._get_loop  # type: ignore[attr-defined]  # noqa: SLF001  also of what only looks like a task


def all_tasks() -> list[_Task]:
    """Return the tasks of all loops that are not done."""
    known = {task for name in _KEPT for task in _listed(getattr(tasks, name, ()))}
    return [task for task in known if not task.done()]


def tasks_in(ident: int) -> list[_Task]:
    """Return the tasks of the loop that runs in a thread, if one does."""
    return [task for task in all_tasks() if getattr(loop_of(task), "_thread_id", None) == ident]


def _listed(kept: Any) -> list[_Task]:
    for _ in range(_TRIES):
        try:
            return list(kept)
        except RuntimeError:  # it has changed meanwhile
            continue
    return []
