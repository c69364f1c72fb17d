"""asyncio beside threads that live on the clock: its timers and its I/O stay real.

A loop that waits for its next event waits, so time may move: its thread is a member like any
other, which is poked rather than blocked. Real timers and sockets count as running, though: while a
task awaits ``asyncio.sleep(8)``, eight real seconds, others may run, but time stands still. Not so
while one awaits a job that it gave to a pool of threads: such a job lives on the clock.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import sys
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from collections import Counter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from flyte_testkit.world._older_threads import wake_older
from flyte_testkit.world._reins import beyond_asyncio, caller, held

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import FrameType

    from flyte_testkit.clock import Sleeper

__all__ = ["PATCHES", "loop_of"]

_Selector: Any = selectors.DefaultSelector
_real_select = _Selector.select
_real_poke = BaseSelectorEventLoop._write_to_self  # type: ignore[attr-defined]  # noqa: SLF001  every way to wake a loop ends there
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_LOOP = "asyncio.base_events"
_WAITPID = ("asyncio-waitpid-", "waitpid-")  # threads: since Python 3.11, and before

_asleep: dict[Any, Sleeper] = {}
_jobs: WeakKeyDictionary[Any, Counter[str]] = WeakKeyDictionary()
_NONE: Counter[str] = Counter()
_heard: WeakSet[Any] = WeakSet()  # clocks that say when they give up


def select(self: Any, timeout: float | None = None) -> Any:
    """Wait for events; a loop gives its turn up meanwhile."""
    if not held or (timeout is not None and timeout <= 0):
        return _real_select(self, timeout)
    frame = _frame(1)
    loop = frame.f_locals.get("self") if frame.f_globals.get("__name__") == _LOOP else None
    clock = held[-1].clock
    member = clock.mover.members.here()
    if loop is None or member is None or member.guest:
        return _real_select(self, timeout)
    events = _real_select(self, 0)
    if events:
        return events
    if not _waits(loop, self, timeout):
        with clock.mover.calls.away(member):
            return _real_select(self, timeout)
    sleeper = _asleep[loop] = clock.sleeper(None)
    sleeper.hopeful = len(self.get_map()) > 1
    if clock not in _heard:
        _heard.add(clock)
        clock.when_broken(_rouse)
    clock.mover.step_out(sleeper)
    try:
        events = _real_select(self, timeout)
    finally:
        del _asleep[loop]
        woken = sleeper.settled
        clock.mover.step_in(sleeper)
    if not woken and not sleeper.hopeful:
        clock.check()
    return events


def _rouse() -> None:
    """Wake the loops that wait on a clock that gave up."""
    for loop in list(_asleep):
        _real_poke(loop)


def poke(self: Any) -> None:
    """Wake a loop from another thread: it is ready before that thread goes on."""
    sleeper = _asleep.get(self)
    if sleeper is not None:
        wake_older(sleeper)
        sleeper.release()
    elif held and self._thread_id not in (None, threading.get_ident()):
        _join(self._thread_id, _frame(1))
    _real_poke(self)


def loop_of(frame: Any) -> Any:
    """Return the loop whose ``run_in_executor`` a frame is, or None."""
    return frame.f_locals.get("self") if frame.f_globals.get("__name__") == _LOOP else None


def count_job(loop: Any, job: Future[Any]) -> None:
    """Remember until it is done that a loop awaits a job that lives on the clock."""
    jobs = _jobs.setdefault(loop, Counter())
    jobs["out"] += 1
    job.add_done_callback(lambda _: jobs.subtract(["out"]))


def _waits(loop: Any, selector: Any, timeout: float | None) -> bool:
    """Whether a loop waits for nothing but its own jobs, other threads, or somebody to connect."""
    if _jobs.get(loop, _NONE)["out"] or not asyncio.all_tasks(loop):
        return True
    if timeout is not None or _awaits_a_child():
        return False
    own = loop._ssock.fileno()  # noqa: SLF001  by which other threads wake it
    return all(key.fd == own or _listens(key.fd) for key in selector.get_map().values())


def _awaits_a_child() -> bool:
    """Whether a thread of asyncio waits for a child process; pidfds are in the selector."""
    return any(thread.name.startswith(_WAITPID) for thread in threading.enumerate())


def _listens(descriptor: int) -> bool:
    """Whether a descriptor is a socket that waits for others to connect; loops keep no more."""
    try:
        found = socket.socket(fileno=descriptor)
    except OSError:  # a pipe, say
        return False
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False
    finally:
        found.detach()  # it stays the loop's


def _join(ident: int, frame: FrameType) -> None:
    """Let a thread take part whose loop gets work from code under test: it is older, then."""
    reins = caller(beyond_asyncio(frame))
    thread = next((known for known in threading.enumerate() if known.ident == ident), None)
    if reins is not None and thread is not None:
        reins.clock.mover.join(thread, resident=True)


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (_Selector, "select", select),
    (BaseSelectorEventLoop, "_write_to_self", poke),
)
