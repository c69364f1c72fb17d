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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flyte_testkit.clock._heard import anew
from flyte_testkit.clock._members import Member
from flyte_testkit.clock._rest import TICK, at_work
from flyte_testkit.clock.marks import UNMARKED

if TYPE_CHECKING:
    from _thread import RLock
    from collections.abc import Callable, Iterator

    from flyte_testkit.clock._members import Members
    from flyte_testkit.errors import HopelessWait

__all__ = ["Calls"]

_ATTENTION = 0.5  # real seconds; gRPC looks for signals five times a second
_FAREWELL = 2.0  # real seconds in which a server learns at the latest that its client is gone
_real_sleep = time.sleep
_threads: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]  # noqa: SLF001  nothing else takes a thread out that Python has not started


class _Mover(Protocol):
    """What calls need of their mover."""

    lock: RLock
    members: Members

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


@dataclass(eq=False)
class Hold:
    """A call that the server holds back: what it is called, its id, and who waits for it."""

    what: str
    call: object
    waiter: Member | None = None


class Calls:
    """The calls under way; their state is guarded by the mover's lock."""

    def __init__(self, mover: _Mover) -> None:
        self._mover = mover
        self._standing: dict[object, Member] = {}  # by id, in the order of their sending
        self._sent: dict[object, None] = {}  # futures that are not done
        self.flying: dict[object, None] = {}  # those of them that are not held back
        self.held: dict[object, Hold] = {}
        self._stills: dict[object, Callable[[], object]] = {}  # of some that fly
        self._verdicts: dict[Member, HopelessWait] = {}
        self._within: set[Member] = set()  # whose threads answer their own calls at this moment

    def hold(
        self, what: str, call: object = None, keep: Callable[[Hold], object] | None = None
    ) -> Hold:
        """Count one more call that the server holds back.

        ``keep`` is called with what this returns before time can move: what is due may release it.
        """
        mover = self._mover
        with mover.lock:
            if call is None:
                call = self._oldest()
            elif call == UNMARKED:
                aways = (away for away in self.flying if isinstance(away, Member))
                call = next(aways, UNMARKED)
            hold = Hold(what, call, self._standing.get(call))
            self.held[hold] = hold
            if keep is not None:
                keep(hold)
            self.flying.pop(call, None)
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
            if found.call in self._sent:
                self.flying[found.call] = None
            else:  # its client went before, and waited until the server knew
                self.flying.pop(found.call, None)
            if found.waiter is not None:
                mover.queue(found.waiter)
        mover.go()

    def enter(self, call: object) -> Member:
        """Say that the calling thread stands in a call from now on."""
        mover = self._mover
        with mover.lock:
            member = mover.me()
            self._standing[call] = member
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
            self._standing.pop(call, None)
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
        self._tell(member)

    def sentence(self, member: Member, verdict: HopelessWait) -> None:
        """Let who stands in a call raise this when it is answered; only with the lock held.

        Not before: whoever is interrupted within gRPC may leave with one of its locks.
        """
        self._verdicts[member] = verdict

    def stander(self, call: object) -> Member | None:
        """Return who stands in a call; only with the mover's lock held."""
        return self._standing.get(call)

    def stands(self, member: Member) -> bool:
        """Whether a member stands in a call, held back or not; only with the lock held."""
        return member in self._within or member in self._standing.values()

    def go_within(self, member: Member) -> bool:
        """Say that the calling thread, a member, answers its own call; False if it did already."""
        if member in self._within:
            return False
        self._within.add(member)
        return True

    def come_out(self, member: Member, *, waits: bool) -> None:
        """Say that it does so no longer; perhaps it waits in that call from now on.

        Raises:
            HopelessWait: Somebody wanted to raise it there meanwhile.
        """
        self._within.discard(member)
        if self._verdicts and not waits:
            self._tell(member)

    def _tell(self, member: Member) -> None:
        if (verdict := self._verdicts.pop(member, None)) is not None:
            raise anew(verdict)

    def fly(self, call: object, still: Callable[[], object] | None = None) -> None:
        """Say that something is under way in which nobody stands.

        Args:
            call: What.
            still: Called, by any thread, when it is held back for the first time, or done.
        """
        with self._mover.lock:
            self._sent[call] = None
            if all(hold.call != call for hold in self.held.values()):
                self.flying[call] = None
            if still is not None:
                self._stills[call] = still

    def land(self, call: object) -> None:
        """Say that it is done."""
        with self._mover.lock:
            self._take_off(call)
        self._still(call)
        self._mover.go()

    def _take_off(self, call: object) -> None:
        """Forget what is done; if the server holds it back still, it is to learn of that first."""
        if call not in self._sent:
            return
        del self._sent[call]
        self.flying.pop(call, None)
        if isinstance(call, str) and any(hold.call == call for hold in self.held.values()):
            self.flying[call] = None
            _thread.start_new_thread(self._forget_slowly, (call,))

    def _forget_slowly(self, call: object) -> None:
        """Wait until the server should know; on a busy machine that may take it longer."""
        _real_sleep(_FAREWELL)
        for _ in at_work():
            if call not in self.flying:
                break
            _real_sleep(TICK)
        with self._mover.lock:
            self.flying.pop(call, None)
        self._mover.go()

    def _still(self, call: object) -> None:
        still = self._stills.pop(call, None)
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
        if member is not None and self.is_held(member):
            self._mover.queue(member)
            _thread.start_new_thread(self._calm, (member,))

    def _calm(self, member: Member) -> None:
        _real_sleep(_ATTENTION)
        with self._mover.lock:
            if self.is_held(member):
                self._mover.stop(member)
        self._mover.go()

    def is_held(self, member: Member) -> bool:
        """Whether the server holds back the call that a member stands in; with the lock held."""
        return any(hold.waiter is member for hold in self.held.values())

    @contextmanager
    def away(self, member: Member) -> Iterator[None]:
        """Let time stand still while a member waits for somebody outside of this process."""
        with self._mover.lock:
            self.fly(member)
            for hold in self.held.values():
                if hold.call in (UNMARKED, member):  # held before the loop began to wait (again)
                    hold.call = member
                    self.flying.pop(member, None)
                    break
        try:
            yield
        finally:
            self.land(member)

    def _oldest(self) -> object:
        """Return the call that has been under way for longest, of those that are not held back."""
        held = {hold.call for hold in self.held.values()}
        known = (call for calls in (self._standing, self.flying) for call in calls)
        return next((call for call in known if call not in held), None)
