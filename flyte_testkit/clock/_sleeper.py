"""A sleep that others may end.

Ignorant of turns: the mover knows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flyte_testkit.clock._schedule import Entry

if TYPE_CHECKING:
    from _thread import RLock

    from flyte_testkit.clock._members import Member, Members

__all__ = ["Sleeper"]


class _Mover(Protocol):
    """What a sleep needs of its mover."""

    us: int
    lock: RLock
    members: Members

    def rouse(self, sleeper: Sleeper) -> None:
        """Let a settled sleeper's member be ready."""

    def go(self) -> None:
        """Hand on if nobody runs."""


class Sleeper(Entry):
    """A member that sleeps until its time comes (if ever), or until another thread releases it.

    It can stand among the waiters of a ``threading.Condition``, whose ``notify`` calls
    ``release``.
    """

    __slots__ = ("by_an_heir", "endless", "hopeful", "mover", "released", "since", "who", "woken")

    def __init__(self, mover: _Mover, when: int | None, rank: int, who: Member) -> None:
        super().__init__(when or 0, rank, who.order)
        self.endless = when is None
        self.mover = mover
        self.since = mover.us
        self.who = who
        self.hopeful = False  # something outside of this process may end it
        self.woken = False  # its time has come
        self.released = False  # another thread released it
        self.by_an_heir = False  # which joined while its member sat idle already

    @property
    def settled(self) -> bool:
        """Whether the sleep is over."""
        return self.woken or self.released

    def release(self) -> bool:
        """End the sleep before its time; say whether it was not over already."""
        with self.mover.lock:
            if not self.settle():
                return False
        self.mover.go()
        return True

    def settle(self) -> bool:
        """Do as ``release``; only with the mover's lock held, and to be followed by ``go``."""
        if self.settled:
            return False
        self.released = True
        releaser = self.mover.members.here()
        self.by_an_heir = releaser is not None and self.who.sat_idle_before(releaser)
        self.mover.rouse(self)
        return True
