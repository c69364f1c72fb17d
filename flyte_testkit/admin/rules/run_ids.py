"""Identifiers of nodes and attempts as the database knows them: columns, and texts made of those.

What a client adds to an identifier (an ``org``) is not kept; a task's resource type is known
without being kept. Ignorant of what the identifiers point to.
"""

from __future__ import annotations

from flyteidl.core import identifier_pb2

__all__ = ["attempt_key", "node_id", "node_key", "task_execution_id", "task_execution_key"]

NodeKey = tuple[str, str, str, str]
TaskExecutionKey = tuple[str, str, str, str, str, str, str, str, int]


def node_key(id_: identifier_pb2.NodeExecutionIdentifier) -> NodeKey:
    """Return the columns of a node's key: project, domain and name of the execution, node id."""
    execution = id_.execution_id
    return execution.project, execution.domain, execution.name, id_.node_id


def node_id(key: NodeKey) -> identifier_pb2.NodeExecutionIdentifier:
    """Return the identifier of a node's key."""
    project, domain, name, node = key
    return identifier_pb2.NodeExecutionIdentifier(
        node_id=node,
        execution_id=identifier_pb2.WorkflowExecutionIdentifier(
            project=project, domain=domain, name=name
        ),
    )


def task_execution_key(id_: identifier_pb2.TaskExecutionIdentifier) -> TaskExecutionKey:
    """Return the columns of an attempt's key: the task's, the node's, the attempt."""
    return attempt_key(id_.task_id, node_key(id_.node_execution_id), id_.retry_attempt)


def attempt_key(task: identifier_pb2.Identifier, node: NodeKey, attempt: int) -> TaskExecutionKey:
    """Return likewise those of an attempt of a task in a node."""
    return task.project, task.domain, task.name, task.version, *node, attempt


def task_execution_id(key: TaskExecutionKey) -> identifier_pb2.TaskExecutionIdentifier:
    """Return the identifier of an attempt's key."""
    project, domain, name, version, *_, attempt = key
    return identifier_pb2.TaskExecutionIdentifier(
        task_id=identifier_pb2.Identifier(
            resource_type=identifier_pb2.TASK,
            project=project,
            domain=domain,
            name=name,
            version=version,
        ),
        node_execution_id=node_id(key[4:8]),
        retry_attempt=attempt,
    )
