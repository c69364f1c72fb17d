"""One run of the code under test on a stage of its own, and what was seen of it.

Code that had to be stopped counts as hung. Ignorant of what it should have done.
"""

from __future__ import annotations

import asyncio
import inspect
import unittest
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from flyte_testkit.errors import HopelessWait, RouteError
from flyte_testkit.laws._bounds import LINGERS, SLACK
from flyte_testkit.laws._stage import remote_of, stage
from flyte_testkit.naming import execution_id
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flyte_testkit.clock import VirtualClock
    from flyte_testkit.laws._backend import Client
    from flyte_testkit.laws._stories import Story
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call
    from flyte_testkit.wire.transports import Transport

__all__ = [
    "ENDED",
    "Attempt",
    "Seen",
    "attempt",
    "calls_after",
    "named",
    "watch",
]

ENDED = frozenset(OUTCOMES)

_WIDTH = 60
_args_of: Any = BaseException.args.__get__  # type: ignore[attr-defined]  # a class may call others so


@dataclass(frozen=True)
class Attempt:
    """How a call of the code under test ended.

    Attributes:
        returned: What it returned; None if it raised.
        raised: What it raised, if it did.
        awaited: What it gave that had to be awaited first: a coroutine or another awaitable; empty
            if nothing.
    """

    returned: Any = None
    raised: BaseException | None = None
    awaited: Literal["", "coroutine", "awaitable"] = ""

    @property
    def gave_up(self) -> bool:
        """Whether it said that the time was up."""
        return isinstance(self.raised, (TimeoutError, asyncio.TimeoutError))  # one since 3.11

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
        later: The calls that came when it was long over, if that was looked at.
    """

    admin: Any = None
    at: float = 0
    phase: str = ""
    ended_at: float | None = None
    calls: tuple[Call, ...] = ()
    before: int = 0
    story: Any = None
    limit: float = 0
    later: tuple[Call, ...] = ()


def watch(
    wait: Callable[[Any, Any, float], Any],
    story: Story,
    *,
    client: Client,
    grace: float,
    transport: Transport = "direct",
    poll: float | None = None,
) -> Seen:
    """Run one wait, and tell what was seen of it.

    Args:
        wait: The code under test, called with remote, execution and timeout.
        story: What happens.
        client: Which remote it gets.
        grace: After how many seconds beyond all reason it is stopped.
        transport: How calls travel.
        poll: The poll interval, if what it leaves behind is to be watched as well.

    Raises:
        UnexpectedUse: It did what no script foresaw.
    """
    limit = story.age + max(story.timeout, story.timeline.seconds or 0) + grace
    with (
        stage(limit, start=story.start, zone=story.zone, transport=transport) as admin,
        remote_of(admin, client) as remote,
    ):
        if story.others is None:
            admin.add_execution("run", story.timeline)
        else:
            story.others.add(admin, "run", story.timeline)
        execution = remote.fetch_execution(name="run")
        if story.age:
            admin.clock.sleep(story.age)
        for fault in story.faults:
            fault.plant(admin)
        before = len(admin.calls)
        ended = attempt(admin, wait, remote, execution, story.timeout)
        at, calls = admin.clock.elapsed, tuple(admin.calls[before:])
        phase, ended_at = _state(admin, "run")
        later = () if poll is None or ended.hung else calls_after(admin, poll)
        return Seen(
            ended.returned,
            ended.raised,
            ended.awaited,
            admin,
            _since(at, story.age),
            phase,
            None if ended_at is None else _since(ended_at, story.age),
            calls,
            before,
            story,
            limit,
            later,
        )


def _since(at: float, began: float) -> float:
    return round(at - began, 6)  # as the clock counts


def calls_after(admin: FakeFlyteAdmin, poll: float) -> tuple[Call, ...]:
    """Return the calls that still come when the code under test is done.

    The first poll interval is forgiven: a thread that is told to stop may be asleep for so long,
    and look a last time.
    """
    before = len(admin.calls)
    with suppress(HopelessWait):  # a thread has broken the clock
        admin.clock.advance(poll + SLACK)
        before = len(admin.calls)
        admin.clock.advance(LINGERS * poll)
    return tuple(admin.calls[before:])


def attempt(admin: FakeFlyteAdmin, function: Callable[..., Any], *args: Any) -> Attempt:
    """Call the code under test, whatever it does; a coroutine is run on the clock."""
    awaited: Literal["", "coroutine", "awaitable"] = ""
    try:
        returned = function(*args)
        if inspect.isawaitable(returned):
            awaited = "coroutine" if inspect.iscoroutine(returned) else "awaitable"
            returned = asyncio.run(_awaited(returned))
    except unittest.SkipTest:
        raise
    except (Exception, SystemExit, HopelessWait) as error:  # noqa: BLE001  whatever it does
        return Attempt(None, admin.clock.broken or _without_frames(error), awaited)
    finally:
        cast("VirtualClock", admin.clock).forgive()  # the law itself tells of a hopeless wait
    return Attempt(returned, admin.clock.broken, awaited)


def _without_frames(error: BaseException) -> BaseException:
    """Return an error without its frames, and without those of what led to it, or it tells of.

    They hold who runs the law, and that the error: a server each, until Python's collector comes.
    """
    chain = {id(error): error}
    while chain:
        one = chain.popitem()[1].with_traceback(None)
        for other in (one.__cause__, one.__context__, *_args_of(one)):
            if issubclass(type(other), BaseException) and other.__traceback__ is not None:
                chain[id(other)] = other
    return error


async def _awaited(it: Awaitable[Any]) -> Any:
    return await it


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


def _state(admin: FakeFlyteAdmin, name: str) -> tuple[str, float | None]:
    """Return the phase of an execution, and when it ended."""
    start = admin.clock.now() - timedelta(seconds=admin.clock.elapsed)
    changes = admin.life(name)
    ends = [change.at - start for change in changes if change.phase in ENDED]
    return changes[-1].phase if changes else "", ends[0].total_seconds() if ends else None
