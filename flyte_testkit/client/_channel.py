"""From a configuration to a ``grpc.Channel``: plaintext, TLS, or TLS that trusts what it meets.

It is ignorant of what is called through the channel.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyte_testkit.client.config import PlatformConfig

__all__ = ["open_channel"]

_CONNECT_TIMEOUT = 20
"""Seconds for a connection to stand: gRPC's own default, since a slow server is not a dead one."""

_SOON = 100
"""Milliseconds between two attempts to connect; gRPC takes no fewer."""

_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.primary_user_agent", "flyte-testkit"),  # as servers' logs tell clients apart
    ("grpc.max_receive_message_length", -1),  # inputs and outputs come inline
    ("grpc.max_metadata_size", 32 * 1024),  # long errors travel in the trailers
    # The option's name says something else: so long may an attempt to connect take, from the first
    # packet to the server's first settings, before it counts as failed.
    ("grpc.min_reconnect_backoff_ms", _CONNECT_TIMEOUT * 1000),
    # A server that comes back is seen soon: the waiting is the caller's business, not gRPC's.
    ("grpc.initial_reconnect_backoff_ms", _SOON),
)
_FAR = (("grpc.max_reconnect_backoff_ms", 5_000),)
_LOOPBACK = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_reconnect_backoff_ms", _SOON),  # nobody is spared by asking this machine less often
)


def open_channel(
    platform: PlatformConfig, options: Sequence[tuple[str, object]] = ()
) -> grpc.Channel:
    """Open a channel to the endpoint of a configuration. Connecting is left to the first call.

    There is no keepalive ping: every call has a deadline, and a server of default settings hangs
    up on clients that ping.
    """
    host = platform.endpoint.rpartition(":")[0].strip("[]")
    near = host in ("localhost", "127.0.0.1", "::1")
    every = [*_OPTIONS, *(_LOOPBACK if near else _FAR), *options]
    if platform.insecure:
        return grpc.insecure_channel(platform.endpoint, options=every)
    return grpc.secure_channel(platform.endpoint, _credentials(platform), options=every)


def _credentials(platform: PlatformConfig) -> grpc.ChannelCredentials:
    if platform.insecure_skip_verify:
        import ssl  # noqa: PLC0415  only those who skip verification pay for it

        host, _, port = platform.endpoint.rpartition(":")
        address = (host.strip("[]"), int(port)) if port.isdigit() else (platform.endpoint, 443)
        certificate = ssl.get_server_certificate(address, timeout=_CONNECT_TIMEOUT)
        return grpc.ssl_channel_credentials(certificate.encode())
    if platform.ca_cert_file_path:
        return grpc.ssl_channel_credentials(Path(platform.ca_cert_file_path).read_bytes())
    return grpc.ssl_channel_credentials()
