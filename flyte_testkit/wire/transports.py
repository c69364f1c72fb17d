"""The ways in which calls travel between a client and a server in one process.

``"tcp"`` is gRPC as it is: two sockets on loopback. ``"direct"`` has none: a client's channel
serializes, lets the calling thread answer, and parses. Ignorant of how either is done.
"""

from __future__ import annotations

from typing import Literal, get_args

from flyte_testkit.errors import FlyteTestkitError, close_names, shown

__all__ = ["Transport", "check_transport"]

Transport = Literal["tcp", "direct"]
"""How calls travel; see ``FakeFlyteAdmin``."""

_KNOWN: tuple[Transport, ...] = get_args(Transport)


def check_transport(transport: object) -> Transport:
    """Return a transport.

    Raises:
        FlyteTestkitError: There is none of this name.

    Example:
        >>> check_transport("dirct")
        Traceback (most recent call last):
        flyte_testkit.errors.FlyteTestkitError: transport='dirct': calls travel by 'tcp' or by '...
    """
    for each in _KNOWN:
        if isinstance(transport, str) and transport == each:
            return each
    meant = close_names(transport.lower(), _KNOWN) if isinstance(transport, str) else ""
    raise FlyteTestkitError(
        f"transport={shown(transport)}: calls travel by 'tcp' or by 'direct'.{meant}"
    )
