"""Who opens a gRPC channel in this process, and who starts another one: for those who step in.

All of grpcio's channels are made by two classes, however they are asked for. While somebody wants
to know, each new one is looked at: guards may refuse where it leads, and one to a server without a
socket is given over to that server. What cannot do without a socket (``grpc.aio``, a child process)
lets all such servers listen first.

Ignorant of what servers do, and of where channels may lead.
"""

from __future__ import annotations

import functools
import os
import subprocess
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Protocol

import grpc
from grpc import _channel
from grpc.aio import _channel as _aio_channel

from flyte_testkit.wire.targets import port_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flyte_testkit.wire.exchange import Exchange

__all__ = ["Server", "guarded", "real_channel", "served", "server_at"]


class Server(Protocol):
    """A server that clients in this process reach without a socket.

    Attributes:
        exchange: What answers.
        pending: The calls that are held back, and the channel of each.
    """

    exchange: Exchange
    pending: dict[Any, grpc.Channel]

    def adopt(self, channel: grpc.Channel, target: str, *args: Any, **kwargs: Any) -> bool:
        """Make a channel that was just allocated lead here; the arguments are grpcio's own.

        False if it is none that can do without a socket: nothing has happened to it, then.
        """

    def listen(self) -> None:
        """Listen on its port from now on, for those who need a socket. Twice is once."""


_guards: list[Callable[[str], object]] = []
_servers: dict[int, Server] = {}  # by their ports
_patched = ExitStack()
_births_patched = ExitStack()

_real_init = _channel.Channel.__init__


@contextmanager
def guarded(guard: Callable[[str], object]) -> Iterator[None]:
    """Show a guard the target of every channel that is opened meanwhile; it may raise."""
    _see_channels()
    _guards.append(guard)
    try:
        yield
    finally:
        _guards.remove(guard)
        _see_no_more()


@contextmanager
def served(port: int, server: Server) -> Iterator[None]:
    """Let channels to a port of this machine lead to a server meanwhile."""
    _see_channels()
    _see_births()
    _servers[port] = server
    try:
        yield
    finally:
        if _servers.get(port) is server:
            del _servers[port]
        _see_no_more()


def server_at(port: int) -> Server | None:
    """Return the server without a socket that has this port."""
    return _servers.get(port)


def real_channel(target: str, *args: Any, **kwargs: Any) -> grpc.Channel:
    """Return a channel that leads where sockets lead, whoever wants to know."""
    channel = _channel.Channel.__new__(_channel.Channel)
    _real_init(channel, target, *args, **kwargs)
    return channel


def _see_channels() -> None:
    if not (_guards or _servers):
        _put(_patched, _channel.Channel, "__init__", _open)
        aio: Any = _aio_channel.Channel
        _put(_patched, aio, "__init__", _after(_see, aio.__init__))


def _see_births() -> None:
    if not _servers:
        for owner, name in ((subprocess.Popen, "__init__"), (BaseProcess, "start")):
            _put(_births_patched, owner, name, _after(_let_in, getattr(owner, name)))


def _see_no_more() -> None:
    if not _servers:
        _births_patched.close()
    if not (_guards or _servers):
        _patched.close()


def _put(undo: ExitStack, owner: Any, name: str, ours: Any) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, ours)


def _open(self: Any, target: Any, *args: Any, **kwargs: Any) -> None:
    """Stand in for what makes a channel."""
    named = _shown(target)
    server = _server_of(named)
    if server is None or not server.adopt(self, named, *args, **kwargs):
        _let_in_by(named)
        _real_init(self, target, *args, **kwargs)


def _shown(target: Any) -> Any:
    """Show the guards a target; return it as text, if it is one."""
    named = target.decode(errors="replace") if isinstance(target, bytes) else target
    for guard in reversed(_guards):
        guard(named)
    return named


@functools.lru_cache(maxsize=16)  # with each server the same few are looked at
def _after(look: Callable[..., object], real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that looks at its arguments first."""

    @functools.wraps(real)
    def looked(self: Any, *args: Any, **kwargs: Any) -> Any:
        look(*args, **kwargs)
        return real(self, *args, **kwargs)

    return looked


def _see(target: Any, *_: object, **__: object) -> None:
    """See an asynchronous channel, which needs a socket."""
    _let_in_by(_shown(target))


def _server_of(target: object) -> Server | None:
    port = port_here(target) if _servers and isinstance(target, str) else None
    return None if port is None else _servers.get(port)


def _let_in_by(target: object) -> None:
    """Let those servers listen whose ports a target names: it may lead here in many ways."""
    for port, server in list(_servers.items()):
        if isinstance(target, str) and str(port) in target:
            server.listen()


def _let_in(*_: object, **__: object) -> None:
    """Let all servers listen: a child process begins, and may have been told where they are."""
    for server in list(_servers.values()):
        server.listen()


if hasattr(os, "register_at_fork"):  # not on Windows
    # What a forked child would ask without a socket is a copy, of which its parent never hears.
    os.register_at_fork(before=_let_in, after_in_child=_servers.clear)
