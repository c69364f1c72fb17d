"""Executions that somebody else launches: of the same launch plan, with the same inputs.

Code that looks up what it may have launched has to tell its own from those. What the code under
test launches, with which inputs and under which name, a rehearsal shows. Ignorant of laws.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.timeline import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["Part", "Rivals"]

_LATER: Final = 0.5
"""When those come that come later, in seconds after the launch begins."""

_SLOW: Final = PlannedFault("ListExecutions", "delays", seconds=1)
"""Lists take a while then, so that they show them."""

_PLAN: Final = "somebody-elses"
_THEIRS: Final = running().never_ends()
_STEM = 20  # letters of a name; an execution's may have 63


class Part(NamedTuple):
    """What the code under test launches, as a rehearsal has shown.

    Attributes:
        launch_plan: The launch plan, by name.
        inputs: With what, as Python values.
        name: How it named the execution; empty if it did not.
        settled: Whether it always names it so.
    """

    launch_plan: str
    inputs: Mapping[str, Any]
    name: str
    settled: bool


@dataclass(frozen=True)
class Rivals:
    """So many executions that somebody else launches, and one of another launch plan, that run on.

    Attributes:
        count: How many there are with the same inputs.
        later: Whether they come only after the code under test has begun to launch.
        taken: Whether that of the other launch plan has the very name that the code chooses, if
            it always chooses the same.
    """

    count: int
    later: bool = False
    taken: bool = False

    def names(self, part: Part) -> list[str]:
        """Return the names of all that there will be."""
        theirs = [self._name(part).format(number) for number in range(self.count)]
        return [self._stranger(part), *theirs]

    def plant(self, admin: FakeFlyteAdmin, part: Part) -> None:
        """Launch them, or see to it that they are launched."""
        admin.add_execution(self._stranger(part), _THEIRS, launch_plan=_PLAN)
        if self.later:
            _SLOW.plant(admin)
            admin.clock.call_later(_LATER, self._launch, admin, part)
        else:
            self._launch(admin, part)

    def _launch(self, admin: FakeFlyteAdmin, part: Part) -> None:
        for number in range(self.count):
            name = self._name(part).format(number)
            admin.add_execution(name, _THEIRS, launch_plan=part.launch_plan, inputs=part.inputs)

    def as_code(self, part: Part, kept: str = "") -> Iterator[str]:
        """Yield the lines that plant them.

        Args:
            part: What a rehearsal has shown.
            kept: The list in which those are kept that are there at once, if in any.
        """
        begin, end = (f"{kept}.append(", ")") if kept else ("", "")
        inputs = f", inputs={dict(part.inputs)!r}" if part.inputs else ""
        told = f"{self._stranger(part)!r}, {_THEIRS!r}, launch_plan={_PLAN!r}"
        yield f"{begin}flyte_admin.add_execution({told}){end}"
        told = f"name, {_THEIRS!r}, launch_plan={part.launch_plan!r}{inputs}"
        loop = (
            f"for number in range({self.count}):",
            f'    name = f"{self._name(part).format("{number}")}"',
            f"    {begin}flyte_admin.add_execution({told}){end}",
        )
        if self.later:
            yield _SLOW.as_code(strict=False)
            yield from ("", "def somebody_launches():", *(f"    {line}" for line in loop), "")
            yield f"flyte_admin.clock.call_later({_LATER}, somebody_launches)"
        elif self.count:
            yield from loop

    def _stranger(self, part: Part) -> str:
        """Return the name of the one that is of another launch plan."""
        takes = self.taken and part.settled and part.name
        return part.name if takes else self._name(part).format("stranger")

    @staticmethod
    def _name(part: Part) -> str:
        """Return how they are named: as its own, as far as that goes."""
        stem = part.name.rpartition("-")[0] or part.launch_plan
        plain = re.sub(r"[^a-z0-9-]+", "-", stem.lower()).strip("-")[:_STEM]
        return f"{plain or 'run'}-theirs-{{}}"

    def __str__(self) -> str:
        told = [f"{self.count} of the same launch plan and inputs"] if self.count else []
        if self.later:
            told = [f"{told[0]}, launched {_LATER:g} s later"]
        named = "has its name" if self.taken else "is there, too"
        return "; ".join([*told, f"one of another launch plan {named}"])
