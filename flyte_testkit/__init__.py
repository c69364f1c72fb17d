"""A fake Flyte backend that lives inside the test process.

This door holds the words that tests are written in. It loads the standard library only; the server,
the client and the strategies are submodules of their own, loaded when they are asked for.
"""

from __future__ import annotations

from flyte_testkit import failures
from flyte_testkit.clock import SystemClock, VirtualClock
from flyte_testkit.errors import (
    ClockError,
    FlyteTestkitError,
    HopelessWait,
    MissingFlytekit,
    NestedFreezeError,
    RegistrationError,
    RouteError,
    TimelineError,
    UnexpectedUse,
)
from flyte_testkit.timeline import (
    OpenTimeline,
    Timeline,
    immediately,
    polls,
    queued,
    running,
    undefined,
)

__all__ = [
    "ClockError",
    "FlyteTestkitError",
    "HopelessWait",
    "MissingFlytekit",
    "NestedFreezeError",
    "OpenTimeline",
    "RegistrationError",
    "RouteError",
    "SystemClock",
    "Timeline",
    "TimelineError",
    "UnexpectedUse",
    "VirtualClock",
    "failures",
    "immediately",
    "polls",
    "queued",
    "running",
    "undefined",
]
