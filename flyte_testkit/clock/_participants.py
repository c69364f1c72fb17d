"""Who takes part in virtual time, and what each of them is doing at this moment.

A thread *waits* when it sleeps on the clock (the clock knows that by itself) or stands in a wait
of ``threading``, ``queue``, ``concurrent.futures`` or ``selectors``; it is in a *call* when it is
blocked in gRPC; otherwise it *runs*. Python offers no such question, so the answer is read from
the top of the thread's stack, and doubted: a thread that was just notified still stands in its
wait, and a thread blocked in a bare lock looks like one that runs.

Ignorant of time. Only the clock asks.
"""

from __future__ import annotations

import dis
import functools
import itertools
import sys
import threading
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["Participant", "Participants"]

Activity = Literal["runs", "stirs", "waits", "calls"]  # stirs: told to go on, not yet there

_STALL = 1.0  # real seconds without a tick of its processor time: it is blocked, whatever in
_STALL_IN_LOCK = 0.02  # the same, where it stands at an instruction that may well block
_WAIT_MODULES = frozenset({"threading", "queue", "selectors"})
_CLOCK = "flyte_testkit.clock."
_OUR_WAITS = "flyte_testkit.world._governed"  # the Condition.wait of the world calls the real one
_RPC_MODULES = ("grpc", "flyte_testkit.wire")
_BLOCKING_NAMES = frozenset({"acquire", "_acquire_restore", "get", "put", "__enter__"})
_ENTER_OPS = frozenset({"BEFORE_WITH", "SETUP_WITH"})

_HANDS_OVER = sys.version_info >= (3, 13)  # a queue gives a job to a waiting worker at once

_real_monotonic = time.monotonic
_cpu_time = getattr(time, "clock_gettime_ns", None)
_current_frames = sys._current_frames  # noqa: SLF001  there is no other way to see a stack


def _cpu_clock(native_id: int | None) -> int | None:
    """Return Linux's id of a thread's processor clock, or ``None`` where there is none.

    ``pthread_getcpuclockid`` gives the same number but may crash on a thread that has ended.
    """
    return None if native_id is None else (~native_id << 3) | 6


def _can_read_cpu_clocks() -> bool:
    if not sys.platform.startswith("linux") or _cpu_time is None:
        return False
    own = time.pthread_getcpuclockid(threading.get_ident())
    return own == _cpu_clock(threading.get_native_id())


_CPU_CLOCKS = _can_read_cpu_clocks()


class Participant:
    """One thread that takes part, and what was seen of it last."""

    __slots__ = ("_seen", "_since", "idle", "order", "sleeping", "thread")

    def __init__(self, thread: threading.Thread, order: int) -> None:
        self.thread = thread
        self.order = order
        self.sleeping = False  # on the clock
        self.idle = 0  # sleeps in a row with nothing scheduled
        self._seen: tuple[int, int, int] | None = None
        self._since = 0.0

    def has_ended(self) -> bool:
        """Whether the thread is over; its ident may be another thread's by now."""
        started: threading.Event = self.thread._started  # type: ignore[attr-defined]  # noqa: SLF001  is_alive() is false before the start, too
        return started.is_set() and not self.thread.is_alive()

    def activity(self, frame: FrameType, frames: dict[int, FrameType]) -> tuple[Activity, bool]:
        """Say what the thread does, and whether that is certain at the first look.

        A wait is certain once two looks have found the thread in the same place without a tick
        of processor time between them. It stays so until the thread has run again.
        """
        found = _read(frame, frames)
        if found == "stirs":
            return "runs", True
        place = (id(frame), frame.f_lasti, self._processor_time())
        still = place == self._seen
        if not still:
            self._seen = place
            self._since = _real_monotonic()
        if found == "runs":
            patience = _STALL_IN_LOCK if _blocks(frame.f_code, frame.f_lasti) else _STALL
            if not still or _real_monotonic() - self._since < patience:
                return "runs", True
            found = "waits"
        if still and not _CPU_CLOCKS:
            self._seen = None  # it may have run and come back unseen: look twice again next time
        return found, still

    def _processor_time(self) -> int:
        if not _CPU_CLOCKS or _cpu_time is None:
            return 0
        clock = _cpu_clock(self.thread.native_id)
        if clock is None:
            return 0
        try:
            return int(_cpu_time(clock))
        except OSError:  # it ended a moment ago
            return -1


