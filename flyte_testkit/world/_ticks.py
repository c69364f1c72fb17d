"""A clock as the code under test reads it: exact where it can be, and never the same twice for long.

In life two readings differ, and loops are written for that: ``if now() - start > timeout`` would
take one poll more if the reading that ends it equalled the one that began it. So readings in
floating point and in nanoseconds run ahead of the clock by the least that can be told apart, and
stay ahead: a later reading is never behind an earlier one that was moved by whole lengths of time.
How far ahead is bounded far below what anybody waits for, so a sleep that is reckoned from
readings ends at the instant that was meant. Where the bound is reached readings are equal.

Datetimes are exact; they carry their order with them (``_datetimes``).

Ignorant of who reads, and of what stands in for which function.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import warnings
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from flyte_testkit.clock import VirtualClock

__all__ = ["Reins"]

_SECOND = 1_000_000_000  # nanoseconds
_MONOTONIC_START = 1000 * 1_000_000  # microseconds; nothing is special about it, as in life

# Nanoseconds. A sleep is rounded to the microsecond: less than half of one is never seen.
_MONOTONIC_MOST, _MONOTONIC_RESERVE = 400, 90
# ``time.time`` cannot tell less than 240 ns apart, so these sleeps are helped: see ``landing``.
_WALL_MOST, _WALL_SHARE, _WALL_RESERVE = 90_000, 20_000, 9_000

_SHORTEST = 0.5e-6  # seconds; a shorter sleep would be rounded to nothing
_PATIENCE = 20  # such sleeps at one instant, before they take as long as life's do
_FLOOR = 50e-6  # seconds; what the shortest sleep takes in life

_MANY = 4096  # readings at one instant
_LONG = 2.0  # seconds of processor time that go into them, before they are a busy wait
_TICK = 0.001  # seconds that each reading of a busy wait takes

_real_process_time = time.process_time
_frame = sys._getframe  # noqa: SLF001  whose reading it is can be said by nobody else


class _Drift:
    """How far the readings of one kind run ahead of the clock, in nanoseconds.

    An instant may use up three quarters of what is left, so there is always some for the next.
    """

    __slots__ = ("_bound", "_most", "_reserve", "_share", "ahead", "at")

    def __init__(self, most: float, share: float, reserve: float) -> None:
        self._most = most
        self._share = share
        self._reserve = reserve
        self.ahead: float = 0
        self.at = -1
        self._bound = 0.0

    def take(self, at: int, step: float) -> float:
        """Return how far a reading is ahead: a step more than the one before, if there is room."""
        if at != self.at:
            self.at = at
            self._bound = self.ahead + min(self._share, (self._most - self.ahead) * 0.75)
        if self.ahead + step <= self._bound:
            self.ahead += step
        return self.ahead

    def lift(self, length: float) -> None:
        """Let the readings to come be so much later, if there is room."""
        self.ahead = max(self.ahead, min(self.ahead + length, self._most + self._reserve))


class Reins:
    """What the world reads a clock by.

    Attributes:
        clock: The clock.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._monotonic_from = clock.micros - _MONOTONIC_START
        self._wall = _Drift(_WALL_MOST, _WALL_SHARE, _WALL_RESERVE)
        self._monotonic = _Drift(_MONOTONIC_MOST, _MONOTONIC_MOST, _MONOTONIC_RESERVE)
        self._offsets: deque[int] = deque([0], maxlen=16)  # of instants read, into a millisecond
        self._at = -1
        self._looks = 0  # at this instant
        self._naps = 0  # sleeps too short to count, at this instant
        self._timed = False  # one of the looks was at the time, so the wait may have an end
        self._since = 0.0
        self._busy: int | None = None  # the thread that waits by reading
        self._told = False

    def exchange(self, clock: VirtualClock) -> None:
        """Follow another clock from now on; what is monotonic stays so."""
        self._monotonic_from += clock.micros - self.clock.micros
        self.clock = clock

    def read(self) -> int:
        """Return microseconds since 1970, exactly."""
        self.look()
        return self.clock.micros

    def read_wall_ns(self) -> int:
        """Return nanoseconds since 1970."""
        self.look()
        micros = self.clock.micros
        if micros != self._wall.at and micros % 1000 not in self._offsets:
            self._offsets.append(micros % 1000)
        return micros * 1000 + int(self._wall.take(micros, self._wall_step()))

    def read_monotonic(self) -> float:
        """Return seconds since whenever."""
        self.look()
        micros = self.clock.micros - self._monotonic_from
        least = math.ulp(micros / 1e6) * 1e9
        step = min(4 * least, max(1.0, 1.01 * least))
        return (micros * 1000 + self._monotonic.take(micros, step)) / _SECOND

    def read_monotonic_ns(self) -> int:
        """Return nanoseconds since whenever."""
        self.look()
        micros = self.clock.micros - self._monotonic_from
        self._monotonic.ahead = math.ceil(self._monotonic.ahead)
        return micros * 1000 + int(self._monotonic.take(micros, 1))

    def monotonic(self) -> float:
        """Return seconds since whenever, exactly; two readings may be equal."""
        return (self.clock.micros - self._monotonic_from) / 1_000_000

    def _wall_step(self) -> int:
        return math.ceil(math.ulp(self.clock.micros / 1e6) * 1e9) + 1

    def landing(self, seconds: float) -> float:
        """Return how long a sleep is that was asked for by its length: mostly just that.

        What was reckoned from readings of ``time.time``, as ``end - time.time()`` is, may be short
        by what they ran ahead; it becomes as long as it was meant. What is shorter than the clock
        can tell moves the readings only, and the answer is zero; unless it is asked for again and
        again: then it is as long as the shortest sleep in life.

        Args:
            seconds: The length asked for. What is none is given back as it is.
        """
        if not isinstance(seconds, float) or not 0 < seconds < math.inf:
            return seconds
        if seconds < _SHORTEST:
            return self._nap(seconds)
        exact = round(seconds * 1e6)
        grain = math.ulp(self.clock.micros / 1e6)
        if seconds == exact / 1e6 or not (seconds / grain).is_integer():
            return seconds  # a length that somebody wrote down
        now, ahead = self.clock.micros, math.ceil(self._wall.ahead / 1000)
        short = min((offset - now - exact) % 1000 for offset in self._offsets)
        return (exact + short) / 1e6 if short <= ahead else seconds

    def _nap(self, seconds: float) -> float:
        self.look()
        self._naps += 1
        if self._naps > _PATIENCE:
            return _FLOOR
        self._monotonic.lift(max(seconds * 1e9, 4e9 * math.ulp(self.read_monotonic())))
        self._wall.lift(max(math.ceil(seconds * 1e9), self._wall_step()))
        return 0.0

    def look(self, *, at_time: bool = True) -> None:
        """Count a look at the time, or at what time will change; very many of them are a wait.

        A busy wait moves no clock, so it would last for ever. After a while each of its looks
        takes a millisecond on the clock, and it is told once.

        Args:
            at_time: Whether the time is looked at: such a wait has an end of its own.
        """
        at = self.clock.micros
        if at != self._at:
            self._at, self._looks, self._naps, self._busy = at, 0, 0, None
            self._timed = at_time
            return
        self._looks += 1
        self._timed |= at_time
        if self._busy is not None:
            if self._busy == threading.get_ident():
                self._tick()
        elif not self._looks % (_MANY // 4):
            self._suspect()

    def _suspect(self) -> None:
        used = _real_process_time()
        if self._looks == _MANY // 4:
            self._since = used
        elif self._looks >= _MANY and used - self._since > _LONG:
            self._busy = threading.get_ident()
            self._tell()
            self._tick()

    def _tick(self) -> None:
        kept = self._looks, self._naps, self._timed, threading.get_ident()
        if self._timed:
            self.clock.stir()  # no idle sleep: the wait ends when its time has come
        self.clock.sleep(_TICK)
        self._at = self.clock.micros
        self._looks, self._naps, self._timed, self._busy = kept

    def _tell(self) -> None:
        """Warn, once a world; it is shown whatever the filters say: raising would end the wait."""
        if self._told:
            return
        self._told = True
        where = _reader()
        warnings.showwarning(
            RuntimeWarning(
                f"{where.f_globals.get('__name__')} asked {self._looks:,} times for the time, or "
                f"whether something is done, while it was {self.clock.elapsed:g} s and nothing "
                "waited: a busy wait, which moves no clock. From now on each look of it takes a "
                "millisecond on the clock. Let the loop sleep: time.sleep(0.01)."
            ),
            RuntimeWarning,
            where.f_code.co_filename,
            where.f_lineno,
        )


def _reader() -> FrameType:
    """Return the frame that asked: the first one outside this package's own world."""
    frame: FrameType = _frame(1)
    while frame.f_back and (frame.f_globals.get("__name__") or "").startswith(__package__ or ""):
        frame = frame.f_back
    return frame
