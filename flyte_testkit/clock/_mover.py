"""Who moves time: whichever sleeping thread drives, one at a time.

One of the threads that sleep *drives*: it looks at the others until all of them wait, then moves
time to what is due first, runs or wakes that, and looks again, until its own time has come; then
the next sleeper drives. Nobody drives if nobody sleeps, except while the server holds calls back:
then a helper thread does, for as long as that lasts.

Ignorant of when a wait is hopeless: ``on_limit`` is told, and ``broken`` is obeyed.
"""

from __future__ import annotations

import _thread
import threading
import time
from typing import TYPE_CHECKING

from flyte_testkit.clock._participants import Participant, Participants
from flyte_testkit.clock._schedule import Agenda, Callback, Entry
from flyte_testkit.errors import ClockError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Mover", "Sleeper"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.005  # real seconds between two looks
_LOOKS = 5  # at threads that seem to wait, before one more sleep is thought better
_ENDLESS = 5.0  # real seconds of waits without end, everybody waiting and nothing scheduled
_PATIENCE = 2.0  # real seconds with calls held back, everybody waiting and nothing scheduled
_real_sleep = time.sleep
_real_monotonic = time.monotonic


class Sleeper(Entry):
    """A thread that sleeps until its time comes (if ever), or until another thread releases it.

    It can stand among the waiters of a ``threading.Condition``, whose ``notify`` calls
    ``release``.
    """

    __slots__ = ("_mover", "_waker", "endless", "released", "who", "woken")

    def __init__(self, mover: Mover, when: int | None, rank: int, who: Participant | None) -> None:
        super().__init__(when or 0, rank, who.order if who else -1)
        self.endless = when is None
        self._mover = mover
        self._waker = _thread.allocate_lock()
        self._waker.acquire()
        self.who = who
        self.woken = False  # its time has come
        self.released = False  # another thread released it

    @property
    def settled(self) -> bool:
        """Whether the sleep is over."""
        return self.woken or self.released

    def release(self) -> None:
        """End the sleep before its time."""
        mover = self._mover
        with mover.lock:
            if not self.settled:
                self.released = True
                mover.rouse(self)

    def poke(self) -> None:
        """Make the thread look up; only with the mover's lock held."""
        if self._waker.locked():
            self._waker.release()

    def doze(self) -> bool:
        """Block until poked; an endless sleep looks up after a while, and says ``False`` then."""
        return self._waker.acquire(True, _ENDLESS if self.endless else -1)


