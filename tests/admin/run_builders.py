"""Small makers of node and task events, and a world that answers about them."""

from __future__ import annotations

import pytest
from builders import NOW, execution_id, identifier, node_id
from flyteidl.admin import event_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.core.execution_pb2 import NodeExecution, TaskExecution
from flyteidl.event import event_pb2 as flyte_events
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.runs.node_executions import NodeExecutionManager
from flyte_testkit.admin.runs.task_executions import TaskExecutionManager


def at(seconds, nanos=0):
    """A moment, in seconds after 1970."""
    return Timestamp(seconds=seconds, nanos=nanos)


def node_event(phase, occurred_at=None, *, node="n0", execution="e1", **fields):
    """An event of a node; a phase is a name or a number, a time a number of seconds."""
    number = NodeExecution.Phase.Value(phase) if isinstance(phase, str) else phase
    event = flyte_events.NodeExecutionEvent(phase=number, **fields)
    if not event.HasField("id"):
        event.id.CopyFrom(node_id(node, execution))
    return _timed(event, occurred_at)


def task_event(phase, occurred_at=None, *, node="n0", execution="e1", task="t", **fields):
    """An event of an attempt of task ``t``; phases and times as in ``node_event``."""
    number = TaskExecution.Phase.Value(phase) if isinstance(phase, str) else phase
    event = flyte_events.TaskExecutionEvent(
        task_id=identifier(identifier_pb2.TASK, task),
        parent_node_execution_id=node_id(node, execution),
        phase=number,
        **fields,
    )
    return _timed(event, occurred_at)


def attempt_id(node="n0", execution="e1", *, task="t", attempt=0):
    return identifier_pb2.TaskExecutionIdentifier(
        task_id=identifier(identifier_pb2.TASK, task),
        node_execution_id=node_id(node, execution),
        retry_attempt=attempt,
    )


def _timed(event, occurred_at):
    if isinstance(occurred_at, int):
        event.occurred_at.seconds = occurred_at
    elif occurred_at is not None:
        event.occurred_at.CopyFrom(occurred_at)
    return event


class Runs:
    """Sends events and asks for what came of them."""

    def __init__(self, store):
        self.nodes = NodeExecutionManager(store)
        self.tasks = TaskExecutionManager(store)

    def node(self, phase, occurred_at=None, **fields):
        event = node_event(phase, occurred_at, **fields)
        self.nodes.create_node_event(event_pb2.NodeExecutionEventRequest(event=event), NOW)

    def task(self, phase, occurred_at=None, **fields):
        event = task_event(phase, occurred_at, **fields)
        self.tasks.create_task_event(event_pb2.TaskExecutionEventRequest(event=event), NOW)

    def get_node(self, node="n0", execution="e1"):
        request = node_execution_pb2.NodeExecutionGetRequest(id=node_id(node, execution))
        return self.nodes.get_node_execution(request, NOW)

    def node_data(self, node="n0", execution="e1"):
        request = node_execution_pb2.NodeExecutionGetDataRequest(id=node_id(node, execution))
        return self.nodes.get_node_execution_data(request, NOW)

    def dynamic_workflow(self, node="n0", execution="e1"):
        request = node_execution_pb2.GetDynamicNodeWorkflowRequest(id=node_id(node, execution))
        return self.nodes.get_dynamic_node_workflow(request, NOW).compiled_workflow

    def list_nodes(self, execution="e1", *, under=""):
        request = node_execution_pb2.NodeExecutionListRequest(
            workflow_execution_id=execution_id(execution), limit=100, unique_parent_id=under
        )
        return list(self.nodes.list_node_executions(request, NOW).node_executions)

    def list_nodes_of_task(self, node="n0", execution="e1", *, attempt=0):
        request = node_execution_pb2.NodeExecutionForTaskListRequest(
            task_execution_id=attempt_id(node, execution, attempt=attempt), limit=100
        )
        return list(self.nodes.list_node_executions_for_task(request, NOW).node_executions)

    def get_task(self, attempt=0):
        request = task_execution_pb2.TaskExecutionGetRequest(id=attempt_id(attempt=attempt))
        return self.tasks.get_task_execution(request, NOW)

    def task_data(self, attempt=0):
        request = task_execution_pb2.TaskExecutionGetDataRequest(id=attempt_id(attempt=attempt))
        return self.tasks.get_task_execution_data(request, NOW)

    def list_tasks(self, node="n0", execution="e1"):
        request = task_execution_pb2.TaskExecutionListRequest(
            node_execution_id=node_id(node, execution), limit=100
        )
        return list(self.tasks.list_task_executions(request, NOW).task_executions)


def refusal(call, *args, **kwargs):
    """What FlyteAdmin says when it refuses this call: code and message."""
    with pytest.raises(AdminError) as caught:
        call(*args, **kwargs)
    return caught.value.code, caught.value.message


def ids(nodes):
    """The node ids of a list."""
    return [node.id.node_id for node in nodes]
