"""Messages as they travel: some hundred bytes, where a parsed one takes many times as much.

Equal messages are kept once, and long ones deflated: what pollers are answered hardly changes.
Ignorant of what the messages mean.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["Packed", "Packer"]

_LONG = 4096
"""From so many bytes on, a message is deflated: below, it costs more time than it saves room."""


class Packed(NamedTuple):
    """One message, packed.

    Example:
        >>> from google.protobuf.duration_pb2 import Duration
        >>> Packer().pack(Duration(seconds=60)).message()
        seconds: 60
        <BLANKLINE>
    """

    kind: type[Message]
    raw: bytes
    deflated: bool = False

    def message(self) -> Message:
        """Return the message, a fresh one each time."""
        return self.kind.FromString(zlib.decompress(self.raw) if self.deflated else self.raw)


class Packer:
    """Packs messages.

    Args:
        shared: Whether equal ones are looked for, which remembers every one there was.
    """

    def __init__(self, *, shared: bool = True) -> None:
        self._known: dict[tuple[bytes, type[Message], bool], Packed] | None = {} if shared else None

    def pack(self, message: Message, raw: bytes | None = None) -> Packed:
        """Return a message as it travels, which may be known."""
        if raw is None:
            raw = message.SerializeToString()
        kind, deflated = type(message), len(raw) >= _LONG
        if deflated:
            raw = zlib.compress(raw, 1)
        known = self._known
        if known is None:
            return Packed(kind, raw, deflated)
        asked = raw, kind, deflated
        return known.get(asked) or known.setdefault(asked, Packed(kind, raw, deflated))
