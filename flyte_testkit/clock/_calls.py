"""RPCs, as far as time is concerned: who stands in which, and which of them the server holds back.

A member that stands in a call runs, for its answer may be about to come, and time stands still. It
waits from the moment in which the server holds that very call back until the moment before it is
answered. A call that nobody stands in (a future) *flies* from its sending until it is held back or
done: turns change meanwhile, but time stands still.

A call is known by an id, which travels with it. A server of another maker may know none: then it
holds back the call that has been under way for longest. And a client may know none: then it is
outside of this process, or the loop of asyncio that waits for it is.

Ignorant of gRPC.
"""

from __future__ import annotations

import _thread
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from flyte_testkit.clock._members import Member
from flyte_testkit.clock._rest import TICK, at_work
from flyte_testkit.clock._traffic import Hold
from flyte_testkit.clock.marks import UNMARKED

if TYPE_CHECKING:
    from _thread import RLock
    from collections.abc import Callable, Iterator

    from flyte_testkit.clock._members import Members
    from flyte_testkit.clock._traffic import Traffic

__all__ = ["Calls"]

_ATTENTION = 0.5  # real seconds; gRPC looks for signals five times a second
_FAREWELL = 2.0  # real seconds in which a server learns at the latest that its client is gone
_real_sleep = time.sleep
_threads: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]  # noqa: SLF001  nothing else takes a thread out that Python has not started


class _Mover(Protocol):
    """What calls need of their mover."""

    lock: RLock
    members: Members
    traffic: Traffic

    def me(self) -> Member:
        """Return the calling thread as a member."""

    def run(self, member: Member) -> None:
        """Let a member run, beside whoever does."""

    def stop(self, member: Member) -> None:
        """Take a member's turn."""

    def queue(self, member: Member) -> None:
        """Let a member be ready."""

    def await_turn(self, member: Member) -> None:
        """Block until the turn has come."""

    def dismiss(self, member: Member) -> None:
        """Let a member take no more part."""

    def go(self) -> None:
        """Hand on if nobody runs."""

    def check_wait(self) -> None:
        """Refuse to let the calling thread wait if it moves time at this moment."""


