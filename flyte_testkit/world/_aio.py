"""What stands in for ``grpc.aio``'s ways to call.

Nobody stands in an asynchronous call: it *flies* from its sending until it is held back or done,
and time stands still meanwhile, for its answer may be about to come. It takes an id and its exact
timeout along, as the calls of threads do. Those to Flyte's services arrive in the order in which
they were made: each is sent when the one before is held back or done.

Ignorant of servers, and of how these come to stand there.
"""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from grpc.aio import EOF, Metadata, _call, _channel, _interceptor

from flyte_testkit.world._lives import governs, life_of
from flyte_testkit.world._loops import join_loop
from flyte_testkit.world._reins import held
from flyte_testkit.world._rpcs import calls_here, marked

if TYPE_CHECKING:
    from flyte_testkit.clock._calls import Calls

__all__ = ["PATCHES"]

_Unary: Any = _call.UnaryUnaryCall
_Streaming: Any = _call._StreamResponseMixin
_real_init = _Unary.__init__
_real_invoke = _Unary._invoke
_real_read = _Streaming._read
_rooms: Any = (_channel, _interceptor)
_real_deadline = _rooms[0]._timeout_to_deadline
_LINE = "_flyte_testkit_line"
_FLYTES = b"/flyteidl."


class _Deadline(float):
    """A deadline as gRPC wants it, which knows the timeout that it was made of."""

    timeout: float

    __slots__ = ("timeout",)


def timeout_to_deadline(timeout: float | None) -> float | None:
    """Return when a call has to be answered, in real time."""
    deadline: float | None = _real_deadline(timeout)
    if deadline is None or timeout is None or not held:
        return deadline
    found = _Deadline(deadline)
    found.timeout = float(timeout)
    return found


def init(self: Any, request: Any, deadline: Any, metadata: Any, *more: Any, **named: Any) -> None:
    """Call, and let the call fly until it is done."""
    calls = _calls_of_loop()
    if calls is None:
        _real_init(self, request, deadline, metadata, *more, **named)
        return
    call, marks = marked(metadata, getattr(deadline, "timeout", None))
    life = life_of(asyncio._get_running_loop())
    method = bytes(named.get("method") or more[3])
    if life is not None and method.startswith(_FLYTES):
        vars(self)[_LINE] = life.line, call
        calls.fly(call, partial(life.line.leave, call))
    else:
        calls.fly(call)
    try:
        _real_init(self, request, deadline, Metadata(*marks), *more, **named)
    except BaseException:
        calls.land(call)
        raise
    self._cython_call.add_done_callback(lambda *_: calls.land(call))
    weakref.finalize(
        self, calls.land, call
    ).atexit = False  # its loop was closed before it was done


async def invoke(self: Any) -> Any:
    """Send a call when it is its turn."""
    line, call = vars(self).get(_LINE, (None, None))
    if line is not None:
        try:
            await line.stand(call)
        except asyncio.CancelledError:
            if not self.cancelled():
                self.cancel()
            return EOF
    return await _real_invoke(self)


async def read(self: Any) -> Any:
    """Wait for the next part of a stream: time stands still until it is there."""
    calls = _calls_of_loop()
    if calls is None:
        return await _real_read(self)
    part = object()
    calls.fly(part)
    try:
        return await _real_read(self)
    finally:
        calls.land(part)


def _calls_of_loop() -> Calls | None:
    """Return the calls of the world if the loop that runs here lives in it, or can."""
    if not held:
        return None
    loop = asyncio._get_running_loop()
    if calls_here() is None and loop is not None and governs(loop):
        join_loop(loop, held[-1].clock.mover)  # it is older than the world, and works for it
    return calls_here()


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (_Unary, "__init__", init),
    (_Unary, "_invoke", invoke),
    (_Streaming, "_read", read),
    *((room, "_timeout_to_deadline", timeout_to_deadline) for room in _rooms),
)
