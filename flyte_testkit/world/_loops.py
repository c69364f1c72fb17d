"""asyncio beside threads that live on the clock: its timers and its I/O stay real.

A loop that waits for its next event waits, so time may move: its thread is a member like any
other, which is poked rather than blocked. Real timers count as running, though: while the main
thread awaits ``asyncio.sleep(8)``, eight real seconds, time stands still. Not so while it awaits a
job that it gave to a pool of threads: such a job lives on the clock.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from collections import Counter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from flyte_testkit.world._reins import held

if TYPE_CHECKING:
    from concurrent.futures import Future

    from flyte_testkit.clock import Sleeper

__all__ = ["PATCHES", "loop_of"]

_Selector: Any = selectors.DefaultSelector
_real_select = _Selector.select
_real_poke = BaseSelectorEventLoop._write_to_self  # type: ignore[attr-defined]  # noqa: SLF001  every way to wake a loop ends there
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_LOOP = "asyncio.base_events"

_asleep: dict[Any, Sleeper] = {}
_jobs: WeakKeyDictionary[Any, Counter[str]] = WeakKeyDictionary()


def select(self: Any, timeout: float | None = None) -> Any:
    """Wait for events; a loop gives its turn up meanwhile."""
    if not held or (timeout is not None and timeout <= 0):
        return _real_select(self, timeout)
    frame = _frame(1)
    loop = frame.f_locals.get("self") if frame.f_globals.get("__name__") == _LOOP else None
    clock = held[-1].clock
    member = clock.mover.members.here()
    if loop is None or member is None or member.guest or _counts_as_running(loop, timeout):
        return _real_select(self, timeout)
    events = _real_select(self, 0)
    if events:
        return events
    sleeper = _asleep[loop] = clock.sleeper(None)
    sleeper.hopeful = _is_main() and len(self.get_map()) > 1
    clock.mover.step_out(sleeper)
    try:
        return _real_select(self, timeout)
    finally:
        del _asleep[loop]
        clock.mover.step_in(sleeper)


def poke(self: Any) -> None:
    """Wake a loop from another thread: it is ready before that thread goes on."""
    sleeper = _asleep.get(self)
    if sleeper is not None:
        sleeper.release()
    _real_poke(self)


def loop_of(frame: Any) -> Any:
    """Return the loop whose ``run_in_executor`` a frame is, or None."""
    return frame.f_locals.get("self") if frame.f_globals.get("__name__") == _LOOP else None


def count_job(loop: Any, job: Future[Any]) -> None:
    """Remember until it is done that a loop awaits a job that lives on the clock."""
    jobs = _jobs.setdefault(loop, Counter())
    jobs["out"] += 1
    job.add_done_callback(lambda _: jobs.subtract(["out"]))


def _counts_as_running(loop: Any, timeout: float | None) -> bool:
    """Whether the test itself waits for real time: it awaits a timer, and no job of a pool."""
    if timeout is None or not _is_main() or not asyncio.all_tasks(loop):
        return False
    return not _jobs.get(loop, Counter())["out"]


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (_Selector, "select", select),
    (BaseSelectorEventLoop, "_write_to_self", poke),
)
