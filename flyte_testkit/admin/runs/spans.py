"""Pieces of a breakdown: the parts of attempts, gates and what goes around them (§16).

Pure functions of what is shown of one node. Ignorant of workflows, which say how nodes hang
together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import metrics_pb2

from flyte_testkit.admin.database import times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.admin import node_execution_pb2, task_execution_pb2
    from google.protobuf.message import Message
    from google.protobuf.timestamp_pb2 import Timestamp

    _Span = metrics_pb2.Span
    _Node = node_execution_pb2.NodeExecution
    _Task = task_execution_pb2.TaskExecution

__all__ = ["attempts", "gate", "in_order", "is_told", "part", "teardown"]


def part(name: str, start: Timestamp, end: Timestamp | None) -> _Span:
    """Return a span that says what the time went into."""
    return metrics_pb2.Span(start_time=start, end_time=end, operation_id=name)


def teardown(name: str, start: Timestamp | None, end: Timestamp) -> Iterator[_Span]:
    """Yield the time after something, unless it runs backwards or there was nothing."""
    if start is not None and times.nanoseconds(end) >= times.nanoseconds(start):
        yield part(name, start, end)


def is_told(closure: Message, field: str) -> bool:
    """Say whether a closure has this time, or length of time; one of nought counts as none."""
    value: Message = getattr(closure, field)
    return closure.HasField(field) and value.ByteSize() > 0


def in_order(tasks: list[_Task]) -> list[_Task]:
    """Return attempts in the order in which they were made."""
    return sorted(tasks, key=lambda task: times.nanoseconds(task.closure.created_at))


def attempts(node: _Node, tasks: list[_Task], depth: int) -> Iterator[_Span]:
    """Yield a node's way to its first attempt, the attempts, and what lies between them."""
    closure = node.closure
    if not tasks:
        yield part("NODE_SETUP", closure.created_at, closure.updated_at)
        return
    yield part("NODE_SETUP", closure.created_at, tasks[0].closure.created_at)
    last: _Task | None = None
    for task in in_order(tasks):
        if last is not None:
            yield part("NODE_RESET", last.closure.updated_at, task.closure.created_at)
        if depth:
            yield metrics_pb2.Span(
                start_time=task.closure.created_at,
                end_time=task.closure.updated_at,
                task_id=task.id,
                spans=_attempt_parts(task.closure),
            )
        last = task


def _attempt_parts(closure: task_execution_pb2.TaskExecutionClosure) -> Iterator[_Span]:
    if not is_told(closure, "started_at"):
        yield part("TASK_SETUP", closure.created_at, closure.updated_at)
        return
    yield part("TASK_SETUP", closure.created_at, closure.started_at)
    if not is_told(closure, "duration"):
        yield part("TASK_RUNTIME", closure.started_at, closure.updated_at)
        return
    end = _end(closure)
    yield part("TASK_RUNTIME", closure.started_at, end)
    yield from teardown("TASK_TEARDOWN", end, closure.updated_at)


def gate(node: _Node) -> Iterator[_Span]:
    """Yield the parts of a gate, whose teardown is shown even if it runs backwards."""
    closure = node.closure
    if not is_told(closure, "started_at"):
        yield part("NODE_SETUP", closure.created_at, closure.updated_at)
        return
    yield part("NODE_SETUP", closure.created_at, closure.started_at)
    if not is_told(closure, "duration"):
        yield part("NODE_IDLE", closure.started_at, closure.updated_at)
        return
    end = _end(closure)
    yield part("NODE_IDLE", closure.started_at, end)
    yield part("NODE_TEARDOWN", end, closure.updated_at)


def _end(
    closure: node_execution_pb2.NodeExecutionClosure | task_execution_pb2.TaskExecutionClosure,
) -> Timestamp:
    """Return when something that has ended did so: its duration after its start."""
    return times.plus(closure.started_at, closure.duration)
