"""Looks at what only time will change: ``while thread.is_alive(): pass`` is a wait, too.

They stand in for the real questions and give the same answers; what code under test asks counts
as a look at the clock (``_ticks``), so that asking without end is told and ends. So does what may
be waited for and is not: ``get_nowait``, ``acquire(blocking=False)``.

Ignorant of what comes of a look.
"""

from __future__ import annotations

import functools
import queue
import sys
import threading
from concurrent import futures
from multiprocessing import pool as pools
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import caller, is_runner

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["PATCHES", "looked"]

_SimpleQueue: Any = queue._PySimpleQueue  # type: ignore[attr-defined]  # noqa: SLF001  what the world's is made of
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


def _counted_if_refused(real: Any) -> Any:
    """Count what is asked of a queue in vain; who gets on with a long one does not wait."""

    @functools.wraps(real)
    def tried(*args: Any, **kwargs: Any) -> Any:
        try:
            return real(*args, **kwargs)
        except (queue.Empty, queue.Full):
            looked(_frame(1))
            raise

    return tried


def _counted_if_false(real: Any) -> Any:
    @functools.wraps(real)
    def tried(*args: Any, **kwargs: Any) -> Any:
        took = real(*args, **kwargs)
        if not took:
            looked(_frame(1))
        return took

    return tried


PATCHES: tuple[tuple[Any, str, Any], ...] = tuple(
    (owner, name, counted(vars(owner)[name]))
    for owner, counted, names in (
        (threading, _counted, ("active_count", "enumerate")),
        (threading.Thread, _counted, ("is_alive",)),
        (threading.Event, _counted, ("is_set",)),
        (threading.Semaphore, _counted_if_false, ("acquire",)),
        (futures.Future, _counted, ("done", "running", "cancelled")),
        (pools.ApplyResult, _counted_if_false, ("ready",)),
        (queue.Queue, _counted, ("empty", "full", "qsize")),
        (queue.Queue, _counted_if_refused, ("get", "get_nowait", "put", "put_nowait")),
        (_SimpleQueue, _counted, ("empty", "qsize")),
        (_SimpleQueue, _counted_if_refused, ("get", "get_nowait")),
    )
    for name in names
)
"""Owner, name, and what stands there in a world."""
