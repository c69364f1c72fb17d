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
import os
import selectors
import sys
import threading
import time
import types
from asyncio import selector_events, tasks
from functools import partial
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._rest import TICK, Rest, at_work
from flyte_testkit.clock._stacks import innermost, stack, undisturbed
from flyte_testkit.clock._tasks import all_tasks, loop_of
from flyte_testkit.world import _outside
from flyte_testkit.world._lives import Life, end_life, governs, life_of, living, on_the_grid
from flyte_testkit.world._reins import dweller, held, is_machinery, is_of_a_loop
from flyte_testkit.world._telling import asker, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock import Sleeper
    from flyte_testkit.clock._door import Door
    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover

__all__ = ["PATCHES", "adopt_loops", "join_loop", "leave_loops"]

_Base: Any = asyncio.BaseEventLoop
_Selecting: Any = selector_events.BaseSelectorEventLoop
_real_call_at = _Base.call_at
_real_run_once = _Base._run_once
_real_poke = _Selecting._write_to_self
_real_monotonic = time.monotonic
_frame = sys._getframe
_active_count = threading.active_count
_DUE = 4e-7  # seconds; surely less than what a loop takes for no time
_ON_ITS_WAY = 1.0  # real seconds that a call is given to arrive, before others are sent beside it
_FAREWELL = 1.0  # real seconds in which something may come, once nothing works on the clock
_TOLD = 5.0  # real seconds in which time stands still for a loop, before that is told

_asleep: dict[Any, Sleeper] = {}


def loop_time(self: Any) -> float:
    """Return the time of a loop."""
    life = life_of(self)
    if life is None:
        return _real_monotonic()  # the real method would ask ours
    module = _frame(1).f_globals.get("__name__") or ""
    if not is_of_a_loop(module):
        _look(life, module)
    return life.micros / 1_000_000


def call_at(
    self: Any, when: float, callback: Callable[..., object], *args: Any, context: Any = None
) -> Any:
    """Call a function at an instant, to the microsecond, so that those of one come in one order."""
    if when is not None and life_of(self) is not None:
        when = on_the_grid(when)
    return _real_call_at(self, when, callback, *args, context=context)


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
        life = life_of(loop)
        waits = timeout is None or timeout > 0
        events = _wait(loop, life, real, timeout) if life and waits else real(timeout)
        if events:
            _outside.note_readings(loop, events)
        if life is not None:
            if events:
                life.work()
            elif timeout is not None and timeout < _DUE:
                life.spin()
        return events

    selector.select = select


def _wait(loop: Any, life: Life, real: Callable[[float | None], Any], timeout: float | None) -> Any:
    """Sleep until something has come, or is due."""
    events = real(0)
    if events or (timeout is not None and timeout < _DUE):
        return events
    clock = life.reins.clock
    member = clock.mover.members.here()
    if member is None or member.guest:  # its thread has left the world
        end_life(loop)
        return events
    if life.line.current is not None:
        events = real(_ON_ITS_WAY) or _until_rest(real)
        if not events:
            life.line.let_go()
        return events
    length = life.length(loop, timeout)
    if clock.broken is not None and life.says_farewell() and (events := real(_FAREWELL)):
        return events
    clock.check()
    if length is not None and life.counts(loop):
        if clock.hope.readers is not None and life.has_an_end(loop):
            clock.hope.readers.add(threading.get_ident())
        clock.count()
    work = _outside.work_for(loop, living)
    if work is None:
        if length is None or not clock.mover.skip(length):
            _sleep(loop, life, member, length)
    else:
        with clock.mover.calls.away(member):
            _sleep(loop, life, member, length, work)
    clock.check()
    return real(0)


def _until_rest(real: Callable[[float | None], Any]) -> Any:
    """Wait on as long as others are at work: on a busy machine a call may be long on its way."""
    for _ in at_work():
        if events := real(TICK):
            return events
    return []


