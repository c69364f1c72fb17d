"""When a wait is hopeless, and how to say so.

A wait is hopeless if its thread sleeps again and again with nothing scheduled, or if time would
pass the clock's limit. Whoever knows better reasons says so itself.

Two things are no sign of a hopeless wait, and so do not count: a thread that sleeps beside another
which has slept seldom, for that may be about to do something; and a loop that reads the time
between its sleeps, for it may have a time-out of its own. Such a loop goes on to the clock's limit.

Ignorant of how time moves and of how threads are woken.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from flyte_testkit.clock._heard import Verdicts
from flyte_testkit.clock._where import in_seconds

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime, timedelta

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._types import Source
    from flyte_testkit.errors import HopelessWait

__all__ = ["SILENCE", "Hope", "beyond", "held_for_ever", "raise_in", "too_idle"]

SILENCE = (
    "every thread waits without a timeout, and nothing is scheduled.",
    "Give one of the waits a timeout, or let clock.call_later(seconds, event.set) end it.",
)
_ADVICE = "Script an ending, give the wait a timeout, or raise {}."

_A_DAEMON_S = 30
"""Idle sleeps after which a daemon thread gives no more hope. Such threads beat, refresh and flush
for as long as the process lives; any other is given as many as the wait itself."""


class Hope:
    """What may still happen on a clock, and what is said once nothing will.

    Attributes:
        lost: Why nothing works any more on the clock, or ``None``.
        readers: The idents of threads that have read the time since they slept last; ``None`` as
            long as nobody wants to know.
        verdicts: What was said, and whether it was heard.
    """

    def __init__(self) -> None:
        self.sources: tuple[Source, ...] = ()
        self.lost: HopelessWait | None = None
        self.readers: set[int | None] | None = None
        self.verdicts = Verdicts()
        self._farewells: dict[Callable[[], object], None] = {}

    @property
    def has_sources_left(self) -> bool:
        """Whether a source has something left that will happen."""
        return any(source.next_due() is not None for source in self.sources)

    @property
    def due(self) -> datetime | None:
        """When a source has something left that will happen, if one has."""
        instants = (source.next_due() for source in self.sources)
        return min((instant for instant in instants if instant is not None), default=None)

    def is_idle(
        self,
        who: Member,
        allowed: int,
        now: int,
        newest: int,
        others: Callable[[], Iterable[Member]],
    ) -> bool:
        """Count a sleep with nothing scheduled; say whether it is one too many.

        Args:
            who: Who is about to sleep.
            allowed: How many such sleeps in a row are allowed.
            now: The time.
            newest: The order of who joined last.
            others: Returns all others whose time will come, or who run.
        """
        if not who.idle:
            who.idle_since, who.idle_order = now, newest
            who.has_news = who.spared = False
        who.idle += 1
        if who.idle > allowed // 2 and self._has_read(who):
            who.idle = 0
        if who.idle <= _allowed(who, allowed):
            return False
        everyone = (who, *others())
        if any(one.idle <= _allowed(one, allowed) for one in everyone):
            return False
        if who.has_news and not who.spared:  # it may find at its next look what that one has done
            who.spared = True
            return False
        return any(one.idle > allowed for one in everyone)

    def _has_read(self, who: Member) -> bool:
        """Whether a thread read the time since it slept last; it is asked from now on."""
        ident = who.thread.ident if who.thread is not None else None
        if self.readers is None:
            self.readers = set()
        has_read = ident in self.readers
        self.readers.discard(ident)
        return has_read

    def say(self, reason: str, advice: str, told: Iterable[str]) -> HopelessWait:
        """Word what is hopeless, and expect somebody to hear of it.

        Args:
            reason: Why.
            advice: What to do; it comes last.
            told: Who waits where, and what time it is: a line each.
        """
        stories = [source.story() for source in self.sources]
        stuck = [f"  {line}" for story in stories for line in story.splitlines()]
        return self.verdicts.say("\n".join(filter(None, (reason, *stuck, *told, advice))))

    def lose(self, reason: str, advice: str, told: Iterable[str]) -> HopelessWait:
        """Word the end, once; say farewell to those who asked for it."""
        if self.lost is None:
            self.lost = self.say(reason, advice, told)
        farewells, self._farewells = self._farewells, {}
        for farewell in list(farewells):  # another thread may take one back meanwhile
            farewell()
        return self.lost

    def when_lost(self, function: Callable[[], object]) -> None:
        """Call a function when hope is lost, or now if it is."""
        if self.lost is None:
            self._farewells[function] = None
        else:
            function()

    def forget(self, function: Callable[[], object]) -> None:
        """Take back what was said by ``when_lost``; nothing happens if nothing was."""
        self._farewells.pop(function, None)


def _allowed(member: Member, allowed: int) -> int:
    is_daemon = member.thread is not None and member.thread.daemon
    return min(allowed, _A_DAEMON_S) if is_daemon else allowed


def raise_in(thread: threading.Thread, error: HopelessWait) -> None:
    """Raise the like of an error in another thread as soon as it runs Python again."""
    # It cannot be taken back: CPython 3.11 spins in a traced thread once that was tried.
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(type(error))
        )


def _span(length: timedelta | None) -> str:
    if length is None:
        return "none"
    seconds = length.total_seconds()
    days, rest = divmod(seconds, 86_400)
    return f"{days:,.0f} days" if days and not rest else in_seconds(seconds)


def too_idle(sleeps: int) -> tuple[str, str]:
    """Say that a thread slept too often with nothing scheduled, and what to do."""
    return (
        f"the code under test slept {sleeps:,} times in a row, and nothing is scheduled any more.",
        _ADVICE.format("flyte_clock.idle_sleeps"),
    )


def beyond(limit: timedelta | None) -> tuple[str, str]:
    """Say that a wait goes beyond the clock's limit, and what to do."""
    return (
        f"the code under test waits longer than this clock's limit of {_span(limit)}.",
        _ADVICE.format("flyte_clock.limit"),
    )


def held_for_ever(held: Collection[str]) -> tuple[str, str]:
    """Say that calls are held back which nothing will answer, and what to do."""
    names = ", ".join(sorted(set(held)))
    calls = f"a call of {names} that has" if len(held) == 1 else f"calls of {names} that have"
    return (
        f"the server holds back {calls} no deadline, and nothing that is scheduled answers it.",
        "Give the call a deadline, or let the server answer it.",
    )
