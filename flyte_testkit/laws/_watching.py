"""One run of the code under test on a stage of its own, and what was seen of it.

The stage is a fresh server with a clock that ends: code that goes on long after it should have
stopped, or that asks without ever waiting, is stopped and counted as hung. Ignorant of
what it should have done.
"""

from __future__ import annotations

import threading
import time
import unittest
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flyte_testkit import world
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import HopelessWait, RouteError
from flyte_testkit.laws._backend import backend
from flyte_testkit.naming import execution_id
from flyte_testkit.timeline._parts import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from flyte_testkit.laws._stories import Story
    from flyte_testkit.laws._suite import Client
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

__all__ = [
    "ENDED",
    "SLACK",
    "Attempt",
    "Seen",
    "attempt",
    "named",
    "remote_of",
    "side_by_side",
    "stage",
    "watch",
]

ResultT = TypeVar("ResultT")

ENDED = frozenset(OUTCOMES)

SLACK = 0.1
"""Seconds that rounding may cost."""

_WIDTH = 60

SPINNING = 200
"""So many calls at one instant, and the code asks without waiting."""


@dataclass(frozen=True)
class Attempt:
    """How a call of the code under test ended.

    Attributes:
        returned: What it returned; None if it raised.
        raised: What it raised, if it did.
    """

    returned: Any = None
    raised: BaseException | None = None

    @property
    def gave_up(self) -> bool:
        """Whether it said that the time was up."""
        return isinstance(self.raised, TimeoutError)

    @property
    def hung(self) -> bool:
        """Whether it had to be stopped."""
        return isinstance(self.raised, HopelessWait)

    @property
    def failed(self) -> bool:
        """Whether it raised anything else."""
        return self.raised is not None and not self.gave_up and not self.hung

    def __str__(self) -> str:
        if self.hung:
            return "had to be stopped"
        if self.raised is not None:
            text = str(self.raised).strip()
            return f"raised {type(self.raised).__name__}({repr(_short(text)) if text else ''})"
        name = named(self.returned)
        if name is not None and name != self.returned:
            return f"returned the execution {name!r}"
        return f"returned {_short(repr(self.returned))}"


@dataclass(frozen=True)
class Seen(Attempt):
    """What was seen of one wait.

    Attributes:
        admin: The server, which answers no more.
        at: When the wait ended, in seconds since it began.
        phase: The phase of the execution then.
        ended_at: When the execution ended, likewise; None if it has not.
        calls: The calls of the wait.
        before: How many calls there were before.
        story: What happened.
        limit: When it would have been stopped.
    """

    admin: Any = None
    at: float = 0
    phase: str = ""
    ended_at: float | None = None
    calls: tuple[Call, ...] = ()
    before: int = 0
    story: Any = None
    limit: float = 0


def watch(
    wait: Callable[[Any, Any, float], Any], story: Story, *, client: Client, grace: float
) -> Seen:
    """Run one wait, and tell what was seen of it.

    Args:
        wait: The code under test, called with remote, execution and timeout.
        story: What happens.
        client: Which remote it gets.
        grace: After how many seconds beyond all reason it is stopped.

    Raises:
        UnexpectedUse: It did what no script foresaw.
    """
    limit = story.age + max(story.timeout, story.timeline.seconds or 0) + grace
    with (
        stage(limit, start=story.start, zone=story.zone) as admin,
        remote_of(admin, client) as remote,
    ):
        admin.add_execution("run", story.timeline)
        execution = remote.fetch_execution(name="run")
        if story.age:
            admin.clock.sleep(story.age)
        for fault in story.faults:
            fault.plant(admin)
        before = len(admin.calls)
        ended = attempt(admin, wait, remote, execution, story.timeout)
        phase, ended_at = _state(admin, "run")
        return Seen(
            ended.returned,
            ended.raised,
            admin,
            admin.clock.elapsed - story.age,
            phase,
            None if ended_at is None else ended_at - story.age,
            tuple(admin.calls[before:]),
            before,
            story,
            limit,
        )


