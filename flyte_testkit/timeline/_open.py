"""Timelines without an end yet, and the words that open them.

This module is ignorant of how timelines are printed and played.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from flyte_testkit.errors import TimelineError, close_names, shown, suggests_keywords
from flyte_testkit.timeline import _durations, _endings, _text
from flyte_testkit.timeline._attempt import Attempt, OpenAttempt, opened
from flyte_testkit.timeline._parts import (
    Aborts,
    NeverEnds,
    Step,
    StepPhase,
    TimesOut,
    trouble,
)
from flyte_testkit.timeline._value import ENDINGS, STEPS, WORDS, Timeline, no_attribute

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping, Sequence

    from flyte_testkit.failures import ErrorKind, Failure
    from flyte_testkit.timeline._durations import Duration

__all__ = ["OpenTimeline", "aborting", "immediately", "queued", "running", "undefined"]


@final
@dataclass(frozen=True, slots=True, repr=False)
class OpenTimeline:
    """A story that has no ending yet; the methods prolong or end it.

    Every method returns a new value, so a beginning can be shared by many stories.

    A duration is a number of seconds, a ``timedelta``, or :func:`polls`. A step without one lasts
    until something else happens (a terminate, a signal, a verb of the test): only
    :meth:`never_ends` may follow. All durations together make a hundred years at most.

    Attributes:
        steps: The phases so far, in order.

    Raises:
        TimelineError: From any method, for a duration that is none, or where a real FlyteAdmin
            would refuse the change of phase.

    Example:
        >>> start = queued(5).running(600)
        >>> start.succeeds(auc=0.91)
        queued(5).running(600).succeeds(auc=0.91)
        >>> start.never_ends().phase is None
        True
    """

    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no server takes."""
        object.__setattr__(self, "steps", tuple(self.steps))
        if problem := trouble(self.steps):
            raise TimelineError(f"{shown(self)}: {problem}")

    def undefined(self, duration: Duration | None = None, /) -> OpenTimeline:
        """Stay UNDEFINED, where every execution begins.

        As a later step it is what no engine sends, but FlyteAdmin takes it.
        """
        return self._then("UNDEFINED", duration)

    def queued(self, duration: Duration | None = None, /) -> OpenTimeline:
        """Stay QUEUED. A real engine leaves a workflow UNDEFINED instead, until it runs.

        QUEUED is the one phase that FlyteAdmin lets repeat; each time moves ``updated_at``.
        """
        return self._then("QUEUED", duration)

    @suggests_keywords
    def waiting(self, duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
        """Stay WAITING_FOR_RESOURCES, as only a task does: from here on it is an attempt."""
        return opened(self.steps, repr(self)).waiting(duration, reason=reason)

    @suggests_keywords
    def initializing(self, duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
        """Stay INITIALIZING, as only a task does: from here on it is an attempt."""
        return opened(self.steps, repr(self)).initializing(duration, reason=reason)

    def running(self, duration: Duration | None = None, /) -> OpenTimeline:
        """Stay RUNNING."""
        return self._then("RUNNING", duration)

    def succeeding(self, duration: Duration | None = None, /) -> OpenTimeline:
        """Stay SUCCEEDING: all nodes are done, the end is not recorded yet."""
        return self._then("SUCCEEDING", duration)

    def failing(
        self, duration: Duration | None = None, failure: str | Failure | None = None, /
    ) -> OpenTimeline:
        """Stay FAILING, as while a failure node runs or siblings are stopped.

        Args:
            duration: How long.
            failure: What ``closure.error`` says meanwhile. Left out before :meth:`fails`, it is
                the failure of the ending, as with a real engine.
        """
        told = None if failure is None else _endings.told(failure, "failing")
        return self._then("FAILING", duration, failure=told)

    @suggests_keywords
    def aborting(
        self, duration: Duration | None = None, /, *, cause: str = "", principal: str = ""
    ) -> OpenTimeline:
        """Be terminated now, and stay ABORTING.

        Args:
            duration: How long the engine takes to stop everything.
            cause: Why; the cause given to :meth:`aborts`, if that follows, wins.
            principal: Who terminated it, likewise.
        """
        return self._then("ABORTING", duration, cause=cause, principal=principal)

    def succeeds(
        self, mapping: Mapping[str, object] | None = None, /, **outputs: object
    ) -> Timeline:
        """End SUCCEEDED, with these outputs.

        Args:
            mapping: Outputs by name, for names that are no Python identifiers.
            **outputs: Outputs by name. flytekit calls a single unnamed output ``o0``.

        Raises:
            TimelineError: An output is given twice, or has no name.
        """
        return Timeline(self.steps, _endings.succeeds(mapping, outputs))

    @suggests_keywords
    def fails(
        self,
        failure: str | Failure,
        /,
        *,
        code: str | enum.Enum | None = None,
        kind: ErrorKind | None = None,
    ) -> Timeline:
        """End FAILED.

        Args:
            failure: The message, or one of :mod:`flyte_testkit.failures`.
            code: The code; for a message ``USER:RuntimeError`` by default, which is what a real
                run shows for every Python exception in a task. ``grpc.StatusCode`` stands for its
                name.
            kind: ``USER`` (the default), ``SYSTEM`` or ``UNKNOWN``.
        """
        return Timeline(self.steps, _endings.fails(failure, code, kind))

    @suggests_keywords
    def aborts(self, cause: str, /, *, principal: str = "") -> Timeline:
        """Be terminated, and end ABORTED.

        Args:
            cause: What ``closure.abort_metadata`` says.
            principal: Who terminated it. Left out, it is the one given to :meth:`aborting`.
        """
        return Timeline(self.steps, Aborts(cause, principal))

    def times_out(self, failure: str | Failure | None = None, /) -> Timeline:
        """End TIMED_OUT, without an error unless one is given.

        A real engine reports most timeouts as failures with ``RetriesExhausted|TimeoutExpired``.

        Args:
            failure: The message, which gets the engine's code ``Timeout``, or a whole failure.
        """
        told = None if failure is None else _endings.told(failure, "times_out", _text.TIMEOUT)
        return Timeline(self.steps, TimesOut(told))

    def never_ends(self) -> Timeline:
        """Stay in the last phase for good."""
        return Timeline(self.steps, NeverEnds())

    def yields(
        self, nodes: Sequence[Any] | Mapping[str, Any] | None = None, /, **named: Any
    ) -> Attempt:
        """End well as a dynamic task does, and let nodes follow, as only an attempt does.

        Args:
            nodes: A list of nodes, which are called ``dn0``, ``dn1``, …; or nodes by name.
            **named: Nodes by name. All begin at once, unless their ``after=`` or a promise says
                otherwise.
        """
        return opened(self.steps, repr(self)).yields(nodes, **named)

    def _then(self, phase: StepPhase, duration: Duration | None, **told: Any) -> OpenTimeline:
        where = phase.lower()
        kept = None if duration is None else _durations.checked(duration, where)
        return OpenTimeline((*self.steps, Step(phase, kept, **told)))

    def __repr__(self) -> str:
        return _text.as_code(self.steps)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  as above
        printer.text(repr(self))

    if not TYPE_CHECKING:  # to a type checker a misspelt name stays an error

        def __getattr__(self, name: str) -> NoReturn:
            near = close_names(name, WORDS).strip()
            advice = f"{near}\nIt goes on with {_listed(STEPS)}, and ends with {_listed(ENDINGS)}."
            raise no_attribute(self, name, advice.strip())


immediately: Final = OpenTimeline()
"""The opener of stories that take no time: ``immediately.succeeds()``."""


def aborting(duration: Duration | None = None, /) -> OpenTimeline:
    """Open what a termination leads to: ``.on_terminate(aborting(30))``.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.

    Example:
        >>> running(600).succeeds().on_terminate(aborting().never_ends())
        running(600).succeeds().on_terminate(aborting().never_ends())
    """
    return immediately.aborting(duration)


def undefined(duration: Duration | None = None, /) -> OpenTimeline:
    """Open a story UNDEFINED, as a real execution waits until the engine takes it up.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.

    Example:
        >>> undefined(2).running(600).succeeds()
        undefined(2).running(600).succeeds()
    """
    return immediately.undefined(duration)


def queued(duration: Duration | None = None, /) -> OpenTimeline:
    """Open a story QUEUED. A real engine never sends it for a workflow; rare clients meet it.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.

    Example:
        >>> queued().never_ends()
        queued().never_ends()
    """
    return immediately.queued(duration)


def running(duration: Duration | None = None, /) -> OpenTimeline:
    """Open a story RUNNING.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.

    Example:
        >>> from datetime import timedelta
        >>> running(timedelta(hours=1)).succeeds(auc=0.91)
        running(3600).succeeds(auc=0.91)
    """
    return immediately.running(duration)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f".{name}()" for name in names)
