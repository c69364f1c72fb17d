"""Event loops of asyncio on the clock: a loop is one more member that takes turns.

While its tasks run, its thread runs. When all of them wait it sleeps until its next timer, and gets
up before that if another thread calls it, or if something comes at its sockets. The time of a loop
is continuous: it goes on from real time when a world is entered, and into it when the world is
left, so timers from before have as long to go as they had.

A loop lives on the clock if its thread does. One that is older than the world takes part if tasks
of code under test live in it, or from when code under test gives it work.

Ignorant of who outside of the process works for a loop, and of how this comes to stand there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import sys
import threading
import time
import types
from asyncio import selector_events, tasks
from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from flyte_testkit.clock import Sleeper
from flyte_testkit.clock._door import CAN_LISTEN, Door
from flyte_testkit.world import _outside
from flyte_testkit.world._reins import dweller, held, is_machinery, is_of_a_loop
from flyte_testkit.world._telling import asker, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover
    from flyte_testkit.world._reins import Reins

__all__ = ["PATCHES", "adopt_loops", "governs", "join_loop", "leave_loops", "life_of", "wake_loops"]

_Base: Any = asyncio.BaseEventLoop
_Selecting: Any = selector_events.BaseSelectorEventLoop
_real_run_once = _Base._run_once  # noqa: SLF001  there is no public hook
_real_poke = _Selecting._write_to_self  # noqa: SLF001  every way to wake a loop ends there
_real_monotonic = time.monotonic
_current_frames = sys._current_frames  # noqa: SLF001  there is no other way to see a stack
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_LIFE = "_flyte_testkit_life"
_RESOLUTION = 5e-7  # seconds; half of what a clock can tell apart, so that no rest makes a loop spin
_DUE = 4e-7  # seconds; surely less than that
_ON_ITS_WAY = 1.0  # real seconds that a call is given to arrive, before others are sent beside it
_TOLD = 5.0  # real seconds in which time stands still for a loop, before that is told

_living: WeakSet[Any] = WeakSet()  # loops that have been on the clock of this world
_asleep: dict[Any, Sleeper] = {}


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
        self.ahead = round(_real_monotonic() * 1e6) - reins.monotonic_micros
        self.door = Door()
        self.line = Line(loop)
        self.resolution = loop._clock_resolution
        self._rounds = 0
        self._tasks = 1
        self._last_timer = 0.0

    @property
    def micros(self) -> int:
        """The time of the loop."""
        return self.ahead + self.reins.monotonic_micros

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
    if not held:
        return None
    try:
        reins = held[-1]
    except IndexError:  # left meanwhile, by another thread
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
    _living.add(loop)
    return life


def governs(loop: Any) -> bool:
    """Whether a loop is of a kind that can live on a clock.

    Example:
        >>> loop = asyncio.new_event_loop()
        >>> governs(loop)
        True
        >>> loop.close()
    """
    return CAN_LISTEN and isinstance(loop, _Selecting)


def loop_time(self: Any) -> float:
    """Return the time of a loop."""
    life = life_of(self)
    if life is None:
        return _real_monotonic()  # the real method would ask ours
    module = _frame(1).f_globals.get("__name__") or ""
    if not is_of_a_loop(module):
        _look(life, module)
    return life.micros / 1_000_000


def _look(life: Life, module: str) -> None:
    """Count a look at the time by code under test: it may have a time-out of its own."""
    if is_machinery(module):
        return
    readers = life.reins.clock.hope.readers
    if readers is not None:
        readers.add(threading.get_ident())
    life.reins.look()


def run_once(self: Any) -> None:
    """Run what a loop has to run, and see to it that it waits on the clock."""
    if held and life_of(self) is not None and "select" not in vars(self._selector):
        _listen_at(self)
    _real_run_once(self)


def _listen_at(loop: Any) -> None:
    selector = loop._selector
    real: Callable[[float | None], Any] = selector.select

    def select(timeout: float | None = None) -> Any:
        life = life_of(loop) if timeout is None or timeout > 0 else None
        events = real(timeout) if life is None else _wait(loop, life, real, timeout)
        if events:
            _outside.note_readings(loop, events)
        return events

    selector.select = select


def _wait(
    loop: Any, life: Life, real: Callable[[float | None], Any], timeout: float | None
) -> Any:
    """Sleep until something has come, or is due."""
    events = real(0)
    if events or (timeout is not None and timeout < _DUE):
        return events
    clock = life.reins.clock
    member = clock.mover.members.here()
    if member is None or member.guest:  # its thread has left the world
        _leave(loop)
        return events
    if life.line.current is not None:
        events = real(_ON_ITS_WAY)
        if not events:
            life.line.let_go()
        return events
    length = None if timeout is None else max(1, round(timeout * 1_000_000))
    clock.check()
    if length is not None and life.counts(loop):
        if clock.hope.readers is not None and life.has_an_end(loop):
            clock.hope.readers.add(threading.get_ident())
        clock.count()
    work = _outside.work_for(loop)
    if work is None:
        if length is None or not clock.mover.skip(length):
            _sleep(loop, life, member, length)
    else:
        with clock.mover.calls.away(member):
            _sleep(loop, life, member, length, work)
    clock.check()
    return real(0)


def _sleep(
    loop: Any, life: Life, member: Member, length: int | None, work: _outside.Work | None = None
) -> None:
    mover = life.reins.clock.mover
    sleeper = _asleep[loop] = mover.sleeper(length)
    patience: list[tuple[float, Callable[[], object]]] = []
    if work is not None:
        limit = work.grace if length is None else min(work.grace or 1e9, length / 1e6)
        if limit is None or limit > _TOLD:
            patience.append((_TOLD, lambda: _tell(mover, work)))
        if limit is not None:
            patience.append((limit, lambda: mover.calls.land(member)))
    elif length is None:
        sleeper.hopeful = _outside.is_expected(loop)
    life.door.watch(_descriptors(loop._selector))
    try:
        if mover.listen(sleeper, life.door, patience):
            life.reins.clock.stir()
    finally:
        _asleep.pop(loop, None)


def _descriptors(selector: Any) -> dict[int, int]:
    """Return where something may come: the selector itself can be asked, if it is a descriptor."""
    if hasattr(selector, "fileno"):
        return {selector.fileno(): 1}
    return {
        key.fd: (1 if key.events & selectors.EVENT_READ else 0)
        | (4 if key.events & selectors.EVENT_WRITE else 0)
        for key in selector.get_map().values()
    }


def _tell(mover: Mover, work: _outside.Work) -> None:
    """Say that time stands still, if somebody waits for it to pass."""
    if mover.agenda.first() is None:
        return
    tell(
        f"an event loop has waited for {work.what} for {_TOLD:.0f} real seconds, and time stands "
        "still meanwhile: what is outside of this process lives in real time. If nothing is to "
        "come from there, close the connection.",
        asker(),
    )


def poke(self: Any) -> None:
    """Wake a loop from another thread: it is ready before that thread goes on."""
    sleeper = _asleep.get(self)
    if sleeper is not None:
        sleeper.release()
    elif held and self._thread_id not in (None, threading.get_ident()):
        reins = dweller(_frame(1))
        if reins is not None:
            join_loop(self, reins.clock.mover)
    _real_poke(self)


def join_loop(loop: Any, mover: Mover) -> None:
    """Let the thread take part in which a loop runs: it is older."""
    known = (thread for thread in threading.enumerate() if thread.ident == loop._thread_id)
    thread = next(known, None)
    if thread is not None:
        mover.join(thread, resident=True)


def adopt_loops(mover: Mover) -> None:
    """Let loops take part that run in other threads, and in which code under test lives."""
    if threading.active_count() == 1:
        return
    here = threading.get_ident()
    running = {_loop_in(frame) for ident, frame in _current_frames().items() if ident != here}
    for loop in running - {None}:
        if governs(loop) and (loop in _living or any(map(_is_under_test, asyncio.all_tasks(loop)))):
            join_loop(loop, mover)
            _real_poke(loop)


def _loop_in(frame: types.FrameType | None) -> Any:
    """Return the loop that runs in a thread, if one does."""
    while frame is not None:
        if frame.f_code is _real_run_once.__code__:
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None


def _is_under_test(task: Any) -> bool:
    coroutine = task.get_coro()
    frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
    module = "" if frame is None else frame.f_globals.get("__name__") or ""
    return bool(module) and not is_machinery(module)


def leave_loops() -> None:
    """Let all loops go on in real time: the world is over."""
    for loop in list(_living):
        _leave(loop)
    _living.clear()
    wake_loops()


def wake_loops() -> None:
    """Let all loops get up that sleep: their clock governs no more."""
    for sleeper in list(_asleep.values()):
        sleeper.release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_asleep.clear)  # a child has not their threads


def _leave(loop: Any) -> None:
    life: Life | None = vars(loop).pop(_LIFE, None)
    if life is None:
        return
    behind = _real_monotonic() - life.micros / 1_000_000
    for handle in list(loop._scheduled):
        handle._when += behind
    loop._clock_resolution = life.resolution
    if loop._selector is not None:
        vars(loop._selector).pop("select", None)


@types.coroutine
def yield_once() -> Any:
    """Let other tasks run. Whoever does nothing else, again and again, waits for something."""
    loop = asyncio._get_running_loop()
    life = None if loop is None else life_of(loop)
    if life is not None:
        life.reins.look(at_time=False)
    yield


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (_Base, "time", loop_time),
    (_Base, "_run_once", run_once),
    (_Selecting, "_write_to_self", poke),
    (tasks, "__sleep0", yield_once),
    *_outside.PATCHES,
)
