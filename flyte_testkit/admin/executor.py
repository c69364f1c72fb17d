"""The seam between FlyteAdmin and the engine that runs executions.

The real FlyteAdmin hands new executions to Kubernetes, where flytepropeller finds them, and deletes
them there when they are terminated. Here the engine that plays scripts takes that place. By itself
this module plays nothing: new executions stay UNDEFINED until somebody sends an event. Ignorant of
events: what an engine sends, and when, is its own affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.admin.rows import ExecutionRow

__all__ = ["WorkflowExecutor"]


class WorkflowExecutor:
    """An engine that lets everything be created and does nothing with it."""

    def admit(self, execution: ExecutionRow, inputs: literals_pb2.LiteralMap) -> None:
        """Look at an execution that passed every rule, just before it is stored.

        Args:
            execution: The row as it will be stored.
            inputs: What it will run with, defaults and fixed inputs included.

        Raises:
            AdminError: The execution is refused; then nothing is stored.
        """

    def execute(self, execution: ExecutionRow, now: datetime) -> None:
        """Run an execution that has just been stored."""

    def abort(self, execution: ExecutionRow, now: datetime) -> None:
        """Stop an execution that has just become ABORTING."""
