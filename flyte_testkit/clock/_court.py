"""A mover that judges: what becomes of waits that cannot end, and of whoever keeps the others.

It is what the parts of a clock may hold. The clock itself holds it, and nothing of it holds the
clock: a clock is gone as soon as nobody names it any more.

Ignorant of what a clock promises to those who use it.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import TYPE_CHECKING

from flyte_testkit.clock._hopeless import SILENCE, Hope, beyond, held_for_ever, raise_in
from flyte_testkit.clock._mover import Mover
from flyte_testkit.clock._schedule import Callback, from_micros, to_micros
from flyte_testkit.clock._standstill import find_block
from flyte_testkit.clock._where import in_seconds, who_waits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from flyte_testkit.clock._members import Member
    from flyte_testkit.errors import HopelessWait

__all__ = ["Court"]

_TRAPPED = 30.0  # real seconds after which a lock that cannot be seen into counts as a trap


class Court(Mover):
    """Members, their waits, and what is hopeless among them.

    Args:
        start: The time, in microseconds.

    Attributes:
        start: Likewise.
        limit: How far waiting may move time, in words of whoever set ``limit_at``.
        hope: What may still happen, and what was said once nothing would.
    """

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start
        self.limit: timedelta | None = None
        self.hope = Hope()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return (self.us - self.start) / 1_000_000

    def give_up(self, reason: str, advice: str = "") -> HopelessWait:
        """Let every sleep raise from now on; returns what, which is the first that was said."""
        lost = self.hope.lose(reason, advice, self._told())
        self.broken = True
        self.wake_all()
        return lost

    def interrupt_all(self, reason: str, advice: str = "") -> HopelessWait:
        """Give up, and raise in the other members as soon as they run Python."""
        with self.lock:  # who sleeps now hears of it by that
            awake = [each for each in self.members if not each.sleeping]
        lost = self.give_up(reason, advice)
        with self.lock:  # what the server holds back it answers now
            here = set(self.members)
            self._raise_in([each for each in awake if each in here and not each.sleeping], lost)
        return lost

    def strike(self, reason: str, advice: str, call: object) -> HopelessWait:
        """Raise in who stands in a call, or else in all that run, and go on."""
        said = self.hope.say(reason, advice, self._told())
        with self.lock:
            stander = self.traffic.stander(call)
            self._raise_in(list(self.runs) if stander is None else [stander], said)
        return said

    def is_too_idle(self, allowed: int) -> bool:
        """Count a sleep with nothing scheduled; say whether it is one too many."""
        with self.lock:
            me = self.me()
            return self.hope.is_idle(
                me, allowed, self.us, self.members.newest, lambda: self._others(me)
            )

    def on_limit(self) -> None:
        """Give up."""
        self.give_up(*beyond(self.limit))

    def on_failure(self, error: BaseException) -> None:
        """Give up, because of what a callback raised."""
        self.give_up(f"a callback of call_at or call_later failed: {error!r}").__cause__ = error

    def on_silence(self) -> None:
        """Everybody waits for ever. Let happen what is scheduled, which may change nothing."""
        due = self.hope.due
        if due is not None:
            self.schedule(Callback(self.agenda, to_micros(due), self._silent_still, ()))
            return
        held = [hold.what for hold in self.traffic.held.values()]
        if held:
            self.interrupt_all(*held_for_ever(held))
        else:
            self.give_up(*SILENCE)

    def on_standstill(self, seconds: float, times: int) -> None:
        """Say once who keeps the others waiting; end it if it can have no end."""
        blocks = [find_block(thread) for thread in self.running()]
        block = next((block for block in blocks if block is not None), None)
        if block is None:
            return
        reason, advice = block.told(in_seconds(self.elapsed), seconds)
        if block.in_lock and seconds >= _TRAPPED:
            self.interrupt_all(reason, advice)
        elif times == 1:
            with contextlib.suppress(RuntimeWarning):  # as an error nobody here would hear it
                warnings.warn(f"{reason}\n{advice}", RuntimeWarning, stacklevel=2)

    def _silent_still(self) -> None:
        """Go on to what a source has due next, unless what it had due has changed something."""
        if self.nobody_stirs():
            self.on_silence()

    def _others(self, who: Member) -> list[Member]:
        """Return all others that run, are ready, or sleep until their time comes."""
        endless = {sleeper.who for sleeper in self.sleepers if sleeper.endless}
        return [
            other
            for other in self.members
            if other is not who
            and (other.turn or other.queued or (other.sleeping and other not in endless))
        ]

    def _raise_in(self, members: list[Member], error: HopelessWait) -> None:
        """Raise in members: in a call when it is answered, else as soon as they run Python."""
        for member in members:
            thread = member.thread
            if self.traffic.stands(member):
                self.traffic.sentence(member, error)
            elif thread is not None and thread is not threading.current_thread():
                raise_in(thread, error)

    def _told(self) -> Iterator[str]:
        """Yield who waits where, and what time it is: a line each."""
        with self.lock:
            waits = who_waits(self, self.start)
        for line in waits:
            yield f"  {line}"
        now = from_micros(self.us).isoformat()
        yield f"It is {now}, {in_seconds(self.elapsed)} after the start."
