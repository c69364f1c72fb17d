"""Everything of one backend that listens: gRPC for its services, HTTP for its objects.

Ignorant of scripts; it starts, is found, and stops. What it was found at once it is found at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.wire.direct_server import DirectServer
from flyte_testkit.wire.exchange import Exchange
from flyte_testkit.wire.grpc_carrier import GrpcCarrier
from flyte_testkit.wire.listener import Listener, check_port
from flyte_testkit.wire.object_store import ObjectStore
from flyte_testkit.wire.service import Objects, Service
from flyte_testkit.wire.transports import check_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.wire.exchange import Hook
    from flyte_testkit.wire.journal import Journal
    from flyte_testkit.wire.reservation import Reservation
    from flyte_testkit.wire.transports import Transport

__all__ = ["Host", "Hosted"]


class Hosted(Service, Objects, Protocol):
    """A service that has objects, too."""


class Host:
    """Serves one backend on loopback between :meth:`start` and :meth:`stop`.

    Args:
        backend: What answers.
        journal: Where calls are written down.
        hooks: Which hooks the calls of an RPC pass.
        port: Where gRPC listens; 0 finds a free port, which is kept from then on.
        transport: How the calls of clients in this process travel.

    Raises:
        FlyteTestkitError: The port is none, or the transport.
    """

    def __init__(
        self,
        backend: Hosted,
        journal: Journal,
        hooks: Callable[[str], Sequence[Hook]],
        port: int,
        transport: Transport = "tcp",
    ) -> None:
        self._backend = backend
        self._journal = journal
        self._exchange = Exchange(backend, journal, hooks)
        self._port = check_port(port)
        self.transport = check_transport(transport)
        self._found_at = False
        self._listener: Listener | DirectServer | None = None
        self._objects = ObjectStore(backend)

    @property
    def endpoint(self) -> str:
        """Host and port of gRPC.

        Raises:
            FlyteTestkitError: It does not run.
        """
        if self._listener is None:
            raise FlyteTestkitError(
                "this FakeFlyteAdmin does not run, so it has no endpoint.\n"
                "Use it as a context manager: with FakeFlyteAdmin() as admin: …"
            )
        return self._listener.endpoint

    @property
    def is_anywhere(self) -> bool:
        """Whether nobody knows it by a port yet."""
        return not self._port

    def start(self, place: Reservation | None = None) -> None:
        """Listen; the clock asks the engine from now on whether anything will happen.

        Args:
            place: Where, if a port is kept for it that others use after it; only without a socket.

        Raises:
            FlyteTestkitError: A port is taken, or it runs already.
        """
        if self._listener is not None:
            raise FlyteTestkitError(
                f"this FakeFlyteAdmin runs already, on {self.endpoint}.\n"
                "Make another one: each is cheap, and starts with nothing in it."
            )
        listener = self._listening(place)
        try:
            self._objects.start()
        except BaseException:
            listener.stop()
            raise
        self._listener, self._port, self._found_at = listener, listener.port, True
        self._backend.signs(self._objects)
        self._backend.clock.watch(self._backend.engine)
        self._backend.clock.watch(self._journal)  # it tells of calls that are held

    def listen(self) -> None:
        """Let clients come that need a socket, if it runs and has none."""
        if isinstance(self._listener, DirectServer):
            self._listener.listen()

    def _listening(self, place: Reservation | None) -> Listener | DirectServer:
        if self.transport == "direct":
            again = self._found_at
            return DirectServer(self._exchange, self._port, again=again, place=place)
        return Listener([GrpcCarrier(self._exchange)], self._port, again=self._found_at)

    def stop(self) -> None:
        """Listen no more; calls that are under way are cancelled."""
        self._backend.clock.unwatch(self._backend.engine)
        self._backend.clock.unwatch(self._journal)
        if self._listener is not None:
            self._listener.stop()
            self._objects.stop()
        self._listener = None
