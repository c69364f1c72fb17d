"""What is wrong with how a node is told of, while the node itself does what it does.

In life engines lose events, rows are missing from a page, and data come later than the news of
them. Ignorant of which nodes there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flyte_testkit.errors import TimelineError, close_names, shown
from flyte_testkit.propeller.phases import NODE_OUTCOMES
from flyte_testkit.timeline import Polls
from flyte_testkit.timeline import _durations as durations

__all__ = ["STAYS", "Flaw", "refused"]

STAYS: Final = ("QUEUED", "RUNNING", "DYNAMIC_RUNNING")
"""The phases that a node can be left in."""

_WHAT: Final = "nodes.flawed(…)"
_WRITE: Final = "\nWrite nodes.flawed(node, stays='RUNNING'), say."
_ALONE: Final = {
    ("missing", "stays"): "of what is missing nobody sees the phase",
    ("missing", "data_after"): "of what is missing nobody can read data",
    ("missing", "deck"): "of what is missing nobody can read a deck",
    ("missing", "unnoticed"): (
        "of what is missing nobody sees the end; a node that never ends, missing, is the same"
    ),
    ("stays", "data_after"): "a node whose end is never told gives no data at all",
    ("stays", "unnoticed"): "a node whose end nobody is told of is one that never ends",
}
"""Flaws of which one says nothing beside the other, and why."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Flaw:
    """What is wrong with how one node is told of.

    Attributes:
        stays: The phase that it is left in; empty if its end is told.
        missing: Whether nothing at all is told of it, nor of what is inside of it.
        data_after: How many seconds after its end its outputs are there; None for at once.
        deck: ``"missing"`` if the deck that is announced never comes, else empty.
        unnoticed: Whether its engine never notices that it has ended.
    """

    stays: str = ""
    missing: bool = False
    data_after: float | None = None
    deck: str = ""
    unnoticed: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no flaw, and two of which one hides the other."""
        if self.stays != "":
            _check_stays(self.stays)
        for option in ("missing", "unnoticed"):
            if not isinstance(said := getattr(self, option), bool):
                raise refused(f"{option}={shown(said)}", f"it is so or not.\nWrite {option}=True.")
        if self.data_after is not None:
            object.__setattr__(self, "data_after", _seconds(self.data_after))
        if self.deck not in ("", "missing"):
            raise refused(
                f"deck={shown(self.deck)}", "of a deck all that can be wrong is deck='missing'."
            )
        said = self._said
        if not said:
            raise TimelineError(f"{_WHAT} says no flaw.{_WRITE}")
        for (one, other), why in _ALONE.items():
            if one in said and other in said:
                raise TimelineError(
                    f"nodes.flawed(…, {said[one]}, {said[other]}): {why}.\nLeave one of them out."
                )

    @property
    def _said(self) -> dict[str, str]:
        """What is said, as keywords."""
        said: dict[str, Any] = {}
        if self.stays:
            said["stays"] = repr(self.stays)
        if self.missing:
            said["missing"] = True
        if self.data_after is not None:
            said["data_after"] = durations.code(self.data_after)
        if self.deck:
            said["deck"] = repr(self.deck)
        if self.unnoticed:
            said["unnoticed"] = True
        return {name: f"{name}={value}" for name, value in said.items()}

    def __repr__(self) -> str:
        return self.as_code("…")

    def as_code(self, node: str) -> str:
        """Print it around the code of a node."""
        return f"nodes.flawed({', '.join([node, *self._said.values()])})"


def refused(told: str, why: str) -> TimelineError:
    """Return the error for a flaw that cannot be."""
    return TimelineError(f"nodes.flawed(…, {told}): {why}")


def _check_stays(phase: object) -> None:
    told = f"stays={shown(phase)}"
    if isinstance(phase, str) and phase in NODE_OUTCOMES:
        raise refused(told, f"that is an end, in which every node stays.{_WRITE}")
    if not isinstance(phase, str) or phase not in STAYS:
        near = close_names(phase.upper(), STAYS) if isinstance(phase, str) else ""
        raise refused(
            told, f"no node is left in such a phase.{near}\nWrite one of {', '.join(STAYS)}."
        )


def _seconds(value: object) -> float:
    told = f"data_after={shown(value)}"
    if isinstance(value, Polls):
        raise refused(told, "data come by the clock, whoever looks.\nWrite seconds: data_after=30.")
    try:
        seconds = durations.checked(value, "of")  # type: ignore[arg-type]  # it reads whatever comes
    except TimelineError as error:
        reason = str(error).partition("\n")[0].partition("): ")[2]
        reason = reason.replace(", a timedelta or polls(n)", " or a timedelta")
        raise refused(told, f"{reason}\nWrite data_after=30.") from None
    if not seconds:
        raise refused(told, "data that are there at once have no flaw.\nWrite data_after=30.")
    return seconds  # type: ignore[return-value]  # no polls
