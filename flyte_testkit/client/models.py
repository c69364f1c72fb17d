"""The messages that the client shows, each under flytekit's name and with flytekit's fields.

Every class here is a list of fields and nothing else; how they are read is ``_model``'s business.
Where flytekit drops a field (``state_change_details``, ``workflow_id``, ``reasons``, …) it is
kept: ``X.from_flyte_idl(pb).to_flyte_idl() == pb`` for every message.

This module is ignorant of servers and of waiting.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  fields are annotations, read when classes are made
from datetime import datetime, timedelta  # noqa: TC003  likewise
from typing import Any, ClassVar

from flyteidl.admin import (
    cluster_assignment_pb2,
    common_pb2,
    execution_pb2,
    matchable_resource_pb2,
    node_execution_pb2,
    signal_pb2,
    task_execution_pb2,
)
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, security_pb2, types_pb2
from flyteidl.event import event_pb2

from flyte_testkit.client._model import Model, wrap

__all__ = [
    "AbortMetadata",
    "Annotations",
    "AuthRole",
    "Blob",
    "ClusterAssignment",
    "Execution",
    "ExecutionClosure",
    "ExecutionClusterLabel",
    "ExecutionError",
    "ExecutionMetadata",
    "ExecutionSpec",
    "ExecutionStateChangeDetails",
    "ExternalResourceInfo",
    "Identifier",
    "Labels",
    "Literal",
    "LiteralCollection",
    "LiteralMap",
    "LiteralMapBlob",
    "LiteralType",
    "NodeExecution",
    "NodeExecutionClosure",
    "NodeExecutionIdentifier",
    "NodeExecutionMetaData",
    "Notification",
    "NotificationList",
    "Primitive",
    "RawOutputDataConfig",
    "Reason",
    "Scalar",
    "Schema",
    "SecurityContext",
    "Signal",
    "SignalIdentifier",
    "StructuredDataset",
    "SystemMetadata",
    "TaskExecution",
    "TaskExecutionClosure",
    "TaskExecutionIdentifier",
    "TaskExecutionMetadata",
    "TaskLog",
    "TaskNodeMetadata",
    "TypedInterface",
    "Union",
    "Variable",
    "WorkflowExecutionIdentifier",
    "WorkflowNodeMetadata",
]

# ------------------------------------------------------------------------------ identifiers


class WorkflowExecutionIdentifier(Model[identifier_pb2.WorkflowExecutionIdentifier]):
    """Names one execution of a workflow, launch plan or task."""

    project: str
    domain: str
    name: str
    org: str


class NodeExecutionIdentifier(Model[identifier_pb2.NodeExecutionIdentifier]):
    """Names one node within an execution."""

    node_id: str
    execution_id: WorkflowExecutionIdentifier


class Identifier(Model[identifier_pb2.Identifier]):
    """Names one version of a task, workflow or launch plan; see ``phases.ResourceType``."""

    resource_type: int
    project: str
    domain: str
    name: str
    version: str
    org: str


class TaskExecutionIdentifier(Model[identifier_pb2.TaskExecutionIdentifier]):
    """Names one attempt of a task within a node."""

    task_id: Identifier
    node_execution_id: NodeExecutionIdentifier
    retry_attempt: int


class SignalIdentifier(Model[identifier_pb2.SignalIdentifier]):
    """Names one signal that an execution waits for."""

    signal_id: str
    execution_id: WorkflowExecutionIdentifier


# ------------------------------------------------------------------------ types and literals


class LiteralType(Model[types_pb2.LiteralType]):
    """A Flyte type. ``simple`` and its kin are ``None`` unless the type is of that kind."""

    simple: int | None
    collection_type: LiteralType | None
    map_value_type: LiteralType | None
    blob: types_pb2.BlobType | None
    schema: types_pb2.SchemaType | None
    structured_dataset_type: types_pb2.StructuredDatasetType | None
    enum_type: types_pb2.EnumType | None
    union_type: types_pb2.UnionType | None
    metadata: dict[str, Any] | None
    structure: types_pb2.TypeStructure | None
    annotation: types_pb2.TypeAnnotation | None


class Variable(Model[interface_pb2.Variable]):
    """One input or output: its type and what is said about it."""

    type: LiteralType
    description: str


class _VariableMap(Model[interface_pb2.VariableMap]):
    variables: Mapping[str, Variable]


class TypedInterface(Model[interface_pb2.TypedInterface]):
    """What goes in and what comes out."""

    @property
    def inputs(self) -> Mapping[str, Variable]:
        """The inputs by name."""
        return wrap(self._pb.inputs).variables  # type: ignore[no-any-return]  # a _VariableMap

    @property
    def outputs(self) -> Mapping[str, Variable]:
        """The outputs by name."""
        return wrap(self._pb.outputs).variables  # type: ignore[no-any-return]  # likewise


class Primitive(Model[literals_pb2.Primitive]):
    """A simple value; all but one of the fields are ``None``."""

    integer: int | None
    float_value: float | None
    string_value: str | None
    boolean: bool | None
    datetime: datetime | None
    duration: timedelta | None


class Blob(Model[literals_pb2.Blob]):
    """A reference to a file or directory. Nothing is downloaded: ``uri`` says where it lies."""

    metadata: literals_pb2.BlobMetadata
    uri: str


class Schema(Model[literals_pb2.Schema]):
    """A reference to a table in Flyte's old format."""

    uri: str
    type: types_pb2.SchemaType


