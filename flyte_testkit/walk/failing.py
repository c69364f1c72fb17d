"""How a node fails, and how it is stopped: what is raised and thrown between performances.

Ignorant of who fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core

__all__ = ["NodeFailed", "Stopped"]


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
