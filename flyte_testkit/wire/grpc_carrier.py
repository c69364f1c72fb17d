"""How gRPC carries calls: raw bytes, contexts, statuses in trailers, and when a client is gone.

A call that a hook may hold back is answered later, when its handler has returned. In grpcio only a
stream handler may do so; for the client of a unary method the two look the same. It costs a quarter
more, so calls that no hook can hold are answered plainly.

Ignorant of what happens to a call: that is the :mod:`~flyte_testkit.wire.exchange`'s.
"""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING

import grpc

from flyte_testkit.clock.marks import CALL_ID, EXACT_TIMEOUT, UNMARKED
from flyte_testkit.wire.journal import OURS, blurred
from flyte_testkit.wire.statuses import trailers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.wire.answers import Answer
    from flyte_testkit.wire.exchange import Exchange, Hook
    from flyte_testkit.wire.services import Method

    RpcMethodHandler = grpc.RpcMethodHandler[bytes, bytes]

__all__ = ["GrpcCarrier"]

_MARKS = frozenset({CALL_ID, EXACT_TIMEOUT})


class GrpcCarrier(grpc.GenericRpcHandler):
    """Brings the calls of one gRPC server to an exchange, and its answers back.

    gRPC holds it for a moment after its server has stopped, in a thread that nobody can wait for:
    so it does not hold the exchange, and makes what handles a call anew for each.

    Args:
        exchange: What answers, as long as somebody else holds it.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = weakref.ref(exchange)

    def service(self, details: grpc.HandlerCallDetails) -> RpcMethodHandler | None:
        """Return what handles a call to this path; None once there is no exchange any more."""
        exchange = self._exchange()
        if exchange is None:
            return None
        method = exchange.methods.get(details.method)
        if method is None:
            refused = exchange.unknown(details.method)
            return grpc.unary_unary_rpc_method_handler(partial(_unserved, refused))
        hooks = exchange.hooks(method.rpc)
        if not hooks:
            return grpc.unary_unary_rpc_method_handler(partial(_at_once, exchange, method))
        later = partial(_later, exchange, method, hooks)
        later.experimental_non_blocking = True  # type: ignore[attr-defined]  # how grpcio is told
        return grpc.unary_stream_rpc_method_handler(later)


def _at_once(
    exchange: Exchange, method: Method, raw: bytes, context: grpc.ServicerContext
) -> bytes:
    caller = _Waiting(context)
    exchange.take(method, raw, caller, ())
    return _bytes_of(caller.answer, context)


def _later(
    exchange: Exchange,
    method: Method,
    hooks: Sequence[Hook],
    raw: bytes,
    context: grpc.ServicerContext,
    respond: Callable[[bytes | None], None],
) -> None:
    exchange.take(method, raw, _Patient(context, respond), hooks)


class _Caller:
    """What a client tells of a call, besides the request.

    Attributes:
        call: The id by which the clock knows who stands in the call.
        deadline: In seconds, exactly as the client meant it if it says so.
        repeats: Whether its client may make another attempt at once; ours pauses first.
        metadata: What the client sent besides, without the marks that the world adds.
        when_gone: Calls a function once the client waits no longer.
    """

    def __init__(self, context: grpc.ServicerContext) -> None:
        sent = context.invocation_metadata() or ()
        told = dict(sent)
        self.call = told.get(CALL_ID, UNMARKED)
        exact = told.get(EXACT_TIMEOUT)
        self.deadline = blurred(context.time_remaining()) if exact is None else float(exact)
        self.repeats = not str(told.get("user-agent", "")).startswith(OURS)
        self.metadata = tuple([(key, value) for key, value in sent if key not in _MARKS])
        self.when_gone = context.add_callback

    def held(self) -> object:
        return self.call


class _Waiting(_Caller):
    """Takes the answer in while its handler waits: it comes before the exchange returns."""

    answer: Answer

    def send(self, answer: Answer) -> None:
        self.answer = answer


class _Patient(_Caller):
    """Sends the answer by itself, whenever it comes."""

    def __init__(
        self, context: grpc.ServicerContext, respond: Callable[[bytes | None], None]
    ) -> None:
        super().__init__(context)
        self._context = context
        self._respond = respond

    def send(self, answer: Answer) -> None:
        if answer.raw is not None:
            self._respond(answer.raw)
        else:
            _set_status(self._context, answer)
        self._respond(None)


def _unserved(refused: Answer, _: bytes, context: grpc.ServicerContext) -> bytes:
    return _bytes_of(refused, context)


def _bytes_of(answer: Answer, context: grpc.ServicerContext) -> bytes:
    """Return what a plain handler returns; a status that is not OK leaves by an exception."""
    if answer.raw is not None:
        return answer.raw
    _set_status(context, answer)
    context.abort(grpc.StatusCode[answer.code], answer.message)
    raise AssertionError("unreachable")  # abort raises


def _set_status(context: grpc.ServicerContext, answer: Answer) -> None:
    """Write a status that is not OK into the context of its call."""
    if more := trailers(answer):
        context.set_trailing_metadata(more)
    context.set_code(grpc.StatusCode[answer.code])
    context.set_details(answer.message)
