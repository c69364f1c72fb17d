"""The patches that stay: outside of a world, and for machinery, they do as what they stand in for.

They are installed when a world is entered for the first time; so entering one is cheap, and a
reference to any of them does no harm later.

Ignorant of what they do.
"""

from __future__ import annotations

import functools
import queue
import threading
from typing import Any

from flyte_testkit.world import _alarms, _conditions, _loops, _pools, _rpcs, _thread_pools, _threads

__all__ = ["install"]

_ROOMS: tuple[Any, ...] = (*(_conditions, _threads, _pools, _thread_pools, _rpcs, _loops, _alarms),)


@functools.cache
def install() -> None:
    """Put them in their places, once."""
    for module, name in ((threading, "_time"), (queue, "time")):
        setattr(module, name, _conditions.wait_time)
    for room in _ROOMS:
        for owner, name, ours in room.PATCHES:
            setattr(owner, name, ours)
