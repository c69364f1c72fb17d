"""The gRPC server itself: a port of our own on loopback, with limits that clients can live with.

Ignorant of what is served on it.
"""

from __future__ import annotations

import errno
import socket
from concurrent.futures.thread import ThreadPoolExecutor

import grpc

from flyte_testkit.errors import FlyteTestkitError

__all__ = ["CLIENT_OPTIONS", "LARGEST", "Listener", "check_port", "refused", "taken"]

_PORTS = range(2**16)

LARGEST = 64 * 2**20
"""Bytes of a message that a server takes and sends at most."""
_TRAILERS = 16 * 2**20

SERVER_OPTIONS = (
    # Else a second server may share the port in silence, and take half of the calls.
    ("grpc.so_reuseport", 0),
    # grpcio's default of 4 MiB would refuse what clients are able to send.
    ("grpc.max_receive_message_length", LARGEST),
    ("grpc.max_send_message_length", LARGEST),
    ("grpc.max_metadata_size", _TRAILERS),
    ("grpc.absolute_max_metadata_size", _TRAILERS),
    # flytekit pings every 30 s, idle or not; by default it is sent away after two minutes.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
)

CLIENT_OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST),
    # A status travels in trailers; beyond 8 KiB a client with default limits sees another error.
    ("grpc.max_metadata_size", _TRAILERS),
    ("grpc.absolute_max_metadata_size", _TRAILERS),
    ("grpc.enable_http_proxy", 0),
)

_WORKERS = 4
"""Handlers return at once, and calls that are held back hold none of these threads."""


def check_port(port: object) -> int:
    """Return a port that can be asked for.

    Raises:
        FlyteTestkitError: It is none. gRPC would take another one in silence.

    Example:
        >>> check_port(99999)
        Traceback (most recent call last):
        flyte_testkit.errors.FlyteTestkitError: port=99999 is no port: they go up to 65535, and 0...
    """
    if isinstance(port, bool) or not isinstance(port, int) or port not in _PORTS:
        raise FlyteTestkitError(
            f"port={port!r} is no port: they go up to {_PORTS[-1]}, and 0 finds a free one."
        )
    return port


def taken(what: str, port: int) -> FlyteTestkitError:
    """Word that a port was taken by somebody while a server had stopped that is known by it.

    Args:
        what: Who listened there.
        port: Where.
    """
    return FlyteTestkitError(
        f"{what} listened on port {port} of 127.0.0.1 and starts again, but another server has "
        "taken the port meanwhile.\nA server that starts again keeps its port, for its clients "
        "know it: stop the other server, or make a new FakeFlyteAdmin."
    )


def refused(port: int, *, again: bool) -> FlyteTestkitError:
    """Word that a port cannot be had.

    Args:
        port: Which.
        again: Whether clients know a server by this port, since it was there before.
    """
    if again and _is_taken(port):
        return taken("this FakeFlyteAdmin", port)
    return FlyteTestkitError(f"port {port} of 127.0.0.1 cannot be listened on: {_why_not(port)}")


def _is_taken(port: int) -> bool:
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _why_not(port: int) -> str:
    """Say why a port cannot be listened on, which gRPC keeps to itself, and what to do."""
    free = "Leave the port out to get a free one"
    try:
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", port))
    except PermissionError:
        return f"this user may not.\n{free}, or take one above 1023."
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return f"{error.strerror}.\n{free}."
    return f"another server has it.\n{free}, or stop the other server."


class Listener:
    """A gRPC server on 127.0.0.1 that serves the given handlers until it is stopped.

    Args:
        handlers: What is served.
        port: Where; 0 finds a free port.
        again: Whether clients know it by this port, since it listened there before.

    Raises:
        FlyteTestkitError: The port is taken.
    """

    def __init__(
        self, handlers: list[grpc.GenericRpcHandler], port: int = 0, *, again: bool = False
    ) -> None:
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="flyte-testkit")
        self._server = grpc.server(self._pool, handlers, options=SERVER_OPTIONS)
        try:
            self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        except RuntimeError as error:
            self._pool.shutdown(wait=False)
            raise refused(port, again=again) from error
        self._server.start()

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop: calls that are under way are cancelled.

        The moment of grace lets clients hear of it politely; else their channels complain aloud.
        """
        self._server.stop(grace=0.05).wait()
        self._pool.shutdown(wait=True)
