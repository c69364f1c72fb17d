"""How a node fails, and how it is stopped: what is raised and thrown between performances.

Ignorant of who fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import execution_pb2 as core

if TYPE_CHECKING:
    from datetime import datetime

    from flyte_testkit.propeller.wording import Worded

__all__ = ["NodeFailed", "Stopped", "error_of"]


class NodeFailed(Exception):  # noqa: N818  it is news, not an error
    """Raised by the performance of a node that has failed, once it has said so.

    Attributes:
        error: What those above it say of it, too.
    """

    def __init__(self, error: core.ExecutionError) -> None:
        super().__init__(error.code)
        self.error = error


class Stopped(Exception):  # noqa: N818  likewise
    """Thrown into the performance of a node that shall stop, and raised by it when it has.

    Attributes:
        at: When it stops.
        reason: Why.
    """

    def __init__(self, at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


def error_of(worded: Worded, at: datetime) -> core.ExecutionError:
    """Return an error as a message.

    It has a time exactly when the task's own process wrote it down: what nobody has wrapped, from
    flytekit.
    """
    error = core.ExecutionError(code=worded.code, message=worded.message, kind=worded.kind)
    if worded.code.startswith("USER:") or worded.code == "SYSTEM":
        error.timestamp.FromDatetime(at)
    return error
