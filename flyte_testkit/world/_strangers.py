"""Loops that keep real time: who calls the fake from one is told so, once.

While such a loop sleeps, what waits on the virtual clock does not happen.

Ignorant of calls.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from flyte_testkit.world._lives import governs
from flyte_testkit.world._telling import asker, tell

__all__ = ["forget", "tell_of_real_time"]

_told: set[str] = set()  # by this process, not in each test


def tell_of_real_time() -> None:
    """Tell, once, that the loop from which somebody calls keeps real time."""
    loop = asyncio._get_running_loop()
    trio: Any = sys.modules.get("trio.lowlevel")
    runs = trio is not None and "in_trio_run" in vars(trio) and trio.in_trio_run()
    if loop is None and not runs:  # as it mostly is, and each call asks
        return
    kind = "trio" if runs else "" if loop is None or governs(loop) else _kind(loop)
    if not kind or kind in _told:
        return
    _told.add(kind)
    advice = (
        "trio.testing.MockClock, moved by hand" if kind == "trio" else "asyncio's own loop in tests"
    )
    tell(
        f"a call was made from a loop that keeps real time ({kind}), in a world that waits on a "
        "virtual clock. While that loop sleeps, real seconds pass and no clock moves: what is "
        f"scheduled on the clock does not happen meanwhile. Use {advice}, or clock.advance(...).",
        asker(),
    )


def _kind(loop: Any) -> str:
    return f"{type(loop).__module__}.{type(loop).__qualname__}"


def forget() -> None:
    """Tell anew."""
    _told.clear()
