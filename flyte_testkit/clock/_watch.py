"""The watch: real time never moves the clock, it only lets a second member run.

Whoever runs may be blocked for real (in a pipe, in a lock of machinery), or spin on a flag, until
one does something that is only ready. So while somebody is ready, a thread looks every now and
then: if the whole process rests, or the turn has cost a second of processor time, the next member
may run, too. (To look at the runner alone would be wrong: on a busy machine it may well wait for a
thread of machinery that starves.)

It also notices silence, in which everybody waits for ever and nothing is scheduled, and standstill,
in which somebody who runs does nothing for long while others wait for time to pass.

Ignorant of what is done about either.
"""

from __future__ import annotations

import _thread
import threading
import time
from typing import TYPE_CHECKING

from flyte_testkit.clock._rest import CAN_LOOK, RESTING, RESTING_ELSEWHERE, TICK, process, watches

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._turns import Turns

__all__ = ["watch"]

_SILENCE = 2.0  # real seconds in which everybody waits for ever, before that is told
_SPIN = 1_000_000_000  # nanoseconds of processor time in one turn
_STIRRED = 0.2  # what a look counts that finds the process at rest, but not as it was
_STANDSTILL = 10.0  # seconds of looks with others waiting, before that is told
_LINGER = 10  # looks with nothing to do, before the watch ends

_never = _thread.allocate_lock()  # for pauses: whoever is in ``time.sleep`` holds it, and worlds
_never.acquire()  # search for who holds it anew whenever that changes
_process_time_ns = time.process_time_ns


def watch(mover: Turns, bury: Callable[[threading.Thread], object]) -> None:
    """Look again and again, as long as there is something to watch: what a daemon thread does.

    Args:
        mover: Whose turns are watched; ``is_watched`` says that they are.
        bury: Called with a thread whose end nobody could notice.
    """
    me = str(threading.get_native_id())
    watches.add(me)
    try:
        _look_again_and_again(mover, bury)
    finally:
        watches.discard(me)


def _look_again_and_again(mover: Turns, bury: Callable[[threading.Thread], object]) -> None:
    turn, silence, bored = _Turn(-1), _Silence(), 0
    standstill = _Standstill()
    while True:
        _never.acquire(timeout=TICK)
        with mover.lock:
            bored = 0 if _has_a_use(mover) else bored + 1
            if bored > _LINGER or mover.broken:
                mover.is_watched = False
                return
            for dead in [one for one in mover.runs if not one.hooked and one.ended]:
                if dead.thread is not None:
                    bury(dead.thread)
            if turn.number != mover.turns or not _is_blocked(mover):
                turn = _Turn(mover.turns)
            elif turn.goes_nowhere():
                mover.preempted += 1
                if mover.ready or mover.hear():
                    mover.give_turn()
            silent = _is_silent(mover)
            stands = standstill.look(mover)
        if silence.lasts(silent) > _SILENCE:
            silence = _Silence()
            mover.on_silence()
        if stands:
            mover.on_standstill(stands, standstill.times)
        mover.go()


def _has_a_use(mover: Turns) -> bool:
    return (
        bool(mover.ready)
        or _is_silent(mover)
        or bool(mover.runs and mover.sleepers)
        or any(not member.hooked for member in mover.runs)
    )


def _is_blocked(mover: Turns) -> bool:
    if not (mover.runs or mover.busy):
        return False
    return bool(mover.ready) or any(door.has_come() for door in mover.doors.values())


def _is_silent(mover: Turns) -> bool:
    stirs = mover.runs or mover.ready or mover.busy or mover.traffic.flying
    if stirs or mover.over or mover.agenda.first() is not None:
        return False
    hopeful = any(sleeper.hopeful for sleeper in mover.sleepers)
    return bool(mover.sleepers or mover.traffic.held) and not hopeful


class _Silence:
    """How long everybody has waited for ever, while nothing in the process stirred.

    A thread that takes no part may be about to end it, and be kept from that by a busy machine. So
    looks that find one at work do not count; those that find it at rest again count a little, for
    some threads stir now and then for as long as the process lives.
    """

    def __init__(self) -> None:
        self._length = 0.0
        self._seen: object = None

    def lasts(self, silent: bool) -> float:  # noqa: FBT001  one more look
        """Look once more; say how long it has lasted, in real seconds."""
        seen = process() if silent and CAN_LOOK else None
        if not silent:
            self._length = 0.0
        elif not CAN_LOOK or seen is not None:
            self._length += TICK if seen == self._seen else TICK * _STIRRED
        self._seen = seen
        return self._length


class _Standstill:
    """How long nothing has happened although somebody runs, and others wait for time to pass.

    Looks are counted, and no clock is read: a process that a debugger has stopped, or a laptop that
    slept, did not look.

    Attributes:
        times: How often that was said of this one.
    """

    def __init__(self) -> None:
        self._seen: object = None
        self._length = 0.0
        self.times = 0

    def look(self, mover: Turns) -> float:
        """Return for how many seconds, once each ten seconds; else 0."""
        state = (mover.turns, mover.us)
        if state != self._seen or not mover.runs or mover.agenda.first() is None or mover.over:
            self._seen, self._length, self.times = state, 0.0, 0
            return 0.0
        self._length += TICK
        if self._length < _STANDSTILL * (self.times + 1):
            return 0.0
        self.times += 1
        return self._length


class _Turn:
    """One turn, as long as somebody else is ready."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._spent = _process_time_ns()
        self._seen: object = None
        self._looks = 0

    def goes_nowhere(self) -> bool:
        """Look once more; say whether nothing is to be expected of this turn."""
        if _process_time_ns() - self._spent > _SPIN:
            return True
        self._looks += 1
        if not CAN_LOOK:
            return self._looks >= RESTING_ELSEWHERE
        seen = process()
        if seen is None or seen != self._seen:
            self._seen, self._looks = seen, 1
        return self._looks >= RESTING and seen is not None
