"""A port that is kept free for a server that may listen there later.

Ignorant of the server.
"""

from __future__ import annotations

import os
import socket

from flyte_testkit.wire.listener import refused

__all__ = ["Reservation"]


class Reservation:
    """A port of 127.0.0.1 on which nobody listens, and nobody else can.

    Args:
        port: Which; 0 finds a free one.
        again: Whether clients know a server by this port, since it was there before.

    Raises:
        FlyteTestkitError: The port is taken.
    """

    def __init__(self, port: int = 0, *, again: bool = False) -> None:
        self._socket = _bound(port, again=again)
        self.port: int = self._socket.getsockname()[1]

    def release(self) -> None:
        """Let others have the port."""
        self._socket.close()

    def renew(self) -> None:
        """Keep the port again.

        Raises:
            FlyteTestkitError: Another has it.
        """
        self._socket.close()
        self._socket = _bound(self.port, again=True)


def _bound(port: int, *, again: bool) -> socket.socket:
    bound = socket.socket()
    try:
        if port and os.name == "posix":  # connections of before may linger, which is no matter
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        # Else another one that does not mind what lingers could have the port, too.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError as error:
        bound.close()
        raise refused(port, again=again) from error
    return bound
