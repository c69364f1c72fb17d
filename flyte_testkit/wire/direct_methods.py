"""How a method is called without a socket: serialize, let the calling thread answer, and parse.

The same bytes arrive, and the same status comes back. What is rare or refused is left to gRPC
itself, over TCP. Ignorant of what answers.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import grpc

from flyte_testkit.clock._governing import heeding_clock
from flyte_testkit.wire import openings
from flyte_testkit.wire.answers import Answer
from flyte_testkit.wire.direct_calls import Sent, Standing, calls_here
from flyte_testkit.wire.outcomes import Future, Success, failure, taken_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.wire.connectivity import Connectivity
    from flyte_testkit.wire.exchange import Exchange
    from flyte_testkit.wire.journal import Metadata
    from flyte_testkit.wire.limits import Limits
    from flyte_testkit.wire.services import Method

    Ready = tuple[openings.Server, Method, bytes, Metadata, "float | None"]

__all__ = ["DirectMethod"]

_LONGEST = 10.0**8  # seconds, beyond which gRPC has its own idea of a deadline
_LATE = Answer("DEADLINE_EXCEEDED", None, "Deadline Exceeded")


class Channel(Protocol):
    """What a method needs of its channel.

    Attributes:
        port: Where its server is.
        closed: Whether it was closed.
        limits: How large messages may be.
        plugins: What adds metadata to each call.
        repeats: Whether its client may make another attempt at once.
        connectivity: Who wants to hear that it is used.
    """

    port: int
    closed: bool
    limits: Limits
    plugins: tuple[Any, ...]
    repeats: bool
    connectivity: Connectivity

    def headers(self, metadata: Any) -> Metadata | None:
        """Return what arrives of metadata; ``None`` if that is for gRPC to say."""

    def with_credentials(self, metadata: Any, credentials: Any, path: str) -> Any:
        """Return metadata with what credentials add; ``None`` if that is for gRPC to say."""

    def over_tcp(self) -> grpc.Channel:
        """Return a channel of grpcio's own, which leads to the port by a socket."""


class DirectMethod(grpc.UnaryUnaryMultiCallable):  # type: ignore[type-arg]  # no generic at run time
    """What calls one method of a channel.

    Args:
        channel: The channel.
        path: Of the method.
        serialize: Makes bytes of a request.
        parse: Makes a value of the bytes of a reply.
    """

    def __init__(
        self,
        channel: Channel,
        path: str,
        serialize: Callable[[Any], bytes] | None,
        parse: Callable[[bytes], Any] | None,
    ) -> None:
        self._channel = channel
        # What a channel has for good: one that changed its class is slow to read (CPython 3.11).
        self._port = channel.port
        self._limits = channel.limits
        self._plugins = channel.plugins
        self._connectivity = channel.connectivity
        self._path = path
        self._serialize = serialize
        self._parse = parse

    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001  grpcio's signature
        compression: Any = None,
    ) -> Any:
        """Call, and return the reply."""
        ready = self._ready(request, timeout, metadata, credentials, compression)
        if ready is None:
            rest = (credentials, wait_for_ready, compression)
            return self._over_tcp()(request, timeout, metadata, *rest)
        return self._value(ready)

    def with_call(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001  grpcio's signature
        compression: Any = None,
    ) -> Any:
        """Call, and return the reply and what is known of the call."""
        ready = self._ready(request, timeout, metadata, credentials, compression)
        if ready is None:
            rest = (credentials, wait_for_ready, compression)
            return self._over_tcp().with_call(request, timeout, metadata, *rest)
        value = self._value(ready)
        return value, Success(value)

    def future(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001  grpcio's signature
        compression: Any = None,
    ) -> Any:
        """Call, and return a future: done at once, unless a fault holds the call back."""
        ready = self._ready(request, timeout, metadata, credentials, compression)
        if ready is None:
            rest = (credentials, wait_for_ready, compression)
            return self._over_tcp().future(request, timeout, metadata, *rest)
        channel = self._channel
        ends = None if timeout is None else time.time() + timeout
        on_the_clock = calls_here() is not None
        future = Future(self._parse, self._limits, ends, on_the_clock=on_the_clock)
        if isinstance(ready, Answer):
            future.complete(ready)
            return future.rendezvous()
        server, method, raw, arrives, deadline = ready
        told = (channel, deadline, arrives, server.pending)
        call = Sent(future.complete, *told)
        future.cancel = call.cancel
        _answered(server.exchange, method, raw, call)
        return future.rendezvous()

    def _value(self, ready: Ready | Answer) -> Any:
        """Call, wait, and return the reply.

        Raises:
            grpc.RpcError: The answer is another one.
        """
        if isinstance(ready, Answer):
            raise failure(ready)
        server, method, raw, arrives, deadline = ready
        call = Standing(self._channel, deadline, arrives, server.pending)
        _answered(server.exchange, method, raw, call)
        answer = call.wait() if call.is_held or call.answer is None else call.answer
        answer, value = taken_in(answer, self._parse, self._limits)
        if answer.code != "OK":
            raise failure(answer)
        return value

    def _ready(
        self, request: Any, timeout: float | None, metadata: Any, credentials: Any, compression: Any
    ) -> Ready | Answer | None:
        """Return what a call is made with, or how it ends before; ``None`` if gRPC is to say."""
        channel = self._channel
        server = None if channel.closed else openings.server_at(self._port)
        if server is None or not self._path:
            return None
        if compression is not None and not isinstance(compression, grpc.Compression):
            return None
        if timeout is not None and not (isinstance(timeout, (int, float)) and timeout < _LONGEST):
            return None
        if credentials is not None or self._plugins:
            metadata = channel.with_credentials(metadata, credentials, self._path)
            if metadata is None or isinstance(metadata, Answer):
                return metadata
        arrives = channel.headers(metadata)
        raw = self._bytes_of(request)
        if arrives is None or raw is None or len(raw) > self._limits.sends:
            return None
        if self._connectivity.waiting:
            self._connectivity.connect()
        if timeout is not None and timeout <= 0:
            return _LATE
        method = server.exchange.methods.get(self._path)
        if method is None:
            return server.exchange.unknown(self._path)
        return server, method, raw, arrives, None if timeout is None else float(timeout)

    def _bytes_of(self, request: Any) -> bytes | None:
        """Return a request as it travels; ``None`` if it is none, and gRPC is to say so."""
        raw = request
        if self._serialize is not None:
            try:
                raw = self._serialize(request)
            except Exception:  # noqa: BLE001  whatever it dislikes
                return None
        return raw if type(raw) is bytes else None

    def _over_tcp(self) -> Any:
        return self._channel.over_tcp().unary_unary(self._path, self._serialize, self._parse)


def _answered(exchange: Exchange, method: Method, raw: bytes, call: Standing | Sent) -> None:
    """Let the calling thread answer a call, as far as it is answered at once.

    Raises:
        HopelessWait: Somebody has said so meanwhile of whoever makes it.
    """
    clock = heeding_clock()
    mover = None if clock is None else clock.mover
    member = None if mover is None else mover.members.here()
    if mover is None or member is None:
        exchange.take(method, raw, call)
        return
    traffic = mover.traffic
    is_first = traffic.go_within(member)
    try:
        exchange.take(method, raw, call)
    except BaseException:  # ^C, say
        call.abandon()
        call.leave()
        raise
    finally:
        if call.member is not None and not call.is_held:
            call.leave()
        if is_first:  # what is said of who waits now is raised when that is over
            traffic.come_out(member, waits=call.is_held)
