"""Executions: what was asked for, and what has become of it.

Ignorant of what phases are called: here they are numbers.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  fields are annotations, read as text
from datetime import datetime, timedelta  # noqa: TC003  likewise
from typing import ClassVar

from flyteidl.admin import (
    cluster_assignment_pb2,
    common_pb2,
    execution_pb2,
    matchable_resource_pb2,
)
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import security_pb2

from flyte_testkit.client._model import Model
from flyte_testkit.client.models.identifiers import (  # noqa: TC001  likewise
    Identifier,
    NodeExecutionIdentifier,
    WorkflowExecutionIdentifier,
)
from flyte_testkit.client.models.literals import LiteralMap, LiteralMapBlob  # noqa: TC001  likewise

__all__ = [
    "AbortMetadata",
    "Annotations",
    "AuthRole",
    "ClusterAssignment",
    "Execution",
    "ExecutionClosure",
    "ExecutionClusterLabel",
    "ExecutionError",
    "ExecutionMetadata",
    "ExecutionSpec",
    "ExecutionStateChangeDetails",
    "Labels",
    "Notification",
    "NotificationList",
    "RawOutputDataConfig",
    "SecurityContext",
    "SystemMetadata",
]


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
