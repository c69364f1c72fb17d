"""The object store behind signed URLs: an HTTP server on loopback, from the first such URL on.

It lives in real time, as all machinery does; whether a URL still holds is a matter of the clock's
time. Ignorant of what objects mean, and of FlyteAdmin's rules.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import socketserver
import threading
import traceback
import weakref
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar

from flyte_testkit.clock.marks import REAL_PORTS
from flyte_testkit.wire.listener import taken
from flyte_testkit.wire.object_answers import Response, announced, answer, refusal
from flyte_testkit.wire.signatures import link, sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flyte_testkit.admin.data.signing import Verb
    from flyte_testkit.admin.database.objects import Place
    from flyte_testkit.wire.service import Objects

__all__ = ["ObjectStore"]

_PATIENCE = 20.0  # real seconds for a client that announced more than it sends
_LINGER = 1.0  # real seconds for a client to read an answer that came before it was through

_PIECE = 2**20  # bytes of a body that are read at once

_CHUNKED = (
    "A header you provided implies functionality that is not implemented: Transfer-Encoding. "
    "flytekit sends it with an empty file, which S3 refuses in the same way."
)


class ObjectStore:
    """Signs URLs of a backend's objects, and serves them. Nothing runs before the first URL.

    Args:
        backend: Whose objects.
    """

    def __init__(self, backend: Objects) -> None:
        self._backend: Objects = weakref.proxy(backend)  # which holds who signs for it
        self._starting = threading.Lock()
        self._server: _Server | None = None
        self._port = 0  # that of the URLs, once there is one

    def start(self) -> None:
        """Serve anew what was signed before :meth:`stop`, if anything was.

        Raises:
            FlyteTestkitError: Another server has taken the port of those URLs.
        """
        if self._port:
            self._host()

    def signed_url(
        self,
        verb: Verb,
        where: Place,
        *,
        now: datetime,
        seconds: int,
        headers: Mapping[str, str],
    ) -> str:
        """Return a URL that this store honors, as :mod:`~flyte_testkit.admin.data.signing` says."""
        host = self._host()
        return sign(verb, where, host=host, now=now, seconds=seconds, headers=headers)

    def link(self, where: Place, *, now: datetime, seconds: int) -> str:
        """Return a URL to read from; see :class:`~flyte_testkit.admin.data.signing.Signer`."""
        return link(where, host=self._host(), now=now, seconds=seconds)

    def _host(self) -> str:
        with self._starting:
            if self._server is None:
                self._server = self._listening()
                self._port = self._server.port
            return self._server.host

    def _listening(self) -> _Server:
        try:
            return _Server(self._backend, self._port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise taken("the object store of this FakeFlyteAdmin", self._port) from error

    def stop(self) -> None:
        """Stop at once: requests that are under way are cut off."""
        with self._starting:
            server, self._server = self._server, None
        if server is not None:
            server.stop()


class _Server(socketserver.TCPServer):
    """A thread that accepts, and one for each connection, all of which end when it is stopped."""

    request_queue_size = 64
    # What lingers of connections that are closed keeps nobody from listening again. On Windows it
    # does not anyway, and the option would let two servers share the port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, backend: Objects, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.backend = backend
        address, self.port = self.socket.getsockname()
        self.host = f"{address}:{self.port}"
        REAL_PORTS.add(self.port)
        self._stopping = False
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._thread = threading.Thread(
            target=self._accept, name="flyte-testkit objects", daemon=True
        )
        self._thread.start()

    def _accept(self) -> None:
        while not self._stopping:
            self.handle_request()

    def stop(self) -> None:
        self._stopping = True
        socket.create_connection(self.socket.getsockname()).close()  # wakes who accepts
        self._thread.join()
        self.server_close()
        REAL_PORTS.discard(self.port)
        for connection, thread in list(self._connections.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002  given
        return not self._stopping

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._serve,
            args=(request, client_address),
            name="flyte-testkit objects connection",
            daemon=True,
        )
        self._connections[request] = thread
        thread.start()

    def _serve(self, connection: Any, client: Any) -> None:
        try:
            with contextlib.suppress(OSError):  # the client went away, or we are stopping
                self.finish_request(connection, client)
        finally:
            self.shutdown_request(connection)
            del self._connections[connection]


class _Handler(BaseHTTPRequestHandler):
    """One request; the connection ends with its answer."""

    server: _Server
    protocol_version = "HTTP/1.1"  # else "Expect: 100-continue" would not be met
    timeout: ClassVar[float] = _PATIENCE

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        try:
            response = self._response()
        except OSError:
            raise
        except Exception:  # noqa: BLE001  a bug of ours fails the test
            text = f"{self.command} raised an exception in the object store:\n"
            self.server.backend.unforeseen(text + traceback.format_exc())
            response = refusal(500, "InternalError", "a bug of flyte-testkit's")
        self._send(response)

    def _response(self) -> Response:
        body = b""
        if self.command == "PUT":
            if "Transfer-Encoding" in self.headers:
                return refusal(501, "NotImplemented", _CHUNKED)
            length = announced(self.headers.get_all("Content-Length", []))
            if isinstance(length, Response):
                return length
            try:
                body = self._read(length)  # all, or nobody would read the answer
            except TimeoutError:
                return refusal(400, "RequestTimeout", f"{length} bytes were announced; fewer came.")
        with self.server.backend.moment() as now:
            return answer(
                self.server.backend.store,
                self.command,
                self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                now=now,
            )

    def _read(self, length: int) -> bytes:
        """Take in a body piece by piece: what is announced need not come."""
        pieces = []
        while length and (piece := self.rfile.read(min(length, _PIECE))):
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _send(self, response: Response) -> None:
        self.close_connection = True
        self.send_response_only(response.status)  # no date: reading it would be one more reading
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        if self.command == "PUT" and response.status != HTTPStatus.OK:
            self._linger()

    def _linger(self) -> None:
        """Take in what a client still sends: closed upon that, it would lose the answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER)
        while self.connection.recv(65536):
            pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request, or has another verb."""
        del explain
        self.command = self.command or ""
        self._send(refusal(code, "BadRequest", message or "This is not understood."))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name is given
        """Keep quiet."""
