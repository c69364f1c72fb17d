"""When a wait is hopeless, and how to say so.

A wait is hopeless if its thread sleeps again and again with nothing scheduled, or if time would
pass the clock's limit. Whoever knows better reasons calls ``give_up`` itself.

Ignorant of how time moves and of how threads are woken.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable
    from datetime import timedelta

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._types import Source

__all__ = ["SILENCE", "Hope", "held_for_ever", "in_seconds", "raise_in"]

SILENCE = (
    "every thread waits without a timeout, and nothing is scheduled.",
    "Give one of the waits a timeout, or let clock.call_later(seconds, event.set) end it.",
)
_ADVICE = "Script an ending, give the wait a timeout, or raise {}."


class Hope:
    """What may still happen on a clock, and what is said once nothing will."""

    def __init__(self, idle_sleeps: Callable[[], int], tell_time: Callable[[], str]) -> None:
        self.idle_sleeps = idle_sleeps
        self.sources: tuple[Source, ...] = ()
        self.lost: HopelessWait | None = None
        self._farewells: list[Callable[[], object]] = []
        self._tell_time = tell_time

    @property
    def due(self) -> bool:
        """Whether a source has anything left that will happen."""
        return any(source.next_due() is not None for source in self.sources)

    def is_idle(self, who: Member, everyone: Iterable[Member]) -> bool:
        """Count a sleep with nothing scheduled; say whether it is one too many.

        A thread that sleeps for the first time may still do something afterwards: until it has
        woken, no other thread's sleeps count.
        """
        others = [other for other in everyone if other.sleeping and other is not who]
        hopeful = any(other.idle <= 1 for other in others)
        who.idle = min(who.idle + 1, 2) if hopeful else who.idle + 1
        return who.idle > self.idle_sleeps()

    def lose(self, reason: str, advice: str = "") -> HopelessWait:
        """Word the end, once; say farewell to those who asked for it."""
        if self.lost is None:
            self.lost = HopelessWait(self._worded(reason, advice))
        farewells, self._farewells = self._farewells, []
        for farewell in farewells:
            farewell()
        return self.lost

    def lose_to_idleness(self) -> HopelessWait:
        """Say that a thread slept too often with nothing scheduled."""
        return self.lose(
            f"the code under test slept {self.idle_sleeps():,} times in a row, and nothing is "
            "scheduled any more.",
            _ADVICE.format("flyte_clock.idle_sleeps"),
        )

    def lose_to_limit(self, limit: timedelta | None) -> HopelessWait:
        """Say that a wait goes beyond the clock's limit."""
        return self.lose(
            f"the code under test waits longer than this clock's limit of {_span(limit)}.",
            _ADVICE.format("flyte_clock.limit"),
        )

    def when_lost(self, function: Callable[[], object]) -> None:
        """Call a function when hope is lost, or now if it is."""
        if self.lost is None:
            self._farewells.append(function)
        else:
            function()

    def _worded(self, reason: str, advice: str) -> str:
        stories = [source.story() for source in self.sources]
        told = [f"  {line}" for story in stories for line in story.splitlines()]
        return "\n".join(filter(None, (reason, *told, self._tell_time(), advice)))


def raise_in(thread: threading.Thread, error: HopelessWait) -> None:
    """Raise the like of an error in another thread as soon as it runs Python again."""
    message = str(error)

    class Interrupted(HopelessWait):
        """A class of its own: Python raises a class in another thread, not an instance."""

        def __init__(self, *_: object) -> None:
            super().__init__(message)

    Interrupted.__name__ = Interrupted.__qualname__ = HopelessWait.__name__
    Interrupted.__module__ = HopelessWait.__module__
    # It cannot be taken back: CPython 3.11 spins in a traced thread once that was tried.
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(Interrupted)
        )


def _span(length: timedelta | None) -> str:
    if length is None:
        return "none"
    seconds = length.total_seconds()
    days, rest = divmod(seconds, 86_400)
    return f"{days:,.0f} days" if days and not rest else in_seconds(seconds)


def held_for_ever(held: Collection[str]) -> tuple[str, str]:
    """Say that calls are held back which nothing will answer, and what to do."""
    names = ", ".join(sorted(set(held)))
    calls = f"a call of {names} that has" if len(held) == 1 else f"calls of {names} that have"
    return (
        f"the server holds back {calls} no deadline, and nothing is scheduled any more.",
        "Give the call a deadline, or let the server answer it.",
    )


def in_seconds(length: float) -> str:
    """Return a length of time for people: all of its digits, and no exponent.

    Example:
        >>> in_seconds(2_592_000), in_seconds(0.5)
        ('2,592,000 s', '0.5 s')
    """
    return f"{length:,.6f}".rstrip("0").rstrip(".") + " s"
