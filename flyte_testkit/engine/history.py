"""Which phases an execution has been in, and since when: what FlyteAdmin forgets.

FlyteAdmin keeps the present phase alone, and TerminateExecution does not even move
``updated_at``; whoever looks at a failed test wants to see the whole life. Ignorant of scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from flyte_testkit.admin.database.rows import ExecutionRow, Key

__all__ = ["Change", "History"]


class Change(NamedTuple):
    """An execution came into a phase at an instant."""

    at: datetime
    phase: str


class History:
    """The changes of phase of all executions, in the order of their creation."""

    def __init__(self) -> None:
        self._changes: dict[Key, list[Change]] = {}

    def note(self, row: ExecutionRow, at: datetime) -> None:
        """Take down the phase of a row that was stored at an instant."""
        changes = self._changes.setdefault(row.key, [])
        if not changes or changes[-1].phase != row.phase:
            changes.append(Change(at, row.phase))

    def lives(self) -> Mapping[Key, Sequence[Change]]:
        """Return the changes of each execution, by its key."""
        return self._changes
