"""Who takes part in a virtual clock's time: threads, and calls that the server holds back.

Ignorant of when a wait is hopeless, and of sleeping.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._court import Court

__all__ = ["Participation"]


class Participation:
    """The part of ``VirtualClock`` that knows threads and calls."""

    _mover: Court

    def join(self, thread: threading.Thread | None = None) -> None:
        """Let a thread take part (this one, by default), also one that is about to start.

        From now on time stands still unless it waits on this clock. A thread that only sleeps on
        the clock, in no world, takes part while it sleeps.
        """
        self._mover.join(thread or threading.current_thread(), resident=True)

    def leave(self, thread: threading.Thread | None = None) -> None:
        """Let a thread (this one, by default) take no more part; nothing interrupts it any more."""
        while True:
            try:
                self._mover.leave(thread or threading.current_thread())
            except HopelessWait:  # an interruption that was on its way
                continue
            return

    def takes_part(self, thread: threading.Thread) -> bool:
        """Whether a thread takes part."""
        return self._mover.takes_part(thread)

    @property
    def deserted(self) -> bool:
        """Whether no thread takes part: then only ``advance`` and ``move_to`` move time."""
        with self._mover.lock:
            return all(member.ended for member in self._mover.members)

    @property
    def preempted(self) -> int:
        """How often a second thread was let run, because the one whose turn it was did nothing.

        As long as it is 0, the same program has the same order of events each time.
        """
        return self._mover.preempted

    @property
    def mover(self) -> Court:
        """Whose turn it is, and who moves time: for those who stand in for Python's waits."""
        return self._mover

    def hold(
        self,
        what: str = "a call",
        call: object = None,
        *,
        keep: Callable[[object], object] | None = None,
    ) -> object:
        """Say that the server holds a call back, by its name; returns what ``release`` wants.

        Args:
            what: What the call is called.
            call: Its id, which travels with it. Without one it is taken for the call that has been
                under way for longest.
            keep: Called with what this returns before time can move: what is due then may need it.

        Whoever stands in that call waits from now on; in a call that is not held back it runs, for
        its answer may be about to come.
        """
        return self._mover.calls.hold(what, call, keep)

    def release(self, hold: object) -> None:
        """Say that a call is held back no longer; saying it twice is saying it once."""
        self._mover.calls.release(hold)
