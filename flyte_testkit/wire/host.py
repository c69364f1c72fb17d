"""Everything of one backend that listens: gRPC for its services, HTTP for its objects.

Ignorant of scripts; it starts, is found, and stops. What it was found at once it is found at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.wire.exchange import Exchange
from flyte_testkit.wire.grpc_carrier import GrpcCarrier
from flyte_testkit.wire.listener import Listener, check_port
from flyte_testkit.wire.object_store import ObjectStore
from flyte_testkit.wire.service import Objects, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.wire.exchange import Hook
    from flyte_testkit.wire.journal import Journal

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

    Raises:
        FlyteTestkitError: The port is none.
    """

    def __init__(
        self,
        backend: Hosted,
        journal: Journal,
        hooks: Callable[[str], Sequence[Hook]],
        port: int,
    ) -> None:
        self._backend = backend
        self._journal = journal
        self._wire = GrpcCarrier(Exchange(backend, journal, hooks))
        self._port = check_port(port)
        self._found_at = False
        self._listener: Listener | None = None
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

    def start(self) -> None:
        """Listen; the clock asks the engine from now on whether anything will happen.

        Raises:
            FlyteTestkitError: A port is taken, or it runs already.
        """
        if self._listener is not None:
            raise FlyteTestkitError(
                f"this FakeFlyteAdmin runs already, on {self.endpoint}.\n"
                "Make another one: each is cheap, and starts with nothing in it."
            )
        listener = Listener([self._wire], self._port, again=self._found_at)
        try:
            self._objects.start()
        except BaseException:
            listener.stop()
            raise
        self._listener, self._port, self._found_at = listener, listener.port, True
        self._backend.signs(self._objects)
        self._backend.clock.watch(self._backend.engine)
        self._backend.clock.watch(self._journal)  # it tells of calls that are held

    def stop(self) -> None:
        """Listen no more; calls that are under way are cancelled."""
        self._backend.clock.unwatch(self._backend.engine)
        self._backend.clock.unwatch(self._journal)
        if self._listener is not None:
            self._listener.stop()
            self._objects.stop()
        self._listener = None
