"""What a virtual clock knows of hope: when it gives up, whom it tells, and whether they heard.

Ignorant of what time it is, and of how it moves.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import TYPE_CHECKING

from flyte_testkit.clock._heard import anew
from flyte_testkit.clock._hopeless import SILENCE, Hope, held_for_ever, raise_in
from flyte_testkit.clock._schedule import Callback, to_micros
from flyte_testkit.clock._standstill import find_block
from flyte_testkit.clock._where import in_seconds, who_waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover
    from flyte_testkit.clock._sleeper import Sleeper
    from flyte_testkit.clock._types import Source
    from flyte_testkit.errors import HopelessWait

__all__ = ["Judge"]

_TRAPPED = 30.0  # real seconds after which a lock that cannot be seen into counts as a trap


class Judge:
    """The half of a ``VirtualClock`` that judges waits."""

    idle_sleeps: int
    _mover: Mover
    _start: int
    _limit: timedelta | None
    now: Callable[[], datetime]

    def __init__(self) -> None:
        self._hope = Hope(lambda: self.idle_sleeps, self._tell)

    @property
    def pending(self) -> bool:
        """Whether anything is scheduled: a callback, or what a watched source has due."""
        return self._mover.agenda.callbacks > 0 or self._hope.has_sources_left

    @property
    def broken(self) -> HopelessWait | None:
        """Why this clock gave up, or ``None``. Once it is set, every sleep raises its like."""
        return self._hope.lost

    @property
    def hope(self) -> Hope:
        """What may still happen: for those who read the clock on behalf of others."""
        return self._hope

    def watch(self, source: Source) -> None:
        """Ask a source, from now on, whether anything is scheduled and what is stuck."""
        self._hope.sources = (*self._hope.sources, source)

    def unwatch(self, source: Source) -> None:
        """Forget a source."""
        self._hope.sources = tuple(known for known in self._hope.sources if known is not source)

    def stir(self) -> None:
        """Say that something happened other than waiting: the count of idle sleeps starts anew."""
        self._hope.readers = None
        for member in self._mover.members:
            member.idle = 0

    def stir_by(self, sleeper: Sleeper) -> None:
        """Say that a sleep was ended: something happened, unless that was part of the waiting."""
        if sleeper.by_an_heir:
            sleeper.who.has_news = True
        else:
            self.stir()

    def check(self) -> None:
        """Raise ``HopelessWait`` if this clock gave up."""
        if (lost := self._hope.lost) is not None:
            raise anew(lost)

    def when_broken(self, function: Callable[[], object]) -> None:
        """Call a function once this clock gives up; at once if it has."""
        self._hope.when_lost(function)

    def forget(self, function: Callable[[], object]) -> None:
        """Take back what was said by ``when_broken``; nothing happens if nothing was."""
        self._hope.forget(function)

    def give_up(self, reason: str, advice: str = "") -> HopelessWait:
        """Break this clock: from now on every sleep, also one under way, raises ``HopelessWait``.

        Args:
            reason: What is hopeless, as a sentence. What is stuck, who waits where, and the time
                are added to it.
            advice: What to do next.

        Returns:
            The error, for the caller to raise; the first one, if the clock was broken already.
        """
        return self._spread(self._hope.lose(reason, advice))

    def give_up_if_idle(self, reason: str, advice: str = "") -> None:
        """Give up now if nothing is scheduled and every other thread waits, too.

        For a wait that is known to have no end of its own: it need not sleep in vain first.

        Raises:
            HopelessWait: It is so.
        """
        if not self.pending and self._mover.nobody_stirs():
            self.give_up(reason, advice)
            self.check()

    def interrupt(self, reason: str, advice: str = "") -> HopelessWait:
        """Give up, and raise in the other threads that take part as soon as they run Python."""
        with self._mover.lock:  # who sleeps now hears of it by that
            awake = [each for each in self._mover.members if not each.sleeping]
        lost = self.give_up(reason, advice)
        with self._mover.lock:  # what the server holds back it answers now
            here = set(self._mover.members)
            self._raise_in([each for each in awake if each in here and not each.sleeping], lost)
        return lost

    def strike(self, reason: str, advice: str = "", *, call: object = None) -> HopelessWait:
        """Raise ``HopelessWait`` in the threads that run, and go on: this clock does not break.

        For one who never waits, and so keeps time from moving. That the test hears of it is seen
        to by ``verify``; what is asked or waited for next is answered.

        Args:
            reason: As in ``give_up``.
            advice: Likewise.
            call: The id of a call: only who stands in it is struck, if that is known.

        Returns:
            The error.
        """
        said = self._hope.say(reason, advice)
        with self._mover.lock:
            calls = self._mover.calls
            stander = calls.stander(call)
            self._raise_in(list(self._mover.runs) if stander is None else [stander], said)
        return said

    def verify(self) -> None:
        """Tell, once, of a hopeless wait that nobody heard of; see ``forgive``.

        Raises:
            HopelessWait: A thread took it with it, a future holds it, or ``except:`` swallowed it.
        """
        __tracebackhide__ = True  # pytest shows where the wait was instead
        if (unheard := self.unheard()) is not None:
            raise unheard

    def unheard(self) -> HopelessWait | None:
        """Return a hopeless wait that nobody heard of, once, or ``None``.

        Whoever catches ``HopelessWait`` by its name has heard of it, and expected it:
        ``pytest.raises(HopelessWait)``, ``except HopelessWait``, ``assertRaises(HopelessWait)``.
        """
        return self._hope.verdicts.unheard()

    def forgive(self) -> HopelessWait | None:
        """Take note of a hopeless wait that was caught by nobody's name: the test passes.

        For one that ends in a thread. The clock stays as it is: broken, if it gave up.

        Returns:
            The error; ``None`` if no wait was hopeless.

        Example:
            >>> from flyte_testkit import VirtualClock
            >>> clock = VirtualClock(limit=10)
            >>> try:
            ...     clock.sleep(60)
            ... except BaseException:
            ...     pass
            >>> str(clock.forgive()).splitlines()[0]
            "the code under test waits longer than this clock's limit of 10 s."
            >>> clock.verify()
        """
        return self._hope.verdicts.forgive()

    def _raise_in(self, members: list[Member], error: HopelessWait) -> None:
        """Raise in members: in a call when it is answered, else as soon as they run Python."""
        for member in members:
            thread = member.thread
            if self._mover.calls.stands(member):
                self._mover.calls.sentence(member, error)
            elif thread is not None and thread is not threading.current_thread():
                raise_in(thread, error)

    def _spread(self, lost: HopelessWait) -> HopelessWait:
        self._mover.broken = True
        self._mover.wake_all()
        return lost

    def count(self) -> None:
        """Count a sleep that begins, if nothing is scheduled."""
        if self.pending:  # asked without the lock: a source may hold one of its own
            self.stir()
            return
        mover = self._mover
        with mover.lock:
            me = mover.me()
            idle = self._hope.is_idle(me, mover.us, mover.members.newest, lambda: self._others(me))
        if idle:
            self._spread(self._hope.lose_to_idleness())
            self.check()

    def _others(self, who: Member) -> list[Member]:
        """Return all others that run, are ready, or sleep until their time comes."""
        endless = {sleeper.who for sleeper in self._mover.sleepers if sleeper.endless}
        return [
            other
            for other in self._mover.members
            if other is not who
            and (other.turn or other.queued or (other.sleeping and other not in endless))
        ]

    def _too_far(self) -> None:
        self._spread(self._hope.lose_to_limit(self._limit))

    def _silent(self) -> None:
        """Everybody waits for ever. Let happen what is scheduled, which may change nothing."""
        due = self._hope.due
        if due is not None:
            later = Callback(self._mover.agenda, to_micros(due), self._silent_still, ())
            self._mover.schedule(later)
            return
        held = [hold.what for hold in self._mover.calls.held.values()]
        if held:
            self.interrupt(*held_for_ever(held))
        else:
            self.give_up(*SILENCE)

    def _silent_still(self) -> None:
        """Go on to what a source has due next, unless what it had due has changed something."""
        if self._mover.nobody_stirs():
            self._silent()

    def _standing_still(self, seconds: float, times: int) -> None:
        """Say once who keeps the others waiting; end it if it can have no end."""
        blocks = [find_block(thread) for thread in self._mover.running()]
        block = next((block for block in blocks if block is not None), None)
        if block is None:
            return
        reason, advice = block.told(in_seconds(self._elapsed), seconds)
        if block.in_lock and seconds >= _TRAPPED:
            self.interrupt(reason, advice)
        elif times == 1:
            with contextlib.suppress(RuntimeWarning):  # as an error nobody here would hear it
                warnings.warn(f"{reason}\n{advice}", RuntimeWarning, stacklevel=2)

    def _fail(self, error: BaseException) -> None:
        self.give_up(f"a callback of call_at or call_later failed: {error!r}").__cause__ = error

    def _tell(self) -> list[str]:
        with self._mover.lock:
            waits = [f"  {line}" for line in who_waits(self._mover, self._start)]
        time = f"It is {self.now().isoformat()}, {in_seconds(self._elapsed)} after the start."
        return [*waits, time]

    @property
    def _elapsed(self) -> float:
        return (self._mover.us - self._start) / 1_000_000
