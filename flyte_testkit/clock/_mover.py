"""Who takes part, and how one waits: the members' side of the turns.

A thread joins, waits and leaves here; a job of a pool engages a seat, which its worker takes. What
is promised of their order is written in ``_turns``.

Ignorant of when a wait is hopeless, and of what waits are called in Python.
"""

from __future__ import annotations

import _thread
import threading
from collections import deque
from typing import TYPE_CHECKING

from flyte_testkit.clock._calls import Calls
from flyte_testkit.clock._members import Member, Members, hook_end, hook_start, leave_world
from flyte_testkit.clock._schedule import Entry
from flyte_testkit.clock._sleeper import Sleeper
from flyte_testkit.clock._traffic import Traffic
from flyte_testkit.clock._turns import Turns
from flyte_testkit.clock._watch import watch
from flyte_testkit.errors import ClockError

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["Mover", "Sleeper"]

_get_ident = _thread.get_ident
_real_join = threading.Thread.join
_BURIAL = 1.0  # real seconds that a thread which has nothing left to do is given to be gone


class Mover(Turns):
    """The members and their waits.

    Args:
        start: The time, in microseconds.
    """

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.members = Members()
        self.traffic = Traffic()
        self.skipped = 0  # by ``move``
        self.is_resident: Callable[[], bool] | None = None  # of the world, which knows its people
        self._joiners: dict[threading.Thread, list[Sleeper]] = {}
        self._corpses: list[threading.Thread] = []
        self._unhook: dict[Member, Callable[[], None]] = {}

    @property
    def calls(self) -> Calls:
        """What may be done about the calls under way."""
        return Calls(self)

    def begin_watch(self) -> None:
        """Watch over the turns from now on; only with the lock held."""
        if not self.is_watched:
            self.is_watched = True
            _thread.start_new_thread(watch, (self, self.end))

    # Who takes part

    def me(self) -> Member:
        """Return the calling thread as a member; it joins if it had not."""
        return self.members.here() or self.join(threading.current_thread())

    def join(self, thread: threading.Thread, *, resident: bool | None = None) -> Member:
        """Let a thread take part.

        One that is not started is ready, and its start and end are hooked. One that runs goes on
        running, as a guest unless it is known to be a resident.
        """
        with self.lock:
            known = self.members.of(thread)
            if known is not None:
                if resident and known.guest:
                    known.guest = False
                    self.run(known)
                return known
            if thread.ident is not None:
                if resident is None:
                    resident = self.is_resident is not None and self.is_resident()
                hooked = resident and hook_end(thread, self.end)
                member = self.members.add(thread, guest=not resident, hooked=hooked)
                if resident:
                    self.run(member)
                return member
            member = self.members.add(thread)
            self._unhook[member] = hook_start(
                thread, lambda: self.take_seat(member), lambda: self.end(thread)
            )
            self.queue(member)
        self.go()
        return member

    def takes_part(self, thread: threading.Thread) -> bool:
        """Whether a thread takes part."""
        with self.lock:
            return self.members.of(thread) is not None

    def adopt(self, thread: threading.Thread) -> Member:
        """Let a thread take part that waits, and not on this clock."""
        with self.lock:
            known = self.members.of(thread)
            if known is not None:
                return known
            return self.members.add(thread, hooked=hook_end(thread, self.end))

    def wake_older(self, member: Member) -> None:
        """Let one run that was adopted, or that waits on an older clock: it is being notified."""
        with self.lock:
            if member.thread is not None and not member.guest:
                known = self.members.of(member.thread) or self.adopt(member.thread)
                if not (known.turn or known.queued):
                    self.run(known)

    def leave(self, thread: threading.Thread) -> None:
        """Let a thread take no more part."""
        with self.lock:
            member = self.members.of(thread)
            if member is not None:
                self._dismiss(member)
        self.go()

    def end(self, thread: threading.Thread) -> None:
        """Let a thread leave that has nothing left to do; who joins it goes on once it is dead."""
        with self.lock:
            for sleeper in self._joiners.pop(thread, ()):
                sleeper.settle()
            self._corpses.append(thread)
        self.leave(thread)

    def engage(self) -> Member:
        """Let a job take part that a worker will pick up: it is ready from now on."""
        with self.lock:
            member = self.members.add(None)
            self.queue(member)
        self.go()
        return member

    def take_seat(self, member: Member) -> Member | None:
        """Be that member from now on; returns once it has its turn, with whom one was before."""
        with self.lock:
            self._unhook.pop(member, None)
            before = self.members.seat(member)
        self.await_turn(member)
        return before

    def leave_seat(self, member: Member, before: Member | None) -> None:
        """Be again whom one was before."""
        with self.lock:
            self.members.unseat(before)
            self._dismiss(member)
        self.go()

    def dismiss(self, member: Member) -> None:
        """Let a member take no more part; a job that no worker will pick up, say."""
        with self.lock:
            self._dismiss(member)
        self.go()

    # Waiting

    def sleep(self, length: int) -> None:
        """Sleep so many microseconds on the clock."""
        with self.lock:
            who = self.me()
            if self._skip(who, length):
                return
            sleeper = Sleeper(self, self.us + length, Entry.SLEEPER, who)
        self.park(sleeper)

    def skip(self, length: int) -> bool:
        """Move time so far at once if nobody else is there; say whether that was so."""
        with self.lock:
            return self._skip(self.me(), length)

    def sleeper(self, length: int | None) -> Sleeper:
        """Return a sleeper for the calling thread, to be parked; ``None`` is for ever."""
        with self.lock:
            when = None if length is None else self.us + length
            return Sleeper(self, when, Entry.SLEEPER, self.me())

    def move(self, length: int) -> None:
        """Move time, and do what is due on the way; the limit moves along."""
        with self.lock:
            self.skipped += length
            if self.limit_at is not None:
                self.limit_at += length
            # Who only moves time takes no part in it by that.
            who = self.members.here() or Member(
                threading.current_thread(), -1, guest=True, hooked=False
            )
            target = self.us + length
            if self._calling_back != _get_ident() and self._skip(who, length):
                return
        self.park(Sleeper(self, target, Entry.MOVER, who))

    def park(self, sleeper: Sleeper) -> bool:
        """Sleep until the sleeper is settled; say whether another thread released it."""
        who = sleeper.who
        self.check_wait()
        try:
            while self._lie_down(sleeper):
                self.go(to_be_told=True)
                self.await_turn(who)
                while who.interruptions:
                    who.interruptions.popleft()()
        finally:
            with self.lock:
                self._get_up(sleeper)
            if who.guest:
                self.go()
        return sleeper.released

    def check_wait(self) -> None:
        """Refuse to let a callback of this clock wait, by a ClockError."""
        if self._calling_back == _get_ident():
            raise ClockError(
                "a callback of call_at or call_later tried to wait. A callback happens at one "
                "instant: let it schedule the rest with call_later(seconds, ...)."
            )

    def join_thread(self, thread: threading.Thread, length: int | None) -> bool:
        """Wait on the clock until a member has nothing left to do; say whether it has."""
        with self.lock:
            if self.members.of(thread) is None:
                return True
            sleeper = self.sleeper(length)
            self._joiners.setdefault(thread, []).append(sleeper)
        return self.park(sleeper)

    def interrupt(
        self,
        thread: threading.Thread,
        function: Callable[[], object],
        kill: Callable[[int], object],
    ) -> None:
        """Let a thread run a function in between, as for a signal.

        Args:
            thread: Which.
            function: What it runs, in its turn, if it sleeps on the clock.
            kill: What is called with its ident if it stands elsewhere.
        """
        with self.lock:
            member = self.members.of(thread)
            asleep = member is not None and member.sleeping
            if member is not None and asleep:
                if member.interruptions is None:
                    member.interruptions = deque()
                member.interruptions.append(function)
                self.queue(member)
            else:
                self.calls.disturb(member)
        if not asleep and thread.ident is not None:
            kill(thread.ident)
        self.go()

    def close(self) -> list[Member]:
        """Let those end who began here and wait with a time-out: the world and its time are over.

        They end quietly, as if by ``sys.exit()``, at the place where they wait. Who waits for ever
        goes on, for somebody may still come; all other event loops go on in real time. Returns
        those who end; ``go`` is to follow.
        """
        with self.lock:
            self.over = True
            waiting = [s.who for s in self.sleepers if s.who.is_native and not s.endless]
            for member in waiting:
                member.interruptions = deque([leave_world])
                self.queue(member)
            for sleeper in [one for one in self.doors if one.who not in waiting]:
                sleeper.settle()
            for member in list(self.runs):
                if member is not self.members.here():
                    self._dismiss(member)
        return waiting

    def _dismiss(self, member: Member) -> None:
        self.members.remove(member)
        for other in self.members:
            other.hear_of(member)
        self.stop(member)
        unhook = self._unhook.pop(member, None)
        if unhook is not None:
            unhook()

    def await_turn(self, member: Member) -> None:
        """Block until the turn has come. Whoever has it sees no thread that only seems alive."""
        while not (member.turn or self.broken):
            member.doze()
        if not member.turn:
            with self.lock:
                self.stop(member)
                self.run(member)
        while self._corpses:
            try:
                dead = self._corpses.pop()
            except IndexError:  # another has buried it
                break
            if dead is not threading.current_thread():
                _real_join(dead, _BURIAL)

    def _lie_down(self, sleeper: Sleeper) -> bool:
        """Give the turn up, unless there is nothing to wait for."""
        with self.lock:
            if sleeper.settled or self.broken:
                return False
            if sleeper not in self.sleepers:
                if not sleeper.endless:
                    self.agenda.add(sleeper)
                self.sleepers[sleeper] = None
            sleeper.who.sleeping = True
            self.stop(sleeper.who)
            return True

    def _get_up(self, sleeper: Sleeper) -> None:
        """Run on, whatever ended the sleep; a guest leaves the stage."""
        self.agenda.cancel(sleeper)
        self.sleepers.pop(sleeper, None)
        who = sleeper.who
        who.sleeping = False
        if who.guest:
            self.stop(who)
        elif not who.turn:
            self.stop(who)
            self.run(who)
