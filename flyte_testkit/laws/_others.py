"""Executions of others around the one that counts: as old, of the same launch plan, named alike.

Who looks for an execution in lists has to tell it from those. Ignorant of waits and launches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.timeline import Timeline

__all__ = ["NAMES", "Others"]

_PLAN = "runs"
_FEW = 5
NAMES = ("run-{}-run", "a-run-{}")
"""One begins and ends as the name of what counts, which is ``run``; one stands before it."""


@dataclass(frozen=True)
class Others:
    """So many executions of others, each launched a second after the one before.

    The execution that counts stands between them, so it is as many seconds old as there are newer.

    Attributes:
        older: How many were launched before it.
        newer: How many after.
        timeline: What each of them does.
        name: How they are named, with a place for the age in seconds.
    """

    older: int
    newer: int
    timeline: Timeline
    name: str = NAMES[0]

    @property
    def count(self) -> int:
        """How many they are."""
        return self.older + self.newer

    def add(self, admin: FakeFlyteAdmin, name: str, timeline: Timeline) -> None:
        """Add them, and an execution between them."""
        now = admin.clock.now()
        at = now - timedelta(seconds=self.newer)
        admin.add_execution(name, timeline, launch_plan=_PLAN, created_at=at)
        born = {self.name.format(age): now - timedelta(seconds=age) for age in self._ages}
        admin._add_alike(born, self.timeline, _PLAN)  # noqa: SLF001  in one go: there may be many

    @property
    def _ages(self) -> list[int]:
        """How old each of them is, in seconds, which is its number as well."""
        return [*range(self.newer), *range(self.newer + 1, self.count + 1)]

    def as_code(self, statement: str) -> Iterator[str]:
        """Yield the lines that add them, and an execution between them.

        Args:
            statement: What adds that one, without its last parenthesis.
        """
        yield "now = flyte_admin.clock.now()"
        yield f"created_at = now - datetime.timedelta(seconds={self.newer})"
        yield f"{statement}, launch_plan={_PLAN!r}, created_at=created_at)"
        yield f"for age in {self._ages_as_code()}:"
        yield f"    theirs = {self.timeline!r}"
        yield "    created_at = now - datetime.timedelta(seconds=age)"
        yield f'    name = f"{self.name.format("{age}")}"'
        yield (
            f"    flyte_admin.add_execution(name, theirs, launch_plan={_PLAN!r}, "
            "created_at=created_at)"
        )

    def _ages_as_code(self) -> str:
        if self.count < _FEW:
            return repr(self._ages)
        newer, older = f"range({self.newer})", f"range({self.newer + 1}, {self.count + 1})"
        if self.newer and self.older:
            return f"[*{newer}, *{older}]"
        return newer if self.newer else older

    def __str__(self) -> str:
        return f"{self.newer} newer and {self.older} older ones, each {self.timeline!r}"
