"""Where a gRPC target leads to, as far as this machine goes.

Ignorant of who listens there.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["is_loopback", "port_here"]

_SCHEME = re.compile(r"^(dns|ipv4|ipv6):(//[^/]*/)?")
_PLAIN_SCHEME = re.compile(r"^(dns|ipv4):(///)?")  # without a name server of its own
_LOCAL = re.compile(r"127(\.\d{1,3}){3}")


@lru_cache(maxsize=256)
def is_loopback(target: str) -> bool:
    """Say whether a gRPC target leads to this machine.

    Example:
        >>> is_loopback("dns:///localhost:30080"), is_loopback("flyte.example.com:443")
        (True, False)
    """
    bare = _SCHEME.sub("", target)
    if bare.startswith(("unix:", "unix-abstract:")):
        return True
    host = bare.rsplit(":", 1)[0] if bare.count(":") == 1 or bare.startswith("[") else bare
    host = host.strip("[]").lower()
    return host in {"localhost", "::1"} or _LOCAL.fullmatch(host) is not None


@lru_cache(maxsize=256)
def port_here(target: str) -> int | None:
    """Return the port of 127.0.0.1 that a gRPC target leads to; ``None`` if it leads elsewhere.

    Example:
        >>> port_here("dns:///localhost:30080"), port_here("127.0.0.2:1"), port_here("unix:/tmp/s")
        (30080, None, None)
    """
    host, _, port = _PLAIN_SCHEME.sub("", target).rpartition(":")
    if host.lower() not in {"127.0.0.1", "localhost"} or not (port.isascii() and port.isdecimal()):
        return None
    return int(port)
