"""Timelines: what an execution will do, written as a sentence that must end.

::

    queued(5).running(600).fails("OOMKilled")
    running(3600).succeeds(auc=0.91)
    running(60).aborting(30).aborts("too dear", principal="ann")
    immediately.succeeds()
    running(polls(3)).succeeds()
    running().never_ends()

An opener (:func:`undefined`, :func:`queued`, :func:`running`, :data:`immediately`) gives an
:class:`OpenTimeline`; steps prolong it; only an ending gives a :class:`Timeline`, and only a
``Timeline`` can be played. The two are unrelated types, so a type checker finds a story without an
end. What a real FlyteAdmin would refuse cannot be written.

A timeline is a value. It knows phases, durations and endings; it is ignorant of what time it is, of
who plays it, and that gRPC exists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from flyte_testkit.errors import TimelineError, close_names, shown, suggests_keywords
from flyte_testkit.failures import USER_ERROR, ErrorKind, Failure
from flyte_testkit.failures._failure import code_text
from flyte_testkit.timeline import _durations, _text
from flyte_testkit.timeline._durations import Duration, Polls, polls
from flyte_testkit.timeline._parts import (
    Aborts,
    Ending,
    Fails,
    NeverEnds,
    Outcome,
    Phase,
    Step,
    StepPhase,
    Succeeds,
    TimesOut,
    trouble,
)
from flyte_testkit.timeline._value import ENDINGS, STEPS, WORDS, Timeline, no_attribute

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping

__all__ = [
    "Aborts",
    "Duration",
    "Ending",
    "Fails",
    "NeverEnds",
    "OpenTimeline",
    "Outcome",
    "Phase",
    "Polls",
    "Step",
    "StepPhase",
    "Succeeds",
    "Timeline",
    "TimesOut",
    "immediately",
    "polls",
    "queued",
    "require_timeline",
    "running",
    "undefined",
]


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
        told = None if failure is None else _failure(failure, "failing")
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
        named = Succeeds({} if mapping is None else mapping).outputs
        if twice := sorted(named.keys() & outputs.keys()):
            raise TimelineError(
                f".succeeds({shown(dict(named))}, …) gives {', '.join(map(repr, twice))} twice:"
                " in the mapping and by keyword.\nLeave one of them out."
            )
        return Timeline(self.steps, Succeeds({**named, **outputs}))

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
        told = _failure(failure, "fails")
        if code is not None:
            told = replace(told, code=code_text(code))
        if kind is not None:
            told = replace(told, kind=kind)
        return Timeline(self.steps, Fails(told))

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
        told = None if failure is None else _failure(failure, "times_out", _text.TIMEOUT)
        return Timeline(self.steps, TimesOut(told))

    def never_ends(self) -> Timeline:
        """Stay in the last phase for good."""
        return Timeline(self.steps, NeverEnds())

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


def require_timeline(value: object, what: str) -> Timeline:
    """Return the value if it is a timeline, else say how to make it one.

    Args:
        value: What a user passed where a timeline belongs.
        what: What the user called, as ``add_execution('nightly')``.

    Raises:
        TimelineError: It is no timeline; the error says what to write instead.

    Example:
        >>> require_timeline(running(60), "plays")
        Traceback (most recent call last):
        ...
        flyte_testkit.errors.TimelineError: plays: running(60) has no ending.
        End it with .succeeds(), .fails(message) or .never_ends().
    """
    if isinstance(value, Timeline):
        return value
    if isinstance(value, OpenTimeline):
        endless = value.steps and value.steps[-1].duration is None
        words = ".never_ends()" if endless else ".succeeds(), .fails(message) or .never_ends()"
        raise TimelineError(f"{what}: {shown(value)} has no ending.\nEnd it with {words}.")
    if isinstance(value, MethodType) and isinstance(value.__self__, OpenTimeline):
        call = f"{shown(value.__self__)}.{value.__name__}"
        raise TimelineError(f"{what}: {call} is not called yet.\nWrite {call}(…).")
    if isinstance(value, FunctionType) and value in {undefined, queued, running}:
        call = f"{value.__name__}(60).succeeds()"
        raise TimelineError(f"{what}: {value.__name__} only opens a timeline.\nWrite {call}.")
    if isinstance(value, str):
        raise TimelineError(
            f"{what}: {shown(value)} is text, not a timeline.\nWrite running(60).succeeds(), or"
            f" read the one-line form with Timeline.parse({shown(value)})."
        )
    raise TimelineError(
        f"{what}: {shown(value)} is not a timeline.\nWrite one, such as running(60).succeeds()."
    )


def _failure(failure: object, method: str, code: str = USER_ERROR) -> Failure:
    if isinstance(failure, Failure):
        return failure
    if isinstance(failure, str):
        return Failure(failure, code=code)
    text = str(failure) if isinstance(failure, BaseException) else "out of disk"
    raise TimelineError(
        f".{method}({shown(failure)}): a failure is a message, or one of flyte_testkit.failures."
        f"\nWrite .{method}({shown(text)})."
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f".{name}()" for name in names)
