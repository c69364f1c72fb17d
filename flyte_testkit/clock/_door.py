"""Where an event loop listens while it waits: at its descriptors, and at a bell of its own.

Any other member blocks on its seat, a lock. A loop has to hear input and output meanwhile, and what
knocks must not look like input: two loops that wake each other by it would never sleep.

What comes is heard when nobody runs and nobody is ready, just before time would move: so a loop
that is written to in the turn of another comes at the same place each time.

Ignorant of asyncio, and of what comes.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from bisect import insort
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._sleeper import Sleeper
    from flyte_testkit.clock._turns import Turns

__all__ = ["CAN_LISTEN", "Door"]

CAN_LISTEN = hasattr(select, "poll")  # not on Windows
_real_monotonic = time.monotonic
_when = itemgetter(0)
_READABLE = getattr(select, "POLLIN", 0)


class Door:
    """A loop's door: what it blocks on while it sleeps, in the place of a lock.

    Attributes:
        sleeper: The sleep that it may end, while its loop waits.
    """

    def __init__(self) -> None:
        if hasattr(os, "eventfd"):
            self._bell = self._rope = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._bell, self._rope = os.pipe()
            os.set_blocking(self._bell, False)
            os.set_blocking(self._rope, False)
        self.sleeper: Sleeper | None = None
        self._mover: Turns | None = None
        self._is_deaf = False  # something has come, and others are to finish first
        self._patience: list[tuple[float, Callable[[], float | None]]] = []
        self._watched: dict[int, int] | None = None
        self._inputs, self._all, self._knocks = select.poll(), select.poll(), select.poll()
        self._knocks.register(self._bell, _READABLE)

    def __del__(self) -> None:
        for descriptor in {self._bell, self._rope}:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def watch(self, descriptors: dict[int, int]) -> None:
        """Say at which descriptors something may come, and which events of ``poll`` that are."""
        if descriptors == self._watched:
            return
        self._watched = descriptors
        self._inputs, self._all = select.poll(), select.poll()
        self._all.register(self._bell, _READABLE)
        for descriptor, events in descriptors.items():
            self._inputs.register(descriptor, events)
            self._all.register(descriptor, events)

    def open(
        self,
        sleeper: Sleeper,
        mover: Turns,
        patience: list[tuple[float, Callable[[], float | None]]],
    ) -> None:
        """Listen from now on; only with the mover's lock held.

        Args:
            sleeper: What ends when something comes.
            mover: Whose turns are to be kept.
            patience: After how many real seconds of silence something is to be done, in order. It
                may say after how many more it wants to be done again.
        """
        self._drain()
        now = _real_monotonic() if patience else 0.0
        self._patience = sorted(((now + secs, act) for secs, act in patience), key=_when)
        self.sleeper, self._mover, self._is_deaf = sleeper, mover, False

    def has_come(self) -> bool:
        """Whether anything has come; only with the mover's lock held."""
        if self._inputs.poll(0):
            return True
        if self._is_deaf:  # it has gone again
            self.release()
        return False

    def locked(self) -> bool:
        """Whether to knock; one time too many does no harm."""
        return True

    def release(self) -> None:
        """Knock: make whoever waits here look up."""
        with contextlib.suppress(BlockingIOError):  # it rings
            os.write(self._rope, b"\1\0\0\0\0\0\0\0")

    def acquire(self) -> None:
        """Block until somebody knocks, or something comes while nobody runs."""
        sleeper, mover = self.sleeper, self._mover
        if sleeper is None or mover is None:
            return
        if sleeper.settled or self._is_deaf:
            self._knocks.poll()
            self._drain()
            self._is_deaf = False
            return
        found = self._all.poll(self._left())
        if not found:
            self._lose_patience()
        elif any(descriptor == self._bell for descriptor, _ in found):
            self._drain()
        else:
            with mover.lock:
                if mover.runs or mover.ready or mover.busy:
                    self._is_deaf = True
                    mover.begin_watch()
                else:
                    sleeper.settle()
            mover.go()

    def _left(self) -> float | None:
        """Return how many milliseconds of patience are left."""
        if not self._patience:
            return None
        return max(0.0, self._patience[0][0] - _real_monotonic()) * 1000 + 1

    def _lose_patience(self) -> None:
        now = _real_monotonic()
        if self._patience and self._patience[0][0] <= now:
            act = self._patience.pop(0)[1]
            again = act()
            if again is not None:
                insort(self._patience, (now + again, act), key=_when)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 4096)
