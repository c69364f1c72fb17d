"""One RPC at a time: its deadline, its retries, and the exception its failure becomes.

Every call has a deadline, so a hung server is a ``FlyteTimeout`` and not a hung test. What can heal
(``TRANSIENT``) is tried again after a growing pause with jitter; what cannot is raised at once.

This module is ignorant of what the messages mean.
"""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, Any

import grpc
from flyteidl.service import admin_pb2, dataproxy_pb2, signal_pb2
from google.protobuf import message_factory

from flyte_testkit.client import _time
from flyte_testkit.client.exceptions import (
    FlyteAuthenticationException,
    FlyteEntityAlreadyExistsException,
    FlyteEntityNotExistException,
    FlyteException,
    FlyteInvalidInputException,
    FlyteSystemException,
    FlyteSystemUnavailableException,
    FlyteTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from flyte_testkit.client._auth import ClientCredentials

__all__ = ["RPC_TIMEOUT", "TRANSIENT", "Rpc", "heals", "pauses"]

RPC_TIMEOUT = 60.0
"""Seconds that an RPC may take where nothing else bounds it."""

TRANSIENT = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
    }
)
"""What may heal by itself."""

_EXCEPTIONS: dict[grpc.StatusCode, type[FlyteException]] = {
    grpc.StatusCode.NOT_FOUND: FlyteEntityNotExistException,
    grpc.StatusCode.ALREADY_EXISTS: FlyteEntityAlreadyExistsException,
    grpc.StatusCode.UNAUTHENTICATED: FlyteAuthenticationException,
    grpc.StatusCode.UNAVAILABLE: FlyteSystemUnavailableException,
    grpc.StatusCode.DEADLINE_EXCEEDED: FlyteTimeout,
}


