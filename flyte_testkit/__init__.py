"""A fake Flyte backend that lives inside the test process.

This door holds the words that tests are written in. It loads the standard library only, and each
word when it is first asked for: importing a submodule, as the client does in production, costs
nothing of it. Server, client and strategies are submodules of their own.

PYTEST_DONT_REWRITE: there is no assertion here, and looking for some takes pytest long.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flyte_testkit import failures, nodes
    from flyte_testkit.clock import SystemClock, VirtualClock
    from flyte_testkit.errors import (
        BrokenLaw,
        ClockError,
        FlyteTestkitError,
        HopelessWait,
        MissingFlytekit,
        NestedFreezeError,
        NoSuchNode,
        RegistrationError,
        RouteError,
        TimelineError,
        UnexpectedUse,
    )
    from flyte_testkit.fake import fake_flyte
    from flyte_testkit.timeline import (
        OpenTimeline,
        Timeline,
        aborting,
        immediately,
        polls,
        queued,
        running,
        undefined,
    )

    __version__: str

__all__ = [
    "BrokenLaw",
    "ClockError",
    "FlyteTestkitError",
    "HopelessWait",
    "MissingFlytekit",
    "NestedFreezeError",
    "NoSuchNode",
    "OpenTimeline",
    "RegistrationError",
    "RouteError",
    "SystemClock",
    "Timeline",
    "TimelineError",
    "UnexpectedUse",
    "VirtualClock",
    "__version__",
    "aborting",
    "failures",
    "fake_flyte",
    "immediately",
    "nodes",
    "polls",
    "queued",
    "running",
    "undefined",
]

_HOMES = {
    "fake_flyte": "fake",
    **dict.fromkeys(("SystemClock", "VirtualClock"), "clock"),
    **dict.fromkeys(
        (
            *("OpenTimeline", "Timeline", "aborting", "immediately", "polls", "queued", "running"),
            "undefined",
        ),
        "timeline",
    ),
}


def __getattr__(name: str) -> object:
    """Load a word from the module that is its home."""
    if name in {"failures", "nodes"}:
        return import_module(f"flyte_testkit.{name}")
    if name == "__version__":
        return _version()
    if name not in __all__:
        asker = sys._getframe(1)  # noqa: SLF001  to tell an import from a look
        if asker.f_globals.get("__name__") == "importlib._bootstrap":
            raise AttributeError(name)  # it wants to know whether there is a submodule to import
        from flyte_testkit.errors import no_such_name  # noqa: PLC0415  only a mistake pays for it

        raise no_such_name("flyte_testkit", name, __all__, asker)
    value = getattr(import_module(f"flyte_testkit.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def _version() -> str:
    """Return the version that is installed; a copy that nobody installed has none."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  30 ms

    try:
        return version("flyte-testkit")
    except PackageNotFoundError:
        return "0+unknown"
