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

_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", -1),  # inputs and outputs come inline
    ("grpc.max_metadata_size", 32 * 1024),  # long errors travel in the trailers
    # A server that comes back is seen soon: the waiting is the caller's business, not gRPC's.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


def open_channel(platform: PlatformConfig, options: Sequence[tuple[str, Any]] = ()) -> grpc.Channel:
    """Open a channel to the endpoint of a configuration. Connecting is left to the first call.

    There is no keepalive ping: every call has a deadline, and a server of default settings hangs
    up on clients that ping.
    """
    host = platform.endpoint.rpartition(":")[0].strip("[]")
    loopback = (("grpc.enable_http_proxy", 0),) if host in ("localhost", "127.0.0.1", "::1") else ()
    every = [*_OPTIONS, *loopback, *options]
    if platform.insecure:
        return grpc.insecure_channel(platform.endpoint, options=every)
    return grpc.secure_channel(platform.endpoint, _credentials(platform), options=every)


def _credentials(platform: PlatformConfig) -> grpc.ChannelCredentials:
    if platform.insecure_skip_verify:
        import ssl  # noqa: PLC0415  only those who skip verification pay for it

        host, _, port = platform.endpoint.rpartition(":")
        address = (host.strip("[]"), int(port)) if port.isdigit() else (platform.endpoint, 443)
        return grpc.ssl_channel_credentials(ssl.get_server_certificate(address).encode())
    if platform.ca_cert_file_path:
        return grpc.ssl_channel_credentials(Path(platform.ca_cert_file_path).read_bytes())
    return grpc.ssl_channel_credentials()