class StructuredDataset(Model[literals_pb2.StructuredDataset]):
    """A reference to a table."""

    uri: str
    metadata: literals_pb2.StructuredDatasetMetadata | None


class Union(Model[literals_pb2.Union]):
    """A value of a union type, with the type it was stored as."""

    _renamed: ClassVar[Mapping[str, str]] = {"stored_type": "type"}
    value: Literal
    stored_type: LiteralType


class Scalar(Model[literals_pb2.Scalar]):
    """A value that is no collection; all but one of the fields are ``None``."""

    primitive: Primitive | None
    blob: Blob | None
    binary: literals_pb2.Binary | None
    schema: Schema | None
    union: Union | None
    none_type: literals_pb2.Void | None
    error: types_pb2.Error | None
    generic: dict[str, Any] | None
    structured_dataset: StructuredDataset | None


class LiteralCollection(Model[literals_pb2.LiteralCollection]):
    """A list of literals."""

    literals: tuple[Literal, ...]


class LiteralMap(Model[literals_pb2.LiteralMap]):
    """Literals by name."""

    literals: Mapping[str, Literal]


class Literal(Model[literals_pb2.Literal]):
    """A value as Flyte stores it; see ``LiteralsResolver`` for the Python value."""

    scalar: Scalar | None
    collection: LiteralCollection | None
    map: LiteralMap | None
    hash: str
    metadata: Mapping[str, str]
    offloaded_metadata: literals_pb2.LiteralOffloadedMetadata | None


class LiteralMapBlob(Model[execution_pb2.LiteralMapBlob]):
    """Where outputs lie: a URI, or (deprecated) the values themselves."""

    values: LiteralMap | None
    uri: str | None


# ----------------------------------------------------------------------- shared by executions


class ExecutionError(Model[core_execution_pb2.ExecutionError]):
    """Why something failed. ``kind``: 0 unknown, 1 the user's, 2 the system's."""

    code: str
    message: str
    error_uri: str
    kind: int
    timestamp: datetime | None
    worker: str


class AbortMetadata(Model[execution_pb2.AbortMetadata]):
    """Who stopped an execution, and why."""

    cause: str
    principal: str


class Labels(Model[common_pb2.Labels]):
    """Labels of an execution."""

    values: Mapping[str, str]


class Annotations(Model[common_pb2.Annotations]):
    """Annotations of an execution."""

    values: Mapping[str, str]


class AuthRole(Model[common_pb2.AuthRole]):
    """The role an execution runs under (deprecated in favor of the security context)."""

    assumable_iam_role: str
    kubernetes_service_account: str


