"""The parts of a timeline, and which of them may follow which.

A :class:`Step` is a phase that is held for a while; an ending is one of five small values. The
order of phases follows FlyteAdmin's own state machine (catalogue section 9.1): what a real server
would refuse, no timeline can hold.

This module is ignorant of how timelines are written, printed and played.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, TypeAlias, final, get_args

from flyte_testkit.errors import TimelineError, close_names, shown
from flyte_testkit.failures import Failure  # noqa: TC001  Hypothesis resolves hints
from flyte_testkit.failures._failure import check_text
from flyte_testkit.propeller.phases import Outcome
from flyte_testkit.timeline import _durations
from flyte_testkit.timeline._durations import Polls  # noqa: TC001  likewise

__all__ = [
    "STEP_PHASES",
    "Aborts",
    "Ending",
    "Fails",
    "NeverEnds",
    "Outcome",
    "Phase",
    "Step",
    "StepPhase",
    "Succeeds",
    "TimesOut",
    "check_parts",
    "refusal",
    "seconds_of",
    "settle",
    "trouble",
]

StepPhase = Literal["UNDEFINED", "QUEUED", "RUNNING", "SUCCEEDING", "FAILING", "ABORTING"]
Phase: TypeAlias = StepPhase | Outcome

STEP_PHASES: Final[tuple[StepPhase, ...]] = get_args(StepPhase)


@final
@dataclass(frozen=True, slots=True)
class Step:
    """A phase that an execution stays in for a while.

    Attributes:
        phase: One of the six phases that are no end.
        duration: How long it lasts: seconds or polls; None means until something else happens.
        failure: What a FAILING step already says in ``closure.error``.
        cause: Why an ABORTING step was terminated.
        principal: Who terminated it.
    """

    phase: StepPhase
    duration: float | Polls | None = None
    failure: Failure | None = None
    cause: str = ""
    principal: str = ""

    def __post_init__(self) -> None:
        """Refuse a step that means nothing."""
        if self.phase not in STEP_PHASES:
            near = close_names(str(self.phase).upper(), STEP_PHASES)
            raise TimelineError(
                f"{shown(self.phase)} is not a phase that an execution can stay in.{near}"
                f"\nSuch phases are {', '.join(STEP_PHASES)}."
            )
        if self.duration is not None:
            duration = _durations.checked(self.duration, self.phase.lower())
            object.__setattr__(self, "duration", duration)
        if self.failure is not None and self.phase != "FAILING":
            raise TimelineError(f"A {self.phase} step has no failure; only FAILING has one.")
        if (self.cause or self.principal) and self.phase != "ABORTING":
            raise TimelineError(f"A {self.phase} step has no cause; only ABORTING has one.")
        check_text("the cause of an abort", self.cause, column=True)
        check_text("the principal of an abort", self.principal)


@final
@dataclass(frozen=True, slots=True)
class Succeeds:
    """The execution ends SUCCEEDED, with these outputs."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    phase: ClassVar[Literal["SUCCEEDED"]] = "SUCCEEDED"

    def __post_init__(self) -> None:
        """Keep a copy of the outputs that nobody can change."""
        if not isinstance(self.outputs, Mapping):
            raise TimelineError(
                f".succeeds({shown(self.outputs)}): outputs have names."
                f"\nWrite .succeeds(o0={shown(self.outputs)}), or pass names with values."
            )
        for name in self.outputs:
            check_text("the name of an output", name)
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))

    def __repr__(self) -> str:
        return f"Succeeds({dict(self.outputs)!r})"

    def __hash__(self) -> int:
        return hash(frozenset(self.outputs.items()))

    def __reduce__(self) -> tuple[type[Succeeds], tuple[dict[str, Any]]]:
        return (Succeeds, (dict(self.outputs),))  # a mapping proxy cannot be pickled or copied


@final
@dataclass(frozen=True, slots=True)
class Fails:
    """The execution ends FAILED."""

    failure: Failure
    phase: ClassVar[Literal["FAILED"]] = "FAILED"


