"""What stands in for ``Thread.start`` and ``Thread.join``.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from flyte_testkit.world._reins import caller, is_pool

__all__ = ["PATCHES"]

_real_start = threading.Thread.start
_real_join = threading.Thread.join
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say


def start(self: threading.Thread) -> None:
    """Start a thread, which takes part if code under test starts it; a pool's worker does not."""
    frame = _frame(1)
    reins = None if is_pool(frame) else caller(frame)
    if reins is None or self.ident is not None:
        _real_start(self)
        return
    mover = reins.clock.mover
    mover.join(self)
    try:
        _real_start(self)
    except BaseException:
        mover.leave(self)
        raise


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """Wait on the clock until a thread has ended, if that takes part."""
    reins = caller(_frame(1)) if timeout is None or timeout > 0 else None
    started: threading.Event = self._started  # type: ignore[attr-defined]
    if reins is None or not started.is_set() or self is threading.current_thread():
        _real_join(self, timeout)
    elif reins.clock.join_thread(self, None if timeout is None else reins.landing(timeout)):
        _real_join(self)


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (threading.Thread, "start", start),
    (threading.Thread, "join", join),
)
