"""Which channels can do without a socket, by what they were asked for.

Whatever changes how calls are made (a service config may retry them), what gRPC reads otherwise
than it looks, and what it refuses is left to gRPC itself, over TCP: it does so best.

Ignorant of calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grpc import Compression
from grpc._cython import cygrpc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["plain_options"]

_INTS = range(-(2**31), 2**31)
_PAIR = 2
_CHANGE_CALLS = frozenset({"grpc.service_config"})
_LEAST_METADATA = 1024  # bytes; less may be too little even for a call that succeeds
_METADATA = frozenset({"grpc.max_metadata_size", "grpc.absolute_max_metadata_size"})
_TLS: Any = cygrpc.SSLChannelCredentials


def plain_options(
    options: Any = (), credentials: Any = None, compression: Any = None
) -> Mapping[str, Any] | None:
    """Return the options of a channel by name; ``None`` unless it is a plain one.

    It is asked for as grpcio's own are.

    Example:
        >>> plain_options([("grpc.primary_user_agent", "me/1")])
        {'grpc.primary_user_agent': 'me/1'}
        >>> plain_options([("grpc.service_config", "{}")])
    """
    compresses = compression is None or compression in tuple(Compression)
    return _read(options) if compresses and _is_tls(credentials) else None


def _read(options: Any) -> Mapping[str, Any] | None:
    """Return options by name; ``None`` if they are for gRPC to read."""
    if options is None:
        return {}
    if not isinstance(options, (list, tuple)):  # what can be gone through once, say
        return None
    told = {}
    for option in options:
        if not (isinstance(option, (list, tuple)) and len(option) == _PAIR):
            return None
        name, value = option
        if type(name) is not str or name in told or not _fits(name, value):
            return None
        told[name] = value
    return told


def _fits(name: str, value: Any) -> bool:
    if name in _CHANGE_CALLS:
        return False
    if type(value) is int:
        return value in _INTS and (value >= _LEAST_METADATA or name not in _METADATA)
    return type(value) in (str, bytes)


def _is_tls(credentials: Any) -> bool:
    """Whether there are no credentials, or such as speak TLS: others work over TCP, too."""
    within = credentials
    while (deeper := getattr(within, "_channel_credentials", None)) is not None:
        within = deeper
    return within is None or isinstance(within, _TLS)
