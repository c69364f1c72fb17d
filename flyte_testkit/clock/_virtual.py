"""One clock for both sides: waiting moves time, and nothing else does.

``VirtualClock`` jumps to the earliest wake-up as soon as every thread that takes part waits. Two
threads that sleep 300 s each take 300 s, not 600, and hardly any real time. A thread takes part
once it sleeps on the clock, or once it joins. Sleepers are woken one at a time, in a fixed order,
so the same test makes the same journal.

Ignorant of Flyte, and of how ``time.sleep`` comes to call a clock: ``world`` does that.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._hopeless import SILENCE, Hope, held_for_ever, in_seconds, raise_in
from flyte_testkit.clock._mover import Mover, Sleeper
from flyte_testkit.clock._participation import Participation
from flyte_testkit.clock._schedule import Callback, aware_micros, from_micros, micros
from flyte_testkit.clock._standstill import find_block
from flyte_testkit.errors import ClockError, HopelessWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._types import Source

__all__ = ["Sleeper", "VirtualClock"]

_START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_TRAPPED = 30.0  # real seconds after which a lock that cannot be seen into counts as a trap
_LIMIT = timedelta(days=30)


class VirtualClock(Participation):
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

    def __init__(
        self,
        start: datetime | None = None,
        *,
        limit: float | timedelta | None = _LIMIT,
        idle_sleeps: int = 3000,
    ) -> None:
        self._start = aware_micros(start or _START, "VirtualClock(start={})")
        self._mover = Mover(
            self._start, self._too_far, self._silent, self._standing_still, self._fail
        )
        self.idle_sleeps = idle_sleeps
        self._hope = Hope(lambda: self.idle_sleeps, self._tell_time)
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
        return (self._mover.us - self._start) / 1_000_000

    @property
    def moves(self) -> int:
        """How often time has moved."""
        return self._mover.moves

    @property
    def limit(self) -> timedelta | None:
        """How far waiting may move time, counted from the start; may be set, also in seconds."""
        return self._limit

    @limit.setter
    def limit(self, limit: float | timedelta | None) -> None:
        with self._mover.lock:
            if limit is None:
                self._limit: timedelta | None = None
                self._mover.limit_at = None
            else:
                length = micros(limit, "limit")
                self._limit = timedelta(microseconds=length)
                self._mover.limit_at = self._start + self._mover.skipped + length

    @property
    def pending(self) -> bool:
        """Whether anything is scheduled: a callback, or what a watched source has due."""
        return self._mover.agenda.callbacks > 0 or self._hope.due

    @property
    def broken(self) -> HopelessWait | None:
        """Why this clock gave up, or ``None``. Once it is set, every sleep raises its like."""
        return self._hope.lost

    def sleep(self, seconds: float | timedelta) -> None:
        """Wait: time jumps to the earliest wake-up once every thread that takes part waits.

        Args:
            seconds: How long, in seconds or as a ``timedelta``. Zero moves nothing.

        Raises:
            ValueError: The length is negative.
            HopelessWait: Nothing is scheduled any more, or the clock's limit is passed.
            ClockError: It is called in a callback of this clock.
        """
        length = micros(seconds)
        self.check()
        if length:
            self._count()
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
        return self._mover.sleeper(None if seconds is None else micros(seconds))

    def park(self, sleeper: Sleeper) -> bool:
        """Sleep until released (``True``) or until its time has come (``False``).

        Raises:
            HopelessWait: As ``sleep`` does.
        """
        self.check()
        sleeper.who = self._mover.me()
        if not sleeper.endless:
            self._count()
        if self._mover.park(sleeper):
            self.stir()
            return True
        self.check()
        return False

    def join_thread(self, thread: threading.Thread, seconds: float | None = None) -> bool:
        """Wait until a thread that takes part has nothing left to do; say whether it has in time.

        Raises:
            HopelessWait: As ``sleep`` does.
        """
        self.check()
        if self._mover.join_thread(thread, None if seconds is None else micros(seconds)):
            return True
        self.check()
        return False

    def advance(self, seconds: float | timedelta) -> None:
        """Move time forward now: callbacks run and sleepers wake on the way, each at its instant.

        Args:
            seconds: How far, in seconds or as a ``timedelta``.

        Raises:
            ClockError: The length is negative, or it is called in a callback of this clock.
        """
        try:
            length = micros(seconds)
        except ValueError:
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

    def call_at(self, when: datetime, function: Callable[..., object], *args: Any) -> Callback:
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
        return self.call_later(timedelta(microseconds=target - self._mover.us), function, *args)

    def call_later(
        self, delay: float | timedelta, function: Callable[..., object], *args: Any
    ) -> Callback:
        """Call a function after a delay, in seconds or as a ``timedelta``; see ``call_at``."""
        when = self._mover.us + micros(delay, "delay")
        callback = Callback(self._mover.agenda, when, function, args)
        self._mover.schedule(callback)
        return callback

    def watch(self, source: Source) -> None:
        """Ask a source, from now on, whether anything is scheduled and what is stuck."""
        self._hope.sources = (*self._hope.sources, source)

    def unwatch(self, source: Source) -> None:
        """Forget a source."""
        self._hope.sources = tuple(known for known in self._hope.sources if known is not source)

    def stir(self) -> None:
        """Say that something happened other than waiting: the count of idle sleeps starts anew."""
        for member in self._mover.members:
            member.idle = 0

    def check(self) -> None:
        """Raise ``HopelessWait`` if this clock gave up."""
        if (lost := self._hope.lost) is not None:
            raise HopelessWait(*lost.args)

    def when_broken(self, function: Callable[[], object]) -> None:
        """Call a function once this clock gives up; at once if it has."""
        self._hope.when_lost(function)

    def give_up(self, reason: str, advice: str = "") -> HopelessWait:
        """Break this clock: from now on every sleep, also one under way, raises ``HopelessWait``.

        Args:
            reason: What is hopeless, as a sentence. What is stuck, and the time, are added to it.
            advice: What to do next.

        Returns:
            The error, for the caller to raise; the first one, if the clock was broken already.
        """
        return self._spread(self._hope.lose(reason, advice))

    def give_up_if_idle(self, reason: str, advice: str = "") -> None:
        """Give up now if nothing is scheduled and every other thread waits, too.

        For a wait that is known to have no end of its own: it need not sleep in vain first.

        Raises:
            HopelessWait: It is so.
        """
        if not self.pending and self._mover.nobody_stirs():
            self.give_up(reason, advice)
            self.check()

    def interrupt(self, reason: str, advice: str = "") -> HopelessWait:
        """Give up, and raise in the other threads that take part as soon as they run Python."""
        lost = self.give_up(reason, advice)
        with self._mover.lock:
            for member in self._mover.members:
                thread = member.thread
                here = thread is None or thread is threading.current_thread()
                if thread is not None and not (member.sleeping or here):
                    raise_in(thread, lost)
        return lost

    def _spread(self, lost: HopelessWait) -> HopelessWait:
        self._mover.broken = True
        self._mover.wake_all()
        return lost

    def _count(self) -> None:
        """Count a sleep that begins, if nothing is scheduled."""
        if self.pending:  # asked without the lock: a source may hold one of its own
            self.stir()
            return
        with self._mover.lock:
            members = self._mover.members
            idle = self._hope.is_idle(self._mover.me(), members)
        if idle:
            self._spread(self._hope.lose_to_idleness())
            self.check()

    def _too_far(self) -> None:
        self._spread(self._hope.lose_to_limit(self._limit))

    def _silent(self) -> None:
        held = [hold.what for hold in self._mover.calls.held.values()]
        if held:
            self.interrupt(*held_for_ever(held))
        elif not self.pending:
            self.give_up(*SILENCE)

    def _standing_still(self, seconds: float, times: int) -> None:
        """Say once who keeps the others waiting; end it if it can have no end."""
        blocks = [find_block(thread) for thread in self._mover.running()]
        block = next((block for block in blocks if block is not None), None)
        if block is None:
            return
        reason, advice = block.told(in_seconds(self.elapsed), seconds)
        if block.in_lock and seconds >= _TRAPPED:
            self.interrupt(reason, advice)
        elif times == 1:
            with contextlib.suppress(RuntimeWarning):  # as an error nobody here would hear it
                warnings.warn(f"{reason}\n{advice}", RuntimeWarning, stacklevel=2)

    def _fail(self, error: BaseException) -> None:
        self.give_up(f"a callback of call_at or call_later failed: {error!r}").__cause__ = error

    def _tell_time(self) -> str:
        return f"It is {self.now().isoformat()}, {in_seconds(self.elapsed)} after the start."
