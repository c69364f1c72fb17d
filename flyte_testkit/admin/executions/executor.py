"""The seam between FlyteAdmin and the engine that runs executions.

The real FlyteAdmin hands new executions to Kubernetes, where flytepropeller finds them, and deletes
them there when they are terminated. Here the engine that plays scripts takes that place. By itself
this module plays nothing: new executions stay UNDEFINED until somebody sends an event. Ignorant of
events: what an engine sends, and when, is its own affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from flyteidl.core import literals_pb2
    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.database.store import Store

    Admit = Callable[[ExecutionRow, literals_pb2.LiteralMap], "Admission"]

__all__ = ["Admission", "Told", "WorkflowExecutor"]


class Admission:
    """What an engine decided about an execution before it was stored.

    FlyteAdmin carries it to the engine again once the execution is there. This one says that
    nothing will be played; what else there is to say, an engine's own says.
    """


class WorkflowExecutor:
    """An engine that lets everything be created and does nothing with it."""

    def admit(
        self,
        execution: ExecutionRow,  # noqa: ARG002  an engine of its own looks at both
        inputs: literals_pb2.LiteralMap,  # noqa: ARG002
    ) -> Admission:
        """Look at an execution that passed every rule, just before it is stored.

        Nothing stands in its way any more: what is admitted will be stored.

        Args:
            execution: The row as it will be stored. FAILED, if it will never run.
            inputs: What it will run with, defaults and fixed inputs included.

        Raises:
            AdminError: The execution is refused; then nothing is stored.
        """
        return Admission()

    def execute(self, execution: ExecutionRow, admission: Admission, now: datetime) -> None:
        """Run an execution that has just been stored, as it was admitted."""

    def catch_up(self) -> None:
        """Let everything have happened by now: FlyteAdmin is about to count what runs."""

    def abort(self, execution: ExecutionRow, now: datetime) -> None:
        """Stop an execution that has just become ABORTING."""


class Told(Protocol):
    """Who is told what an engine does: FlyteAdmin, as far as engines know it."""

    @property
    def store(self) -> Store:
        """What it remembers."""

    def acting_as(self, user: str) -> AbstractContextManager[None]:
        """Answer requests on behalf of this user for a while."""

    def answer(self, rpc: str, request: Message, now: datetime) -> Message:
        """Answer one RPC at this time."""
