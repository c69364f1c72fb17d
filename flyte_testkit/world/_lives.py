"""What an event loop has on the clock of a world: its time, its door, and its calls under way.

The time of a loop is continuous: it goes on from real time when its life begins, and into it when
that ends.

Ignorant of how a loop comes to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from asyncio import base_events, selector_events
from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from flyte_testkit.clock._door import CAN_LISTEN, Door
from flyte_testkit.world._reins import reins_held

if TYPE_CHECKING:
    from flyte_testkit.world._reins import Reins

__all__ = ["Life", "end_life", "governs", "life_of", "living", "on_the_grid"]

_real_monotonic = time.monotonic
_Selecting: Any = selector_events.BaseSelectorEventLoop
_LIFE = "_flyte_testkit_life"
_RESOLUTION = (
    5e-7  # seconds; half of what a clock can tell apart, so that no rest makes a loop spin
)
_Base: Any = base_events
_A_DAY: float = _Base.MAXIMUM_SELECT_TIMEOUT
_MANY = 100
_FEW = 16  # rounds of a loop that waits for nothing, of which one counts as a look
_NEVER = 1e12  # seconds; no clock gets there

living: WeakSet[Any] = WeakSet()
"""Loops that have been on the clock of this world."""


class Line:
    """Calls of a loop that are to arrive in the order of their making: one at a time is on its way.

    Meanwhile the loop keeps its turn, as a thread does that stands in a call.

    Attributes:
        current: The call that is on its way.
    """

    def __init__(self, loop: Any) -> None:
        self.current: object = None
        self._loop = loop
        self._gates: deque[tuple[object, asyncio.Future[None]]] = deque()

    async def stand(self, call: object) -> None:
        """Wait until it is a call's turn to be sent."""
        if self.current is None:
            self.current = call
            return
        gate = self._loop.create_future()
        self._gates.append((call, gate))
        await gate

    def leave(self, call: object) -> None:
        """Say, in any thread, that a call has arrived, or never will."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            if self._loop._thread_id == threading.get_ident():
                self._next(call)
            else:
                self._loop.call_soon_threadsafe(self._next, call)

    def let_go(self) -> None:
        """Send all that wait: whoever is called first may be waiting for them."""
        gates, self._gates = self._gates, deque()
        self.current = None
        for _, gate in gates:
            if not gate.done():
                gate.set_result(None)

    def _next(self, call: object) -> None:
        if self.current != call:
            return
        self.current = None
        while self._gates and self.current is None:
            later, gate = self._gates.popleft()
            if not gate.done():
                self.current = later
                gate.set_result(None)


class Life:
    """What a loop has on the clock of a world."""

    def __init__(self, loop: Any, reins: Reins) -> None:
        self.reins = reins
        self.ahead = _now_of(loop) - reins.monotonic_micros
        self.door = Door()
        self.line = Line(loop)
        self.resolution = loop._clock_resolution
        self._rounds = 0
        self._spins = 0  # rounds at one instant that waited for nothing
        self._spins_at = -1
        self._tasks = 1
        self._last_timer = 0.0
        self._farewells = 0

    @property
    def micros(self) -> int:
        """The time of the loop."""
        return self.ahead + self.reins.monotonic_micros

    def says_farewell(self) -> bool:
        """Count what comes when all is lost; say whether that was not too often.

        Tasks that are cancelled then may have something to see to: a call, a connection.
        """
        self._farewells += 1
        return self._farewells < _MANY

    def spin(self) -> None:
        """Count a round in which the loop waited for nothing, and nothing came.

        Very many at one instant are a busy wait (``while pending: await asyncio.wait(pending,
        timeout=0)``). Only some count as looks, for tasks that work go many rounds, too.
        """
        at = self.reins.clock.micros
        if at != self._spins_at:
            self._spins_at, self._spins = at, 0
            return
        self._spins += 1
        if self._spins % _FEW or (self.reins.clock.broken is not None and self.says_farewell()):
            return
        after = self.reins.look(at_time=False)
        if after != at:  # it is a busy wait, and goes on: the next look comes sooner
            self._spins_at, self._spins = after, _FEW - max(1, _FEW // 4)

    def work(self) -> None:
        """Say that something came to the loop: its rounds are no busy wait."""
        self._spins = 0

    def length(self, loop: Any, timeout: float | None) -> int | None:
        """Return for how many microseconds a loop sleeps; None if nothing of its own wakes it.

        asyncio itself would look up once a day.
        """
        if timeout is None or timeout < _A_DAY:
            return None if timeout is None else max(1, round(timeout * 1_000_000))
        first = min((it._when for it in list(loop._scheduled) if not it._cancelled), default=_NEVER)
        return None if first >= _NEVER else max(1, round(first * 1_000_000) - self.micros)

    def counts(self, loop: Any) -> bool:
        """Count a sleep; say whether each task may have slept once more since that was so."""
        self._rounds += 1
        if self._rounds < self._tasks:
            return False
        self._rounds, self._tasks = 0, max(1, len(asyncio.all_tasks(loop)))
        return True

    def has_an_end(self, loop: Any) -> bool:
        """Whether the last timer is the same as when this was asked before: a time-out, maybe."""
        last = max((it._when for it in list(loop._scheduled) if not it._cancelled), default=0.0)
        same, self._last_timer = last == self._last_timer, last
        return same


def life_of(loop: Any) -> Life | None:
    """Return what a loop has on the clock, if it lives there; it begins when it is asked for."""
    reins = reins_held()
    if reins is None:
        return None
    life: Life | None = vars(loop).get(_LIFE)
    if life is not None and life.reins is reins:
        return life
    member = reins.clock.mover.members.here()
    if member is None or member.guest or not governs(loop):
        return None
    if loop._thread_id not in (None, threading.get_ident()):
        return None
    life = vars(loop)[_LIFE] = Life(loop, reins)
    loop._clock_resolution = _RESOLUTION
    for handle in list(loop._scheduled):
        handle._when = on_the_grid(handle._when)
    living.add(loop)
    return life


def _now_of(loop: Any) -> int:
    """Return what a loop's time is, in microseconds, when it comes to live on a clock.

    It goes on from what it was. If no timer has to, it begins with what a float holds exactly, a
    64th of a second: else it would be chance how sums of its time are rounded, and which of two
    instants that are equal comes first.
    """
    now = _real_monotonic()
    return round(now * 1_000_000) if loop._scheduled else math.ceil(now * 64) * 15_625


def on_the_grid(when: float) -> float:
    """Return an instant of a loop to the microsecond: what is due at one has one number.

    Example:
        >>> on_the_grid(0.1 + 0.2), on_the_grid(float("inf"))
        (0.3, inf)
    """
    if not abs(when) < _NEVER:  # some sleep for ever
        return when
    return round(when * 1_000_000) / 1_000_000


def governs(loop: Any) -> bool:
    """Whether a loop is of a kind that can live on a clock.

    Example:
        >>> loop = asyncio.new_event_loop()
        >>> governs(loop)
        True
        >>> loop.close()
    """
    return CAN_LISTEN and isinstance(loop, _Selecting)


def end_life(loop: Any) -> None:
    """Let a loop go on in real time; its timers have as long to go as they had."""
    life: Life | None = vars(loop).pop(_LIFE, None)
    if life is None:
        return
    behind = _real_monotonic() - life.micros / 1_000_000
    for handle in list(loop._scheduled):
        handle._when += behind
    loop._clock_resolution = life.resolution
    if loop._selector is not None:
        vars(loop._selector).pop("select", None)
