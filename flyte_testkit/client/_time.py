"""The one place where the client meets the clock.

Everything in this package that waits or measures asks here, and the functions are looked up on
the ``time`` module at each call, so whoever governs time for a test governs the client too.

It is ignorant of what is waited for.
"""

from __future__ import annotations

import time

__all__ = ["monotonic", "sleep"]


def monotonic() -> float:
    """Return seconds on a clock that never jumps: no time zone, no summer time, no NTP step."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Sleep that many seconds."""
    time.sleep(seconds)