class Calls:
    """What may be done about a mover's calls; it is made anew for each who asks."""

    __slots__ = ("_mover", "_traffic")

    def __init__(self, mover: _Mover) -> None:
        self._mover = mover
        self._traffic = mover.traffic

    @property
    def held(self) -> dict[object, Hold]:
        """What the server holds back."""
        return self._traffic.held

    def hold(
        self, what: str, call: object = None, keep: Callable[[Hold], object] | None = None
    ) -> Hold:
        """Count one more call that the server holds back.

        ``keep`` is called with what this returns before time can move: what is due may release it.
        """
        mover = self._mover
        with mover.lock:
            if call is None:
                call = self._traffic.oldest()
            elif call == UNMARKED:
                aways = (away for away in self._traffic.flying if isinstance(away, Member))
                call = next(aways, UNMARKED)
            hold = Hold(what, call, self._traffic.standing.get(call))
            self.held[hold] = hold
            if keep is not None:
                keep(hold)
            self._traffic.flying.pop(call, None)
            if hold.waiter is not None:
                mover.stop(hold.waiter)
            itself = mover.members.here() is not None
        self._still(call)
        if not itself:  # else it hands on when it waits
            # This may be the thread that serves all calls: callbacks shall not run on it.
            _thread.start_new_thread(mover.go, ())
        return hold

    def wait(self, answered: _thread.LockType) -> None:
        """Let time pass in a held call in which the calling thread stands, until it is answered.

        Args:
            answered: A lock that is held until then.

        Raises:
            ClockError: The thread moves time at this moment.
        """
        self._mover.check_wait()
        self._mover.go()
        answered.acquire()

    def release(self, hold: object) -> None:
        """Count it no longer; who waits for it is ready before the answer is sent."""
        mover = self._mover
        with mover.lock:
            found = self.held.pop(hold, None)
            if found is None:
                return
            if found.call in self._traffic.sent:
                self._traffic.flying[found.call] = None
            else:  # its client went before, and waited until the server knew
                self._traffic.flying.pop(found.call, None)
            if found.waiter is not None:
                mover.queue(found.waiter)
        mover.go()

    def enter(self, call: object) -> Member:
        """Say that the calling thread stands in a call from now on."""
        mover = self._mover
        with mover.lock:
            member = mover.me()
            self._traffic.standing[call] = member
            for hold in self.held.values():
                if hold.call == call:
                    hold.waiter = member
                    mover.stop(member)
        mover.go()
        return member

    def leave(self, call: object, member: Member) -> None:
        """Say that it stands there no longer; returns when it is its turn."""
        mover = self._mover
        with mover.lock:
            self._traffic.standing.pop(call, None)
            for hold in self.held.values():
                if hold.waiter is member and hold.call == call:  # it went before it was answered
                    hold.waiter = None
            if member.guest:
                mover.stop(member)
            elif not member.turn:
                mover.queue(member)
        mover.go()
        if not member.guest:
            mover.await_turn(member)
        self._traffic.tell(member)

    def fly(self, call: object, still: Callable[[], object] | None = None) -> None:
        """Say that something is under way in which nobody stands.

        Args:
            call: What.
            still: Called, by any thread, when it is held back for the first time, or done.
        """
        with self._mover.lock:
            self._traffic.sent[call] = None
            if all(hold.call != call for hold in self.held.values()):
                self._traffic.flying[call] = None
            if still is not None:
                self._traffic.stills[call] = still

    def land(self, call: object) -> None:
        """Say that it is done."""
        with self._mover.lock:
            self._take_off(call)
        self._still(call)
        self._mover.go()

    def _take_off(self, call: object) -> None:
        """Forget what is done; if the server holds it back still, it is to learn of that first."""
        if call not in self._traffic.sent:
            return
        del self._traffic.sent[call]
        self._traffic.flying.pop(call, None)
        if isinstance(call, str) and any(hold.call == call for hold in self.held.values()):
            self._traffic.flying[call] = None
            _thread.start_new_thread(self._forget_slowly, (call,))

    def _forget_slowly(self, call: object) -> None:
        """Wait until the server should know; on a busy machine that may take it longer."""
        _real_sleep(_FAREWELL)
        for _ in at_work():
            if call not in self._traffic.flying:
                break
            _real_sleep(TICK)
        with self._mover.lock:
            self._traffic.flying.pop(call, None)
        self._mover.go()

    def _still(self, call: object) -> None:
        still = self._traffic.stills.pop(call, None)
        if still is not None:
            still()

    @contextmanager
    def landing(self, call: object) -> Iterator[None]:
        """Let the calling thread run as a member while it does what the end of a call brings."""
        mover = self._mover
        ident = threading.get_ident()
        is_known = ident in _threads
        with mover.lock:
            member = mover.members.add(threading.current_thread())
            mover.run(member)
            self._take_off(call)
        try:
            yield
        finally:
            mover.dismiss(member)
            if not is_known:  # else what stands for it in ``threading`` outlives it before 3.12
                _threads.pop(ident, None)

    def disturb(self, member: Member | None) -> None:
        """Let a member run for a moment that waits in a held call: it is about to get a signal."""
        if member is not None and self._traffic.is_held(member):
            self._mover.queue(member)
            _thread.start_new_thread(self._calm, (member,))

    def _calm(self, member: Member) -> None:
        _real_sleep(_ATTENTION)
        with self._mover.lock:
            if self._traffic.is_held(member):
                self._mover.stop(member)
        self._mover.go()

    @contextmanager
    def away(self, member: Member) -> Iterator[None]:
        """Let time stand still while a member waits for somebody outside of this process."""
        with self._mover.lock:
            self.fly(member)
            for hold in self.held.values():
                if hold.call in (UNMARKED, member):  # held before the loop began to wait (again)
                    hold.call = member
                    self._traffic.flying.pop(member, None)
                    break
        try:
            yield
        finally:
            self.land(member)
