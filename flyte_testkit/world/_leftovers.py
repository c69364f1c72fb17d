"""Threads that outlive their world, for tests that forget to stop them.

Their time is over. One that waits with a time-out, a poller say, ends quietly where it waits, as if
by ``sys.exit()``: it can neither disturb later tests nor fail them. One that waits for ever, such
as a worker with an empty queue, goes on waiting, and takes part in a later world if that wakes it.
One that runs goes on in real time.

Ignorant of how a world is entered and left.
"""

from __future__ import annotations

import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._stacks import innermost
from flyte_testkit.clock._where import place
from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock import VirtualClock

__all__ = ["end_leftovers", "quiet"]

_real_monotonic = time.monotonic
_real_join = threading.Thread.join
_FAREWELL = 1.0  # real seconds for all of them to clear up, before time is real again


def end_leftovers(clock: VirtualClock) -> None:
    """Leave a clock, and let those end who still wait on it with a time-out.

    Whoever is no daemon would keep the process from ending in life: that is told.
    """
    left = [one.thread for one in clock.mover.close() if one.thread and not one.is_job]
    frames = innermost() if left else {}
    told = [
        f"{thread.name!r} at {place(frames.get(thread.ident or 0))}"
        for thread in left
        if not thread.daemon
    ]
    clock.leave()
    end = _real_monotonic() + _FAREWELL
    for thread in left:
        _real_join(thread, max(0.0, end - _real_monotonic()))
    if told:
        warnings.warn(
            f"{len(told)} thread(s) still waited when their world ended, and were ended: "
            f"{'; '.join(told)}. Let the test stop and join what it starts.",
            RuntimeWarning,
            stacklevel=4,
        )


def quiet(tell: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return what tells of an exception that ended a thread, unless its clock tells of it."""

    def tell_others(args: Any) -> None:
        if not (args.exc_type and HopelessWait in args.exc_type.__mro__):  # not by asking: it hears
            tell(args)

    return tell_others
