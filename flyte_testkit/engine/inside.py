"""What happens inside an execution that plays a plain script: nothing, unless somebody says so.

Ignorant of who does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Act
    from flyte_testkit.failures import Failure

__all__ = ["Inside", "Nothing"]


class Inside(Protocol):
    """What stands inside an execution, and hears what the execution does.

    Each is told at most once how it ends; what has not begun, or has ended, has nothing to say.
    """

    def begins(self, at: datetime) -> Iterator[Act]:
        """The execution is RUNNING, and has its start-node."""

    def succeeds(self, at: datetime, outputs: literals_pb2.LiteralMap) -> Iterator[Act]:
        """It is about to succeed, with these outputs."""

    def fails(self, at: datetime, failure: Failure | None) -> Iterator[Act]:
        """It is about to fail."""

    def times_out(self, at: datetime) -> Iterator[Act]:
        """It is about to time out."""

    def stops(self, at: datetime) -> Iterator[Act]:
        """It was terminated."""


class Nothing:
    """Inside of what is registered nothing is known; a plain script says nothing of it."""

    def begins(self, at: datetime) -> Iterator[Act]:  # noqa: ARG002  it hears, and says nothing
        """Say nothing."""
        yield from ()

    def succeeds(self, at: datetime, outputs: literals_pb2.LiteralMap) -> Iterator[Act]:  # noqa: ARG002  likewise
        """Say nothing."""
        yield from ()

    def fails(self, at: datetime, failure: Failure | None) -> Iterator[Act]:  # noqa: ARG002  likewise
        """Say nothing."""
        yield from ()

    def times_out(self, at: datetime) -> Iterator[Act]:  # noqa: ARG002  likewise
        """Say nothing."""
        yield from ()

    def stops(self, at: datetime) -> Iterator[Act]:  # noqa: ARG002  likewise
        """Say nothing."""
        yield from ()
