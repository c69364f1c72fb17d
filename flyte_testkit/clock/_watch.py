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

__all__ = ["Watch"]

_SILENCE = 2.0  # real seconds in which everybody waits for ever, before that is told
_SPIN = 1_000_000_000  # nanoseconds of processor time in one turn
_STIRRED = 0.2  # what a look counts that finds the process at rest, but not as it was
_STANDSTILL = 10.0  # seconds of looks with others waiting, before that is told
_LINGER = 10  # looks with nothing to do, before the watch ends

_never = _thread.allocate_lock()  # for pauses: whoever is in ``time.sleep`` holds it, and worlds
_never.acquire()  # search for who holds it anew whenever that changes
_process_time_ns = time.process_time_ns


class Watch:
    """A daemon thread that lives only while there is something to watch.

    Args:
        mover: Whose turns it watches.
        bury: Called with a thread whose end nobody could notice.
        on_silence: Called when everybody has waited for ever for a while, in real time.
        on_standstill: Called with for how many real seconds somebody has kept the others waiting,
            and how often that was said.

    Attributes:
        preempted: How often a second member was let run.
    """

    def __init__(
        self,
        mover: Turns,
        bury: Callable[[threading.Thread], object],
        on_silence: Callable[[], object],
        on_standstill: Callable[[float, int], object],
    ) -> None:
        self._mover = mover
        self._bury = bury
        self._on_silence = on_silence
        self._on_standstill = on_standstill
        self._awake = False
        self.preempted = 0

    def begin(self) -> None:
        """Watch from now on; only with the mover's lock held."""
        if not self._awake:
            self._awake = True
            _thread.start_new_thread(self._watch, ())

    def _watch(self) -> None:
        me = str(threading.get_native_id())
        watches.add(me)
        try:
            self._look_again_and_again()
        finally:
            watches.discard(me)

    def _look_again_and_again(self) -> None:
        turn, silence, bored = _Turn(-1), _Silence(), 0
        standstill = _Standstill()
        while True:
            _never.acquire(timeout=TICK)
            with self._mover.lock:
                bored = 0 if self._has_a_use() else bored + 1
                if bored > _LINGER or self._mover.broken:
                    self._awake = False
                    return
                self._dismiss_the_dead()
                if turn.number != self._mover.turns or not self._is_blocked():
                    turn = _Turn(self._mover.turns)
                elif turn.goes_nowhere():
                    self.preempted += 1
                    if self._mover.ready or self._mover.hear():
                        self._mover.give_turn()
                silent = self._is_silent()
                stands = standstill.look(self._mover)
            if silence.lasts(silent) > _SILENCE:
                silence = _Silence()
                self._on_silence()
            if stands:
                self._on_standstill(stands, standstill.times)
            self._mover.go()

    def _has_a_use(self) -> bool:
        return (
            bool(self._mover.ready)
            or self._is_silent()
            or bool(self._mover.runs and self._mover.sleepers)
            or any(not member.hooked for member in self._mover.runs)
        )

    def _is_blocked(self) -> bool:
        mover = self._mover
        if not (mover.runs or mover.busy):
            return False
        return bool(mover.ready) or any(door.has_come() for door in mover.doors.values())

    def _is_silent(self) -> bool:
        mover = self._mover
        stirs = mover.runs or mover.ready or mover.busy or mover.calls.flying
        if stirs or mover.over or mover.agenda.first() is not None:
            return False
        hopeful = any(sleeper.hopeful for sleeper in mover.sleepers)
        return bool(mover.sleepers or mover.calls.held) and not hopeful

    def _dismiss_the_dead(self) -> None:
        """Let those leave whose end nobody could notice."""
        for member in list(self._mover.runs):
            if not member.hooked and member.ended and member.thread is not None:
                self._bury(member.thread)


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
