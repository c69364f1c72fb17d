"""Messages as FlyteAdmin prints them inside its own: Go's prototext on one line (§1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf import text_format

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["prototext"]


def prototext(message: Message | None) -> str:
    """Return the message as Go prints it on one line: ``project:"p" domain:"d"``."""
    if message is None:
        return "<nil>"
    return text_format.MessageToString(message, as_one_line=True).strip()
