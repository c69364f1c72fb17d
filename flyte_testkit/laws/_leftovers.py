"""Threads that the code under test leaves behind: ended with their example, before the next begins.

Such a thread would live on, look for a server that is gone, and wait on clocks of later examples.
So when an example is over its clock gives up: whoever still waits on it is told that it is over,
and ends. Ignorant of laws; whether it is a fault to leave a thread behind, one of them says.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyte_testkit.clock import VirtualClock

__all__ = ["ended_with"]

_PATIENCE = 2.0
"""Real seconds that they are given to end. They wait for nothing any more, so it takes no time."""

_LOOK = 0.001


@contextmanager
def ended_with(clock: VirtualClock) -> Iterator[None]:
    """End the threads that take part in a clock and were not there before, when the block is over.

    What they raise of that is told nobody: the clock says all there is to say.
    """
    before = set(threading.enumerate())
    over: set[threading.Thread] = set()
    told = threading.excepthook

    def tell(args: threading.ExceptHookArgs) -> None:
        if args.thread not in over and not issubclass(args.exc_type, HopelessWait):
            told(args)

    threading.excepthook = tell
    try:
        yield
    finally:
        try:
            over.update(_left(clock, before))
            if over:
                clock.give_up("the code under test has left a thread behind.")
                _await(clock, before)
        finally:
            threading.excepthook = told
            clock.forgive()


def _left(clock: VirtualClock, before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in set(threading.enumerate()) - before if clock.takes_part(thread)]


def _await(clock: VirtualClock, before: set[threading.Thread]) -> None:
    """Wait, in real time, until all have ended that do not go on in spite of everything."""
    until = time.monotonic() + _PATIENCE
    while _left(clock, before) and time.monotonic() < until:
        time.sleep(_LOOK)
