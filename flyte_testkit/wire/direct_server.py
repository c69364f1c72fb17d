"""A server without a socket: clients in this process call it in their own threads.

It has a port all the same, by which it is found. What needs a socket lets it listen there.

Ignorant of what answers.
"""

from __future__ import annotations

import _thread
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flyte_testkit.wire.answers import Answer
from flyte_testkit.wire.direct_channel import DirectChannel
from flyte_testkit.wire.grpc_carrier import GrpcCarrier
from flyte_testkit.wire.listener import Listener
from flyte_testkit.wire.openings import served
from flyte_testkit.wire.plain_channels import plain_options
from flyte_testkit.wire.reservation import Reservation

if TYPE_CHECKING:
    import grpc

    from flyte_testkit.wire.exchange import Exchange

__all__ = ["DirectServer"]

_STOPPED = Answer("UNAVAILABLE", None, "Cancelling all calls")


class DirectServer:
    """Serves from its making on.

    Args:
        exchange: What answers.
        port: Its port; 0 finds a free one. On one that was chosen it listens at once: whoever
            chose it may have told others.
        again: Whether clients know it by this port, since it was there before.
        place: A port that somebody keeps for it, instead; it is kept when it has stopped, too.

    Raises:
        FlyteTestkitError: The port is taken.
    """

    def __init__(
        self,
        exchange: Exchange,
        port: int = 0,
        *,
        again: bool = False,
        place: Reservation | None = None,
    ) -> None:
        self.exchange = exchange
        self.pending: dict[Any, grpc.Channel] = {}
        self._listening = _thread.allocate_lock()
        self._listener: Listener | None = None
        self._place: Reservation | None = None
        self._is_lent = place is not None
        if port and not (again or place):
            self._listener = Listener([GrpcCarrier(exchange)], port)
            self.port = self._listener.port
        else:
            self._place = place or Reservation(port, again=again)
            self.port = self._place.port
        self._stack = ExitStack()
        self._stack.enter_context(served(self.port, self))

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    @property
    def listens(self) -> bool:
        """Whether it has a socket, for those who need one."""
        return self._listener is not None

    def adopt(self, channel: Any, target: str, *args: Any, **kwargs: Any) -> bool:
        """Make a channel that was just allocated lead here; the arguments are grpcio's own.

        Returns:
            Whether it is a plain one; else nothing happens to it.
        """
        told = plain_options(*args, **kwargs)
        if told is None:
            return False
        channel.__class__ = DirectChannel
        DirectChannel.__init__(channel, self.port, told, target, *args, **kwargs)
        return True

    def listen(self) -> None:
        """Listen on its port from now on, for those who need a socket. Twice is once.

        Raises:
            FlyteTestkitError: Somebody has taken it in this very moment.
        """
        with self._listening:
            if self._listener is None:
                if self._place is not None:
                    self._place.release()
                self._listener = Listener([GrpcCarrier(self.exchange)], self.port, again=True)

    def stop(self) -> None:
        """Stop: calls that are under way are cancelled."""
        self._stack.close()
        for call in list(self.pending):
            call.abandon(_STOPPED)
        with self._listening:
            if self._listener is not None:
                self._listener.stop()
            if self._place is not None and not self._is_lent:
                self._place.release()
            elif self._place is not None and self._listener is not None:
                self._place.renew()
