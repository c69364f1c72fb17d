"""What stands in for ``Condition.wait`` and ``notify``, and so for all that is built of them.

That is ``Event``, ``Semaphore``, ``Barrier``, ``Timer``, the queues of ``queue``,
``Future.result``, ``futures.wait`` and ``as_completed``, and the results of a ``ThreadPool``.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._older_threads import wake_older
from flyte_testkit.world._reins import caller

if TYPE_CHECKING:
    from types import FrameType

    from flyte_testkit.clock import VirtualClock

__all__ = ["PATCHES", "keep_real", "wait", "wait_on", "wait_time"]

_real_monotonic = time.monotonic
_real_wait = threading.Condition.wait
_starting = threading.Thread.start.__code__
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_REAL = "_flyte_testkit_real"

_NUDGE = 0.4e-6  # seconds; less than half of what a clock can tell apart


def wait(self: Any, timeout: float | None = None) -> bool:
    """Wait for a notification, or until a deadline on the clock of the world."""
    frame = _frame(1)
    reins = caller(frame)
    if reins is None or _REAL in vars(self) or _starts_a_thread(frame):
        return _real_wait(self, timeout)
    if timeout is None:
        return wait_on(reins.clock, self, None)
    if timeout > 0:
        return wait_on(reins.clock, self, reins.landing(timeout))
    if not reins.glance():
        return _real_wait(self, timeout)
    with reins.ticking() as tick:  # who waits for no time, again and again, waits
        return wait_on(reins.clock, self, tick)


def wait_on(clock: VirtualClock, condition: Any, timeout: float | None) -> bool:
    """Wait for a notification, or until a deadline on this clock."""
    if not condition._is_owned():  # noqa: SLF001  as the real wait asks
        raise RuntimeError("cannot wait on un-acquired lock")
    waiters = condition._waiters  # noqa: SLF001  where the real wait puts a lock
    sleeper = clock.sleeper(timeout)
    waiters.append(sleeper)
    state = condition._release_save()  # noqa: SLF001  as the real wait does
    notified = False
    try:
        notified = clock.park(sleeper)
    finally:
        condition._acquire_restore(state)  # noqa: SLF001  as the real wait does
        if not notified:
            with contextlib.suppress(ValueError):
                waiters.remove(sleeper)
    return notified


def notify(self: Any, n: int = 1) -> None:
    """Wake those who wait; whose time had come already uses no notification up."""
    if not self._is_owned():
        raise RuntimeError("cannot notify on un-acquired lock")
    waiters = self._waiters
    while waiters and n > 0:
        waiter = waiters[0]
        wake_older(waiter)
        try:
            used = waiter.release() is not False  # a lock returns None
        except RuntimeError:  # it was released, and an interruption left it in the queue
            used = False
        n -= used
        with contextlib.suppress(ValueError):
            waiters.remove(waiter)


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


def keep_real(condition: threading.Condition) -> None:
    """Let waits on a condition be real: a process or a server will notify it."""
    vars(condition)[_REAL] = True


def _starts_a_thread(frame: FrameType) -> bool:
    """Whether ``Thread.start`` waits until the new thread is there."""
    return frame.f_back is not None and frame.f_back.f_code is _starting


def _reckons(frame: FrameType) -> bool:
    return frame.f_locals.get("endtime") is not None


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (threading.Condition, "wait", wait),
    (threading.Condition, "notify", notify),
)
