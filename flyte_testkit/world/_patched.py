"""What somebody put in place of ``sleep``: under a mock nothing waits, so no clock moves.

Older suites patch ``time.sleep`` to be fast. In a world that is not needed, and harmful.

Ignorant of clocks.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import NonCallableMock

from flyte_testkit.world._bindings import namespace
from flyte_testkit.world._owners import of_code_under_test
from flyte_testkit.world._reins import held
from flyte_testkit.world._sleeps import REAL_SLEEP, sleep
from flyte_testkit.world._telling import asker, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SleepTeller", "forget", "patched_sleep", "tell_of_patch"]

_told: set[str] = set()  # by this process, not in each test


def patched_sleep() -> str | None:
    """Return which ``sleep`` is patched, and by what, as a sentence; ``None`` if none is.

    Looked at are ``time.sleep`` and what modules of the code under test call ``sleep`` or ``time``.

    Example:
        >>> patched_sleep() is None
        True
    """
    found = next(_patches(), None) if held else None
    if found is None:
        return None
    name, what = found
    return f"{name} is patched by {_described(what)}, so nothing waits on the clock."


class SleepTeller:
    """Says, where a wait is hopeless, which ``sleep`` is patched: it may well be the reason."""

    def next_due(self) -> None:
        """Nothing happens by itself."""

    def story(self) -> str:
        """Return what is patched, and what to do; empty if nothing is."""
        patched = patched_sleep()
        return f"{patched} Drop the patch: sleeping takes no time here." if patched else ""


def _patches() -> Iterator[tuple[str, Any]]:
    if time.sleep is not sleep:
        yield "time.sleep", time.sleep
    for name, module in list(sys.modules.items()):
        space = namespace(module)
        if space is not None and {"sleep", "time"} & space.keys() and of_code_under_test(space):
            for key in ("sleep", "time"):
                if isinstance(space.get(key), NonCallableMock):
                    yield f"{name}.{key}", space[key]


def _described(what: Any) -> str:
    """Return what stands there, without the address that a repr has."""
    if isinstance(what, NonCallableMock):
        return f"a mock ({type(what).__name__})"
    module, name = getattr(what, "__module__", None), getattr(what, "__qualname__", None)
    return f"{module}.{name}" if module and name else f"a {type(what).__name__}"


def tell_of_patch(before: Any) -> None:
    """Tell, once, that a patch made before the world stands back while the world lasts.

    Args:
        before: What ``time.sleep`` was.
    """
    if before is REAL_SLEEP or _described(before) in _told:
        return
    _told.add(_described(before))
    tell(
        f"time.sleep was patched by {_described(before)} when the world was entered. Under the "
        "world sleeping takes no time, so the patch is not needed, and is not called until the "
        "world is left. Drop the patch.",
        asker(),
    )


def forget() -> None:
    """Tell anew."""
    _told.clear()
