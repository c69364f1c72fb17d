"""The door of FlyteAdmin: every RPC that is implemented, by name.

It wires the managers to one store and routes requests to them; it has no rules of its own. Ignorant
of gRPC and of clocks: a request comes with its time.
"""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from flyte_testkit.admin.data.data_by_url import DataByUrl
from flyte_testkit.admin.data.data_proxy import DataProxy
from flyte_testkit.admin.database.store import Store
from flyte_testkit.admin.definitions.description_entities import DescriptionEntityManager
from flyte_testkit.admin.definitions.launch_plans import LaunchPlanManager
from flyte_testkit.admin.definitions.named_entities import NamedEntityManager
from flyte_testkit.admin.definitions.tasks import TaskManager
from flyte_testkit.admin.definitions.workflows import WorkflowManager
from flyte_testkit.admin.executions.executions import ExecutionManager
from flyte_testkit.admin.executions.executor import WorkflowExecutor
from flyte_testkit.admin.executions.identity import Identity
from flyte_testkit.admin.executions.launcher import Launcher
from flyte_testkit.admin.executions.single_task import SingleTasks
from flyte_testkit.admin.projects.attributes import Attributes
from flyte_testkit.admin.projects.projects import ProjectManager
from flyte_testkit.admin.projects.resource_manager import ResourceManager
from flyte_testkit.admin.runs.metrics import MetricsManager
from flyte_testkit.admin.runs.node_executions import NodeExecutionManager
from flyte_testkit.admin.runs.signals import SignalManager
from flyte_testkit.admin.runs.task_executions import TaskExecutionManager
from flyte_testkit.admin.version import get_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from flyteidl.admin import execution_pb2
    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.executions.executor import Admit

    Handler = Callable[[Any, datetime], Message]

__all__ = ["FlyteAdmin"]

AnswerT = TypeVar("AnswerT")


