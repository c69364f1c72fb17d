"""What type checkers make of the sentence: checked by mypy, never run.

A line with an ignore must not type-check; ``warn_unused_ignores`` fails it as soon as it does.
"""

from __future__ import annotations

from datetime import timedelta

from typing_extensions import assert_type

from flyte_testkit import (
    OpenTimeline,
    Timeline,
    failures,
    immediately,
    polls,
    queued,
    running,
    undefined,
)
from flyte_testkit.failures import Failure
from flyte_testkit.timeline import Aborts, Ending, Fails, Outcome, Step, require_timeline


def plays(*scripts: Timeline) -> None:
    """Stand for everything that takes timelines."""


def check_types(anything: object) -> None:
    """Sentences have two types."""
    assert_type(immediately, OpenTimeline)
    assert_type(undefined(1).queued(2).running(3), OpenTimeline)
    assert_type(running(1).failing(2).aborting(3).succeeding(4), OpenTimeline)
    assert_type(running(60).succeeds(auc=0.91), Timeline)
    assert_type(running(60).never_ends().phase, Outcome | None)
    assert_type(running(60).never_ends().seconds, float | None)
    assert_type(running(60).never_ends().steps, tuple[Step, ...])
    assert_type(running(60).never_ends().ending, Ending)
    assert_type(failures.oom_killed(), Failure)
    assert_type(require_timeline(anything, "plays"), Timeline)
    assert_type(Timeline.parse("SUCCEEDED"), Timeline)


def check_what_is_allowed() -> None:
    """Every spelling that the documentation shows."""
    plays(
        running(600).fails(failures.oom_killed()),
        running(0.5).fails("x", code="OOMKilled", kind="USER"),
        running(timedelta(hours=1)).succeeds({"a b": 1}, c=2),
        running().never_ends(),
        running(polls(3)).failing(polls(1)).fails("x"),
        running(1).aborting(cause="c", principal="p").never_ends(),
        running(1).failing(2, "x").fails("y"),
        running(1).times_out(),
    )


def check_what_is_refused() -> None:
    """The mistakes of tired people."""
    running(5).suceeds()  # type: ignore[attr-defined]
    running(5).succeeds().running(5)  # type: ignore[attr-defined]
    plays(running(5))  # type: ignore[arg-type]
    plays(running)  # type: ignore[arg-type]
    plays("RUNNING 5s -> SUCCEEDED")  # type: ignore[arg-type]
    running("10m")  # type: ignore[arg-type]
    running(polls)  # type: ignore[arg-type]
    running(polls(2.5))  # type: ignore[arg-type]
    running(5).fails(failures.oom_killed)  # type: ignore[arg-type]
    failures.oom_killed(3)  # type: ignore[call-arg]
    running(5).fails()  # type: ignore[call-arg]
    running(5).fails("x", knd="USER")  # type: ignore[call-arg]
    running(5).fails("x", kind="USR")  # type: ignore[arg-type]
    running(5).fails(ValueError("x"))  # type: ignore[arg-type]
    running(5).aborts()  # type: ignore[call-arg]
    running(5).succeeds(0.91)  # type: ignore[arg-type]
    queued(5).steps = ()  # type: ignore[misc]
    Step("RUNING", 5)  # type: ignore[arg-type]


def check_that_endings_narrow(story: Timeline) -> str:
    """A match over the ending knows its parts."""
    match story.ending:
        case Fails(failure):
            return failure.message
        case Aborts(cause, principal):
            return cause + principal
        case _:
            return ""
