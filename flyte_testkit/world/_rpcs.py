"""What stands in for gRPC's ways to call, in Python clients of this process.

Each call in a world takes an id and its exact timeout along, as metadata: gRPC itself rounds a
deadline up on its way. By the id the server tells the clock which call it holds back, so the very
thread that stands in it waits. gRPC's own waits stay real.

Ignorant of servers, and of how these come to stand there.
"""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from grpc import _channel, _common

from flyte_testkit.clock._schedule import LONGEST
from flyte_testkit.clock.marks import CALL_ID, EXACT_TIMEOUT, ON_THE_CLOCK
from flyte_testkit.world._conditions import wait_on
from flyte_testkit.world._reins import held
from flyte_testkit.world._strangers import tell_of_real_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flyte_testkit.clock._calls import Calls

__all__ = ["PATCHES", "calls_here", "marked"]

_kinds: Any = _channel  # its classes are private: there is no public way to reach all channels
_Unary = _kinds._UnaryUnaryMultiCallable  # noqa: SLF001  as above
_StreamUnary = _kinds._StreamUnaryMultiCallable  # noqa: SLF001  as above
_Streams = (
    _kinds._UnaryStreamMultiCallable,  # noqa: SLF001  as above
    _kinds._SingleThreadedUnaryStreamMultiCallable,  # noqa: SLF001  as above
    _kinds._StreamStreamMultiCallable,  # noqa: SLF001  as above
)
_SingleThreaded = _kinds._SingleThreadedRendezvous  # noqa: SLF001  as above
_real_future = _Unary.future
_real_next_event = _SingleThreaded._consume_next_event  # noqa: SLF001  as above
_real_event_handler = _kinds._event_handler  # noqa: SLF001  as above
_real_wait = _common.wait
_numbers = itertools.count(1)
_sending = threading.local()


def marked(metadata: Any, timeout: float | None) -> tuple[str, tuple[Any, ...]]:
    """Return an id for a call, and the metadata that takes it along."""
    call = f"{os.getpid()}-{next(_numbers)}"
    marks = [(CALL_ID, call)]
    if timeout is not None:
        marks.append((EXACT_TIMEOUT, repr(float(timeout))))
    return call, (*(metadata or ()), *marks)


def calls_here() -> Calls | None:
    """Return the calls of the world if the calling thread takes part in it."""
    mover = held[-1].clock.mover if held else None
    if mover is not None:
        tell_of_real_time()
    return mover.calls if mover is not None and mover.members.here() is not None else None


def _blocking(real: Any) -> Any:
    """Return what stands in for a way to call that returns when the call is answered."""

    def call_and_stand(
        self: Any,
        request: Any,
        timeout: float | None = None,
        metadata: Any = None,
        *more: Any,
        **named: Any,
    ) -> Any:
        calls = calls_here()
        if calls is None:
            return real(self, request, timeout, metadata, *more, **named)
        call, metadata = marked(metadata, timeout)
        with _standing(calls, call):
            return real(self, request, timeout, metadata, *more, **named)

    return call_and_stand


@contextmanager
def _standing(calls: Calls, call: object) -> Iterator[None]:
    """Let the calling thread stand in a call meanwhile."""
    member = calls.enter(call)
    try:
        yield
    finally:
        calls.leave(call, member)


def future(
    self: Any,
    request: Any,
    timeout: float | None = None,
    metadata: Any = None,
    *more: Any,
    **named: Any,
) -> Any:
    """Call, and let the call fly until it is done."""
    calls = calls_here()
    if calls is None:
        return _real_future(self, request, timeout, metadata, *more, **named)
    call, metadata = marked(metadata, timeout)
    calls.fly(call)
    _sending.under_way = (calls, call)
    try:
        sent = _real_future(self, request, timeout, metadata, *more, **named)
    except BaseException:
        calls.land(call)
        raise
    finally:
        _sending.under_way = None
    vars(sent._state.condition)[ON_THE_CLOCK] = None  # noqa: SLF001  whoever waits for it, sleeps
    return sent


def event_handler(state: Any, deserializer: Any) -> Callable[[Any], bool]:
    """Let a call land once all has happened that its end brings about, callbacks included."""
    handle: Callable[[Any], bool] = _real_event_handler(state, deserializer)
    under_way = getattr(_sending, "under_way", None)
    if under_way is None:
        return handle
    calls, call = under_way

    def handle_and_land(event: Any) -> bool:
        with calls.landing(call):
            return handle(event)

    return handle_and_land


def _streaming(real: Any) -> Any:
    """Return what stands in for a way to call that streams."""

    def call_stream(
        self: Any,
        request: Any,
        timeout: float | None = None,
        metadata: Any = None,
        *more: Any,
        **named: Any,
    ) -> Any:
        if calls_here() is None:
            return real(self, request, timeout, metadata, *more, **named)
        call, metadata = marked(metadata, timeout)
        sent = real(self, request, timeout, metadata, *more, **named)
        state = getattr(sent, "_state", None)
        if state is not None:
            vars(state.condition)[ON_THE_CLOCK] = call
        return sent

    return call_stream


def wait(
    wait_fn: Any, wait_complete_fn: Any, timeout: float | None = None, spin_cb: Any = None
) -> bool:
    """Wait for a call: for a future on the clock, for the next part of a stream really."""
    condition = getattr(wait_fn, "__self__", None)
    space = getattr(condition, "__dict__", {})
    calls = calls_here() if ON_THE_CLOCK in space else None
    if calls is None or condition is None:
        return _real_wait(wait_fn, wait_complete_fn, timeout, spin_cb)
    if space[ON_THE_CLOCK] is None:
        return _sleep_until(condition, wait_complete_fn, timeout)
    with _standing(calls, space[ON_THE_CLOCK]):
        return _real_wait(wait_fn, wait_complete_fn, timeout, spin_cb)


def next_event(self: Any) -> Any:
    """Wait for the next part of a stream that has no thread beside it."""
    call = vars(self._state.condition).get(ON_THE_CLOCK)
    calls = None if call is None else calls_here()
    if calls is None:
        return _real_next_event(self)
    with _standing(calls, call):
        return _real_next_event(self)


def _sleep_until(condition: Any, is_complete: Callable[[], bool], timeout: float | None) -> bool:
    """Wait on the clock; say whether the timeout was reached."""
    clock = held[-1].clock
    if timeout is not None and timeout > LONGEST:  # which is no error here
        timeout = None
    end = None if timeout is None else clock.elapsed + timeout
    while not is_complete():
        left = None if end is None else end - clock.elapsed
        if left is not None and left <= 0:
            return True
        wait_on(clock, condition, left)
    return False


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    *((kind, "_blocking", _blocking(kind._blocking)) for kind in (_Unary, _StreamUnary)),  # noqa: SLF001  as above
    (_Unary, "future", future),
    (_StreamUnary, "future", _streaming(_StreamUnary.future)),
    *((kind, "__call__", _streaming(kind.__call__)) for kind in _Streams),
    (_SingleThreaded, "_consume_next_event", next_event),
    (_channel, "_event_handler", event_handler),
    (_common, "wait", wait),
)
