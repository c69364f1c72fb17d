"""What an execution is made of: nodes, the attempts of their tasks, the signals they wait for.

Ignorant of how nodes hang together.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  fields are annotations, read as text
from datetime import datetime, timedelta  # noqa: TC003  likewise
from typing import Any, ClassVar

from flyteidl.admin import node_execution_pb2, signal_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.event import event_pb2

from flyte_testkit.client._model import Model
from flyte_testkit.client.models.executions import ExecutionError  # noqa: TC001  likewise
from flyte_testkit.client.models.identifiers import (  # noqa: TC001  likewise
    NodeExecutionIdentifier,
    SignalIdentifier,
    TaskExecutionIdentifier,
    WorkflowExecutionIdentifier,
)
from flyte_testkit.client.models.literals import Literal, LiteralMap, LiteralType  # noqa: TC001  likewise

__all__ = [
    "ExternalResourceInfo",
    "NodeExecution",
    "NodeExecutionClosure",
    "NodeExecutionMetaData",
    "Reason",
    "Signal",
    "TaskExecution",
    "TaskExecutionClosure",
    "TaskExecutionMetadata",
    "TaskLog",
    "TaskNodeMetadata",
    "WorkflowNodeMetadata",
]


class WorkflowNodeMetadata(Model[node_execution_pb2.WorkflowNodeMetadata]):
    """Names the execution that a launch-plan node started."""

    _renamed: ClassVar[Mapping[str, str]] = {"execution_id": "executionId"}
    execution_id: WorkflowExecutionIdentifier


class TaskNodeMetadata(Model[node_execution_pb2.TaskNodeMetadata]):
    """What the cache said about a task node. ``cache_status``: 0 disabled, 1 miss, 2 hit, …."""

    cache_status: int
    checkpoint_uri: str


class NodeExecutionMetaData(Model[node_execution_pb2.NodeExecutionMetaData]):
    """Where a node belongs and what kind it is."""

    retry_group: str
    is_parent_node: bool
    spec_node_id: str
    is_dynamic: bool
    is_array: bool
    is_eager: bool


class NodeExecutionClosure(Model[node_execution_pb2.NodeExecutionClosure]):
    """What has become of a node so far."""

    phase: int
    started_at: datetime | None
    duration: timedelta
    output_uri: str | None
    deck_uri: str
    error: ExecutionError | None
    workflow_node_metadata: WorkflowNodeMetadata | None
    task_node_metadata: TaskNodeMetadata | None
    created_at: datetime | None
    updated_at: datetime | None
    output_data: LiteralMap | None
    dynamic_job_spec_uri: str


class NodeExecution(Model[node_execution_pb2.NodeExecution]):
    """One node of an execution."""

    id: NodeExecutionIdentifier
    input_uri: str
    closure: NodeExecutionClosure
    metadata: NodeExecutionMetaData


class TaskLog(Model[core_execution_pb2.TaskLog]):
    """Where a log can be read."""

    uri: str
    name: str
    message_format: int
    ttl: timedelta | None


class ExternalResourceInfo(Model[event_pb2.ExternalResourceInfo]):
    """One item of a mapped task, or another thing a plugin started."""

    external_id: str
    index: int
    retry_attempt: int
    phase: int
    cache_status: int
    logs: tuple[TaskLog, ...]


class TaskExecutionMetadata(Model[event_pb2.TaskExecutionMetadata]):
    """What the plugin says about an attempt."""

    generated_name: str
    external_resources: tuple[ExternalResourceInfo, ...]
    plugin_identifier: str
    instance_class: int


class Reason(Model[task_execution_pb2.Reason]):
    """What was the matter at that moment."""

    occurred_at: datetime | None
    message: str


class TaskExecutionClosure(Model[task_execution_pb2.TaskExecutionClosure]):
    """What has become of an attempt so far."""

    phase: int
    logs: tuple[TaskLog, ...]
    started_at: datetime | None
    duration: timedelta
    created_at: datetime | None
    updated_at: datetime | None
    output_uri: str | None
    error: ExecutionError | None
    custom_info: dict[str, Any] | None
    reason: str
    reasons: tuple[Reason, ...]
    metadata: TaskExecutionMetadata
    task_type: str
    event_version: int
    output_data: LiteralMap | None


class TaskExecution(Model[task_execution_pb2.TaskExecution]):
    """One attempt of a task."""

    id: TaskExecutionIdentifier
    input_uri: str
    closure: TaskExecutionClosure
    is_parent: bool


class Signal(Model[signal_pb2.Signal]):
    """A gate that an execution waits at: what it wants, and the value once it is set."""

    id: SignalIdentifier
    type: LiteralType
    value: Literal | None
