"""One clock for both sides: waiting moves time, and nothing else does.

``VirtualClock`` jumps to the earliest wake-up as soon as every thread that takes part waits. Two
threads that sleep 300 s each take 300 s, not 600, and hardly any real time. A thread takes part
once it sleeps on the clock, or once it joins. Sleepers are woken one at a time, in a fixed order,
so the same test makes the same journal.

Ignorant of Flyte, and of how ``time.sleep`` comes to call a clock: ``world`` does that.
"""

from __future__ import annotations

import math
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._court import Court
from flyte_testkit.clock._judge import Judge
from flyte_testkit.clock._participation import Participation
from flyte_testkit.clock._schedule import Callback, aware_micros, from_micros, micros, wait_micros
from flyte_testkit.clock._sleeper import Sleeper
from flyte_testkit.clock._where import in_seconds
from flyte_testkit.errors import ClockError, suggests_keywords

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Sleeper", "VirtualClock"]

_START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_LIMIT = timedelta(days=30)
_LAST_WORDS = 1.0  # real seconds that a thread is given to end, once the clock gave up
_real_join = threading.Thread.join


class VirtualClock(Participation, Judge):
    """A clock on which waiting takes no time.

    Args:
        start: The first instant, aware; 2024-01-01T00:00:00Z by default.
        limit: How far waiting may move time before the wait counts as endless, in seconds or as a
            ``timedelta``; 30 days by default, ``None`` for no limit. What ``advance`` and
            ``move_to`` skip does not count.
        idle_sleeps: How many sleeps in a row of one thread, with nothing scheduled, are allowed
            before its wait counts as endless.

    Raises:
        ClockError: ``start`` has no time zone.

    Example:
        >>> clock = VirtualClock()
        >>> _ = clock.call_later(60, print, "a minute later")
        >>> clock.sleep(90)
        a minute later
        >>> clock.elapsed
        90.0
    """

    @suggests_keywords
    def __init__(
        self,
        start: datetime | None = None,
        *,
        limit: float | timedelta | None = _LIMIT,
        idle_sleeps: int = 3000,
    ) -> None:
        self._limited_from = aware_micros(start or _START, "VirtualClock(start={})")
        self._mover = Court(self._limited_from)
        self._hope = self._mover.hope
        self.idle_sleeps = idle_sleeps
        self.limit = limit

    def __repr__(self) -> str:
        return (
            f"<VirtualClock {self.now().isoformat()}, {in_seconds(self.elapsed)} after its start>"
        )

    def now(self) -> datetime:
        """Return the time, aware, in UTC; exactly what was waited, and reading moves nothing."""
        return from_micros(self._mover.us)

    @property
    def micros(self) -> int:
        """The time in whole microseconds since 1970."""
        return self._mover.us

    @property
    def elapsed(self) -> float:
        """Seconds since the start: a count of whole microseconds, so 600 and 540 make 1140."""
        return self._mover.elapsed

    @property
    def moves(self) -> int:
        """How often time has moved."""
        return self._mover.moves

    @property
    def limit(self) -> timedelta | None:
        """How far waiting may move time, from the start or ``mend``; may be set, as seconds too."""
        return self._mover.limit

    @limit.setter
    def limit(self, limit: float | timedelta | None) -> None:
        with self._mover.lock:
            if limit is None:
                self._mover.limit = self._mover.limit_at = None
            else:
                length = micros(limit, "limit")
                self._mover.limit = timedelta(microseconds=length)
                self._mover.limit_at = self._limited_from + self._mover.skipped + length

    def mend(self) -> None:
        """Let a clock that gave up hope anew; limit and idle sleeps count from now on.

        For a clock that outlasts a test. Time is not set back.
        """
        with self._mover.lock:
            self._mover.broken = False
            self._hope.lost = None
            self._limited_from = self._mover.us - self._mover.skipped
        self.forgive()
        self.limit = self.limit
        self.stir()

    def sleep(self, seconds: float | timedelta) -> None:
        """Wait: time jumps to the earliest wake-up once every thread that takes part waits.

        Args:
            seconds: How long, in seconds or as a ``timedelta``. Zero moves nothing.

        Raises:
            ValueError: The length is negative.
            OverflowError: It is infinite, or too large for any wait in Python.
            HopelessWait: Nothing is scheduled any more, or the clock's limit is passed.
            ClockError: It is called in a callback of this clock.
        """
        length = wait_micros(seconds)
        self.check()
        if length:
            self.count()
            self._mover.sleep(length)
            self.check()

    def sleeper(self, seconds: float | timedelta | None) -> Sleeper:
        """Return a sleep to be parked; other threads may ``release`` it. ``None`` is for ever.

        Example:
            >>> clock = VirtualClock()
            >>> sleeper = clock.sleeper(60)
            >>> _ = clock.call_later(20, sleeper.release)
            >>> clock.park(sleeper), clock.elapsed
            (True, 20.0)
        """
        return self._mover.sleeper(None if seconds is None else wait_micros(seconds))

    def park(self, sleeper: Sleeper) -> bool:
        """Sleep until released (``True``) or until its time has come (``False``).

        Raises:
            HopelessWait: As ``sleep`` does.
        """
        self.check()
        sleeper.who = self._mover.me()
        if not sleeper.endless:
            self.count()
        if self._mover.park(sleeper):
            self.stir_by(sleeper)
            return True
        self.check()
        return False

    def join_thread(self, thread: threading.Thread, seconds: float | None = None) -> bool:
        """Wait until a thread that takes part has nothing left to do; say whether it has in time.

        Raises:
            HopelessWait: As ``sleep`` does, unless the thread is about to end of it, too.
        """
        length = None if seconds is None else wait_micros(seconds)
        if self.broken is None and self._mover.join_thread(thread, length):
            return True
        if self.broken is None:
            return False
        _real_join(thread, _LAST_WORDS)
        if thread.is_alive():
            self.check()
        return True

    @suggests_keywords
    def advance(self, seconds: float | timedelta) -> None:
        """Move time forward now: callbacks run and sleepers wake on the way, each at its instant.

        Args:
            seconds: How far, in seconds or as a ``timedelta``.

        Raises:
            ClockError: The length is negative, or it is called in a callback of this clock.
            TypeError: It is no length at all.
        """
        try:
            length = micros(seconds, "the length of advance()")
        except ValueError as error:
            if isinstance(seconds, float) and math.isnan(seconds):
                raise ClockError(f"{error}.") from None
            raise ClockError(
                f"advance({seconds!r}) would move time backwards, and time cannot do that. "
                "Start earlier: VirtualClock(start=...)."
            ) from None
        self.stir()
        self._mover.move(length)
        self.check()

    def move_to(self, instant: datetime) -> None:
        """Move time forward to an instant, as ``advance`` does.

        Raises:
            ClockError: The instant is past or has no time zone, or it is called in a callback.
        """
        length = aware_micros(instant, "move_to({})") - self._mover.us
        if length < 0:
            raise ClockError(
                f"move_to({instant.isoformat()!r}) would move time backwards: it is "
                f"{self.now().isoformat()} already. Start earlier: VirtualClock(start=...)."
            )
        self.advance(timedelta(microseconds=length))

    def call_at(
        self, when: datetime, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> Callback:
        """Call a function at an instant, unless the handle that this returns is cancelled before.

        The callbacks of one instant run in the order in which they were asked for, before the
        sleepers of that instant wake, on the thread that moves time. One that raises does so there.

        Raises:
            ClockError: The instant is past or has no time zone.
        """
        target = aware_micros(when, "call_at({}, ...)")
        if target < self._mover.us:
            raise ClockError(
                f"call_at({when.isoformat()!r}, ...) comes too late: it is "
                f"{self.now().isoformat()} already. Name a later instant, or use "
                "call_later(seconds, ...)."
            )
        delay = timedelta(microseconds=target - self._mover.us)
        return self.call_later(delay, function, *args, **kwargs)

    def call_later(
        self, delay: float | timedelta, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> Callback:
        """Call a function after a delay, in seconds or as a ``timedelta``; see ``call_at``."""
        if not callable(function):
            raise ClockError(
                f"call_later({delay!r}, {function!r}): that cannot be called. Give a function, and "
                f"after it what it is called with: call_later({delay!r}, print, {function!r})."
            )
        when = self._mover.us + micros(delay, "delay")
        callback = Callback(self._mover.agenda, when, function, args, kwargs)
        self._mover.schedule(callback)
        return callback
