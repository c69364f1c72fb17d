"""What stands in for ``grpc.aio``'s ways to call.

Nobody stands in an asynchronous call: it *flies* from its sending until it is held back or done,
and time stands still meanwhile, for its answer may be about to come. It takes an id and its exact
timeout along, as the calls of threads do. Those to Flyte's services arrive in the order in which
they were made: each is sent when the one before is held back or done. What streams flies while its
client can do no more than wait for it: all has been sent, and the next part is asked for.

Ignorant of servers, and of how these come to stand there.
"""

from __future__ import annotations

import asyncio
import weakref
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from grpc import ChannelConnectivity
from grpc.aio import EOF, Metadata, _call, _channel, _interceptor

from flyte_testkit.world import _outside
from flyte_testkit.world._lives import governs, life_of
from flyte_testkit.world._loops import join_loop
from flyte_testkit.world._reins import held
from flyte_testkit.world._rpcs import calls_here, marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyte_testkit.clock._calls import Calls

__all__ = ["PATCHES"]

_Unary: Any = _call.UnaryUnaryCall
_Reads: Any = _call._StreamResponseMixin
_Writes: Any = _call._StreamRequestMixin
_Streams: Any = (_call.UnaryStreamCall, _call.StreamUnaryCall, _call.StreamStreamCall)
_real_init = _Unary.__init__
_real_invoke = _Unary._invoke
_real_read = _Reads._read
_real_done_writing, _real_write = _Writes._done_writing, _Writes._write
_real_observe = _Writes._metadata_sent_observer
_Channel: Any = _channel.Channel
_real_wait_for_state_change = _Channel.wait_for_state_change
_READY = ChannelConnectivity.READY
_rooms: Any = (_channel, _interceptor)
_real_deadline = _rooms[0]._timeout_to_deadline
_LINE = "_flyte_testkit_line"
_CALL = "_flyte_testkit_call"
_WAY = "_flyte_testkit_way"
_READS = "_flyte_testkit_reads"
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
    _land_without(self, calls, call)


def _land_without(it: Any, calls: Calls, call: object) -> None:
    """Let a call land when nobody has it any more: its loop was closed before it was done."""
    weakref.finalize(it, calls.land, call).atexit = False


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


def _streaming(real_init: Any) -> Any:
    """Return what stands in for a way to make a call that streams."""

    def init_stream(
        self: Any, request: Any, deadline: Any, metadata: Any, *more: Any, **named: Any
    ) -> None:
        calls = _calls_of_loop()
        if calls is None:
            real_init(self, request, deadline, metadata, *more, **named)
            return
        call, marks = marked(metadata, getattr(deadline, "timeout", None))
        vars(self)[_CALL] = call
        real_init(self, request, deadline, Metadata(*marks), *more, **named)
        if isinstance(self, _call.UnaryStreamCall):  # it has all that is to be sent
            calls.fly(call)
            self._preparation.add_done_callback(
                lambda _: None if _READS in vars(self) else calls.land(call)
            )
        else:
            vars(self)[_WAY] = way = object()
            calls.fly(way)
            self._cython_call.add_done_callback(lambda *_: calls.land(way))
            _land_without(self, calls, way)
        _land_without(self, calls, call)

    return init_stream


def observe_metadata_sent(self: Any) -> None:
    """Hear that there is a way to send what streams."""
    way, calls = vars(self).get(_WAY), _calls_of_loop()
    if calls is not None and way is not None:
        calls.land(way)
    _real_observe(self)


async def write(self: Any, request: Any) -> None:
    """Send a part of a stream."""
    calls = _calls_of_loop()
    with nullcontext() if calls is None else _flying(calls, object()):
        await _real_write(self, request)


async def done_writing(self: Any) -> None:
    """Send the end of a stream: who waits for the answer can do no more than that."""
    call, calls = vars(self).get(_CALL), _calls_of_loop()
    is_waited_for = isinstance(self, _call.StreamUnaryCall) or _READS in vars(self)
    if is_waited_for and calls is not None and call is not None and not self.done():
        calls.fly(call)
        self._cython_call.add_done_callback(lambda *_: calls.land(call))
    await _real_done_writing(self)


async def read(self: Any) -> Any:
    """Wait for the next part of a stream: time stands still until it is there, or held back.

    But while a task sends what it is asked for, that may wait for time to pass, and so the answer.
    """
    call, calls = vars(self).get(_CALL), _calls_of_loop()
    if calls is None or call is None:
        return await _real_read(self)
    sender = getattr(self, "_async_request_poller", None)
    vars(self)[_READS] = None
    if sender is None or sender.done():
        calls.fly(call)
    try:
        return await _real_read(self)
    finally:
        vars(self).pop(_READS, None)
        calls.land(call)


@contextmanager
def _flying(calls: Calls, what: object) -> Iterator[None]:
    calls.fly(what)
    try:
        yield
    finally:
        calls.land(what)


async def wait_for_state_change(self: Any, state: Any) -> None:
    """Wait for what becomes of a connection; while it is being made, in real time."""
    with _outside.connecting(asyncio.get_running_loop()) if state is not _READY else nullcontext():
        await _real_wait_for_state_change(self, state)


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
    *((kind, "__init__", _streaming(kind.__init__)) for kind in _Streams),
    (_Writes, "_metadata_sent_observer", observe_metadata_sent),
    (_Writes, "_write", write),
    (_Writes, "_done_writing", done_writing),
    (_Reads, "_read", read),
    (_Channel, "wait_for_state_change", wait_for_state_change),
    *((room, "_timeout_to_deadline", timeout_to_deadline) for room in _rooms),
)
