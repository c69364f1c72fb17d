"""The questions about the inside of one execution, asked as a client asks them.

Lists come in one page, so they are of one instant. Ignorant of names.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    node_execution_pb2,
    task_execution_pb2,
)
from flyteidl.core.identifier_pb2 import NodeExecutionIdentifier

from flyte_testkit.admin.errors import AdminError, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyteidl.core import compiler_pb2
    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
    from google.protobuf.message import Message

__all__ = ["Reader"]

_ALL = 2**31 - 1  # rows that a page may have


class Reader:
    """Asks what is inside of an execution.

    Args:
        of: The execution.
        ask: Asks FlyteAdmin one RPC now, AdminError is a refusal; without it there is nothing.
    """

    def __init__(
        self, of: WorkflowExecutionIdentifier, ask: Callable[[str, Message], Any] | None
    ) -> None:
        self.of = of
        self._ask = _nobody if ask is None else ask

    def beside(self, of: WorkflowExecutionIdentifier) -> Reader:
        """Return what asks the same of another execution."""
        return Reader(of, self._ask)

    def execution(self) -> execution_pb2.Execution | None:
        """Return the execution; None before FlyteAdmin has it."""
        request = execution_pb2.WorkflowExecutionGetRequest(id=self.of)
        found: execution_pb2.Execution | None = self._if_there("GetExecution", request)
        return found

    def node(self, node_id: str) -> node_execution_pb2.NodeExecution:
        """Return a node that there is."""
        request = node_execution_pb2.NodeExecutionGetRequest(id=self._id(node_id))
        found: node_execution_pb2.NodeExecution = self._ask("GetNodeExecution", request)
        return found

    def below(self, parent: str) -> Sequence[node_execution_pb2.NodeExecution]:
        """Return the nodes right under a parent, or at the top if that is "", in no order."""
        request = node_execution_pb2.NodeExecutionListRequest(
            workflow_execution_id=self.of, limit=_ALL, unique_parent_id=parent
        )
        found: Sequence[node_execution_pb2.NodeExecution]
        found = self._ask("ListNodeExecutions", request).node_executions
        return found

    def attempts(self, node_id: str) -> Sequence[task_execution_pb2.TaskExecution]:
        """Return the attempts of a node, the first one first."""
        request = task_execution_pb2.TaskExecutionListRequest(
            node_execution_id=self._id(node_id), limit=_ALL
        )
        found = self._ask("ListTaskExecutions", request).task_executions
        return sorted(found, key=attrgetter("id.retry_attempt"))

    def attempt(self, listed: task_execution_pb2.TaskExecution) -> task_execution_pb2.TaskExecution:
        """Return an attempt with the whole of its error: lists cut that."""
        request = task_execution_pb2.TaskExecutionGetRequest(id=listed.id)
        found: task_execution_pb2.TaskExecution = self._ask("GetTaskExecution", request)
        return found

    def data(self, node_id: str) -> node_execution_pb2.NodeExecutionGetDataResponse | None:
        """Return the data of a node; None if its dynamic workflow is not whole."""
        request = node_execution_pb2.NodeExecutionGetDataRequest(id=self._id(node_id))
        found: node_execution_pb2.NodeExecutionGetDataResponse | None = self._if_there(
            "GetNodeExecutionData", request
        )
        return found

    def workflow(self) -> compiler_pb2.CompiledWorkflowClosure | None:
        """Return the workflow that the execution runs; None if there is none."""
        execution = self.execution()
        if execution is None:
            return None
        request = common_pb2.ObjectGetRequest(id=execution.closure.workflow_id)
        found = self._if_there("GetWorkflow", request)
        return None if found is None else found.closure.compiled_workflow

    def yielded(self, node_id: str) -> compiler_pb2.CompiledWorkflowClosure | None:
        """Return the workflow that a dynamic node yielded; None if it yielded none."""
        request = node_execution_pb2.GetDynamicNodeWorkflowRequest(id=self._id(node_id))
        found = self._if_there("GetDynamicNodeWorkflow", request)
        return None if found is None else found.compiled_workflow

    def _id(self, node_id: str) -> NodeExecutionIdentifier:
        return NodeExecutionIdentifier(execution_id=self.of, node_id=node_id)

    def _if_there(self, rpc: str, request: Message) -> Any:
        try:
            return self._ask(rpc, request)
        except AdminError as refusal:
            if refusal.code in {"NOT_FOUND", "INVALID_ARGUMENT"}:  # as of an id without a name
                return None
            raise


def _nobody(rpc: str, _request: Message) -> Any:
    """Answer like a FlyteAdmin that has nothing."""
    if rpc == "ListNodeExecutions":
        return node_execution_pb2.NodeExecutionList()
    raise not_found("there is nobody to ask")