class FlyteAdmin:
    """A FlyteAdmin 1.16.8 that lives in memory.

    Args:
        executor: The engine that is told of new and of terminated executions.
        store: What it remembers; nothing by default. A copy of another's is served as it was then.
        seed: What generated execution names are drawn from.

    Example:
        >>> from datetime import datetime, timezone
        >>> from flyteidl.admin import execution_pb2
        >>> nothing = execution_pb2.WorkflowExecutionGetRequest()
        >>> FlyteAdmin().answer("GetExecution", nothing, datetime.now(timezone.utc))
        Traceback (most recent call last):
        flyte_testkit.admin.errors.AdminError: missing id
    """

    def __init__(
        self,
        *,
        executor: WorkflowExecutor | None = None,
        store: Store | None = None,
        seed: int = 0,
    ) -> None:
        self.store = Store() if store is None else store
        self.executor = executor or WorkflowExecutor()
        self.identity = Identity()
        self.random = random.Random(seed)  # noqa: S311  names, not secrets
        # That of the request which is being answered.
        self._now = datetime.min.replace(tzinfo=timezone.utc)
        launch_plans = LaunchPlanManager(self.store)
        workflows = WorkflowManager(self.store)
        self.single_tasks = SingleTasks(
            self.store,
            create_workflow=workflows.create_workflow,
            store_launch_plan=launch_plans.store_launch_plan,
        )
        launcher = Launcher(
            self.store,
            executor=self.executor,
            identity=self.identity,
            random=self.random,
            single_tasks=self.single_tasks,
        )
        descriptions = DescriptionEntityManager(self.store)
        executions = self._executions = ExecutionManager(
            self.store, launcher=launcher, executor=self.executor, identity=self.identity
        )
        resources = ResourceManager(self.store)
        named_entities = NamedEntityManager(self.store)
        nodes = NodeExecutionManager(self.store)
        projects = ProjectManager(self.store)
        signals = SignalManager(self.store)
        task_executions = TaskExecutionManager(self.store)
        tasks = TaskManager(self.store, Attributes(self.store).task_limits)
        metrics = MetricsManager(
            self.store, executions=executions, nodes=nodes, task_executions=task_executions
        )
        data_proxy = self.data_proxy = DataProxy(
            self.store,
            nodes=nodes,
            random=random.Random(seed),  # noqa: S311  uploads must not change generated names
        )
        data_by_url = DataByUrl(nodes=nodes, task_executions=task_executions, data_proxy=data_proxy)
        self.handlers: Mapping[str, Handler] = {
            "CreateDownloadLink": data_proxy.create_download_link,
            "CreateDownloadLocation": data_proxy.create_download_location,
            "CreateUploadLocation": data_proxy.create_upload_location,
            "GetData": data_by_url.get_data,
            "GetDescriptionEntity": descriptions.get_description_entity,
            "ListDescriptionEntities": descriptions.list_description_entities,
            "CreateExecution": executions.create_execution,
            "RelaunchExecution": executions.relaunch_execution,
            "RecoverExecution": executions.recover_execution,
            "CreateWorkflowEvent": executions.create_workflow_event,
            "GetExecution": executions.get_execution,
            "UpdateExecution": executions.update_execution,
            "ListExecutions": executions.list_executions,
            "TerminateExecution": executions.terminate_execution,
            "GetExecutionData": data_proxy.linking(executions.get_execution_data),
            "GetExecutionMetrics": metrics.get_execution_metrics,
            "CreateLaunchPlan": launch_plans.create_launch_plan,
            "GetLaunchPlan": launch_plans.get_launch_plan,
            "GetActiveLaunchPlan": launch_plans.get_active_launch_plan,
            "UpdateLaunchPlan": launch_plans.update_launch_plan,
            "ListLaunchPlans": launch_plans.list_launch_plans,
            "ListActiveLaunchPlans": launch_plans.list_active_launch_plans,
            "ListLaunchPlanIds": launch_plans.list_launch_plan_ids,
            "GetNamedEntity": named_entities.get_named_entity,
            "UpdateNamedEntity": named_entities.update_named_entity,
            "ListNamedEntities": named_entities.list_named_entities,
            "CreateNodeEvent": nodes.create_node_event,
            "GetNodeExecution": nodes.get_node_execution,
            "ListNodeExecutions": nodes.list_node_executions,
            "ListNodeExecutionsForTask": nodes.list_node_executions_for_task,
            "GetNodeExecutionData": data_proxy.linking(nodes.get_node_execution_data),
            "GetDynamicNodeWorkflow": nodes.get_dynamic_node_workflow,
            "RegisterProject": projects.register_project,
            "UpdateProject": projects.update_project,
            "GetProject": projects.get_project,
            "ListProjects": projects.list_projects,
            "GetDomains": projects.get_domains,
            "UpdateProjectAttributes": resources.update_project_attributes,
            "GetProjectAttributes": resources.get_project_attributes,
            "DeleteProjectAttributes": resources.delete_project_attributes,
            "UpdateProjectDomainAttributes": resources.update_project_domain_attributes,
            "GetProjectDomainAttributes": resources.get_project_domain_attributes,
            "DeleteProjectDomainAttributes": resources.delete_project_domain_attributes,
            "UpdateWorkflowAttributes": resources.update_workflow_attributes,
            "GetWorkflowAttributes": resources.get_workflow_attributes,
            "DeleteWorkflowAttributes": resources.delete_workflow_attributes,
            "ListMatchableAttributes": resources.list_matchable_attributes,
            "GetOrCreateSignal": signals.get_or_create_signal,
            "ListSignals": signals.list_signals,
            "SetSignal": signals.set_signal,
            "CreateTaskEvent": task_executions.create_task_event,
            "GetTaskExecution": task_executions.get_task_execution,
            "ListTaskExecutions": task_executions.list_task_executions,
            "GetTaskExecutionData": data_proxy.linking(task_executions.get_task_execution_data),
            "CreateTask": tasks.create_task,
            "GetTask": tasks.get_task,
            "ListTasks": tasks.list_tasks,
            "ListTaskIds": tasks.list_task_ids,
            "GetVersion": get_version,
            "CreateWorkflow": workflows.create_workflow,
            "GetWorkflow": workflows.get_workflow,
            "ListWorkflows": workflows.list_workflows,
            "ListWorkflowIds": workflows.list_workflow_ids,
        }

    def acting_as(self, user: str) -> AbstractContextManager[None]:
        """Answer requests on behalf of this user for a while; with auth off it is ``""``."""
        return self.identity.acting_as(user)

    def answer(self, rpc: str, request: Message, now: datetime) -> Message:
        """Answer one RPC at this time.

        Raises:
            AdminError: FlyteAdmin refuses.
            KeyError: No such RPC is implemented (see :attr:`handlers`).
        """
        return self._at(now, self.handlers[rpc], request, now)

    def create_execution(
        self, request: execution_pb2.ExecutionCreateRequest, now: datetime, admit: Admit
    ) -> execution_pb2.ExecutionCreateResponse:
        """Answer CreateExecution for somebody who says himself what will be played.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        return self._at(now, self._executions.create_execution, request, now, admit)

    def _at(self, now: datetime, answer: Callable[..., AnswerT], *asked: object) -> AnswerT:
        """Let what changes have changed now; a script function may ask something in between."""
        before, self._now = self._now, now
        try:
            return answer(*asked)
        finally:
            self._now = before

    def on_change(self, told: Callable[[ExecutionRow, datetime], None]) -> None:
        """Tell this of every execution that is made or changes, and when."""
        self.store.executions.on_change = lambda row: told(row, self._now)