def _sleep(
    loop: Any, life: Life, member: Member, length: int | None, work: _outside.Work | None = None
) -> None:
    mover = life.reins.clock.mover
    sleeper = _asleep[loop] = mover.sleeper(length)
    patience: list[tuple[float, Callable[[], float | None]]] = []
    if work is not None and work.is_here:
        patience.append((TICK, partial(_let_pass, mover, sleeper, Rest())))
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
        if _listens(mover, sleeper, life.door, patience):
            life.reins.clock.stir_by(sleeper)
    finally:
        _asleep.pop(loop, None)


def _listens(
    mover: Mover,
    sleeper: Sleeper,
    door: Door,
    patience: list[tuple[float, Callable[[], float | None]]],
) -> bool:
    """Let a loop sleep as anybody does, and get up, too, when something comes."""
    who = sleeper.who
    with mover.lock:
        door.open(sleeper, mover, patience)
        mover.doors[sleeper] = door
        seat = who.change_seat(door)
    try:
        return mover.park(sleeper)
    finally:
        with mover.lock:
            del mover.doors[sleeper]
            who.change_seat(seat)


def _descriptors(selector: Any) -> dict[int, int]:
    """Return where something may come: the selector itself can be asked, if it is a descriptor."""
    if hasattr(selector, "fileno"):
        return {selector.fileno(): 1}
    return {
        key.fd: (1 if key.events & selectors.EVENT_READ else 0)
        | (4 if key.events & selectors.EVENT_WRITE else 0)
        for key in selector.get_map().values()
    }


def _let_pass(mover: Mover, sleeper: Sleeper, rest: Rest) -> float | None:
    """Let what is due first happen if all rest: whoever is to answer may sleep until then.

    But nobody may, if nothing is due but the deadlines of the loop itself.

    Returns:
        After how many real seconds to look again; ``None`` if nothing is due, and all wait.
    """
    if rest.has_come():
        with mover.lock:
            first = mover.agenda.first()
            threads_sleep = any(
                not (other.endless or other in mover.doors) for other in mover.sleepers
            )
        if first is None:
            mover.calls.land(sleeper.who)
            return None
        if threads_sleep or first is not sleeper:
            mover.go_once(sleeper.who)
    return TICK


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
    if _active_count() == 1:
        return
    inhabited = {loop for loop in list(living) if _runs_elsewhere(loop)}
    for task in all_tasks():
        loop = loop_of(task)
        if loop not in inhabited and _runs_elsewhere(loop) and _is_under_test(task):
            inhabited.add(loop)
    for loop in inhabited:
        join_loop(loop, mover)
        _real_poke(loop)


def _runs_elsewhere(loop: Any) -> bool:
    """Whether a loop runs in another thread, and waits as asyncio does: nest_asyncio's do not."""
    if not governs(loop) or loop._thread_id in (None, threading.get_ident()):
        return False
    return type(loop)._run_once is _Base._run_once or _is_in_step(loop)


def _is_in_step(loop: Any) -> bool:
    """Whether a loop with steps of its own is in one of asyncio's, which its own may take."""
    frames = stack(innermost().get(loop._thread_id))
    return any(frame.f_code is _real_run_once.__code__ for frame in frames)


def _is_under_test(task: Any) -> bool:
    coroutine = task.get_coro()
    frames = (undisturbed(getattr, coroutine, name, None) for name in ("cr_frame", "gi_frame"))
    frame: types.FrameType | None = next(filter(None, frames), None)
    module = "" if frame is None else frame.f_globals.get("__name__") or ""
    return bool(module) and not is_machinery(module)


def leave_loops() -> None:
    """Let all loops go on in real time: the world is over."""
    for loop in list(living):
        end_life(loop)
    living.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_asleep.clear)  # a child has not their threads


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
    (_Base, "call_at", call_at),
    (_Base, "_run_once", run_once),
    (_Selecting, "_write_to_self", poke),
    (tasks, "__sleep0", yield_once),
    *_outside.PATCHES,
)
