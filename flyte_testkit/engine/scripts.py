"""A script as a performance: what a real engine would send to FlyteAdmin while it plays.

Order follows the recorded runs of a real flytepropeller: RUNNING is followed by the start-node's
only event; before SUCCEEDING the end-node is queued and succeeds. Whatever happens at one instant
stands in the order in which it is sent.

Ignorant of FlyteAdmin's rules, of other executions and of the present time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from flyte_testkit.engine.inside import Nothing
from flyte_testkit.engine.performance import PATIENCE, Looks, Terminated, Until, Wait
from flyte_testkit.timeline import Aborts, Fails, Polls, Succeeds, Timeline, TimesOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from flyte_testkit.engine.inside import Inside
    from flyte_testkit.engine.performance import Act, Performance
    from flyte_testkit.engine.stage import Stage
    from flyte_testkit.failures import Failure
    from flyte_testkit.timeline import Step

__all__ = ["Made", "perform", "to_come"]

Made: TypeAlias = "Callable[[Stage, Failure | None], Inside | None]"
"""Makes what stands inside an execution that will fail so, if it will; None if nothing does."""

_USUAL: Final = Timeline((), Aborts(""))
"""What a termination leads to in life, once the engine has heard of it."""


def perform(
    script: Timeline, stage: Stage, at: datetime, made: Made | None = None
) -> Performance[None]:
    """Play a script from an instant on; terminated by somebody else, it ends as a real one does.

    Args:
        script: The script.
        stage: Who plays it.
        at: When it begins.
        made: Makes what stands inside, if something does, when the script begins: many never do.
    """
    failure = script.ending.failure if isinstance(script.ending, Fails) else None
    inside = (made and made(stage, failure)) or Nothing()
    try:
        yield from _plays(script, stage, at, inside)
    except Terminated as terminated:
        yield from _reacts(script.terminated or _USUAL, stage, terminated.at, inside)


def to_come(script: Timeline, at: datetime, number: int = 0) -> tuple[datetime, ...]:
    """Return when a script goes on by itself, as far as that can be known.

    Args:
        script: The script.
        at: When a step begins.
        number: Which.
    """
    found: list[datetime] = []
    for step in script.steps[number:]:
        if isinstance(step.duration, Polls):
            return (*found, at + PATIENCE)
        if step.duration is None:
            break
        found.append(at := at + timedelta(seconds=step.duration))
    else:
        return tuple(found if script.ending.phase is not None else found[:-1])
    return tuple(found)


def _reacts(script: Timeline, stage: Stage, at: datetime, inside: Inside) -> Performance[None]:
    """Do what a termination leads to; FlyteAdmin has made it ABORTING already."""
    for number in range(len(script.steps)):
        at = yield from _lasts(script, number, stage, at)
    yield from _ending(script, stage, at, ["ABORTING"], inside)


def _plays(script: Timeline, stage: Stage, at: datetime, inside: Inside) -> Performance[None]:
    passed: list[str] = []
    for number, step in enumerate(script.steps):
        yield from _step(step, stage, at, passed, inside)
        passed.append(step.phase)
        at = yield from _lasts(script, number, stage, at)
    yield from _ending(script, stage, at, passed, inside)


def _lasts(script: Timeline, number: int, stage: Stage, at: datetime) -> Performance[datetime]:
    """Let a step last; return how late it is then."""
    match script.steps[number].duration:
        case None:
            yield Wait()
        case Polls(count):
            at = yield Looks(stage.audience, count)
        case _ if number + 1 == len(script.steps) and script.ending.phase is None:
            pass  # nothing comes of its end, so nobody waits for it
        case seconds:
            ends = at + timedelta(seconds=seconds)
            at = yield Until(ends, to_come(script, ends, number + 1))
    return at


def _step(
    step: Step, stage: Stage, at: datetime, passed: list[str], inside: Inside
) -> Iterator[Act]:
    if step.phase == "SUCCEEDING":
        yield from _run_up(stage, at, passed, inside)
        yield from inside.succeeds(at, stage.outputs)
        yield from stage.wind_up(at)
    elif step.phase == "RUNNING" and "RUNNING" not in passed:
        yield from stage.start(at)
        yield from inside.begins(at)
    elif step.phase == "RUNNING":
        yield stage.resumption(at)
    elif step.phase == "ABORTING":
        yield stage.termination(at, step.cause, step.principal)
    elif step.phase == "FAILING":
        yield from inside.fails(at, step.failure)
        yield stage.workflow_event(at, step.phase, failure=step.failure)
    elif step.phase != "UNDEFINED" or passed:  # FlyteAdmin creates executions UNDEFINED
        yield stage.workflow_event(at, step.phase)


def _run_up(stage: Stage, at: datetime, passed: list[str], inside: Inside) -> Iterator[Act]:
    """Run at least for an instant, as whatever succeeds has done."""
    if "RUNNING" not in passed and "SUCCEEDING" not in passed:
        yield from stage.start(at)
        yield from inside.begins(at)


def _ending(
    script: Timeline, stage: Stage, at: datetime, passed: list[str], inside: Inside
) -> Iterator[Act | Wait]:
    ending = script.ending
    last = passed[-1] if passed else "UNDEFINED"
    if isinstance(ending, Succeeds):
        if last == "ABORTING":  # FlyteAdmin lets it only end
            yield from inside.succeeds(at, stage.outputs)
        elif last != "SUCCEEDING":
            yield from _run_up(stage, at, passed, inside)
            yield from inside.succeeds(at, stage.outputs)
            yield from stage.wind_up(at)
        yield stage.success(at)
    elif isinstance(ending, Fails):
        yield from inside.fails(at, ending.failure)
        if last not in {"FAILING", "ABORTING"}:
            yield stage.workflow_event(at, "FAILING", failure=ending.failure)
        yield stage.workflow_event(at, "FAILED", failure=ending.failure)
    elif isinstance(ending, Aborts):
        if last != "ABORTING":
            yield stage.termination(at, ending.cause, ending.principal)
        yield from inside.stops(at)
        yield stage.workflow_event(at, "ABORTED")
    elif isinstance(ending, TimesOut):
        yield from inside.times_out(at)
        yield stage.workflow_event(at, "TIMED_OUT", failure=ending.failure)
    else:
        yield Wait()  # not over: it can still be terminated
