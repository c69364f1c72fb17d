"""Whose turn it is, and who moves time: turns instead of guesses.

A member *runs*, is *ready* (and stands in one queue), or *waits*. One runs at a time, and keeps its
turn until it waits or ends. Everything goes through one door, :meth:`Turns.go`, which whoever stops
running calls: it gives the turn to the first that is ready, or, if none is, moves time to the
entry that is due first. Nobody drives, so no driver can be lost.

Invariant: whenever the lock is free, somebody runs (``runs``), a callback does (``busy``), a call
is on the wire (``flying``), or nobody is ready, and nothing is due for anybody who waits.

The order that is promised:

* R1. Members run one at a time, in the order in which they became ready: started, notified, handed
  a lock, their time come, their job begun. Whoever runs goes on until it waits or ends.
* R2. Time moves only if nobody is ready, and one entry is taken then: the least by instant,
  callbacks first, then by the order in which members joined, then by arrival. An event loop for
  which something has come is ready once nobody else is, before time moves.
* R3. A lock that is released is handed to the waiter that came first; a condition notifies in the
  order of waiting.
* R4. Whoever is notified or handed a lock before its own entry was taken is in time.

It holds unless the watch let a second member run (``preempted`` counts that), which costs order
only, never time.

Ignorant of when a wait is hopeless, of what waits are called in Python, and of RPCs.
"""

from __future__ import annotations

import _thread
from collections import deque
from typing import TYPE_CHECKING, Protocol

from flyte_testkit.clock._schedule import Agenda, Callback
from flyte_testkit.clock._sleeper import Sleeper

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from flyte_testkit.clock._members import Member, Members
    from flyte_testkit.clock._traffic import Traffic

__all__ = ["Turns"]

_get_ident = _thread.get_ident


class _Door(Protocol):
    """What turns need of an event loop that listens."""

    def has_come(self) -> bool:
        """Whether anything has come from outside that it should get up for."""


