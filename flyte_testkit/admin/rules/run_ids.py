"""Identifiers of nodes and attempts as the database knows them: columns, and texts made of those.

What a client adds to an identifier (an ``org``) is not kept; a task's resource type is known
without being kept. Ignorant of what the identifiers point to.
"""

from __future__ import annotations

from flyteidl.core import identifier_pb2

__all__ = [
    "attempt_key",
    "node_id",
    "node_key",
    "task_execution_id",
    "task_execution_key",
    "write_node_id",
    "write_task_execution_id",
]

NodeKey = tuple[str, str, str, str]
TaskExecutionKey = tuple[str, str, str, str, str, str, str, str, int]


def node_key(id_: identifier_pb2.NodeExecutionIdentifier) -> NodeKey:
    """Return the columns of a node's key: project, domain and name of the execution, node id."""
    execution = id_.execution_id
    return execution.project, execution.domain, execution.name, id_.node_id


def node_id(key: NodeKey) -> identifier_pb2.NodeExecutionIdentifier:
    """Return the identifier of a node's key."""
    id_ = identifier_pb2.NodeExecutionIdentifier()
    write_node_id(id_, key)
    return id_


def write_node_id(id_: identifier_pb2.NodeExecutionIdentifier, key: NodeKey) -> None:
    """Let an empty identifier be that of a node's key."""
    execution = id_.execution_id
    execution.project, execution.domain, execution.name, id_.node_id = key


def task_execution_key(id_: identifier_pb2.TaskExecutionIdentifier) -> TaskExecutionKey:
    """Return the columns of an attempt's key: the task's, the node's, the attempt."""
    return attempt_key(id_.task_id, node_key(id_.node_execution_id), id_.retry_attempt)


def attempt_key(task: identifier_pb2.Identifier, node: NodeKey, attempt: int) -> TaskExecutionKey:
    """Return likewise those of an attempt of a task in a node."""
    return task.project, task.domain, task.name, task.version, *node, attempt


def task_execution_id(key: TaskExecutionKey) -> identifier_pb2.TaskExecutionIdentifier:
    """Return the identifier of an attempt's key."""
    id_ = identifier_pb2.TaskExecutionIdentifier()
    write_task_execution_id(id_, key)
    return id_


def write_task_execution_id(
    id_: identifier_pb2.TaskExecutionIdentifier, key: TaskExecutionKey
) -> None:
    """Let an empty identifier be that of an attempt's key."""
    task = id_.task_id
    task.resource_type = identifier_pb2.TASK
    task.project, task.domain, task.name, task.version = key[:4]
    write_node_id(id_.node_execution_id, key[4:8])
    id_.retry_attempt = key[8]