class RawOutputDataConfig(Model[common_pb2.RawOutputDataConfig]):
    """Where offloaded data goes."""

    output_location_prefix: str


class SecurityContext(Model[security_pb2.SecurityContext]):
    """Whom an execution runs as, and its secrets."""

    run_as: security_pb2.Identity | None
    secrets: tuple[security_pb2.Secret, ...]
    tokens: tuple[security_pb2.OAuth2TokenRequest, ...]


class ClusterAssignment(Model[cluster_assignment_pb2.ClusterAssignment]):
    """The pool of clusters an execution is placed on."""

    _renamed: ClassVar[Mapping[str, str]] = {"cluster_pool": "cluster_pool_name"}
    cluster_pool: str


class ExecutionClusterLabel(Model[matchable_resource_pb2.ExecutionClusterLabel]):
    """The label of the clusters an execution may be placed on."""

    value: str


class Notification(Model[common_pb2.Notification]):
    """Whom to tell about which phases."""

    phases: tuple[int, ...]
    email: common_pb2.EmailNotification | None
    pager_duty: common_pb2.PagerDutyNotification | None
    slack: common_pb2.SlackNotification | None


class NotificationList(Model[execution_pb2.NotificationList]):
    """Notifications that replace those of the launch plan."""

    notifications: tuple[Notification, ...]


# -------------------------------------------------------------------------------- executions


class SystemMetadata(Model[execution_pb2.SystemMetadata]):
    """Where an execution was placed."""

    execution_cluster: str
    namespace: str


class ExecutionMetadata(Model[execution_pb2.ExecutionMetadata]):
    """How an execution came about. ``mode``: 0 by hand, 1 scheduled, 3 relaunched, …."""

    mode: int
    principal: str
    nesting: int
    scheduled_at: datetime | None
    parent_node_execution: NodeExecutionIdentifier | None
    reference_execution: WorkflowExecutionIdentifier | None
    system_metadata: SystemMetadata | None


class _Envs(Model[common_pb2.Envs]):
    @property
    def envs(self) -> dict[str, str]:
        """The environment variables by name."""
        return {pair.key: pair.value for pair in self._pb.values}


class ExecutionSpec(Model[execution_pb2.ExecutionSpec]):
    """What was asked for when an execution was created."""

    launch_plan: Identifier
    metadata: ExecutionMetadata
    notifications: NotificationList | None
    disable_all: bool | None
    labels: Labels
    annotations: Annotations
    auth_role: AuthRole
    raw_output_data_config: RawOutputDataConfig | None
    max_parallelism: int
    security_context: SecurityContext
    overwrite_cache: bool
    interruptible: bool | None
    envs: _Envs | None
    tags: tuple[str, ...]
    cluster_assignment: ClusterAssignment | None
    execution_cluster_label: ExecutionClusterLabel | None
    inputs: LiteralMap | None


class ExecutionStateChangeDetails(Model[execution_pb2.ExecutionStateChangeDetails]):
    """Who archived an execution or brought it back, and when."""

    state: int
    occurred_at: datetime | None
    principal: str


class ExecutionClosure(Model[execution_pb2.ExecutionClosure]):
    """What has become of an execution so far.

    ``started_at`` is ``None`` until the execution runs (flytekit reads 1970-01-01 there).
    """

    phase: int
    started_at: datetime | None
    duration: timedelta
    error: ExecutionError | None
    outputs: LiteralMapBlob | None
    abort_metadata: AbortMetadata | None
    created_at: datetime | None
    updated_at: datetime | None
    abort_cause: str | None
    output_data: LiteralMap | None
    computed_inputs: LiteralMap | None
    notifications: tuple[Notification, ...]
    workflow_id: Identifier | None
    state_change_details: ExecutionStateChangeDetails | None


class Execution(Model[execution_pb2.Execution]):
    """One execution: its name, what was asked for, what has become of it."""

    id: WorkflowExecutionIdentifier
    spec: ExecutionSpec
    closure: ExecutionClosure


# ------------------------------------------------------------------------------------- nodes


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


# ------------------------------------------------------------------------------------- tasks


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