class Mover:
    """The time, what is due, and the loop that gets there."""

    def __init__(
        self,
        start: int,
        on_limit: Callable[[], object],
        on_stuck: Callable[[], object],
        on_dead: Callable[[], object],
    ) -> None:
        self.us = start
        self.moves = 0
        self.lock = threading.RLock()  # held briefly, and never while others' code runs
        self.agenda = Agenda()
        self.members = Participants()
        self.sleepers: dict[Sleeper, None] = {}
        self.held: dict[object, str] = {}
        self.limit_at: int | None = None
        self.limited_from = start
        self.skipped = 0  # by ``move``
        self.broken = False
        self.failure: Callable[[BaseException], object] | None = None
        self._on_limit = on_limit
        self._on_stuck = on_stuck
        self._on_dead = on_dead
        self._driver: int | None = None
        self._helping = False
        self._bell = _thread.allocate_lock()  # rung when whoever drives should look at once
        self._bell.acquire()

    def sleep(self, length: int) -> None:
        """Sleep so many microseconds on the clock."""
        with self.lock:
            who = self.members.me()
            target = self.us + length
            if self._driver is None and len(self.members) == 1 and not self._beyond(target):
                first = self.agenda.first()
                if first is None or first.when > target:  # nobody else: time is ours to move
                    self.us = target
                    self.moves += 1
                    return
        self.park(Sleeper(self, target, Entry.SLEEPER, who))

    def sleeper(self, length: int | None) -> Sleeper:
        """Return a sleeper for the calling thread, to be parked; ``None`` is for ever."""
        with self.lock:
            when = None if length is None else self.us + length
            return Sleeper(self, when, Entry.SLEEPER, self.members.me())

    def schedule(self, callback: Callback) -> None:
        """Let a callback happen; if nobody drives, who waits for ever does from now on."""
        with self.lock:
            self.agenda.add(callback)
            self._wake_a_driver()

    def move(self, length: int) -> None:
        """Move time, and do what is due on the way; the limit moves along."""
        with self.lock:
            self.skipped += length
            if self.limit_at is not None:
                self.limit_at += length
            target = self.us + length
        self.park(Sleeper(self, target, Entry.MOVER, self.members.known()))

    def park(self, sleeper: Sleeper) -> bool:
        """Sleep until the sleeper is settled; say whether another thread released it."""
        me = threading.get_ident()
        with self.lock:
            if self._driver == me:
                raise ClockError(
                    "a callback of call_at or call_later tried to wait. A callback happens at one "
                    "instant: let it schedule the rest with call_later(seconds, ...)."
                )
            if not sleeper.settled:
                if not sleeper.endless:
                    self.agenda.add(sleeper)
                self.sleepers[sleeper] = None
                if sleeper.who is not None:
                    sleeper.who.sleeping = True
                self.ring()
        try:
            while not (sleeper.settled or self.broken):
                if self._take(me, sleeper):
                    try:
                        self._drive(me, lambda: sleeper.settled or self._has_no_use_for(sleeper))
                    finally:
                        self._pass_on()
                elif not sleeper.doze() and not self.held and self.nobody_stirs():
                    self._on_dead()
        finally:
            with self.lock:
                self.rouse(sleeper)
        return sleeper.released

    def rouse(self, sleeper: Sleeper) -> None:
        """Take a sleeper out of everything and wake its thread; only with the lock held."""
        self.agenda.cancel(sleeper)
        if self.sleepers.pop(sleeper, self) is not self and sleeper.who is not None:
            sleeper.who.sleeping = False
        sleeper.poke()
        self.ring()

    def ring(self) -> None:
        """Make whoever drives look at once; only with the lock held."""
        if self._bell.locked():
            self._bell.release()

    def mend(self) -> None:
        """Go on after all was broken; the limit counts from now."""
        with self.lock:
            self.broken = False
            self.limited_from = self.us - self.skipped

    def wake_all(self) -> None:
        """Let every sleeper see that the clock is broken."""
        with self.lock:
            for sleeper in list(self.sleepers):
                sleeper.poke()
            self.ring()

    def hold(self, what: str) -> object:
        """Count one more call that the server holds back; somebody must drive meanwhile."""
        token = object()
        with self.lock:
            self.held[token] = what
            self.ring()
            if not self._helping and not self.broken:
                self._helping = True
                _thread.start_new_thread(self._help, ())
        return token

    def nobody_stirs(self) -> bool:
        """Whether all other threads wait, and none of them for a time that will come."""
        for _ in range(_LOOKS):
            with self.lock:
                quiet, certain = self.members.all_wait(threading.get_ident(), len(self.held))
                if not quiet or self.agenda.first() is not None:
                    return False
            if certain:
                return True
            _real_sleep(_FIRST_PAUSE)
        return False

    def let_go(self, token: object) -> None:
        """Count one call less."""
        with self.lock:
            self.held.pop(token, None)
            self.ring()

    def _take(self, me: int, sleeper: Sleeper | None = None) -> bool:
        with self.lock:
            if self._driver is None and not (sleeper and self._has_no_use_for(sleeper)):
                self._driver = me
            return self._driver == me

    def _has_no_use_for(self, driver: Sleeper) -> bool:
        """Whether there is nothing to drive to: who waits for ever has no time of its own."""
        return driver.endless and not self.agenda.callbacks

    def _pass_on(self) -> None:
        with self.lock:
            self._driver = None
            self._wake_a_driver()

    def _wake_a_driver(self) -> None:
        self.ring()
        if self._driver is None:
            able = (s for s in self.sleepers if not s.settled and not self._has_no_use_for(s))
            chosen = min(able, key=lambda sleeper: sleeper.endless, default=None)
            if chosen is not None:
                chosen.poke()

    def _help(self) -> None:
        """Drive while calls are held back: nobody may be asleep to do it."""
        me = threading.get_ident()
        while True:
            with self.lock:
                if not self.held or self.broken:
                    self._helping = False
                    return
            if not self._take(me):
                _real_sleep(_FIRST_PAUSE * 5)
                continue
            stuck = _Patience(self)
            try:
                self._drive(me, stuck.is_over)
                if stuck.was_out:
                    self._on_stuck()
            except BaseException as error:  # noqa: BLE001  a callback's; no thread above us hears it
                if self.failure is not None:
                    self.failure(error)
            finally:
                self._pass_on()

    def _drive(self, me: int, done: Callable[[], bool]) -> None:
        """Move time to what is due first, again and again, until done."""
        pause = _FIRST_PAUSE
        while True:
            callback: Callback | None = None
            with self.lock:
                if done() or self.broken:
                    return
                first = self.agenda.first()
                quiet, certain = (False, True)
                if first is not None:
                    quiet, certain = self.members.all_wait(me, len(self.held))
                if first is not None and quiet and certain:
                    beyond = self._beyond(first.when)
                    if not beyond:
                        callback = self._arrive(first)
                else:
                    first = None
            if first is None:
                self._bell.acquire(True, pause)
                if certain:
                    pause = min(pause * 2, _LONGEST_PAUSE)
            elif beyond:
                self._on_limit()
            else:
                pause = _FIRST_PAUSE
                if callback is not None:
                    callback.run()

    def _beyond(self, instant: int) -> bool:
        return self.limit_at is not None and instant > self.limit_at

    def _arrive(self, entry: Entry) -> Callback | None:
        """Be at the instant of an entry: wake its sleeper, or return the callback to run."""
        if entry.when > self.us:
            self.us = entry.when
            self.moves += 1
        self.agenda.cancel(entry)
        if isinstance(entry, Sleeper):
            entry.woken = True
            self.rouse(entry)
        return entry if isinstance(entry, Callback) else None


class _Patience:
    """How long calls have been held back while nothing was scheduled that could answer them."""

    def __init__(self, mover: Mover) -> None:
        self._mover = mover
        self._since: float | None = None
        self.was_out = False

    def is_over(self) -> bool:
        """Whether no call is held any more, or for too long; only with the mover's lock held."""
        mover = self._mover
        if not mover.held:
            return True
        # A thread blocked in gRPC stirs five times a second, so certainty is not asked for.
        quiet, _ = mover.members.all_wait(threading.get_ident(), len(mover.held))
        quiet = quiet and mover.agenda.first() is None
        if not quiet:
            self._since = None
        elif self._since is None:
            self._since = _real_monotonic()
        else:
            self.was_out = _real_monotonic() - self._since > _PATIENCE
        return self.was_out
