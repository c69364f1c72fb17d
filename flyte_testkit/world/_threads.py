"""What stands in for ``Thread.start``, ``Thread.join`` and ``_thread.start_new_thread``.

And for what a thread does that serves, as long as it does: such threads live in real time.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import _thread
import socketserver
import sys
import threading
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import caller, is_pool, reins_held

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flyte_testkit.world._reins import Reins

__all__ = ["PATCHES"]

_real_start = threading.Thread.start
_real_join = threading.Thread.join
_real_serve_forever = socketserver.BaseServer.serve_forever
_real_start_new = _thread.start_new_thread
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say


def start(self: threading.Thread) -> None:
    """Start a thread, which takes part if code under test starts it; a pool's worker does not."""
    frame = _frame(1)
    reins = None if is_pool(frame) else caller(frame)
    if reins is None or self.ident is not None:
        _real_start(self)
    else:
        _start(self, reins)


def _start(thread: threading.Thread, reins: Reins) -> None:
    mover = reins.clock.mover
    mover.join(thread)
    try:
        _real_start(thread)
    except BaseException:
        mover.leave(thread)
        raise


def start_new_thread(
    function: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
    /,
) -> int:
    """Start a thread that takes part, and that nobody joins; ``threading`` has its own name."""
    reins = caller(_frame(1))
    if reins is None:
        return _real_start_new(function, args, dict(kwargs or {}))
    thread = threading.Thread(target=function, args=args, kwargs=kwargs, daemon=True)
    _start(thread, reins)
    return thread.ident or 0


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """Wait on the clock until a thread has ended, if that takes part."""
    reins = caller(_frame(1))
    started: threading.Event = self._started  # type: ignore[attr-defined]
    if timeout is not None and timeout <= 0:
        _real_join(self, timeout)
        if reins is not None and self.is_alive():
            reins.look(at_time=False)  # who waits for no time, again and again, waits
    elif reins is None or not started.is_set() or self is threading.current_thread():
        _real_join(self, timeout)
    elif reins.clock.join_thread(self, None if timeout is None else reins.landing(timeout)):
        _real_join(self)


def serve_forever(self: Any, poll_interval: float = 0.5) -> None:
    """Serve in real time, whoever started the thread: time would stand as long as it serves."""
    reins = reins_held()
    mover = None if reins is None else reins.clock.mover
    member = None if mover is None else mover.members.here()
    if mover is None or member is None or member.guest:
        _real_serve_forever(self, poll_interval)
        return
    thread = threading.current_thread()
    mover.leave(thread)
    try:
        _real_serve_forever(self, poll_interval)
    finally:
        if reins_held() is reins:
            mover.join(thread, resident=True)


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (threading.Thread, "start", start),
    (threading.Thread, "join", join),
    (_thread, "start_new_thread", start_new_thread),
    (_thread, "start_new", start_new_thread),
    (socketserver.BaseServer, "serve_forever", serve_forever),
)
