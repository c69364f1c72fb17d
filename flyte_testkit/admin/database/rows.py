"""The rows that FlyteAdmin's database holds, one immutable value each (§3.2).

Fields carry the names of the database's columns, because filters and sorts name those. Times are
aware UTC datetimes of microseconds, durations are nanoseconds, enums stand as the database has
them (``phase`` by name, ``state`` and ``mode`` by number). ``message`` is the entity as a client
reads it; it is shared between snapshots and answers, so nobody may change it: copy it first.

Ignorant of rules, requests and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flyte_testkit.admin.database.row import Key, Row, Stored

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.admin import (
        description_entity_pb2,
        execution_pb2,
        launch_plan_pb2,
        matchable_resource_pb2,
        node_execution_pb2,
        project_pb2,
        signal_pb2,
        task_execution_pb2,
        task_pb2,
        workflow_pb2,
    )
    from flyteidl.core import interface_pb2
__all__ = [
    "DescriptionEntityRow",
    "ExecutionRow",
    "ExecutionTagRow",
    "Key",
    "LaunchPlanRow",
    "NamedEntityMetadataRow",
    "NodeExecutionRow",
    "ProjectRow",
    "Row",
    "SignalRow",
    "TaskExecutionRow",
    "TaskRow",
    "WorkflowRow",
]


@dataclass(frozen=True, kw_only=True)
class ProjectRow(Stored):
    """A project; its key is its identifier."""

    identifier: str
    name: str
    description: str
    labels: bytes | None
    state: int
    message: project_pb2.Project

    @property
    def key(self) -> Key:
        """The project's identifier."""
        return (self.identifier,)


@dataclass(frozen=True, kw_only=True)
class _VersionedRow(Stored):
    """What tasks, workflows and launch plans share."""

    project: str
    domain: str
    name: str
    version: str
    digest: bytes

    @property
    def key(self) -> Key:
        """Project, domain, name and version."""
        return (self.project, self.domain, self.name, self.version)


@dataclass(frozen=True, kw_only=True)
class TaskRow(_VersionedRow):
    """A version of a task."""

    type: str
    short_description: str
    message: task_pb2.Task


@dataclass(frozen=True, kw_only=True)
class WorkflowRow(_VersionedRow):
    """A version of a workflow; ``message`` carries the whole compiled closure, as Get shows it."""

    typed_interface: interface_pb2.TypedInterface
    remote_closure_identifier: str
    short_description: str
    message: workflow_pb2.Workflow


@dataclass(frozen=True, kw_only=True)
class LaunchPlanRow(_VersionedRow):
    """A version of a launch plan."""

    workflow_id: int
    state: int
    schedule_type: str
    launch_condition_type: str | None
    message: launch_plan_pb2.LaunchPlan


@dataclass(frozen=True, kw_only=True)
class _RunRow(Stored):
    """What executions and node executions share: the name of the execution, times and errors."""

    execution_project: str
    execution_domain: str
    execution_name: str
    phase: str
    started_at: datetime | None = None
    duration: int = 0

    _interned = ("execution_project", "execution_domain", "phase")


@dataclass(frozen=True, kw_only=True)
class ExecutionRow(_RunRow):
    """A workflow execution (or that of a single task)."""

    launch_plan_id: int
    workflow_id: int
    task_id: int
    execution_created_at: datetime
    execution_updated_at: datetime
    abort_cause: str = ""
    mode: int = 0
    source_execution_id: int = 0
    parent_node_execution_id: int = 0
    cluster: str = ""
    inputs_uri: str = ""
    user_inputs_uri: str = ""
    error_kind: str | None = None
    error_code: str | None = None
    user: str = ""
    state: int = 0
    launch_entity: str
    interruptible: bool | None = None
    overwrite_cache: bool = False
    message: execution_pb2.Execution

    @property
    def key(self) -> Key:
        """Project, domain and name of the execution."""
        return (self.execution_project, self.execution_domain, self.execution_name)