class Turns:
    """The time, what is due, and the turns.

    Args:
        start: The time, in microseconds.
    """

    members: Members
    traffic: Traffic

    def __init__(self, start: int) -> None:
        self.us = start
        self.moves = 0
        self.lock = _thread.RLock()  # held briefly, and never while others' code runs
        self.agenda = Agenda()
        self.sleepers: dict[Sleeper, None] = {}
        self.doors: dict[Sleeper, _Door] = {}  # of event loops that sleep, and listen meanwhile
        self.runs: dict[Member, None] = {}
        self.ready: deque[Member] = deque()
        self.busy = 0  # callbacks under way
        self.turns = 0  # given so far
        self.limit_at: int | None = None
        self.broken = False
        self.over = False  # so is the world that it governed; nobody is judged any more
        self.is_watched = False
        self.preempted = 0  # turns beside which the watch let a second member run
        self._calling_back: int | None = None  # the thread that runs a callback

    # What follows from them: who knows of watches and of hope says so

    def begin_watch(self) -> None:
        """Watch over the turns from now on; only with the lock held."""
        raise NotImplementedError

    def on_limit(self) -> None:
        """Time would pass ``limit_at``; nobody shall wait for that."""
        raise NotImplementedError

    def on_failure(self, error: BaseException) -> None:
        """A callback raised this, and nobody waits who could be told."""
        raise NotImplementedError

    def on_silence(self) -> None:
        """Everybody has waited for ever for a while, in real time."""
        raise NotImplementedError

    def on_standstill(self, seconds: float, times: int) -> None:
        """Somebody keeps the others waiting for so many real seconds; how often that was said."""
        raise NotImplementedError

    # Turns

    def schedule(self, callback: Callback) -> None:
        """Let a callback happen."""
        with self.lock:
            self.agenda.add(callback)
        self.go()

    def go(self, *, to_be_told: bool = False) -> None:
        """Hand on if nobody runs: the one door through which turns and time move.

        Args:
            to_be_told: Whether what a callback raises should be raised here: somebody waits.
        """
        while True:
            with self.lock:
                todo = self._begin()
            if todo is None:
                return
            self._do(todo, to_be_told=to_be_told)

    def go_once(self, despite: object) -> None:
        """Let what is due first happen although something flies; time stands again after that."""
        with self.lock:
            flies = self.traffic.flying.pop(despite, self) is not self
            todo = self._begin()
            if flies:
                self.traffic.flying[despite] = None
        if todo is not None:
            self._do(todo)
            self.go()

    def _begin(self) -> Callable[[], object] | None:
        """Do as ``_dispatch``, and say that what is to be done is under way."""
        todo = self._dispatch()
        if todo is not None:
            self.busy += 1
            self._calling_back = _get_ident()
        return todo

    def _do(self, todo: Callable[[], object], *, to_be_told: bool = False) -> None:
        try:
            todo()
        except BaseException as error:
            if to_be_told or isinstance(error, KeyboardInterrupt):
                raise
            self.on_failure(error)
        finally:
            with self.lock:
                self.busy -= 1
                self._calling_back = None

    def _dispatch(self) -> Callable[[], object] | None:
        """Give the next turn, and return None; or return what is to be done first."""
        if self.over:
            self._free()
        while not (self.runs or self.busy or self.broken):
            if self.ready or (self.doors and self.hear()):
                self.give_turn()
                return None
            if self.traffic.flying or not (self.sleepers or self.traffic.held):
                return None
            first = self.agenda.first()
            if first is None:
                self.begin_watch()
                return None
            if self._beyond(first.when):
                return self.on_limit
            if first.when > self.us:
                self.us = first.when
                self.moves += 1
            self.agenda.cancel(first)
            if isinstance(first, Sleeper):
                first.woken = True
                self.rouse(first)
            elif isinstance(first, Callback):
                return first.run
        return None

    def _free(self) -> None:
        """Let all run who are ready and lived in a world that is over; they take no more turns."""
        for member in [one for one in self.ready if not one.guest]:
            self.stop(member)
            self.members.remove(member)
            member.turn = True
            member.poke()

    def hear(self) -> bool:
        """Let event loops be ready for which something has come; say whether one is.

        Only with the lock held.
        """
        for sleeper, door in list(self.doors.items()):
            if not sleeper.settled and door.has_come():
                sleeper.settle()
        return bool(self.ready)

    def give_turn(self) -> None:
        """Let the first that is ready run; only with the lock held."""
        member = self.ready.popleft()
        member.queued = False
        self.run(member)
        member.poke()

    def rouse(self, sleeper: Sleeper) -> None:
        """Let a settled sleeper's member be ready; only with the lock held, and before ``go``."""
        self.agenda.cancel(sleeper)
        if self.sleepers.pop(sleeper, self) is not self:
            sleeper.who.sleeping = False
            self.queue(sleeper.who)

    def stop(self, member: Member) -> None:
        """Take a member's turn; only with the lock held, and to be followed by ``go``."""
        if member.turn:
            member.turn = False
            self.runs.pop(member, None)
        if member.queued:
            member.queued = False
            self.ready.remove(member)

    def queue(self, member: Member) -> None:
        """Let a member be ready; only with the lock held, and to be followed by ``go``."""
        if not (member.queued or member.turn):
            member.queued = True
            self.ready.append(member)
            self.begin_watch()

    def run(self, member: Member) -> None:
        """Let a member run, beside whoever does; only with the lock held."""
        member.turn = True
        self.runs[member] = None
        self.turns += 1

    def wake_all(self) -> None:
        """Let everybody see that the clock is broken."""
        with self.lock:
            for member in (*(sleeper.who for sleeper in self.sleepers), *self.ready):
                member.poke()

    def running(self) -> list[threading.Thread]:
        """Return the threads that run."""
        with self.lock:
            return [member.thread for member in self.runs if member.thread is not None]

    def nobody_stirs(self) -> bool:
        """Whether all other members wait, and none of them for a time that will come."""
        with self.lock:
            others = self.runs.keys() - {self.members.here()}
            return not (others or self.ready or self.busy or self.traffic.flying) and (
                self.agenda.first() is None
            )

    def _skip(self, who: Member, length: int) -> bool:
        """Move time if who runs is alone, and nothing is due before; only with the lock held."""
        if len(self.runs) > who.turn or self.ready or self.busy or self.doors:
            return False
        target = self.us + length
        if self.traffic.flying or self.broken or self._beyond(target):
            return False
        first = self.agenda.first()
        if first is not None and first.when <= target:
            return False
        self.us = target
        self.moves += length > 0
        return True

    def _beyond(self, instant: int) -> bool:
        return self.limit_at is not None and instant > self.limit_at