@final
@dataclass(frozen=True, slots=True)
class Aborts:
    """Somebody terminates the execution, and it ends ABORTED."""

    cause: str
    principal: str = ""
    phase: ClassVar[Literal["ABORTED"]] = "ABORTED"

    def __post_init__(self) -> None:
        """Refuse what FlyteAdmin could not store."""
        check_text("the cause of an abort", self.cause, column=True)
        check_text("the principal of an abort", self.principal)


@final
@dataclass(frozen=True, slots=True)
class TimesOut:
    """The execution ends TIMED_OUT, with or without an error."""

    failure: Failure | None = None
    phase: ClassVar[Literal["TIMED_OUT"]] = "TIMED_OUT"


@final
@dataclass(frozen=True, slots=True)
class NeverEnds:
    """Nothing more happens by itself."""

    phase: ClassVar[None] = None


Ending: TypeAlias = Succeeds | Fails | Aborts | TimesOut | NeverEnds


def refusal(current: StepPhase, following: StepPhase) -> str | None:
    """Return why FlyteAdmin would refuse this change of phase, or None where it would not.

    Orders that no engine sends but the server takes, as SUCCEEDING before RUNNING, are taken here
    as well: clients meet them when a rival writer is at work.

    Example:
        >>> refusal("UNDEFINED", "RUNNING") is None
        True
    """
    if current == "ABORTING":
        return (
            f"FlyteAdmin refuses {following} after ABORTING: an execution that is being aborted"
            " only ends.\nEnd it, with .aborts(cause) say, or put this step before .aborting()."
        )
    if current == following != "QUEUED":  # a repeated QUEUED is taken, and moves updated_at
        return (
            f"FlyteAdmin refuses {following} twice in a row: that phase is recorded already."
            "\nWrite one step with the whole duration."
        )
    if (current, following) == ("RUNNING", "QUEUED"):
        return (
            "FlyteAdmin refuses QUEUED after RUNNING: a running execution is not queued again."
            "\nPut .queued() before .running(), or leave it out."
        )
    return None


def trouble(steps: tuple[Step, ...], ending: Ending | None = None) -> str | None:
    """Return why these steps cannot be played in this order, and what to write; else None."""
    for current, following in itertools.pairwise(steps):
        if current.duration is None:
            return _endless(current.phase, following.phase)
        if (reason := refusal(current.phase, following.phase)) is not None:
            return reason
    if ending is not None and ending.phase and steps and steps[-1].duration is None:
        return _endless(steps[-1].phase, ending.phase)
    return _durations.too_long(seconds_of(steps))


def seconds_of(steps: Iterable[Step]) -> float:
    """Return how long steps last together, those aside that no clock measures."""
    return sum((step.duration for step in steps if isinstance(step.duration, float)), 0.0)


def _endless(phase: StepPhase, following: Phase) -> str:
    step = phase.lower()
    return (
        f"{step}() has no duration, so it lasts until something else happens, and {following}"
        f" would never come.\nGive it a duration, as in {step}(60), or end with .never_ends()."
    )


def check_parts(steps: Iterable[object], ending: object) -> None:
    """Refuse what is no step or no ending, from those who make timelines by the constructor."""
    for step in steps:
        if not isinstance(step, Step):
            raise TimelineError(
                f"{shown(step)} is not a step."
                "\nWrite Step('RUNNING', 60), or running(60).succeeds()."
            )
    if not isinstance(ending, get_args(Ending)):
        raise TimelineError(
            f"{shown(ending)} is not an ending.\nWrite Succeeds(), or running(60).succeeds()."
        )


def settle(steps: tuple[Step, ...], ending: Ending) -> tuple[tuple[Step, ...], Ending]:
    """Let the last step and the ending agree on what both of them say.

    An ABORTING step takes the cause of the abort it leads to, an abort without a principal takes
    the step's, and a FAILING step without a failure takes the one it ends with, as real ones do.
    So two timelines that play alike are equal, and an engine finds everything in the step.
    """
    if not steps:
        return steps, ending
    last = steps[-1]
    if isinstance(ending, Aborts) and last.phase == "ABORTING":
        ending = Aborts(ending.cause, ending.principal or last.principal)
        last = replace(last, cause=ending.cause, principal=ending.principal)
    elif isinstance(ending, Fails) and last.phase == "FAILING" and last.failure is None:
        last = replace(last, failure=ending.failure)
    return (*steps[:-1], last), ending
