"""Phases by name, under flytekit's classes: plain integers of the wire that know their names.

``closure.phase`` is an ``int`` as in flytekit, so that a phase which a newer server invents is
still a phase: compare it with these, and name it with ``enum_to_string``. Ignorant of which phases
are final.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["NodeExecutionPhase", "ResourceType", "TaskExecutionPhase", "WorkflowExecutionPhase"]


class _Named(IntEnum):
    @classmethod
    def enum_to_string(cls, int_value: int) -> str:
        """Return the name of a value, or its digits if this client does not know it.

        Example:
            >>> WorkflowExecutionPhase.enum_to_string(4)
            'SUCCEEDED'
        """
        try:
            return cls(int_value).name
        except ValueError:
            return str(int_value)


class WorkflowExecutionPhase(_Named):
    """Where a workflow execution stands (``flyteidl.core.WorkflowExecution.Phase``)."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDING = 3
    SUCCEEDED = 4
    FAILING = 5
    FAILED = 6
    ABORTED = 7
    TIMED_OUT = 8
    ABORTING = 9


class NodeExecutionPhase(_Named):
    """Where a node execution stands (``flyteidl.core.NodeExecution.Phase``)."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILING = 4
    FAILED = 5
    ABORTED = 6
    SKIPPED = 7
    TIMED_OUT = 8
    DYNAMIC_RUNNING = 9
    RECOVERED = 10


class TaskExecutionPhase(_Named):
    """Where an attempt of a task stands (``flyteidl.core.TaskExecution.Phase``)."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    ABORTED = 4
    FAILED = 5
    INITIALIZING = 6
    WAITING_FOR_RESOURCES = 7
    RETRYABLE_FAILED = 8  # flyteidl 1.16.8 and later


class ResourceType(_Named):
    """What an identifier names (``flyteidl.core.ResourceType``)."""

    UNSPECIFIED = 0
    TASK = 1
    WORKFLOW = 2
    LAUNCH_PLAN = 3
    DATASET = 4
