"""What stands in for ``time.sleep``, ``Condition.wait`` and ``Thread.start`` in a world.

They are the same functions in every world and act as the real ones outside of any, so one that
was kept (as a default argument, say) does no harm later.

Ignorant of how they come to stand there. ``_participants`` knows this module by name: a real wait
below it is a wait.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import caller, starter

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["REAL_SLEEP", "sleep", "start", "wait", "wait_time"]

REAL_SLEEP = time.sleep
_real_monotonic = time.monotonic
_real_start = threading.Thread.start
_real_wait = threading.Condition.wait
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say

# They say by an argument that they will wait for ever, so there is no need to see it happen.
_CLIENTS = frozenset({"flytekit.remote.remote"})
_ENDLESS = (
    "the code under test waits for an execution and has no timeout, and nothing is scheduled.",
    "Script an ending, or give the wait a timeout.",
)

_NUDGE = 0.4e-6  # seconds; less than half of what a clock can tell apart


def sleep(seconds: float, /) -> None:
    """Sleep on the clock of the world, or really if the machinery asks."""
    reins = caller(_frame(1))
    if reins is None or isinstance(seconds, timedelta) or not seconds:
        REAL_SLEEP(seconds)  # a timedelta is refused, and zero lets other threads run
    if reins is not None:
        if _waits_for_ever(_frame(1)):
            reins.clock.give_up_if_idle(*_ENDLESS)
        reins.clock.sleep(reins.landing(seconds))


def _waits_for_ever(frame: FrameType) -> bool:
    """Whether this is the wait of an execution client that was given no timeout."""
    return (
        frame.f_code.co_name == "wait"
        and frame.f_globals.get("__name__") in _CLIENTS
        and frame.f_locals.get("timeout", frame) is None
    )


def wait(self: Any, timeout: float | None = None) -> bool:
    """Wait for a notification, or until a deadline on the clock of the world."""
    reins = caller(_frame(1)) if timeout is None or timeout > 0 else None
    if reins is None:
        return _real_wait(self, timeout)
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    clock = reins.clock
    sleeper = clock.sleeper(None if timeout is None else reins.landing(timeout))
    self._waiters.append(sleeper)
    state = self._release_save()
    notified = False
    try:
        notified = clock.park(sleeper)
    finally:
        self._acquire_restore(state)
        if not notified:
            with contextlib.suppress(ValueError):
                self._waiters.remove(sleeper)
    return notified


def start(self: threading.Thread) -> None:
    """Start a thread, which takes part in virtual time if its starter does."""
    reins = starter(_frame(1))
    if reins is None:
        _real_start(self)
        return
    reins.clock.join(self)
    try:
        _real_start(self)
    except BaseException:
        reins.clock.leave(self)
        raise


def wait_time() -> float:
    """Return the time by which ``threading`` and ``queue`` reckon the rest of a timeout.

    They add the timeout to a first reading, and give up once a later one has reached the sum. To
    the microsecond that is exact; the nudge keeps rounding errors of the sum from adding one.
    """
    frame = _frame(1)
    reins = caller(frame)
    if reins is None:
        return _real_monotonic()
    return reins.clock.elapsed + (_NUDGE if _reckons(frame) else 0)


def _reckons(frame: FrameType) -> bool:
    return frame.f_locals.get("endtime") is not None
