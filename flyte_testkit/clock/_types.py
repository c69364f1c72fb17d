"""What server and engine may rely on in any clock.

Ignorant of how time moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from flyte_testkit.errors import HopelessWait

__all__ = ["Clock", "Handle", "Source"]


class Handle(Protocol):
    """What ``call_at`` and ``call_later`` return."""

    def cancel(self) -> None:
        """Let it not happen. Nothing happens if it has happened already."""


class Source(Protocol):
    """Something in which things happen by themselves as time passes; the engine is one.

    The clock asks without holding its own lock, from any thread.
    """

    def next_due(self) -> datetime | None:
        """Return when the next thing happens, or ``None`` if nothing is left to happen."""

    def story(self) -> str:
        """Return what is stuck, since when and why, a line each; empty if nothing is."""


class Clock(Protocol):
    """A clock: ``VirtualClock`` or ``SystemClock``."""

    @property
    def limit(self) -> timedelta | None:
        """How far waiting may move time, or ``None``."""

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""

    @property
    def pending(self) -> bool:
        """Whether anything is scheduled."""

    @property
    def moves(self) -> int:
        """How often time has moved by jumps."""

    @property
    def broken(self) -> HopelessWait | None:
        """Why nothing works any more on this clock, or ``None``."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    def sleep(self, seconds: float | timedelta) -> None:
        """Wait."""

    def advance(self, seconds: float | timedelta) -> None:
        """Move time forward."""

    def move_to(self, instant: datetime) -> None:
        """Move time forward to an instant."""

    def call_at(
        self, when: datetime, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> Handle:
        """Call a function at an instant."""

    def call_later(
        self, delay: float | timedelta, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> Handle:
        """Call a function after a delay."""

    def watch(self, source: Source) -> None:
        """Ask a source, from now on, whether anything is scheduled."""

    def unwatch(self, source: Source) -> None:
        """Forget a source."""

    def stir(self) -> None:
        """Say that something happened other than waiting: no wait is hopeless yet."""

    @property
    def deserted(self) -> bool:
        """Whether nobody moves this clock: nobody waits on it, and time does not pass by itself."""

    def hold(
        self,
        what: str = "a call",
        call: object = None,
        *,
        keep: Callable[[object], object] | None = None,
    ) -> object:
        """Say that the server holds a call back, by name and id; returns what ``release`` wants."""

    def release(self, hold: object) -> None:
        """Say that a call is held back no longer; saying it twice is saying it once."""

    def when_broken(self, function: Callable[[], object]) -> None:
        """Call a function once the clock breaks (at once if it is broken)."""

    def forget(self, function: Callable[[], object]) -> None:
        """Call a function no more once the clock breaks."""

    def give_up(self, reason: str, advice: str = "") -> HopelessWait:
        """Break the clock; returns what the caller should raise."""

    def interrupt(self, reason: str, advice: str = "") -> HopelessWait:
        """Break the clock, and raise in every thread that takes part, wherever it is."""

    def strike(self, reason: str, advice: str = "", *, call: object = None) -> HopelessWait:
        """Raise in the threads that run, and go on."""

    def verify(self) -> None:
        """Raise a ``HopelessWait`` that nobody heard of, once."""

    def unheard(self) -> HopelessWait | None:
        """Return a ``HopelessWait`` that nobody heard of, once."""
