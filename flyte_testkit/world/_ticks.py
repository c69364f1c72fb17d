"""A clock as the code under test reads it: exact where it can be, and later each time.

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
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flyte_testkit.world._telling import asker, tell
from flyte_testkit.world._timers import first_timer, runs_a_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flyte_testkit.clock import VirtualClock

__all__ = ["Reins"]

_SECOND = 1_000_000_000  # nanoseconds
_MONOTONIC_START = 1000 * 1_000_000  # microseconds; nothing is special about it, as in life

# Nanoseconds. A sleep is rounded to the microsecond: less than half of one is never seen.
_MONOTONIC_MOST, _MONOTONIC_RESERVE = 400, 90
# ``time.time`` cannot tell less than 240 ns apart, so these sleeps are helped: see ``landing``.
_WALL_MOST, _WALL_SHARE, _WALL_RESERVE = 90_000, 20_000, 9_000

_SHORTEST = 0.5e-6  # seconds; a shorter sleep would be rounded to nothing
_PATIENCE = 20  # such sleeps in a row, before they take as long as life's do
_FLOOR = 50e-6  # seconds; what the shortest sleep takes in life

_MANY = 4096  # readings at one instant
_LONG = 2.0  # seconds of processor time that go into them, before they are a busy wait
_TICK = 0.001  # seconds that each reading of a busy wait takes
_FINE = 100 * 1_000_000  # microseconds of a busy wait with such ticks; those of thirty days would
_GROWTH = 1e-4  # take hours, so after that each takes this share of what the wait has lasted

_real_process_time = time.process_time


class _Drift:
    """How far the readings of one kind run ahead of the clock, in nanoseconds.

    An instant may use up three quarters of what is left, so there is always some for the next.
    """

    __slots__ = ("_bound", "_most", "_reserve", "_share", "ahead", "at", "step")

    def __init__(self, most: float, share: float, reserve: float) -> None:
        self._most = most
        self._share = share
        self._reserve = reserve
        self._bound = 0.0
        self.ahead: float = 0
        self.at = -1
        self.step: float = 0

    def begin(self, at: int, step: float) -> None:
        """Say that the clock has moved, and by how much readings differ from now on."""
        self.at, self.step = at, step
        self._bound = self.ahead + min(self._share, (self._most - self.ahead) * 0.75) - step

    def take(self) -> float:
        """Return how far a reading is ahead: a step more than the one before, if there is room."""
        if self.ahead <= self._bound:
            self.ahead += self.step
        return self.ahead

    def take_whole(self) -> int:
        """Return it in whole nanoseconds, of which each is a step."""
        ahead = math.ceil(self.ahead)
        self.ahead = ahead + 1 if ahead < self._bound else ahead
        return int(self.ahead)

    def lift(self, length: float) -> None:
        """Let the readings to come be so much later, if there is room."""
        self.ahead = max(self.ahead, min(self.ahead + length, self._most + self._reserve))


class _Looks:
    """The looks of one thread: each that waits busily has to find time passing by its own."""

    __slots__ = (
        *("at", "began", "busy", "many", "nap_ends", "naps", "overlooked", "read", "since"),
        *("timed", "timer"),
    )

    def __init__(self) -> None:
        self.at = -1
        self.many = 0  # at this instant
        self.naps = 0  # sleeps too short to count, and no others since
        self.nap_ends = -1
        self.timed = 0  # the last look at which the wait may have an end of its own
        self.read = 0  # the last one at the time
        self.overlooked = False  # the next one at the time says nothing about an end
        self.since = 0.0
        self.busy = False
        self.began = -1  # when it was busy first
        self.timer: float | None = None  # the first one of the loop that it runs


class Reins:
    """What the world reads a clock by.

    Attributes:
        clock: The clock.
        heed: Called by threads that call a server without a socket.
    """

    def __init__(self, clock: VirtualClock, heed: Callable[[], object]) -> None:
        self.clock = clock
        self.heed = heed
        self._monotonic_from = clock.micros - _MONOTONIC_START
        self._wall = _Drift(_WALL_MOST, _WALL_SHARE, _WALL_RESERVE)
        self._monotonic = _Drift(_MONOTONIC_MOST, _MONOTONIC_MOST, _MONOTONIC_RESERVE)
        self._offsets: deque[int] = deque([0], maxlen=16)  # of instants read, into a millisecond
        self._looks = threading.local()  # an ident would be the next thread's, too
        self._told = False

    def exchange(self, clock: VirtualClock) -> None:
        """Follow another clock from now on; what is monotonic stays so."""
        self._monotonic_from += clock.micros - self.clock.micros
        self.clock = clock

    def read(self) -> int:
        """Return microseconds since 1970, exactly."""
        return self.look()

    def read_wall_ns(self) -> int:
        """Return nanoseconds since 1970."""
        micros, drift = self.look(), self._wall
        if micros != drift.at:
            if micros % 1000 not in self._offsets:
                self._offsets.append(micros % 1000)
            drift.begin(micros, self._wall_step())
        return micros * 1000 + int(drift.take())

    def read_monotonic(self) -> float:
        """Return seconds since whenever."""
        micros = self.look() - self._monotonic_from
        drift = self._monotonic
        if micros != drift.at:
            drift.begin(micros, _monotonic_step(micros))
        return (micros * 1000 + drift.take()) / _SECOND

    def read_monotonic_ns(self) -> int:
        """Return nanoseconds since whenever."""
        micros = self.look() - self._monotonic_from
        drift = self._monotonic
        if micros != drift.at:
            drift.begin(micros, _monotonic_step(micros))
        return micros * 1000 + drift.take_whole()

    def monotonic(self) -> float:
        """Return seconds since whenever, exactly; two readings may be equal."""
        return self.monotonic_micros / 1_000_000

    @property
    def monotonic_micros(self) -> int:
        """Microseconds since whenever, exactly."""
        return self.clock.micros - self._monotonic_from

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
        if isinstance(seconds, (int, float)) and seconds == 0:
            self.look(at_time=False)  # whoever only yields, again and again, waits for something
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
        mine = self._mine()
        mine.naps += 1
        if mine.naps > _PATIENCE:
            mine.nap_ends = mine.at + round(_FLOOR * 1e6)
            return _FLOOR
        self._monotonic.lift(max(seconds * 1e9, self._monotonic.step))
        self._wall.lift(max(math.ceil(seconds * 1e9), self._wall_step()))
        return 0.0

    def _mine(self) -> _Looks:
        try:
            return self._looks.mine  # type: ignore[no-any-return]
        except AttributeError:
            mine = self._looks.mine = _Looks()
            return mine

    def overlook(self) -> None:
        """Say that the next reading of this thread says nothing about a time-out."""
        self._mine().overlooked = True

    def look(self, *, at_time: bool = True, ticks: bool = True) -> int:
        """Count a look at the time, or at what time will change; very many of them are a wait.

        A busy wait moves no clock, so it would last for ever. After a while each of its looks
        takes a millisecond on the clock, and it is told once.

        Args:
            at_time: Whether the time is looked at: a wait that does so now and then has an end of
                its own. One that did so before it began has none.
            ticks: Whether this look takes its millisecond here, if it is one of a busy wait.

        Returns:
            Microseconds since 1970.
        """
        at, mine = self.clock.micros, self._mine()
        if mine.overlooked and at_time:
            at_time = mine.overlooked = False
        if at != mine.at:
            mine.at, mine.many, mine.busy = at, 0, False
            mine.read, mine.timed = 0, _MANY if at_time else 0
            if at != mine.nap_ends:
                mine.naps = 0
            return at
        mine.many += 1
        if at_time:
            mine.timed = mine.many + max(_MANY, 2 * (mine.many - mine.read))
            mine.read = mine.many
        if not mine.busy:
            if mine.many % (_MANY // 4):
                return at
            self._suspect(mine)
        if ticks and mine.busy:
            with self.ticking() as tick:
                if _is_before_a_timer(mine):
                    self.clock.check()
                    self.clock.mover.sleep(round(tick * 1e6))
                else:
                    self.clock.sleep(tick)
        return self.clock.micros

    def glance(self) -> bool:
        """Count a look that must not take its time itself; say whether it should take ``ticking``.

        Who waits for no time at all may hold a lock, which others need until he lets go of it.
        """
        self.look(at_time=False, ticks=False)
        return self._mine().busy

    def _suspect(self, mine: _Looks) -> None:
        used = _real_process_time()
        if mine.many == _MANY // 4:
            mine.since = used
        elif mine.many >= _MANY and used - mine.since > _LONG:
            mine.busy, mine.began = True, mine.at
            self._tell(mine.many)

    @contextmanager
    def ticking(self) -> Iterator[float]:
        """Give how long a look of a busy wait takes; it is one still when that has passed."""
        mine = self._mine()
        kept = mine.many, mine.naps, mine.read, mine.timed
        if mine.many <= mine.timed:
            self.clock.stir()  # no idle sleep: the wait ends when its time has come
        lasted = mine.at - mine.began
        mine.many, mine.busy = 0, False  # if it was hopeless: who reads the time after that may
        yield _TICK if lasted < _FINE else lasted / 1e6 * _GROWTH
        mine.at, mine.busy = self.clock.micros, True
        mine.many, mine.naps, mine.read, mine.timed = kept

    def _tell(self, looks: int) -> None:
        """Warn, once a world; it is shown whatever the filters say: raising would end the wait."""
        if self._told:
            return
        self._told = True
        where = asker()
        sleeps = "await asyncio.sleep" if runs_a_loop() else "time.sleep"
        tell(
            f"{where.f_globals.get('__name__')} asked {looks:,} times for the time, or "
            f"whether something is done, while it was {self.clock.elapsed:g} s and nothing waited: "
            "a busy wait, which moves no clock. From now on each look of it takes a millisecond on "
            f"the clock. Let the loop sleep: {sleeps}(0.01).",
            where,
        )


def _monotonic_step(micros: int) -> float:
    """Return how many nanoseconds readings differ by: what surely is seen, or one."""
    least = math.ulp(micros / 1e6) * 1e9
    return min(4 * least, max(1.0, 1.01 * least))


def _is_before_a_timer(mine: _Looks) -> bool:
    """Whether the loop that runs here has a timer, the same one as at the tick before.

    It would wait for that if nobody asked, so a tick until then is no idle sleep.
    """
    first = first_timer()
    same, mine.timer = first == mine.timer, first
    return same and first is not None
