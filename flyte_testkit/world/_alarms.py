"""What stands in for ``signal.alarm``, ``setitimer`` and ``getitimer`` (of real time).

The signal comes when its time has come on the clock: in the main thread, wherever that waits. A
signal that the process sends to itself comes there, too, and before time moves on.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._schedule import LONGEST
from flyte_testkit.world._reins import caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock import VirtualClock
    from flyte_testkit.clock._schedule import Callback

__all__ = ["FUNCTIONS", "PATCHES", "forget_alarm"]

_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_SECOND = 1_000_000


class _Alarm:
    """The one timer that a process has."""

    def __init__(self, clock: VirtualClock, seconds: float, interval: float) -> None:
        self._clock = clock
        self._interval = interval
        self._entry: Callback = clock.call_later(seconds, self._ring)

    def left(self) -> tuple[float, float]:
        """Return the seconds until it rings, and those between two rings."""
        return (self._entry.when - self._clock.micros) / _SECOND, self._interval

    def cancel(self) -> None:
        """Let it not ring any more."""
        self._entry.cancel()

    def _ring(self) -> None:
        if self._interval:
            self._entry = self._clock.call_later(self._interval, self._ring)
        else:
            _set(None)
        _signal(self._clock, signal.SIGALRM, lambda ident: _real_thread_kill(ident, signal.SIGALRM))


def _signal(clock: VirtualClock, number: int, kill: Callable[[int], object]) -> None:
    """Let the main thread handle a signal: in its turn if it sleeps, or else as in life."""
    clock.mover.interrupt(threading.main_thread(), lambda: signal.raise_signal(number), kill)


_alarms: list[_Alarm] = []  # the one that is set, or none


def _set(alarm: _Alarm | None) -> None:
    _alarms[:] = () if alarm is None else (alarm,)


def forget_alarm() -> None:
    """Cancel the alarm: its clock governs no longer."""
    for alarm in _alarms:
        alarm.cancel()
    _set(None)


def _left() -> tuple[float, float]:
    return _alarms[0].left() if _alarms else (0.0, 0.0)


def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
    """Set the timer on the clock of the world; returns what was left of the one before."""
    reins = caller(_frame(1)) if which == signal.ITIMER_REAL else None
    if reins is None or not (0 <= seconds <= LONGEST and 0 <= interval <= LONGEST):
        return _real_setitimer(which, seconds, interval)
    before = _left()
    forget_alarm()
    if seconds:
        _set(_Alarm(reins.clock, seconds, interval))
    return before


def alarm(seconds: int, /) -> int:
    """Set the alarm on the clock of the world; returns the seconds left of the one before."""
    reins = caller(_frame(1))
    if reins is None or not isinstance(seconds, int) or not 0 <= seconds <= LONGEST:
        return _real_alarm(seconds)
    before = math.ceil(_left()[0])
    forget_alarm()
    if seconds:
        _set(_Alarm(reins.clock, seconds, 0.0))
    return before


def getitimer(which: int, /) -> tuple[float, float]:
    """Return what is left of the timer on the clock of the world."""
    reins = caller(_frame(1)) if which == signal.ITIMER_REAL else None
    if reins is None:
        return _real_getitimer(which)
    reins.look()  # whoever asks again and again waits for it
    return _left()


def kill(pid: int, signum: int, /) -> None:
    """Send a signal; if to this very process, the clock waits until it is handled."""
    reins = caller(_frame(1)) if pid == os.getpid() else None
    if reins is None or not _is_handled(signum):
        _real_kill(pid, signum)
    else:
        _signal(reins.clock, signum, lambda _: _real_kill(pid, signum))


def pthread_kill(ident: int, signum: int, /) -> None:
    """Send a signal to a thread; if to the main thread, as ``kill`` does."""
    reins = caller(_frame(1)) if ident == threading.main_thread().ident else None
    if reins is None or not _is_handled(signum):
        _real_thread_kill(ident, signum)
    else:
        _signal(reins.clock, signum, lambda _: _real_thread_kill(ident, signum))


def _is_handled(signum: int) -> bool:
    """Whether a signal has a handler in Python, which the main thread will run."""
    return signum in signal.valid_signals() and callable(signal.getsignal(signum))


PATCHES: tuple[tuple[Any, str, Any], ...] = ()
if hasattr(signal, "setitimer"):  # not on Windows
    _real_alarm, _real_setitimer = signal.alarm, signal.setitimer
    _real_getitimer = signal.getitimer
    _real_kill, _real_thread_kill = os.kill, signal.pthread_kill
    PATCHES = (
        (signal, "alarm", alarm),
        (signal, "setitimer", setitimer),
        (signal, "getitimer", getitimer),
        (os, "kill", kill),
        (signal, "pthread_kill", pthread_kill),
    )
FUNCTIONS: tuple[tuple[Any, Any], ...] = tuple(  # the real one, and ours
    (getattr(owner, name), ours) for owner, name, ours in PATCHES
)
