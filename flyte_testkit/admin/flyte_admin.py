"""The door of FlyteAdmin: every RPC that is implemented, by name.

It wires the managers to one store and routes requests to them; it has no rules of its own. Ignorant
of gRPC and of clocks: a request comes with its time.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

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
from flyte_testkit.admin.executions.random_names import Chance
from flyte_testkit.admin.executions.single_task import SingleTasks
from flyte_testkit.admin.projects.attributes import Attributes
from flyte_testkit.admin.projects.projects import ProjectManager
from flyte_testkit.admin.projects.resource_manager import ResourceManager
from flyte_testkit.admin.runs.metrics import MetricsManager
from flyte_testkit.admin.runs.node_executions import NodeExecutionManager
from flyte_testkit.admin.runs.signals import SignalManager
from flyte_testkit.admin.runs.task_executions import TaskExecutionManager
from flyte_testkit.admin.version import get_version
from flyte_testkit.weak import weakly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from flyteidl.admin import execution_pb2
    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.executions.executor import Admit

    Answer = Callable[[Any, datetime], Message]
    Handler = Callable[["FlyteAdmin"], Answer]

__all__ = ["FlyteAdmin"]


class FlyteAdmin:
    """A FlyteAdmin 1.16.8 that lives in memory.

    Args:
        executor: The engine that is told of new and of terminated executions.
        store: What it remembers; nothing by default. A copy of another's is served as it was then.
        seed: What generated execution names are drawn from.

    Attributes:
        handlers: What gives, for an RPC by name and this FlyteAdmin, what answers it.

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
        self.handlers = dict(_HANDLERS)
        self._seed = seed
        # That of the request which is being answered.
        self._now = datetime.min.replace(tzinfo=timezone.utc)

    def acting_as(self, user: str) -> AbstractContextManager[None]:
        """Answer requests on behalf of this user for a while; with auth off it is ``""``."""
        return self.identity.acting_as(user)

    def answer(self, rpc: str, request: Message, now: datetime) -> Message:
        """Answer one RPC at this time.

        Raises:
            AdminError: FlyteAdmin refuses.
            KeyError: No such RPC is implemented (see :attr:`handlers`).
        """
        return self._at(now, self.handlers[rpc](self), request)

    def create_execution(
        self, request: execution_pb2.ExecutionCreateRequest, now: datetime, admit: Admit
    ) -> None:
        """Answer CreateExecution for somebody who says himself what will be played.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        self._at(now, partial(self.executions.create_execution, admit=admit), request)

    def _at(self, now: datetime, answer: Answer, request: Any) -> Message:
        """Let what changes have changed now; a script function may ask something in between."""
        before, self._now = self._now, now
        try:
            return answer(request, now)
        finally:
            self._now = before

    def on_change(self, told: Callable[[ExecutionRow, datetime], None]) -> None:
        """Tell this of every execution that is made or changes, and when."""
        self._told = told
        self.store.executions.on_change = weakly(self._changed)

    def _changed(self, row: ExecutionRow) -> None:
        self._told(row, self._now)

    # Its managers, each made when it is asked for something: most servers need few of them.

    @cached_property
    def data_proxy(self) -> DataProxy:
        """Where data are, and where they may be put."""
        chance = Chance(self._seed)  # one of its own: uploads must not change generated names
        return DataProxy(self.store, nodes=self.nodes, chance=chance)

    @cached_property
    def data_by_url(self) -> DataByUrl:
        """Data by their Flyte URLs."""
        return DataByUrl(
            nodes=self.nodes, task_executions=self.task_executions, data_proxy=self.data_proxy
        )

    @cached_property
    def descriptions(self) -> DescriptionEntityManager:
        """What is said of definitions."""
        return DescriptionEntityManager(self.store)

    @cached_property
    def executions(self) -> ExecutionManager:
        """Executions."""
        launcher = Launcher(
            self.store,
            executor=self.executor,
            identity=self.identity,
            chance=Chance(self._seed),
            single_tasks=self.single_tasks,
        )
        return ExecutionManager(
            self.store, launcher=launcher, executor=self.executor, identity=self.identity
        )

    @cached_property
    def launch_plans(self) -> LaunchPlanManager:
        """Launch plans."""
        return LaunchPlanManager(self.store)

    @cached_property
    def metrics(self) -> MetricsManager:
        """Where the time went."""
        return MetricsManager(
            self.store,
            executions=self.executions,
            nodes=self.nodes,
            task_executions=self.task_executions,
        )

    @cached_property
    def named_entities(self) -> NamedEntityManager:
        """What versions share."""
        return NamedEntityManager(self.store)

    @cached_property
    def nodes(self) -> NodeExecutionManager:
        """Nodes of executions."""
        return NodeExecutionManager(self.store)

    @cached_property
    def projects(self) -> ProjectManager:
        """Projects and domains."""
        return ProjectManager(self.store)

    @cached_property
    def resources(self) -> ResourceManager:
        """Attributes of projects, domains and workflows."""
        return ResourceManager(self.store)

    @cached_property
    def signals(self) -> SignalManager:
        """Signals."""
        return SignalManager(self.store)

    @cached_property
    def single_tasks(self) -> SingleTasks:
        """Tasks that are launched alone."""
        return SingleTasks(
            self.store,
            create_workflow=self.workflows.create_workflow,
            store_launch_plan=self.launch_plans.store_launch_plan,
        )

    @cached_property
    def task_executions(self) -> TaskExecutionManager:
        """Attempts of tasks."""
        return TaskExecutionManager(self.store)

    @cached_property
    def tasks(self) -> TaskManager:
        """Tasks."""
        return TaskManager(self.store, Attributes(self.store).task_limits)

    @cached_property
    def workflows(self) -> WorkflowManager:
        """Workflows."""
        return WorkflowManager(self.store)


def _node_execution_data(admin: FlyteAdmin) -> Answer:
    return admin.data_proxy.linking(admin.nodes.get_node_execution_data)


def _task_execution_data(admin: FlyteAdmin) -> Answer:
    return admin.data_proxy.linking(admin.task_executions.get_task_execution_data)


_HANDLERS: Mapping[str, Handler] = {
    "CreateDownloadLink": lambda admin: admin.data_proxy.create_download_link,
    "CreateDownloadLocation": lambda admin: admin.data_proxy.create_download_location,
    "CreateUploadLocation": lambda admin: admin.data_proxy.create_upload_location,
    "GetData": lambda admin: admin.data_by_url.get_data,
    "GetDescriptionEntity": lambda admin: admin.descriptions.get_description_entity,
    "ListDescriptionEntities": lambda admin: admin.descriptions.list_description_entities,
    "CreateExecution": lambda admin: admin.executions.create_execution,
    "RelaunchExecution": lambda admin: admin.executions.relaunch_execution,
    "RecoverExecution": lambda admin: admin.executions.recover_execution,
    "CreateWorkflowEvent": lambda admin: admin.executions.create_workflow_event,
    "GetExecution": lambda admin: admin.executions.get_execution,
    "UpdateExecution": lambda admin: admin.executions.update_execution,
    "ListExecutions": lambda admin: admin.executions.list_executions,
    "TerminateExecution": lambda admin: admin.executions.terminate_execution,
    "GetExecutionData": lambda admin: admin.data_proxy.linking(admin.executions.get_execution_data),
    "GetExecutionMetrics": lambda admin: admin.metrics.get_execution_metrics,
    "CreateLaunchPlan": lambda admin: admin.launch_plans.create_launch_plan,
    "GetLaunchPlan": lambda admin: admin.launch_plans.get_launch_plan,
    "GetActiveLaunchPlan": lambda admin: admin.launch_plans.get_active_launch_plan,
    "UpdateLaunchPlan": lambda admin: admin.launch_plans.update_launch_plan,
    "ListLaunchPlans": lambda admin: admin.launch_plans.list_launch_plans,
    "ListActiveLaunchPlans": lambda admin: admin.launch_plans.list_active_launch_plans,
    "ListLaunchPlanIds": lambda admin: admin.launch_plans.list_launch_plan_ids,
    "GetNamedEntity": lambda admin: admin.named_entities.get_named_entity,
    "UpdateNamedEntity": lambda admin: admin.named_entities.update_named_entity,
    "ListNamedEntities": lambda admin: admin.named_entities.list_named_entities,
    "CreateNodeEvent": lambda admin: admin.nodes.create_node_event,
    "GetNodeExecution": lambda admin: admin.nodes.get_node_execution,
    "ListNodeExecutions": lambda admin: admin.nodes.list_node_executions,
    "ListNodeExecutionsForTask": lambda admin: admin.nodes.list_node_executions_for_task,
    "GetNodeExecutionData": _node_execution_data,
    "GetDynamicNodeWorkflow": lambda admin: admin.nodes.get_dynamic_node_workflow,
    "RegisterProject": lambda admin: admin.projects.register_project,
    "UpdateProject": lambda admin: admin.projects.update_project,
    "GetProject": lambda admin: admin.projects.get_project,
    "ListProjects": lambda admin: admin.projects.list_projects,
    "GetDomains": lambda admin: admin.projects.get_domains,
    "UpdateProjectAttributes": lambda admin: admin.resources.update_project_attributes,
    "GetProjectAttributes": lambda admin: admin.resources.get_project_attributes,
    "DeleteProjectAttributes": lambda admin: admin.resources.delete_project_attributes,
    "UpdateProjectDomainAttributes": lambda admin: admin.resources.update_project_domain_attributes,
    "GetProjectDomainAttributes": lambda admin: admin.resources.get_project_domain_attributes,
    "DeleteProjectDomainAttributes": lambda admin: admin.resources.delete_project_domain_attributes,
    "UpdateWorkflowAttributes": lambda admin: admin.resources.update_workflow_attributes,
    "GetWorkflowAttributes": lambda admin: admin.resources.get_workflow_attributes,
    "DeleteWorkflowAttributes": lambda admin: admin.resources.delete_workflow_attributes,
    "ListMatchableAttributes": lambda admin: admin.resources.list_matchable_attributes,
    "GetOrCreateSignal": lambda admin: admin.signals.get_or_create_signal,
    "ListSignals": lambda admin: admin.signals.list_signals,
    "SetSignal": lambda admin: admin.signals.set_signal,
    "CreateTaskEvent": lambda admin: admin.task_executions.create_task_event,
    "GetTaskExecution": lambda admin: admin.task_executions.get_task_execution,
    "ListTaskExecutions": lambda admin: admin.task_executions.list_task_executions,
    "GetTaskExecutionData": _task_execution_data,
    "CreateTask": lambda admin: admin.tasks.create_task,
    "GetTask": lambda admin: admin.tasks.get_task,
    "ListTasks": lambda admin: admin.tasks.list_tasks,
    "ListTaskIds": lambda admin: admin.tasks.list_task_ids,
    "GetVersion": lambda _: get_version,
    "CreateWorkflow": lambda admin: admin.workflows.create_workflow,
    "GetWorkflow": lambda admin: admin.workflows.get_workflow,
    "ListWorkflows": lambda admin: admin.workflows.list_workflows,
    "ListWorkflowIds": lambda admin: admin.workflows.list_workflow_ids,
}