@functools.cache
def _method(rpc: str) -> tuple[str, Any, Any]:
    """Return the path of an RPC, what makes bytes of its request, and what reads those of a reply.

    A stub of flyteidl's would make all methods of its service at once, and a remote needs few.
    """
    for file in (admin_pb2, dataproxy_pb2, signal_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            if (found := service.methods_by_name.get(rpc)) is not None:
                sent = message_factory.GetMessageClass(found.input_type)
                read = message_factory.GetMessageClass(found.output_type)
                return (
                    f"/{service.full_name}/{rpc}",
                    sent.SerializeToString,
                    read.FromString,
                )
    raise KeyError(rpc)


class Rpc:
    """The calls of one connection.

    Args:
        channel: The way to the server.
        auth: Who we are, if the server wants to know.
        retries: How often a call is tried again that may heal.
        timeout: Says, call by call, how many seconds it may take.
        jitter: Returns numbers between 0 and 1.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        auth: ClientCredentials | None = None,
        *,
        retries: int = 3,
        timeout: Callable[[], float] = lambda: RPC_TIMEOUT,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._channel = channel
        self._methods: dict[str, Any] = {}  # those that were needed
        self._auth = auth
        self._retries = retries
        self._timeout = timeout
        self.jitter = jitter

    def bounded(self, timeout: Callable[[], float], *, retries: int | None = None) -> Rpc:
        """Return the same calls under another deadline, and perhaps without retries."""
        other = object.__new__(Rpc)
        other.__dict__.update(self.__dict__, _timeout=timeout)
        if retries is not None:
            other._retries = retries
        return other

    def __call__(self, rpc: str, request: Message) -> Any:
        """Call and return the answer.

        Raises:
            FlyteException: It failed for good; the ``grpc.RpcError`` is the ``__cause__``.
        """
        pause: Iterator[float] | None = None
        for attempt in range(self._retries + 1):
            try:
                return self._authenticated(rpc, request)
            except grpc.RpcError as error:
                if attempt == self._retries or not heals(error) or _took_its_time(error):
                    raise _translated(rpc, request, error, retried=attempt > 0) from error
                pause = pause or pauses(self.jitter, first=0.1)
                _time.sleep(next(pause))
        raise AssertionError  # unreachable: the last attempt returns or raises

    def _authenticated(self, rpc: str, request: Message) -> Any:
        if (method := self._methods.get(rpc)) is None:
            method = self._methods[rpc] = self._channel.unary_unary(*_method(rpc))
        if self._auth is None:
            return method(request, timeout=self._timeout())
        used = self._auth.metadata()
        try:
            return method(request, timeout=self._timeout(), metadata=used)
        except grpc.RpcError as error:
            if _status(error) is not grpc.StatusCode.UNAUTHENTICATED:
                raise
        return method(request, timeout=self._timeout(), metadata=self._auth.renewed(used))

    def pages(self, rpc: str, request: Any, field: str) -> Iterator[Any]:
        """Call a listing until its last page, and return what all pages hold.

        A server that keeps sending the same token ends the listing too.
        """
        seen = set()
        while True:
            answer = self(rpc, request)
            yield from getattr(answer, field)
            if not answer.token or answer.token in seen:
                return
            seen.add(answer.token)
            request.token = answer.token


def pauses(jitter: Callable[[], float], *, first: float, most: float = 30.0) -> Iterator[float]:
    """Return pauses that double, each shortened by up to a half at random.

    Example:
        >>> import itertools
        >>> list(itertools.islice(pauses(lambda: 0.0, first=1, most=4), 4))
        [1.0, 2.0, 4.0, 4.0]
    """
    longest = float(first)
    while True:
        yield min(longest, most) * (1 - jitter() / 2)
        longest = min(longest * 2, most)


def heals(error: BaseException | None) -> bool:
    """Say whether a failed call may succeed when it is made again.

    RESOURCE_EXHAUSTED may be a busy server, or a message too large for this client: the second
    does not heal.
    """
    if not isinstance(error, grpc.RpcError) or _status(error) not in TRANSIENT:
        return False
    details = _details(error)
    return "larger than max" not in details and "metadata size exceeds" not in details


def _took_its_time(error: grpc.RpcError) -> bool:
    """Say whether the call used up its deadline: another would make the caller wait twice."""
    return _status(error) is grpc.StatusCode.DEADLINE_EXCEEDED


def _status(error: grpc.RpcError) -> grpc.StatusCode:
    return error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN


def _details(error: grpc.RpcError) -> str:
    return (error.details() or "") if isinstance(error, grpc.Call) else str(error)


def _translated(
    rpc: str, request: Message, error: grpc.RpcError, *, retried: bool
) -> FlyteException:
    """Return the exception for a failed call, in words."""
    status = _status(error)
    subject = _subject(request)
    text = f"{rpc}{f' of {subject}' if subject else ''} failed with {status.name}"
    text += f": {_details(error)}" if _details(error) else "."
    if status is grpc.StatusCode.UNAUTHENTICATED:
        text += " (This client sends a token only if auth_mode is 'client_credentials'.)"
    if status is grpc.StatusCode.INVALID_ARGUMENT:
        failure: FlyteException = FlyteInvalidInputException(request, text)
    else:
        failure = _EXCEPTIONS.get(status, FlyteSystemException)(text)
    failure.retried = retried
    return failure


def _subject(request: object) -> str:
    """Return the name of what a request is about, as ``'project/domain/name'``."""
    identifier = getattr(request, "id", None) or getattr(request, "workflow_execution_id", None)
    node = ""
    while identifier is not None and not hasattr(identifier, "project"):
        node = f" node {identifier.node_id!r}" if hasattr(identifier, "node_id") else node
        identifier = getattr(identifier, "node_execution_id", None) or getattr(
            identifier, "execution_id", None
        )
    parts = [
        getattr(identifier or request, part, "")
        for part in ("project", "domain", "name", "version")
    ]
    name = "/".join(part for part in parts if isinstance(part, str) and part)
    return f"{name!r}{node}" if name else ""