class Participants:
    """The threads that take part, by the order in which they joined."""

    __slots__ = ("_by_ident", "_orders", "_starting")

    def __init__(self) -> None:
        self._by_ident: dict[int, Participant] = {}
        self._starting: dict[threading.Thread, Participant] = {}
        self._orders = itertools.count()

    def __len__(self) -> int:
        return len(self._by_ident) + len(self._starting)

    def __iter__(self) -> itertools.chain[Participant]:
        return itertools.chain(list(self._by_ident.values()), list(self._starting.values()))

    def __contains__(self, thread: threading.Thread) -> bool:
        return any(participant.thread is thread for participant in self)

    def me(self) -> Participant:
        """Return the calling thread as a participant; it joins if it had not."""
        return self.known() or self.join(threading.current_thread())

    def known(self) -> Participant | None:
        """Return the calling thread as a participant if it is one."""
        found = self._by_ident.get(threading.get_ident())
        return found if found and found.thread is threading.current_thread() else None

    def join(self, thread: threading.Thread) -> Participant:
        """Let a thread take part. It may be one that starts only now: it runs, then."""
        ident = thread.ident
        known = self._starting.pop(thread, None)
        if ident is None:
            known = known or Participant(thread, next(self._orders))
            self._starting[thread] = known
            return known
        known = known or self._by_ident.get(ident)
        if known is None or known.thread is not thread:
            known = Participant(thread, next(self._orders))
        self._by_ident[ident] = known
        return known

    def leave(self, thread: threading.Thread) -> None:
        """Let a thread take no more part."""
        self._starting.pop(thread, None)
        if thread.ident is not None:
            found = self._by_ident.get(thread.ident)
            if found is not None and found.thread is thread:
                del self._by_ident[thread.ident]

    def all_wait(self, me: int, held: int) -> tuple[bool, bool]:
        """Whether all but the thread with the ident ``me`` wait, and whether that is certain.

        Threads in a call wait if the server holds back at least as many calls as there are.
        """
        if len(self) == 1 and me in self._by_ident:
            return True, True
        if all(p.sleeping or ident == me for ident, p in self._by_ident.items()):
            if not self._starting:
                return True, True
        elif not self._starting:
            return self._look(me, held)
        for thread in list(self._starting):
            if thread.ident is not None:
                self.join(thread)
        return (False, True) if self._starting else self._look(me, held)

    def _look(self, me: int, held: int) -> tuple[bool, bool]:
        frames = _current_frames()
        calls = 0
        all_certain = True
        for ident, participant in list(self._by_ident.items()):
            if participant.sleeping or ident == me:
                continue
            frame = frames.get(ident)
            if frame is None or participant.has_ended():
                del self._by_ident[ident]
                continue
            activity, certain = participant.activity(frame, frames)
            if activity == "runs":
                return False, True
            calls += activity == "calls"
            all_certain = all_certain and certain
        return calls <= held, all_certain


def _read(frame: FrameType, frames: dict[int, FrameType]) -> Activity:
    """Read one stack, from its top."""
    module = frame.f_globals.get("__name__", "")
    if module.startswith(_RPC_MODULES):
        return "calls"
    if module.startswith(_CLOCK):  # about to sleep, or just woken
        return "stirs"
    found = _wait_at_the_top(frame, module, frames)
    if found != "waits":
        return found
    above: FrameType | None = frame
    while above is not None and _passes_waits_on(module):
        if module == "threading" and above.f_code.co_name == "start":
            return "stirs"
        above = above.f_back
        module = above.f_globals.get("__name__", "") if above is not None else ""
    if module.startswith(_RPC_MODULES):
        return "calls"
    return "runs" if module == "subprocess" else "waits"


def _passes_waits_on(module: str) -> bool:
    return (
        module in _WAIT_MODULES or module == _OUR_WAITS or module.startswith("concurrent.futures")
    )


def _wait_at_the_top(frame: FrameType, module: str, frames: dict[int, FrameType]) -> Activity:
    """Whether the topmost function blocks, and has not been told to go on."""
    name = frame.f_code.co_name
    if module == "threading" and name == "wait":
        known = frame.f_locals
        waiter = known.get("waiter")
        if waiter is None or known.get("gotit", True):  # before or after; perhaps in a lock
            return "runs"
        # A waiter that was notified is no longer listed, but may be locked again already.
        return "waits" if waiter.locked() and waiter in known["self"]._waiters else "stirs"  # noqa: SLF001
    if module == "threading" and name in ("join", "_wait_for_tstate_lock"):
        joined = frame.f_locals.get("self")
        if not isinstance(joined, threading.Thread):
            return "runs"
        # While its end is being noticed it still counts as alive, but has no stack any more.
        return "waits" if joined.is_alive() and joined.ident in frames else "stirs"
    if module == "concurrent.futures.thread" and name == "_worker":
        jobs = frame.f_locals.get("work_queue")
        if jobs is None or not jobs.empty():
            return "stirs"
        return "runs" if _HANDS_OVER and _may_have_a_job(frame, frames) else "waits"
    return "waits" if module == "selectors" and name == "select" else "runs"


def _may_have_a_job(worker: FrameType, frames: dict[int, FrameType]) -> bool:
    """Whether more workers of a pool stand idle than the pool itself believes."""
    pool = worker.f_locals["executor_reference"]()
    if pool is None:
        return False
    standing = sum(
        frame.f_code is worker.f_code and frame.f_locals["executor_reference"]() is pool
        for frame in frames.values()
    )
    return bool(standing > pool._idle_semaphore._value)  # noqa: SLF001  it keeps the count there


@functools.lru_cache(maxsize=512)
def _blocks(code: CodeType, offset: int) -> bool:
    """Whether the instruction there may block in a lock or in a queue written in C."""
    named = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_METHOD", "LOAD_ATTR", "LOAD_SPECIAL"):
            named = instruction.argval
        if instruction.offset == offset:
            return instruction.opname in _ENTER_OPS or (
                instruction.opname.startswith("CALL") and named in _BLOCKING_NAMES
            )
    return False