def attempt(admin: FakeFlyteAdmin, function: Callable[..., Any], *args: Any) -> Attempt:
    """Call the code under test, whatever it does."""
    try:
        returned = function(*args)
    except unittest.SkipTest:
        raise
    except (Exception, SystemExit, HopelessWait) as error:  # noqa: BLE001  whatever it does
        return Attempt(None, admin.clock.broken or error)
    return Attempt(returned, admin.clock.broken)


def side_by_side(
    admin: FakeFlyteAdmin, starts: Sequence[float], function: Callable[[int], ResultT]
) -> list[ResultT]:
    """Call a function in several threads, each from an instant of its own: the order is the same.

    Args:
        admin: Whose clock they live on.
        starts: When each begins, in seconds.
        function: Called with 0, 1, …
    """
    clock = cast("VirtualClock", admin.clock)  # the stage's own
    returned: dict[int, ResultT] = {}
    raised: dict[int, BaseException] = {}

    def one(number: int) -> None:
        try:
            clock.sleep(starts[number])
            returned[number] = function(number)
        except BaseException as error:  # noqa: BLE001  raised again below, in the test
            raised[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(starts))]
    for thread in threads:
        clock.join(thread)  # one that this module starts takes no part by itself
        thread.start()
    for thread in threads:
        with suppress(HopelessWait):  # if the clock breaks, all of them end
            clock.join_thread(thread)
        thread.join()
    for number in sorted(raised):
        raise raised[number]
    return [returned[number] for number in range(len(starts))]


def named(returned: Any) -> str | None:
    """Return the name of the execution that a value names, if it names one."""
    if returned is None:
        return None
    with suppress(RouteError):
        return str(execution_id(returned, "", "").name)
    return None


def _short(text: str) -> str:
    """Return the first line of a text, or most of it."""
    first = (text.splitlines() or [""])[0]
    return first if len(first) <= _WIDTH else f"{first[:_WIDTH]}…"


@contextmanager
def stage(
    limit: float, *, start: datetime | None = None, zone: str = "", crowd: int = 1
) -> Iterator[FakeFlyteAdmin]:
    """Give a fresh server on which no run lasts for ever.

    Args:
        limit: How far its clock goes, in seconds.
        start: The clock's first instant.
        zone: The local time zone.
        crowd: How many threads will ask at once.
    """
    clock = VirtualClock(start, limit=limit)
    with _zone(zone), backend(clock=clock) as admin:
        _stop_spinning(admin, clock, SPINNING * crowd)
        yield admin


def _stop_spinning(admin: FakeFlyteAdmin, clock: VirtualClock, most: int) -> None:
    """Stop code that asks without waiting; the server's own guard takes two real seconds."""
    moves, count = -1, 0

    def counted(_: Call) -> None:
        nonlocal moves, count
        count = count + 1 if moves == clock.moves else 1
        moves = clock.moves
        if count > most and clock.broken is None:
            clock.interrupt(f"the code under test made {most} calls without waiting in between.")

    admin._journal.listeners.append(counted)  # noqa: SLF001  no business of those who write tests


@contextmanager
def remote_of(admin: FakeFlyteAdmin, client: Client) -> Iterator[Any]:
    """Give a fresh remote of the client that the code under test drives."""
    if client == "flytekit":
        yield admin.remote()
        return
    from flyte_testkit.client import Config, FlyteRemote  # noqa: PLC0415  only where it is asked for

    config = Config.for_endpoint(admin.endpoint, insecure=True)
    remote = FlyteRemote(config, admin.project, admin.domain, seed=0)
    try:
        yield remote
    finally:
        remote.close()


def _state(admin: FakeFlyteAdmin, name: str) -> tuple[str, float | None]:
    """Return the phase of an execution, and when it ended."""
    start = admin.clock.now() - timedelta(seconds=admin.clock.elapsed)
    for row, changes, _ in admin.lives():
        if row.execution_name == name:
            ends = [change.at - start for change in changes if change.phase in ENDED]
            return row.phase, ends[0].total_seconds() if ends else None
    return "", None


def _zone(zone: str) -> AbstractContextManager[None]:
    """Live in another time zone for a while, if a story names one."""
    if not zone:
        return nullcontext()
    if not hasattr(time, "tzset"):
        raise unittest.SkipTest("this platform cannot change the time zone of a process")
    return world.local_time(zone)
