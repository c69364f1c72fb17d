"""The timers of the event loop that runs in the calling thread, if one does.

Ignorant of clocks.
"""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["first_timer", "runs_a_loop"]


def runs_a_loop() -> bool:
    """Whether the calling thread runs an event loop at this moment."""
    return asyncio._get_running_loop() is not None


def first_timer() -> float | None:
    """Return when the first timer of the loop that is still to come is due, in its own time."""
    loop: Any = asyncio._get_running_loop()
    timers = getattr(loop, "_scheduled", ())
    if not timers:
        return None
    now = loop.time()
    due = (timer._when for timer in timers if not timer._cancelled and timer._when > now)
    return min(due, default=None)
