"""Metadata as a server sees it, if it is of a kind that every client may send.

What gRPC refuses, drops or rewrites is left to gRPC itself: it says so best. Ignorant of calls.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyte_testkit.wire.journal import Metadata

__all__ = ["plain"]

_KEY = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_RESERVED = frozenset({"te", "content-type", "user-agent", "host"})
_SEVERAL = 2


def plain(metadata: Sequence[object]) -> Metadata | None:
    """Return metadata as it arrives; ``None`` if anything of it is not plain.

    Example:
        >>> plain((("authorization", "Bearer abc"), ("trace-bin", b"1")))
        (('authorization', 'Bearer abc'), ('trace-bin', b'1'))
        >>> plain((("Authorization", "Bearer abc"),)) is None
        True
    """
    arrives: list[tuple[str, str | bytes]] = []
    for pair in metadata:
        if not isinstance(pair, (tuple, list)) or len(pair) != _SEVERAL:
            return None
        key, value = pair
        if not (type(key) is str and _KEY.fullmatch(key)):
            return None
        if key in _RESERVED or key.startswith("grpc-"):
            return None
        if key.endswith("-bin"):
            fits = type(value) is bytes
        else:
            fits = type(value) is str and _VALUE.fullmatch(value) is not None
        if not fits:
            return None
        arrives.append((key, value))
    return tuple(arrives)
