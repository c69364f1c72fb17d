"""What an RPC asks about: what could be launched, an execution, none, or whichever is there.

Ignorant of how it is answered.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

    from flyte_testkit.admin.database.rows import Key

__all__ = ["LOOK_UPS", "shown_by"]

LOOK_UPS: Final = frozenset(
    {
        *("GetLaunchPlan", "GetActiveLaunchPlan", "GetWorkflow", "GetTask", "GetNamedEntity"),
        *("ListLaunchPlans", "ListWorkflows", "ListTasks", "UpdateLaunchPlan", "UpdateNamedEntity"),
    }
)
"""The RPCs that ask for something that could be launched."""

_OF_ONE: Final[dict[str, Callable[[Any], WorkflowExecutionIdentifier]]] = {
    "GetExecution": attrgetter("id"),
    "GetExecutionData": attrgetter("id"),
    "ListNodeExecutions": attrgetter("workflow_execution_id"),
    "GetNodeExecution": attrgetter("id.execution_id"),
    "GetNodeExecutionData": attrgetter("id.execution_id"),
    "ListTaskExecutions": attrgetter("node_execution_id.execution_id"),
    "GetTaskExecution": attrgetter("id.node_execution_id.execution_id"),
    "GetTaskExecutionData": attrgetter("id.node_execution_id.execution_id"),
}

_OF_NONE: Final = frozenset(
    {"GetLaunchPlan", "GetWorkflow", "GetTask", "GetActiveLaunchPlan", "GetVersion"}
)


def shown_by(rpc: str, request: Any) -> tuple[Key, ...] | None:
    """Return the keys of the executions that an RPC shows something of; None if it may be any.

    An id with holes fits any (§4).

    Example:
        >>> from flyteidl.admin.execution_pb2 import ExecutionTerminateRequest
        >>> shown_by("TerminateExecution", ExecutionTerminateRequest())
        >>> shown_by("GetVersion", None)
        ()
    """
    if (of := _OF_ONE.get(rpc)) is None:
        return () if rpc in _OF_NONE else None
    id_ = of(request)
    key = id_.project, id_.domain, id_.name
    return (key,) if all(key) else None
