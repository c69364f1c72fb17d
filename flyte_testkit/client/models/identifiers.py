"""What names things: executions, nodes, attempts, signals, and versions of what is registered.

Ignorant of what a name may look like.
"""

from __future__ import annotations

from flyteidl.core import identifier_pb2

from flyte_testkit.client._model import Model

__all__ = [
    "Identifier",
    "NodeExecutionIdentifier",
    "SignalIdentifier",
    "TaskExecutionIdentifier",
    "WorkflowExecutionIdentifier",
]


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
