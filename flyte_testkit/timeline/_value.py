"""The value that a finished timeline is.

This module is ignorant of how timelines are written; see ``timeline``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from flyte_testkit.errors import TimelineError, close_names, cut, shown
from flyte_testkit.timeline import _reader, _text
from flyte_testkit.timeline._durations import Polls
from flyte_testkit.timeline._parts import (
    Ending,
    NeverEnds,
    Outcome,
    Step,
    check_parts,
    seconds_of,
    settle,
    trouble,
)

__all__ = ["ENDINGS", "STEPS", "WORDS", "Timeline", "no_attribute"]

STEPS: Final = ("undefined", "queued", "running", "succeeding", "failing", "aborting")
ENDINGS: Final = ("succeeds", "fails", "aborts", "times_out", "never_ends")
WORDS: Final = (*STEPS, *ENDINGS)


@final
@dataclass(frozen=True, slots=True, repr=False)
class Timeline:
    """A story with an ending: what an execution does, and when.

    Write one with the openers; the constructor is for those who compute steps. Immutable, equal by
    value, hashable when its outputs are. Its ``repr`` is the code that makes it, its ``str`` the
    one-line form that :meth:`parse` reads.

    Attributes:
        steps: The phases it passes through, in order.
        ending: One of ``Succeeds``, ``Fails``, ``Aborts``, ``TimesOut`` and ``NeverEnds``.

    Raises:
        TimelineError: A real FlyteAdmin would refuse this order of phases.

    Example:
        >>> from flyte_testkit import queued
        >>> story = queued(5).running(600).fails("OOMKilled")
        >>> story.phase, story.seconds
        ('FAILED', 605.0)
        >>> print(story)
        QUEUED 5s -> RUNNING 10m -> FAILED 'OOMKilled'
    """

    steps: tuple[Step, ...]
    ending: Ending

    def __post_init__(self) -> None:
        """Refuse what no server takes; let the last step and the ending agree."""
        check_parts(self.steps, self.ending)
        steps, ending = settle(tuple(self.steps), self.ending)
        if problem := trouble(steps, ending):
            raise TimelineError(f"{cut(_text.as_code(steps, ending), 1000)}: {problem}")
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "ending", ending)

    @property
    def phase(self) -> Outcome | None:
        """The terminal phase, or None if it never ends."""
        return self.ending.phase

    @property
    def seconds(self) -> float | None:
        """How long the steps last together: when the ending comes.

        None if no clock can tell: it never ends, or some step is held for polls.
        """
        if isinstance(self.ending, NeverEnds):
            return None
        if any(isinstance(step.duration, Polls) for step in self.steps):
            return None
        return seconds_of(self.steps)

    @classmethod
    def parse(cls, text: str) -> Timeline:
        """Read the one-line form.

        Phases may be written in any case, and durations as ``10 min`` or ``3 polls``; a duration
        without a unit is in seconds. ``Timeline.parse(str(t)) == t`` for all whose outputs are JSON
        values.

        Raises:
            TimelineError: Shows the place, with a caret under it.

        Example:
            >>> Timeline.parse("QUEUED 5s -> RUNNING 10m -> FAILED 'OOMKilled'")
            queued(5).running(600).fails('OOMKilled')
            >>> Timeline.parse('running 1h30m -> succeeded {"auc": 0.91}')
            running(5400).succeeds(auc=0.91)
        """
        if not isinstance(text, str):
            raise TimelineError(
                f"Timeline.parse({shown(text)}): it reads text, such as 'RUNNING 5s'."
            )
        return cls(*_reader.read(text))

    def __str__(self) -> str:
        return _text.as_line(self.steps, self.ending)

    def __repr__(self) -> str:
        return _text.as_code(self.steps, self.ending)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))

    if not TYPE_CHECKING:  # to a type checker a misspelt name stays an error

        def __getattr__(self, name: str) -> NoReturn:
            if name in WORDS:
                advice = f"It has ended, and nothing may follow.\nWrite .{name}(…) before the end."
                raise no_attribute(self, name, advice)
            raise no_attribute(self, name, close_names(name, dir(type(self))).strip())


def no_attribute(owner: object, name: str, advice: str) -> AttributeError:
    """Word it ourselves: under pytest Python's own suggestion does not show."""
    if name.startswith("_") or name in {
        "steps",
        "ending",
    }:  # copy, pickle and the like only want to know
        text = f"{type(owner).__name__!r} object has no attribute {name!r}"
    else:
        text = f"{shown(owner, 1000)} has no {name!r}. {advice}"
    return AttributeError(text, name=name, obj=None)  # else Python suggests a second time
