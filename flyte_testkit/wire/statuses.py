"""A status that is not OK, as it travels: its details are one more status, in the trailers.

Ignorant of what carries it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

if TYPE_CHECKING:
    from flyte_testkit.wire.answers import Answer

__all__ = ["trailers"]


def trailers(answer: Answer) -> tuple[tuple[str, bytes], ...]:
    """Return the trailing metadata of an answer that is not OK."""
    if not answer.details:
        return ()
    code = grpc.StatusCode[answer.code]
    status = status_pb2.Status(code=code.value[0], message=answer.message)
    for detail in answer.details:
        status.details.add().Pack(detail)
    return tuple(rpc_status.to_status(status).trailing_metadata)
