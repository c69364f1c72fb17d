"""The value that a finished timeline is.

This module is ignorant of how timelines are written; see ``timeline``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from flyte_testkit.errors import TimelineError, close_names, cut, shown
from flyte_testkit.timeline import _reader, _text
from flyte_testkit.timeline._durations import Polls
from flyte_testkit.timeline._parts import (
    Aborts,
    Ending,
    NeverEnds,
    Outcome,
    Step,
    Succeeds,
    check_parts,
    seconds_of,
    settle,
    trouble,
)
from flyte_testkit.timeline._reaction import Steps, reaction

__all__ = ["ENDINGS", "STEPS", "WORDS", "Timeline", "no_attribute", "on_terminate_as_code"]

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
        terminated: What a termination by somebody else leads to; None: ABORTED, half a second
            later.

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
    terminated: Timeline | None = None

    def __post_init__(self) -> None:
        """Refuse what no server takes; let the last step and the ending agree."""
        check_parts(self.steps, self.ending)
        steps, ending = settle(tuple(self.steps), self.ending)
        if problem := trouble(steps, ending):
            raise TimelineError(f"{cut(_text.as_code(steps, ending), 1000)}: {problem}")
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "ending", ending)
        if self.terminated is not None:
            object.__setattr__(self, "terminated", self._reaction(self.terminated))

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

    def on_terminate(self, script: Steps, /) -> Timeline:
        """Return it with what a termination by somebody else leads to, a client's above all.

        Left out, it does nothing for half a second and is ABORTED then, as in life.

        Args:
            script: How long it is ABORTING, and how it ends then: ``aborting(30)`` ends ABORTED,
                late; ``aborting().never_ends()`` is stuck; ``aborting(3).succeeds()`` was done
                before the engine heard of it, and gives what it would have given anyway;
                ``aborting(3).fails("no disk")`` likewise.

        Raises:
            TimelineError: FlyteAdmin would refuse it, or it says it already.

        Example:
            >>> from flyte_testkit import aborting, running
            >>> running(3600).succeeds(auc=0.91).on_terminate(aborting(3).succeeds())
            running(3600).succeeds(auc=0.91).on_terminate(aborting(3).succeeds())
        """
        if self.terminated is not None:
            raise TimelineError(
                f"{shown(self)} says already what a termination leads to.\nLeave one of them out."
            )
        return replace(self, terminated=self._reaction(script))

    def _reaction(self, script: object) -> Timeline:
        found = Timeline(*reaction(script, f"{shown(self)}.on_terminate(…)"))
        if isinstance(found.ending, Succeeds) and not isinstance(self.ending, Succeeds):
            raise TimelineError(
                f"{shown(self)}.on_terminate({shown(script)}): it gives what it would have given,"
                " but it would not have succeeded."
                "\nLet it: running(3600).succeeds(auc=0.9).on_terminate(aborting(3).succeeds())."
            )
        return found

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
        steps, ending, terminated = _reader.read(text)
        return cls(steps, ending, None if terminated is None else cls(*terminated))

    def __str__(self) -> str:
        line = _text.as_line(self.steps, self.ending)
        return line if self.terminated is None else f"{line}{_text.TERMINATED}{self.terminated}"

    def __repr__(self) -> str:
        code = _text.as_code(self.steps, self.ending)
        return code if self.terminated is None else f"{code}{on_terminate_as_code(self.terminated)}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))

    if not TYPE_CHECKING:  # to a type checker a misspelt name stays an error

        def __getattr__(self, name: str) -> NoReturn:
            if name in WORDS:
                advice = f"It has ended, and nothing may follow.\nWrite .{name}(…) before the end."
                raise no_attribute(self, name, advice)
            raise no_attribute(self, name, close_names(name, dir(type(self))).strip())


def on_terminate_as_code(terminated: Timeline) -> str:
    """Print what a termination leads to as the call that says it."""
    if not terminated.steps:
        return f".on_terminate({_text.as_code((), terminated.ending)})"
    ending = None if isinstance(terminated.ending, Aborts) else terminated.ending
    said = _text.as_code(terminated.steps, ending)
    return f".on_terminate({said.removeprefix('immediately.')})"


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
