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

What one attempt of a task does is an :class:`Attempt`, of a task's own phases; again another type.

A timeline is a value. It knows phases, durations and endings; it is ignorant of what time it is, of
who plays it, and that gRPC exists.
"""

from __future__ import annotations

from types import FunctionType

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.timeline._attempt import Attempt, AttemptEnding, OpenAttempt
from flyte_testkit.timeline._durations import Duration, Polls, polls
from flyte_testkit.timeline._endings import refuse_open
from flyte_testkit.timeline._open import (
    OpenTimeline,
    aborting,
    immediately,
    queued,
    running,
    undefined,
)
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
)
from flyte_testkit.timeline._task_steps import TaskPhase, TaskStep
from flyte_testkit.timeline._value import Timeline
from flyte_testkit.timeline._yields import Yields

__all__ = [
    "Aborts",
    "Attempt",
    "AttemptEnding",
    "Duration",
    "Ending",
    "Fails",
    "NeverEnds",
    "OpenAttempt",
    "OpenTimeline",
    "Outcome",
    "Phase",
    "Polls",
    "Step",
    "StepPhase",
    "Succeeds",
    "TaskPhase",
    "TaskStep",
    "Timeline",
    "TimesOut",
    "Yields",
    "aborting",
    "immediately",
    "polls",
    "queued",
    "require_timeline",
    "running",
    "undefined",
]


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
    refuse_open(value, OpenTimeline, what)
    if isinstance(value, (Attempt, OpenAttempt)):
        raise TimelineError(
            f"{what}: {shown(value)} is what an attempt of a task does, not what an execution does."
            "\nLeave out what only tasks know, as in queued(5).running(60).succeeds()."
        )
    if isinstance(value, FunctionType) and value in {aborting, undefined, queued, running}:
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
