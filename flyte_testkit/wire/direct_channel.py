"""A ``grpc.Channel`` to a server in this process that needs no socket.

It is a plain one. What is rare or refused (streams, metadata that gRPC rewrites, a closed channel,
a server that is gone) goes over TCP, by a channel of grpcio's own: it says best what comes of it.

Ignorant of how calls are made, and of what answers.
"""

from __future__ import annotations

import _thread
from typing import TYPE_CHECKING, Any

from grpc import _channel, _grpcio_metadata

from flyte_testkit.wire import openings
from flyte_testkit.wire.answers import Answer
from flyte_testkit.wire.call_credentials import asked, plugins_of
from flyte_testkit.wire.connectivity import Connectivity
from flyte_testkit.wire.direct_methods import DirectMethod
from flyte_testkit.wire.journal import OURS
from flyte_testkit.wire.limits import Limits
from flyte_testkit.wire.sent_metadata import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import grpc

    from flyte_testkit.wire.journal import Metadata

__all__ = ["DirectChannel"]

_VERSION: str = _grpcio_metadata.__version__
_MANY = 1000
_CLOSED = Answer("CANCELLED", None, "Channel closed!")


class DirectChannel(_channel.Channel):
    """A channel of grpcio that was about to lead to the port of a server in this process.

    Args:
        port: The port.
        told: Its options by name.
        target: As it was asked for.
        options: Likewise.
        credentials: Likewise: what they add to calls is sent; nothing is encrypted.
        compression: Likewise: nothing is compressed.
    """

    def __init__(
        self,
        port: int,
        told: Mapping[str, Any],
        target: str,
        options: Sequence[tuple[str, Any]] = (),
        credentials: Any = None,
        compression: Any = None,
    ) -> None:
        self._target = target
        self._asked_for = (target, options, credentials, compression)
        self._lock = _thread.allocate_lock()
        self._tcp: grpc.Channel | None = None
        self.port = port
        self.closed = False
        self.connectivity = Connectivity()
        self.plugins = tuple(plugins_of(credentials))
        self.secure = credentials is not None
        self.limits = Limits.of(told)
        primary = str(told.get("grpc.primary_user_agent", ""))
        secondary = str(told.get("grpc.secondary_user_agent", ""))
        agent = " ".join(filter(None, (primary, f"grpc-python/{_VERSION} (direct)", secondary)))
        self.repeats = not agent.startswith(OURS)
        self._headers: dict[Any, Metadata] = {}  # those that were met
        self.bare: Metadata = (("user-agent", agent),)

    def headers(self, metadata: Any) -> Metadata | None:
        """Return what arrives of metadata; ``None`` if that is for gRPC to say."""
        if not metadata:
            return self.bare
        if not isinstance(metadata, (list, tuple)):  # what can be gone through once, say
            return None
        try:
            return self._headers[tuple(metadata)]
        except (KeyError, TypeError):  # it is new, or has parts that cannot be hashed
            found = plain(metadata)
        if found is None:
            return None
        arrives = (*self.bare, *found)
        if len(self._headers) < _MANY:  # else each call has its own
            self._headers[found] = arrives
        return arrives

    def with_credentials(self, metadata: Any, credentials: Any, path: str) -> Any:
        """Return metadata with what credentials add; ``None`` if that is for gRPC to say."""
        if credentials is not None and not (self.secure and hasattr(credentials, "_credentials")):
            return None
        own = getattr(credentials, "_credentials", None)
        added = asked([*self.plugins, *plugins_of(own)], self._target, path)
        return added if isinstance(added, Answer) else (*(metadata or ()), *added)

    def over_tcp(self) -> grpc.Channel:
        """Return a channel of grpcio's own, which leads to the port by a socket."""
        with self._lock:
            if self._tcp is None:
                server = openings.server_at(self.port)
                if server is not None:
                    server.listen()
                self._tcp = openings.real_channel(*self._asked_for)
                if self.closed:
                    self._tcp.close()
            return self._tcp

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        _registered_method: bool | None = False,  # noqa: FBT001, FBT002  grpcio's signature
    ) -> Any:
        """Return what calls a method."""
        if not isinstance(method, str):
            return self.over_tcp().unary_unary(method, request_serializer, response_deserializer)
        return DirectMethod(self, method, request_serializer, response_deserializer)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Return what calls a method over TCP."""
        return self.over_tcp().unary_stream(*args, **kwargs)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """Return what calls a method over TCP."""
        return self.over_tcp().stream_unary(*args, **kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Return what calls a method over TCP."""
        return self.over_tcp().stream_stream(*args, **kwargs)

    def subscribe(
        self,
        callback: Callable[[Any], None],
        try_to_connect: bool | None = None,  # noqa: FBT001  grpcio's signature
    ) -> None:
        """Tell how the connection is, from now on: idle until it is needed, then ready."""
        if not self.closed:
            self.connectivity.subscribe(callback, connects=bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[Any], None]) -> None:
        """Tell no longer."""
        self.connectivity.unsubscribe(callback)

    def _unsubscribe_all(self) -> None:
        connectivity = self.__dict__.get("connectivity")
        if connectivity is not None:
            connectivity.clear()

    def _close(self) -> None:
        with self._lock:
            self.closed = True
            if self._tcp is not None:
                self._tcp.close()
        self._unsubscribe_all()
        server = openings.server_at(self.port)
        for call, owner in list(server.pending.items()) if server is not None else ():
            if owner is self:
                call.abandon(_CLOSED)
