"""Looks at what only time will change: ``while thread.is_alive(): pass`` is a wait, too.

They stand in for the real questions and give the same answers; what code under test asks counts
as a look at the clock (``_ticks``), so that asking without end is told and ends.

Ignorant of what comes of a look.
"""

from __future__ import annotations

import functools
import queue
import sys
import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import caller, is_runner

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["PATCHES", "looked"]

_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say


def looked(frame: FrameType) -> None:
    """Count a look, if the code that this frame runs lives on the clock and asks for itself.

    ``Thread.join`` asks too, and ``Queue.get``: that is how they wait, and no wait of its own.
    """
    reins = None if is_runner(frame) else caller(frame)
    if reins is not None:
        reins.look(at_time=False)


def _counted(real: Any) -> Any:
    @functools.wraps(real)
    def asked(*args: Any, **kwargs: Any) -> Any:
        looked(_frame(1))
        return real(*args, **kwargs)

    return asked


PATCHES: tuple[tuple[Any, str, Any], ...] = tuple(
    (owner, name, _counted(vars(owner)[name]))
    for owner, names in (
        (threading, ("active_count", "enumerate")),
        (threading.Thread, ("is_alive",)),
        (threading.Event, ("is_set",)),
        (futures.Future, ("done", "running", "cancelled")),
        (queue.Queue, ("empty", "full", "qsize")),
    )
    for name in names
)
"""Owner, name, and what stands there in a world."""
