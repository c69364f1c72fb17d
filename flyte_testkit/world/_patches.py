"""What stands in for the waits of the standard library, and of gRPC, while a world lasts.

For machinery all of it does as what it stands in for, so a reference that somebody keeps does no
harm later.

Ignorant of what each of them does.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

from flyte_testkit.world import (
    _aio,
    _alarms,
    _conditions,
    _loops,
    _pools,
    _rpcs,
    _thread_pools,
    _threads,
)

__all__ = ["install", "uninstall"]

_ROOMS: tuple[Any, ...] = (
    *(_conditions, _threads, _pools, _thread_pools, _rpcs, _aio, _loops, _alarms),
)
_MISSING = object()
_PATCHES: list[tuple[Any, str, Any, Any]] = [  # owner, name, the real one, and ours
    (owner, name, vars(owner).get(name, _MISSING), ours)
    for owner, name, ours in (
        (threading, "_time", _conditions.wait_time),
        (queue, "time", _conditions.wait_time),
        *(patch for room in _ROOMS for patch in room.PATCHES),
    )
]


def install() -> None:
    """Put them in their places."""
    for owner, name, _, ours in _PATCHES:
        setattr(owner, name, ours)


def uninstall() -> None:
    """Put back what stood there, unless somebody has put something else there."""
    for owner, name, real, ours in _PATCHES:
        if vars(owner).get(name) is not ours:
            continue
        if real is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, real)
