"""What goes back to a client: a reply, or a status with its text and typed details.

One mapper for all services, as FlyteAdmin has one (§1.1). Ignorant of why a call is refused, and of
how an answer travels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.admin.errors import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from flyte_testkit.admin.errors import AdminError

__all__ = ["Answer", "refusal", "success"]


class Answer(NamedTuple):
    """A status, and what travels with it.

    Attributes:
        raw: The reply as it travels; None unless there is one.
    """

    code: str
    reply: Message | None = None
    message: str = ""
    details: Sequence[Message] = ()
    raw: bytes | None = None


def success(reply: Message) -> Answer:
    """Return a reply as it travels."""
    return Answer("OK", reply, raw=reply.SerializeToString())


def refusal(error: AdminError, *, service: str = "AdminService") -> Answer:
    """Return a refusal of FlyteAdmin as it travels; DataProxyService's are never cut."""
    raw = error.message.encode()
    if len(raw) <= MAX_MESSAGE_BYTES or service == "DataProxyService":
        return Answer(error.code, None, error.message, error.details)
    return Answer(error.code, None, _cut(raw))


def _cut(text: bytes) -> str:
    """Return the beginning of a text; of a letter cut in two Go's gRPC replaces each byte."""
    whole = text[:MAX_MESSAGE_BYTES].decode(errors="ignore")
    return whole + "\N{REPLACEMENT CHARACTER}" * (MAX_MESSAGE_BYTES - len(whole.encode()))
