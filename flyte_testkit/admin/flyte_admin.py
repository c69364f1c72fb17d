"""The door of FlyteAdmin: every RPC that is implemented, by name.

It wires the managers to one store and routes requests to them; it has no rules of its own.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from flyte_testkit.admin.executor import WorkflowExecutor
from flyte_testkit.admin.identity import Identity
from flyte_testkit.admin.node_executions import NodeExecutionManager
from flyte_testkit.admin.projects import ProjectManager
from flyte_testkit.admin.store import Store
from flyte_testkit.admin.task_executions import TaskExecutionManager
from flyte_testkit.admin.tasks import TaskManager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from google.protobuf.message import Message

    Handler = Callable[[Any, datetime], Message]

__all__ = ["FlyteAdmin"]


class FlyteAdmin:
    """A FlyteAdmin 1.16.8 that lives in memory.

    Args:
        executor: The engine that is told of new and of terminated executions.
        seed: What generated execution names are drawn from.

    Example:
        >>> from datetime import datetime, timezone
        >>> from flyteidl.admin import execution_pb2
        >>> nothing = execution_pb2.WorkflowExecutionGetRequest()
        >>> FlyteAdmin().answer("GetExecution", nothing, datetime.now(timezone.utc))
        Traceback (most recent call last):
        flyte_testkit.admin.errors.AdminError: missing id
    """

    def __init__(self, *, executor: WorkflowExecutor | None = None, seed: int = 0) -> None:
        self.store = Store()
        self.executor = executor or WorkflowExecutor()
        self.identity = Identity()
        self.random = random.Random(seed)  # noqa: S311  names, not secrets
        nodes = NodeExecutionManager(self.store)
        projects = ProjectManager(self.store)
        task_executions = TaskExecutionManager(self.store)
        tasks = TaskManager(self.store)
        self.handlers: Mapping[str, Handler] = {
            "CreateNodeEvent": nodes.create_node_event,
            "GetNodeExecution": nodes.get_node_execution,
            "ListNodeExecutions": nodes.list_node_executions,
            "ListNodeExecutionsForTask": nodes.list_node_executions_for_task,
            "GetNodeExecutionData": nodes.get_node_execution_data,
            "GetDynamicNodeWorkflow": nodes.get_dynamic_node_workflow,
            "RegisterProject": projects.register_project,
            "UpdateProject": projects.update_project,
            "GetProject": projects.get_project,
            "ListProjects": projects.list_projects,
            "GetDomains": projects.get_domains,
            "CreateTaskEvent": task_executions.create_task_event,
            "GetTaskExecution": task_executions.get_task_execution,
            "ListTaskExecutions": task_executions.list_task_executions,
            "GetTaskExecutionData": task_executions.get_task_execution_data,
            "CreateTask": tasks.create_task,
            "GetTask": tasks.get_task,
            "ListTasks": tasks.list_tasks,
            "ListTaskIds": tasks.list_task_ids,
        }

    def acting_as(self, user: str) -> AbstractContextManager[None]:
        """Answer requests on behalf of this user for a while; nobody, as with auth off, is ``""``."""
        return self.identity.acting_as(user)

    def answer(self, rpc: str, request: Message, now: datetime) -> Message:
        """Answer one RPC at this time.

        Raises:
            AdminError: FlyteAdmin refuses.
            KeyError: No such RPC is implemented (see :attr:`handlers`).
        """
        return self.handlers[rpc](request, now)