@dataclass(frozen=True, kw_only=True)
class ExecutionTagRow(Stored):
    """A tag or label of an execution; searches join on the execution's name alone (§3.2)."""

    execution_project: str
    execution_domain: str
    execution_name: str
    key_: str
    value: str

    @property
    def key(self) -> Key:
        """The execution's name in full, the tag and its value."""
        return (
            self.execution_project,
            self.execution_domain,
            self.execution_name,
            self.key_,
            self.value,
        )


@dataclass(frozen=True, kw_only=True)
class NodeExecutionRow(_RunRow):
    """A node of an execution, at whatever depth."""

    node_id: str
    input_uri: str = ""
    node_execution_created_at: datetime
    node_execution_updated_at: datetime
    parent_id: int | None = None
    parent_task_execution_id: int | None = None
    error_kind: str | None = None
    error_code: str | None = None
    cache_status: str | None = None
    dynamic_workflow_remote_closure_reference: str = ""
    event_version: int = 0
    message: node_execution_pb2.NodeExecution

    @property
    def key(self) -> Key:
        """The execution's name in full and the node's id."""
        return (self.execution_project, self.execution_domain, self.execution_name, self.node_id)


@dataclass(frozen=True, kw_only=True)
class TaskExecutionRow(_RunRow):
    """One attempt of a task at a node; project, domain, name, version are the task's."""

    project: str
    domain: str
    name: str
    version: str
    node_id: str
    retry_attempt: int
    phase_version: int
    input_uri: str = ""
    task_execution_created_at: datetime
    task_execution_updated_at: datetime
    message: task_execution_pb2.TaskExecution

    @property
    def key(self) -> Key:
        """The task, the node it runs at, and the attempt."""
        return (
            self.project,
            self.domain,
            self.name,
            self.version,
            self.execution_project,
            self.execution_domain,
            self.execution_name,
            self.node_id,
            self.retry_attempt,
        )


@dataclass(frozen=True, kw_only=True)
class SignalRow(Stored):
    """A signal that a gate waits for; ``type`` and ``value`` are bytes, NULL until it is set."""

    execution_project: str
    execution_domain: str
    execution_name: str
    signal_id: str
    type: bytes
    value: bytes | None = None
    message: signal_pb2.Signal

    @property
    def key(self) -> Key:
        """The execution's name in full and the signal's id."""
        return (self.execution_project, self.execution_domain, self.execution_name, self.signal_id)


@dataclass(frozen=True, kw_only=True)
class NamedEntityMetadataRow(Stored):
    """What is known of a name that versions of a task, a workflow or a launch plan share."""

    resource_type: int
    project: str
    domain: str
    name: str
    description: str = ""
    state: int = 0

    @property
    def key(self) -> Key:
        """The kind of entity and its name in full."""
        return (self.resource_type, self.project, self.domain, self.name)


@dataclass(frozen=True, kw_only=True)
class DescriptionEntityRow(Stored):
    """What was said of a version of a task or a workflow when it was registered."""

    resource_type: int
    project: str
    domain: str
    name: str
    version: str
    short_description: str
    long_description: bytes
    link: str
    message: description_entity_pb2.DescriptionEntity

    @property
    def key(self) -> Key:
        """The kind of entity, its name in full and the version."""
        return (self.resource_type, self.project, self.domain, self.name, self.version)


@dataclass(frozen=True, kw_only=True)
class AttributesRow(Stored):
    """Attributes of one kind for a workflow, for a project and domain, or for a project (§15)."""

    project: str
    domain: str = ""
    workflow: str = ""
    kind: int
    message: matchable_resource_pb2.MatchingAttributes

    @property
    def key(self) -> Key:
        """Project, domain, workflow and kind, where a level that does not matter is empty."""
        return (self.project, self.domain, self.workflow, self.kind)

    @property
    def priority(self) -> int:
        """How specific the row is: the greatest wins."""
        if self.workflow:
            return 100
        return 10 if self.domain else 5
