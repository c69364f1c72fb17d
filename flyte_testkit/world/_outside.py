"""Whether somebody outside of this process is at work for an event loop, which waits for it.

If so, time stands still, as it does while a thread blocks for real: a server that answers in a
fifth of a second should not find that its client has waited for thirty. Who is asked inside of this
process is judged by its own waits.

Looked at is what the loop has registered: children that somebody awaits, connections that are being
made, sockets that were written to since they were last read. After a reading there is a moment of
grace, in which more may come.

Ignorant of clocks.
"""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import socket
import stat
import struct
import threading
import time
from asyncio import base_subprocess, selector_events
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from flyte_testkit.clock.marks import REAL_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["PATCHES", "Work", "connecting", "is_expected", "note_readings", "work_for"]

_GRACE = 0.1  # real seconds after a reading, in which more may come
_WAITPID = ("asyncio-waitpid-", "waitpid-")  # threads: since Python 3.11, and before
_DESCRIPTORS = "/dev/fd"
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_real_monotonic = time.monotonic

_Events: Any = selector_events
_Transport: Any = _Events._SelectorSocketTransport
_Pipe: Any = base_subprocess.WriteSubprocessPipeProto
_asked: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()  # transports: written since last read?
_read_at: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
_connecting: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # loops: for how many tasks?
_inside: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()  # whose peers are this process


class Work(NamedTuple):
    """What somebody outside does.

    Attributes:
        what: In words.
        grace: For how many real seconds it is to be waited for; None for as long as it takes.
        is_here: Whether a thread of this process does it, which lives in real time, or may itself
            wait on the clock for a while.
    """

    what: str
    grace: float | None = None
    is_here: bool = False


_CONNECTS = Work("a connection that is being made")


@contextlib.contextmanager
def connecting(loop: Any) -> Iterator[None]:
    """Say that a loop waits meanwhile for a connection that somebody else makes for it."""
    _connecting[loop] = _connecting.get(loop, 0) + 1
    try:
        yield
    finally:
        _connecting[loop] -= 1


def note_readings(loop: Any, events: Iterable[tuple[Any, int]]) -> None:
    """Remember that something has come."""
    for key, mask in events:
        transport = loop._transports.get(key.fd) if mask & selectors.EVENT_READ else None
        if transport is not None and _asked.pop(transport, None) is not None:
            _read_at[transport] = _real_monotonic()


def work_for(loop: Any, loops: Iterable[Any] = ()) -> Work | None:
    """Return what is done outside for a loop that has nothing to do itself.

    Args:
        loop: The loop.
        loops: Those that live on the clock; what they serve is judged by their waits.
    """
    keys = loop._selector.get_map()
    found = _CONNECTS if _connecting.get(loop) else _threads_await_a_child(loop)
    if found is None and len(keys) == 1:  # by which other threads wake it
        return None
    graces = []
    for key in list(keys.values()):
        found = found or _work_at(loop, key, loops)
        if found is not None and found.grace is None:
            return found
        if found is not None:
            graces.append(found)
            found = None
    return max(graces, key=lambda work: work.grace or 0.0, default=None)


def is_expected(loop: Any) -> bool:
    """Whether somebody outside may still turn to a loop."""
    own = loop._ssock.fileno()
    return any(
        key.fd != own and not _is_grpcs(key) and not _is_inside(loop, key)
        for key in list(loop._selector.get_map().values())
    )


def _work_at(loop: Any, key: Any, loops: Iterable[Any]) -> Work | None:
    transport = loop._transports.get(key.fd)
    if transport is None:
        return _work_without_transport(key)
    if key.events & selectors.EVENT_WRITE or _asked.get(transport):
        return _work_of_peer(loop, key, loops, "an answer from another {}")
    read_at = _read_at.get(transport)
    if read_at is None:
        return None
    left = read_at + _GRACE - _real_monotonic()
    found = _work_of_peer(loop, key, loops, "what else another {} sends") if left > 0 else None
    if found is None:
        _read_at.pop(transport, None)
        return None
    return found._replace(grace=left)


def _work_of_peer(loop: Any, key: Any, loops: Iterable[Any], what: str) -> Work | None:
    """Return what the other end of a connection does, unless a loop on the clock is there."""
    if not _is_inside(loop, key):
        return Work(what.format("process"))
    with _borrowed(key.fd) as found:
        peer = found.getpeername() if found.family in _INTERNET else None
    if peer is None or any(_is_at(each, peer[1]) for each in list(loops)):
        return None
    return Work(what.format("thread"), is_here=True)


