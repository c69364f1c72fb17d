"""What a virtual clock knows of hope: when it gives up, whom it tells, and whether they heard.

Ignorant of what time it is, and of how it moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.clock._heard import anew
from flyte_testkit.clock._hopeless import too_idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._court import Court
    from flyte_testkit.clock._hopeless import Hope
    from flyte_testkit.clock._sleeper import Sleeper
    from flyte_testkit.clock._types import Source
    from flyte_testkit.errors import HopelessWait

__all__ = ["Judge"]


class Judge:
    """The half of a ``VirtualClock`` that judges waits."""

    idle_sleeps: int
    _mover: Court
    _hope: Hope

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
        return self._mover.give_up(reason, advice)

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
        return self._mover.interrupt_all(reason, advice)

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
        return self._mover.strike(reason, advice, call)

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

    def count(self) -> None:
        """Count a sleep that begins, if nothing is scheduled."""
        if self.pending:  # asked without the lock: a source may hold one of its own
            self.stir()
        elif self._mover.is_too_idle(self.idle_sleeps):
            self.give_up(*too_idle(self.idle_sleeps))
            self.check()
