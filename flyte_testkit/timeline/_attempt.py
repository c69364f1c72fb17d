"""What one attempt of a task does: a timeline of a task's own phases.

::

    nodes.waiting(30, reason="exceeded quota").queued(2).initializing(9).running(600).succeeds()
    queued(5).initializing(9).running(600).fails(failures.oom_killed())

The order is the one that real runs were seen in (catalogue section 21.4). An attempt is no
:class:`~flyte_testkit.timeline.Timeline`, so a type checker finds one that is played as an
execution.

This module is ignorant of tasks, and of how many attempts one makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, final, get_args

from flyte_testkit.errors import TimelineError, close_names, cut, shown, suggests_keywords
from flyte_testkit.timeline import _durations, _endings, _text
from flyte_testkit.timeline._durations import Polls
from flyte_testkit.timeline._parts import Aborts, Fails, NeverEnds, Succeeds, TimesOut
from flyte_testkit.timeline._task_steps import (
    ORDER,
    WORDS,
    TaskPhase,
    TaskStep,
    step_as_line,
    steps_as_code,
)
from flyte_testkit.timeline._value import no_attribute
from flyte_testkit.timeline._yields import Yields, yields

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterable, Mapping, Sequence

    from flyte_testkit.failures import ErrorKind, Failure
    from flyte_testkit.timeline._durations import Duration
    from flyte_testkit.timeline._parts import Step
    from flyte_testkit.timeline._value import Timeline

__all__ = ["Attempt", "AttemptEnding", "OpenAttempt", "TaskPhase", "TaskStep", "of", "opened"]

AttemptEnding: TypeAlias = Succeeds | Fails | TimesOut | NeverEnds | Yields

_OVER: Final = "It has ended, and nothing may follow.\nWrite .{}(…) before the end."
_ENDINGS: Final = ("succeeds", "fails", "times_out", "never_ends", "yields")


@final
@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """What one attempt of a task does, from its first phase to its end.

    Write one with :func:`nodes.waiting <flyte_testkit.nodes.waiting>` and its kin, or as a plain
    timeline. Immutable, equal by value, hashable when its outputs are; its ``repr`` is code.

    Attributes:
        steps: The phases it passes through, in order.
        ending: One of ``Succeeds``, ``Fails``, ``TimesOut``, ``NeverEnds`` and ``Yields``.

    Raises:
        TimelineError: No attempt could do so.
    """

    steps: tuple[TaskStep, ...]
    ending: AttemptEnding

    def __post_init__(self) -> None:
        """Refuse what no task does."""
        object.__setattr__(self, "steps", tuple(self.steps))
        for step in self.steps:
            if not isinstance(step, TaskStep):
                raise TimelineError(
                    f"{shown(step)} is not a step of an attempt.\nWrite TaskStep('RUNNING', 60)."
                )
        if isinstance(self.ending, Aborts):
            raise TimelineError(_no_abort(self.ending))
        if not isinstance(self.ending, get_args(AttemptEnding)):
            raise TimelineError(f"{shown(self.ending)} is not an ending.\nWrite Succeeds().")
        if isinstance(self.ending, TimesOut) and self.ending.failure is not None:
            raise TimelineError(
                f"{_told(self)}: an attempt that takes too long is stopped without an error; the"
                " node words it.\nWrite .times_out() with nothing in it."
            )
        endless = not isinstance(self.ending, NeverEnds)
        if problem := _trouble(self.steps, needs_end=endless):
            raise TimelineError(f"{_told(self)}: {problem}")

    @property
    def seconds(self) -> float | None:
        """How long the steps last together, or None if no clock can tell."""
        if isinstance(self.ending, NeverEnds):
            return None
        if any(isinstance(step.duration, Polls) for step in self.steps):
            return None
        return _seconds(self.steps)

    def succeeds(
        self, mapping: Mapping[str, object] | None = None, /, **outputs: object
    ) -> Attempt:
        """Return one that :meth:`yields <OpenAttempt.yields>` with these outputs of its node.

        They are values, and :func:`promises <flyte_testkit.nodes.promise>` of what it yields.
        """
        if not isinstance(self.ending, Yields):
            raise no_attribute(self, "succeeds", _OVER.format("succeeds"))
        return Attempt(self.steps, self.ending.succeeds(mapping, outputs))

    def as_argument(self) -> str:
        """Return its code as it stands inside a task, where a plain timeline is an attempt, too.

        Example:
            >>> attempt = OpenAttempt().running(60).succeeds()
            >>> attempt, attempt.as_argument()
            (nodes.running(60).succeeds(), 'running(60).succeeds()')
        """
        return f"{steps_as_code(self.steps, plain=True)}.{_ending_as_code(self.ending)}"

    def __str__(self) -> str:
        ending = self.ending
        end = ending.as_line() if isinstance(ending, Yields) else _text.ending_as_line(ending)
        words = [*map(step_as_line, self.steps), end]
        return _text.ARROW.join(words)

    def __repr__(self) -> str:
        return f"{steps_as_code(self.steps)}.{_ending_as_code(self.ending)}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))

    if not TYPE_CHECKING:  # to a type checker a misspelt name stays an error

        def __getattr__(self, name: str) -> NoReturn:
            if name in _ENDINGS or name in WORDS.values():
                raise no_attribute(self, name, _OVER.format(name))
            raise no_attribute(self, name, close_names(name, dir(type(self))).strip())


@final
@dataclass(frozen=True, slots=True, repr=False)
class OpenAttempt:
    """An attempt that has no ending yet; the methods prolong or end it, and return new values.

    Phases come in the order that real ones come in: waiting, queued, initializing, running. Any
    may be left out. Durations are those of timelines.

    Attributes:
        steps: The phases so far, in order.

    Raises:
        TimelineError: From any method, for what no attempt of a task does.
    """

    steps: tuple[TaskStep, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no task does."""
        object.__setattr__(self, "steps", tuple(self.steps))
        if problem := _trouble(self.steps):
            raise TimelineError(f"{shown(self)}: {problem}")

    @suggests_keywords
    def waiting(self, duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
        """Stay WAITING_FOR_RESOURCES: the pod cannot be made, for a quota say."""
        return self._then("WAITING_FOR_RESOURCES", duration, reason)

    @suggests_keywords
    def queued(self, duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
        """Stay QUEUED: handed to Kubernetes."""
        return self._then("QUEUED", duration, reason)

    @suggests_keywords
    def initializing(self, duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
        """Stay INITIALIZING: the containers are made, an image is pulled."""
        return self._then("INITIALIZING", duration, reason)

    def running(self, duration: Duration | None = None, /) -> OpenAttempt:
        """Stay RUNNING."""
        return self._then("RUNNING", duration, "")

    def succeeds(
        self, mapping: Mapping[str, object] | None = None, /, **outputs: object
    ) -> Attempt:
        """End SUCCEEDED, with these outputs; see ``OpenTimeline.succeeds``."""
        return Attempt(self.steps, _endings.succeeds(mapping, outputs))

    @suggests_keywords
    def fails(
        self,
        failure: str | Failure,
        /,
        *,
        code: str | enum.Enum | None = None,
        kind: ErrorKind | None = None,
    ) -> Attempt:
        """End FAILED; see ``OpenTimeline.fails``."""
        return Attempt(self.steps, _endings.fails(failure, code, kind))

    def times_out(self) -> Attempt:
        """Take longer than the task may: be stopped, without an error."""
        return Attempt(self.steps, TimesOut())

    def never_ends(self) -> Attempt:
        """Stay in the last phase for good."""
        return Attempt(self.steps, NeverEnds())

    def yields(
        self, nodes: Sequence[Any] | Mapping[str, Any] | None = None, /, **named: Any
    ) -> Attempt:
        """End well as a dynamic task does, and let nodes follow; see ``OpenTimeline.yields``."""
        return Attempt(self.steps, yields(nodes, named))

    def _then(self, phase: TaskPhase, duration: Duration | None, reason: str) -> OpenAttempt:
        kept = None if duration is None else _durations.checked(duration, WORDS[phase])
        return OpenAttempt((*self.steps, TaskStep(phase, kept, reason)))

    def __repr__(self) -> str:
        return steps_as_code(self.steps)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  as above
        printer.text(repr(self))

    if not TYPE_CHECKING:  # to a type checker a misspelt name stays an error

        def __getattr__(self, name: str) -> NoReturn:
            if name == "aborts":
                raise no_attribute(self, name, _no_abort(None))
            steps = [f".{word}()" for word in WORDS.values()]
            ends = [f".{word}()" for word in _ENDINGS]
            near = close_names(name, [*WORDS.values(), *_ENDINGS]).strip()
            advice = f"{near}\nIt goes on with {', '.join(steps)}, and ends with {', '.join(ends)}."
            raise no_attribute(self, name, advice.strip())


def opened(steps: Iterable[Step], what: str) -> OpenAttempt:
    """Read the steps of a timeline as those of an attempt.

    Args:
        steps: The steps.
        what: How the user wrote it, for the error.

    Raises:
        TimelineError: A phase is one that no task has.
    """
    read = []
    for step in steps:
        if step.phase not in ("QUEUED", "RUNNING"):
            raise TimelineError(
                f"{cut(what, 1000)}: {step.phase} is a phase of executions; no task has it."
                "\nAn attempt is waiting, queued, initializing, running."
            )
        read.append(TaskStep(step.phase, step.duration))
    return OpenAttempt(tuple(read))


def of(timeline: Timeline) -> Attempt:
    """Read a timeline as an attempt of a task.

    Raises:
        TimelineError: No task does so.

    Example:
        >>> from flyte_testkit import queued
        >>> of(queued(5).running(60).succeeds(rows=9))
        nodes.queued(5).running(60).succeeds(rows=9)
    """
    if isinstance(timeline.ending, Aborts):
        raise TimelineError(f"{shown(timeline)}: {_no_abort(timeline.ending)}")
    if timeline.terminated is not None:
        raise TimelineError(
            f"{shown(timeline)}: it is executions that are terminated, not attempts."
            "\nSay it of the whole: nodes.workflow(…).on_terminate(aborting(30))."
        )
    return Attempt(opened(timeline.steps, repr(timeline)).steps, timeline.ending)


def _trouble(steps: tuple[TaskStep, ...], *, needs_end: bool = False) -> str | None:
    for number, step in enumerate(steps):
        word = WORDS[step.phase]
        after = steps[number + 1] if number + 1 < len(steps) else None
        if step.duration is None and (after is not None or needs_end):
            return (
                f"{word}() has no duration, so it lasts until something else happens, and what"
                f" follows would never come.\nGive it a duration, as in {word}(60), or end with"
                " .never_ends()."
            )
        if after is not None and ORDER.index(after.phase) <= ORDER.index(step.phase):
            return (
                f"no attempt is {after.phase} after {step.phase}.\nIt is waiting, queued,"
                " initializing, running: in this order, each once at most."
            )
    return _durations.too_long(_seconds(steps))


def _seconds(steps: tuple[TaskStep, ...]) -> float:
    return sum((step.duration for step in steps if isinstance(step.duration, float)), 0.0)


def _no_abort(ending: Aborts | None) -> str:
    said = "" if ending is None else shown(ending.cause)
    return (
        f".aborts({said}): no engine aborts an attempt of its own accord; they are stopped when the"
        " execution is terminated, or when another node fails.\nLet it run, and terminate the"
        " execution, or write .times_out() for a task that takes too long."
    )


def _told(attempt: Attempt) -> str:
    return cut(repr(attempt), 1000)


def _ending_as_code(ending: AttemptEnding) -> str:
    return ending.as_code() if isinstance(ending, Yields) else _text.ending_as_code(ending)