def _is_at(loop: Any, port: int) -> bool:
    """Whether a loop has a socket at a port of this machine."""
    for descriptor in list((loop._selector and loop._selector.get_map()) or ()):
        if _is_socket(descriptor):
            with _borrowed(descriptor) as one, contextlib.suppress(OSError):
                if one.family in _INTERNET and one.getsockname()[1] == port:
                    return True
    return False


def _work_without_transport(key: Any) -> Work | None:
    callback, owner = _reader(key)
    if owner is not None:
        pipe = getattr(owner, "_protocol", None)
        if isinstance(pipe, _Pipe):
            return _work_of(pipe.proc)
        if getattr(callback, "__name__", "") == "_do_wait":  # a child, by a pidfd
            args = key.data[0]._args[-1]
            return _work_of(args[0] if args else None)
    if _is_grpcs(key) or not _is_socket(key.fd):
        return None
    if key.events & selectors.EVENT_WRITE:
        return _CONNECTS
    with _borrowed(key.fd) as found:
        if _listens(found) or _is_ours(found):
            return None
    return Work("an answer from another process")


def _work_of(child: Any) -> Work | None:
    """Return what a child process does, if somebody awaits that."""
    is_child = isinstance(child, base_subprocess.BaseSubprocessTransport)
    if not is_child or child._returncode is not None or child._closed:
        return None
    protocol = child._protocol
    streams = [getattr(protocol, name, None) for name in ("stdout", "stderr")]
    is_awaited = bool(child._exit_waiters) or any(
        getattr(stream, "_waiter", None) is not None for stream in streams
    )
    own = not hasattr(protocol, "stdout")  # a protocol of the user's: who knows
    return Work("a child process") if is_awaited or own else None


def _threads_await_a_child(loop: Any) -> Work | None:
    """Look for asyncio's threads that wait for a loop's children, where it has no better way."""
    if threading.active_count() == 1:
        return None
    for thread in threading.enumerate():
        if thread.name.startswith(_WAITPID):
            whose, _, _, (child, *_) = getattr(thread, "_args", None) or (None, 0, 0, (None,))
            if whose is loop and (work := _work_of(child)) is not None:
                return work
    return None


def _reader(key: Any) -> tuple[Any, Any]:
    """Return what is called when something comes, and whose method it is."""
    handle = key.data[0] if isinstance(key.data, tuple) else None
    callback = getattr(handle, "_callback", None)
    while isinstance(callback, functools.partial):
        callback = callback.func
    return callback, getattr(callback, "__self__", None)


def _is_grpcs(key: Any) -> bool:
    """Whether gRPC has registered it; its calls are counted one by one."""
    callback, owner = _reader(key)
    module = type(owner).__module__ if owner is not None else getattr(callback, "__module__", "")
    return str(module).startswith("grpc")


def _is_inside(loop: Any, key: Any) -> bool:
    """Whether a connection is one with this very process."""
    transport = loop._transports.get(key.fd)
    if transport is None:
        return False
    known = _inside.get(transport)
    if known is None:
        with _borrowed(key.fd) as found:
            known = _inside[transport] = _is_ours(found)
    return known


def _is_ours(connected: socket.socket) -> bool:
    """Whether the other end of a socket is in this process."""
    try:
        peer = connected.getpeername()
        if connected.family in _INTERNET:
            return _is_local(peer)
        size = struct.calcsize("3i")
        credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return bool(struct.unpack("3i", credentials)[0] == os.getpid())
    except (OSError, AttributeError):  # a datagram, or no Linux
        return True


def _is_local(peer: Any) -> bool:
    """Whether this process has a socket at this address; listening ones count.

    Who serves there in real time is as good as outside.
    """
    if peer[1] in REAL_PORTS:
        return False
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208  names are all that is needed
        if not _is_socket(int(name)):
            continue
        with _borrowed(int(name)) as one, contextlib.suppress(OSError):
            if one.family in _INTERNET and one.getsockname()[1] == peer[1]:
                return True
    return False


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Any:
    """Give a socket that stays its owner's."""
    found = socket.socket(fileno=descriptor)
    try:
        yield found
    finally:
        found.detach()


def _listens(found: socket.socket) -> bool:
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _noted(real: Any) -> Any:
    def write(self: Any, data: Any) -> None:
        _asked[self] = True
        real(self, data)

    return write


PATCHES: tuple[tuple[Any, str, Any], ...] = tuple(
    (_Transport, name, _noted(vars(_Transport)[name]))
    for name in ("write", "writelines")
    if name in vars(_Transport)
)
