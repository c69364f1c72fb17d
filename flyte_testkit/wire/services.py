"""The services of a FlyteAdmin, from flyteidl's own descriptors, and what it says of others.

Without auth a FlyteAdmin registers AdminService, DataProxyService and SignalService; calls to any
other service are UNIMPLEMENTED (§1.1). Ignorant of what the methods do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from flyteidl.service import admin_pb2, dataproxy_pb2, signal_pb2
from google.protobuf import message_factory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

__all__ = ["Method", "methods", "reply_class", "unimplemented"]

_FILES = (admin_pb2, dataproxy_pb2, signal_pb2)


@dataclass(frozen=True, slots=True)  # each call reads it: a slot is read faster than a named item
class Method:
    """One RPC: its bare name, its service and the classes of its messages."""

    rpc: str
    service: str
    request: type[Message]
    reply: type[Message]


@cache
def methods() -> dict[str, Method]:
    """Return every method of the services, by its path on the wire."""
    return {
        f"/{service.full_name}/{method.name}": Method(
            method.name,
            service.name,
            message_factory.GetMessageClass(method.input_type),
            message_factory.GetMessageClass(method.output_type),
        )
        for file in _FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def reply_class(rpc: str) -> type[Message]:
    """Return the class of the replies of an RPC, by its bare name."""
    return next(method.reply for method in methods().values() if method.rpc == rpc)


def unimplemented(path: str, known: Iterable[str] | None = None) -> str:
    """Say of a path that nobody serves what a real server says.

    Args:
        path: What was called.
        known: The paths that are served; by default those of a FlyteAdmin.

    Example:
        >>> unimplemented("/flyteidl.service.AdminService/GetExecutoin")
        'unknown method GetExecutoin for service flyteidl.service.AdminService'
    """
    service, slash, method = path.removeprefix("/").rpartition("/")
    if not slash:
        return f'malformed method name: "{path}"'
    paths = methods() if known is None else known
    if service in {served.removeprefix("/").rpartition("/")[0] for served in paths}:
        return f"unknown method {method} for service {service}"
    return f"unknown service {service}"
