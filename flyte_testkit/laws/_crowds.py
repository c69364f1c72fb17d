"""Several waits at once on one remote, in an order that is the same each time.

Threads that run freely find a race once in a while. Here each call takes a while on the clock and
each thread begins at an instant of its own, so that calls of several waits interleave, and always
in the same way. Ignorant of what the waits should have said.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.laws._watching import Attempt, attempt, remote_of, stage
from flyte_testkit.timeline import Succeeds, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from flyte_testkit.laws._stories import Crowd
    from flyte_testkit.laws._suite import Client
    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["CrowdSeen", "owned", "watch_crowd"]


class CrowdSeen(NamedTuple):
    """What was seen of several waits.

    Attributes:
        admin: The server, which answers no more.
        waits: How each of them ended, in the order of the timelines.
        outputs: What was read after those that said success; None where nothing was.
    """

    admin: FakeFlyteAdmin
    waits: tuple[Attempt, ...]
    outputs: tuple[Any, ...]


def owned(timeline: Timeline, number: int) -> Timeline:
    """Return the timeline with outputs that say whose they are."""
    if not isinstance(timeline.ending, Succeeds):
        return timeline
    return Timeline(timeline.steps, Succeeds({"owner": f"run{number}"}))


def watch_crowd(
    wait: Callable[[Any, Any, float], Any],
    outputs: Callable[[Any, Any], Any] | None,
    crowd: Crowd,
    *,
    client: Client,
    grace: float,
) -> CrowdSeen:
    """Run several waits on one remote, and tell how they ended.

    Args:
        wait: The code under test, called with remote, execution and timeout.
        outputs: What reads outputs after a success, called with remote and execution.
        crowd: What happens.
        client: Which remote they share.
        grace: After how many seconds beyond all reason they are stopped.
    """
    limit = crowd.timeout + max(crowd.starts) + 60 * crowd.delay + grace
    size = len(crowd.timelines)
    with stage(limit, crowd=size) as admin, remote_of(admin, client) as remote:
        for number, timeline in enumerate(crowd.timelines):
            admin.add_execution(f"run{number}", owned(timeline, number))
        executions = [remote.fetch_execution(name=f"run{number}") for number in range(size)]
        if crowd.delay:
            admin.on().delays(crowd.delay)

        def one(number: int) -> tuple[Attempt, Any]:
            admin.clock.sleep(crowd.starts[number])
            execution = executions[number]
            ended = attempt(admin, wait, remote, execution, crowd.timeout)
            if outputs is None or ended.returned is not True:
                return ended, None
            read = attempt(admin, outputs, remote, execution)
            return (ended, read.returned) if read.raised is None else (read, None)

        with ThreadPoolExecutor(size) as pool:
            jobs: list[Future[tuple[Attempt, Any]]] = [
                pool.submit(one, number) for number in range(size)
            ]
        ended = [job.result() for job in jobs]
        return CrowdSeen(admin, tuple(e for e, _ in ended), tuple(read for _, read in ended))
