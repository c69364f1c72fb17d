"""The phases of a workflow execution by name and by number, unknown numbers included (§9.1).

The database holds names, and the number itself of a phase that has no name; FlyteAdmin then takes
such a phase for UNDEFINED when it reads it back.
"""

from __future__ import annotations

from flyteidl.core.execution_pb2 import WorkflowExecution

__all__ = ["TERMINAL", "current_phase", "phase_name"]

TERMINAL = frozenset(
    {
        WorkflowExecution.SUCCEEDED,
        WorkflowExecution.FAILED,
        WorkflowExecution.TIMED_OUT,
        WorkflowExecution.ABORTED,
    }
)
"""The phases that nothing leaves."""

_BY_NUMBER = {value.number: value.name for value in WorkflowExecution.Phase.DESCRIPTOR.values}
_BY_NAME = {name: number for number, name in _BY_NUMBER.items()}


def phase_name(phase: int) -> str:
    """Return what the column and the messages call a phase."""
    return _BY_NUMBER.get(phase) or str(phase)


def current_phase(column: str) -> int:
    """Return the phase that FlyteAdmin reads from the column."""
    return _BY_NAME.get(column, WorkflowExecution.UNDEFINED)
