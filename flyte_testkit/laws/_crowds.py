"""Several waits at once on one remote, in an order that is the same each time.

Threads that run freely find a race once in a while. Here each call takes a while on the clock and
each thread begins at an instant of its own, so that calls of several waits interleave, and always
in the same way. Ignorant of how a broken law is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.laws._bounds import SLACK
from flyte_testkit.laws._report import seconds_of
from flyte_testkit.laws._stage import remote_of, side_by_side, stage
from flyte_testkit.laws._watching import Attempt, attempt
from flyte_testkit.timeline import Succeeds, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.laws._backend import Client
    from flyte_testkit.laws._stories import Crowd
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.transports import Transport

__all__ = ["NAMES", "PLAN", "CrowdSeen", "complaint", "latest_of", "owned", "says", "watch_crowd"]

PLAN = "crowd"
"""The launch plan of all executions: what belongs to one must not be kept under its name."""

NAMES = ("run", "run1", "run10")
"""The executions' names: each begins with those before, so none can be told by how it begins."""


class CrowdSeen(NamedTuple):
    """What was seen of several waits.

    Attributes:
        admin: The server, which answers no more.
        waits: How each of them ended, in the order of the timelines.
        at: When, in seconds.
        outputs: How reading the outputs ended, once all waits had, for those that said success.
    """

    admin: FakeFlyteAdmin
    waits: tuple[Attempt, ...]
    at: tuple[float, ...]
    outputs: tuple[Attempt | None, ...]


def owned(timeline: Timeline, number: int) -> Timeline:
    """Return the timeline with outputs that say whose they are."""
    if not isinstance(timeline.ending, Succeeds):
        return timeline
    return Timeline(timeline.steps, Succeeds({"owner": NAMES[number]}))


def watch_crowd(
    wait: Callable[[Any, Any, float], Any],
    outputs: Callable[[Any, Any], Any] | None,
    crowd: Crowd,
    *,
    client: Client,
    grace: float,
    transport: Transport = "direct",
) -> CrowdSeen:
    """Run several waits on one remote, and tell how they ended.

    Args:
        wait: The code under test, called with remote, execution and timeout.
        outputs: What reads outputs after a success, called with remote and execution.
        crowd: What happens.
        client: Which remote they share.
        grace: After how many seconds beyond all reason they are stopped.
        transport: How calls travel.
    """
    limit = max(crowd.timeouts) + max(crowd.starts) + 60 * crowd.delay + grace
    size = len(crowd.timelines)
    staged = stage(limit, crowd=size, transport=transport)
    with staged as admin, remote_of(admin, client) as remote:
        admin.register(PLAN, outputs={"owner": str})
        for number, timeline in enumerate(crowd.timelines):
            admin.add_execution(NAMES[number], owned(timeline, number), launch_plan=PLAN)
        executions = [remote.fetch_execution(name=name) for name in NAMES[:size]]
        if crowd.delay:
            admin.on().delays(crowd.delay)

        def one(number: int) -> tuple[Attempt, float]:
            timeout = crowd.timeouts[number]
            ended = attempt(admin, wait, remote, executions[number], timeout)
            return ended, admin.clock.elapsed

        waits, at = zip(*side_by_side(admin, crowd.starts, one), strict=True)
        read = [
            attempt(admin, outputs, remote, execution)
            if outputs is not None and ended.returned is True
            else None
            for execution, ended in zip(executions, waits, strict=True)
        ]
        return CrowdSeen(admin, waits, at, tuple(read))


def says(timeline: Timeline) -> bool | None:
    """Return what a wait should say of an execution; None where it can only give up."""
    return None if timeline.phase is None else timeline.phase == "SUCCEEDED"


def latest_of(crowd: Crowd, poll: float) -> list[float]:
    """Return when each wait should be over, in seconds: a poll and ten calls after its end."""
    ends = [
        max(start, start + timeout if life.seconds is None else life.seconds)
        for life, start, timeout in zip(crowd.timelines, crowd.starts, crowd.timeouts, strict=True)
    ]
    return [round(end + poll + 10 * crowd.delay + SLACK, 3) for end in ends]


def complaint(crowd: Crowd, seen: CrowdSeen, latest: list[float]) -> str:
    """Say what the first wait did that was not as it should be; nothing if all were."""
    for number, life in enumerate(crowd.timelines):
        name, ended, read = NAMES[number], seen.waits[number], seen.outputs[number]
        if ended.returned is not says(life) or (life.phase is None and not ended.gave_up):
            fate = f"ended {life.phase}" if life.phase else "never ends"
            return f"the wait for {name} {ended}, but that execution {fate}."
        if seen.at[number] > latest[number]:
            return (
                f"the wait for {name} was back at {seconds_of(seen.at[number])}, and should have "
                f"been by {seconds_of(latest[number])}: another one kept it."
            )
        if read is not None and _owner(read.returned) != name:
            return f"reading the outputs of {name} {read}: they are not its own."
    return ""


def _owner(outputs: Any) -> object:
    """Return whose the outputs say they are."""
    try:
        return outputs["owner"]
    except (KeyError, TypeError):
        return None
