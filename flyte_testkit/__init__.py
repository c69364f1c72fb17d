"""A fake Flyte backend that lives inside the test process.

This door holds the words that tests are written in. It loads the standard library only, and each
word when it is first asked for: importing a submodule, as the client does in production, costs
nothing of it. Server, client and strategies are submodules of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flyte_testkit import failures
    from flyte_testkit.clock import SystemClock, VirtualClock
    from flyte_testkit.errors import (
        BrokenLaw,
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
    "BrokenLaw",
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

_HOMES = {
    **dict.fromkeys(("SystemClock", "VirtualClock"), "clock"),
    **dict.fromkeys(
        ("OpenTimeline", "Timeline", "immediately", "polls", "queued", "running", "undefined"),
        "timeline",
    ),
}


def __getattr__(name: str) -> object:
    """Load a word from the module that is its home."""
    if name == "failures":
        return import_module("flyte_testkit.failures")
    if name not in __all__:
        from flyte_testkit.errors import close_names  # noqa: PLC0415  only a mistake pays for it

        hint = close_names(name, __all__)
        raise AttributeError(f"module 'flyte_testkit' has no attribute {name!r}.{hint}")
    value = getattr(import_module(f"flyte_testkit.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
