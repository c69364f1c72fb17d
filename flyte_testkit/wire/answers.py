"""What goes back to a client: a reply, or a status with its text and typed details.

One mapper for all services, as FlyteAdmin has one (§1.1). Ignorant of why a call is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from flyte_testkit.admin.errors import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from flyte_testkit.admin.errors import AdminError

__all__ = ["Answer", "refusal", "set_status"]


class Answer(NamedTuple):
    """A status, and what travels with it."""

    code: str
    reply: Message | None = None
    message: str = ""
    details: Sequence[Message] = ()


def refusal(error: AdminError, *, service: str = "AdminService") -> Answer:
    """Return a refusal of FlyteAdmin as it travels; DataProxyService's are never cut."""
    raw = error.message.encode()
    if len(raw) <= MAX_MESSAGE_BYTES or service == "DataProxyService":
        return Answer(error.code, None, error.message, error.details)
    return Answer(error.code, None, raw[:MAX_MESSAGE_BYTES].decode(errors="replace"))


def set_status(context: grpc.ServicerContext, answer: Answer) -> None:
    """Write a status that is not OK into the context of its call."""
    code = grpc.StatusCode[answer.code]
    if answer.details:
        status = status_pb2.Status(code=code.value[0], message=answer.message)
        for detail in answer.details:
            status.details.add().Pack(detail)
        context.set_trailing_metadata(rpc_status.to_status(status).trailing_metadata)
    context.set_code(code)
    context.set_details(answer.message)
