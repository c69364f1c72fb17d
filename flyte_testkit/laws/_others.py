"""Executions of others around the one that counts: as old, of the same launch plan, named alike.

Who looks for an execution in lists has to tell it from those. Ignorant of waits and launches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.timeline import Timeline

__all__ = ["Others"]

_PLAN = "runs"
_NAME = "run-{}-run"
"""Begins and ends as the name of what counts, which is ``run``."""


@dataclass(frozen=True)
class Others:
    """So many executions of others, launched a second apart.

    Attributes:
        older: How many there were before.
        newer: How many came after.
        timeline: What each of them does.
    """

    older: int
    newer: int
    timeline: Timeline

    @property
    def count(self) -> int:
        """How many they are, and how many seconds it takes to launch them."""
        return self.older + self.newer

    def add(self, admin: FakeFlyteAdmin, name: str, timeline: Timeline) -> None:
        """Add an execution between them."""
        self._add(admin, 0, self.older)
        admin.add_execution(name, timeline, launch_plan=_PLAN)
        self._add(admin, self.older, self.count)

    def _add(self, admin: FakeFlyteAdmin, first: int, end: int) -> None:
        for number in range(first, end):
            admin.add_execution(_NAME.format(number), self.timeline, launch_plan=_PLAN)
            admin.clock.advance(1)

    def as_code(self, statement: str) -> Iterator[str]:
        """Yield the lines that add them, and an execution between them.

        Args:
            statement: What adds that one, without its last parenthesis.
        """
        yield from self._loop(0, self.older)
        yield f"{statement}, launch_plan={_PLAN!r})"
        yield from self._loop(self.older, self.count)

    def _loop(self, first: int, end: int) -> Iterator[str]:
        if first == end:
            return
        numbers = f"{first}, {end}" if first else f"{end}"
        name = _NAME.format("{number}")
        yield f"for number in range({numbers}):"
        yield f"    theirs = {self.timeline!r}"
        yield f'    flyte_admin.add_execution(f"{name}", theirs, launch_plan={_PLAN!r})'
        yield "    flyte_admin.clock.advance(1)"

    def __str__(self) -> str:
        return (
            f"{self.older} older and {self.newer} newer of the same launch plan, {self.timeline!r}"
        )
