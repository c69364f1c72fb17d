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


def _counted_at_once(real: Any, place: int) -> Any:
    """Count the calls that do not wait: whether they may is said at a place, and how long next."""

    @functools.wraps(real)
    def tried(*args: Any, **kwargs: Any) -> Any:
        told = dict(zip(("block", "timeout"), args[place:], strict=False))
        told.update(kwargs)
        if not told.get("blocking", told.get("block", True)) or told.get("timeout") == 0:
            looked(_frame(1))
        return real(*args, **kwargs)

    return tried


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    *(
        (owner, name, _counted(vars(owner)[name]))
        for owner, names in (
            (threading, ("active_count", "enumerate")),
            (threading.Thread, ("is_alive",)),
            (threading.Event, ("is_set",)),
            (futures.Future, ("done", "running", "cancelled")),
            (queue.Queue, ("empty", "full", "qsize", "get_nowait", "put_nowait")),
            (_SimpleQueue, ("empty", "qsize", "get_nowait")),
            (pools.ApplyResult, ("ready",)),
        )
        for name in names
    ),
    *(
        (owner, name, _counted_at_once(vars(owner)[name], place))
        for owner, name, place in (
            (queue.Queue, "get", 1),
            (queue.Queue, "put", 2),
            (_SimpleQueue, "get", 1),
            (threading.Semaphore, "acquire", 1),
        )
    ),
)
"""Owner, name, and what stands there in a world."""
