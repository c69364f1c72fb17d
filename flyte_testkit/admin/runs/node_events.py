"""What an event makes of a node execution: of none, its first row; of a row, the next (§9.2).

Ignorant of whether the event may happen, and of which rows its ids mean: that was decided before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.admin import node_execution_pb2
from flyteidl.core import catalog_pb2, identifier_pb2
from flyteidl.core.execution_pb2 import ExecutionError, NodeExecution

from flyte_testkit.admin.database import enums, rows
from flyte_testkit.admin.rules import run_ids
from flyte_testkit.admin.runs import event_parts
from flyte_testkit.propeller.phases import NODE_OUTCOMES

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.event.event_pb2 import NodeExecutionEvent

    from flyte_testkit.admin.database.store import Store

__all__ = ["TERMINAL", "Relations", "first_row", "next_row"]

TERMINAL = frozenset(map(NodeExecution.Phase.Value, NODE_OUTCOMES))
"""The phases that nothing leaves."""


@dataclass(frozen=True, kw_only=True)
class Relations:
    """What an event says about other things, as the manager found it.

    Attributes:
        parent_id: The number of the parent node's row; only a first event's counts.
        parent_task_execution_id: The number of the parent task's row; likewise.
        child: The execution that the node launched; only a later event's counts.
        dynamic_workflow_uri: Where the dynamic workflow is that the node yielded.
    """

    parent_id: int | None = None
    parent_task_execution_id: int | None = None
    child: identifier_pb2.WorkflowExecutionIdentifier | None = None
    dynamic_workflow_uri: str = ""


def first_row(
    store: Store, event: NodeExecutionEvent, relations: Relations, now: datetime
) -> rows.NodeExecutionRow:
    """Return the row that a node's first event makes, whatever its phase.

    Raises:
        AdminError: The event has no valid time, or its data cannot be placed.
    """
    project, domain, name, node_id = path = _path(event)
    inputs = event_parts.place_inputs(store, event, *path)
    message = node_execution_pb2.NodeExecution(input_uri=inputs)
    run_ids.write_node_id(message.id, path)
    metadata, closure = message.metadata, message.closure
    metadata.retry_group = event.retry_group
    metadata.spec_node_id = event.spec_node_id
    metadata.is_parent_node = event.is_parent
    metadata.is_dynamic = event.is_dynamic
    metadata.is_array = event.is_array
    closure.phase = event.phase
    event_parts.copy_times(event, closure, first=True)
    changes = _phase_changes(store, event, closure, None)
    if event.HasField("task_node_metadata"):
        changes |= _task_node_changes(event, closure)
    refusal = "failed to read event timestamp"
    return rows.NodeExecutionRow(
        execution_project=project,
        execution_domain=domain,
        execution_name=name,
        node_id=node_id,
        input_uri=inputs,
        created_at=now,
        updated_at=now,
        node_execution_created_at=event_parts.column_time(event, reported=False, refusal=refusal),
        node_execution_updated_at=event_parts.column_time(event, reported=True, refusal=refusal),
        parent_id=relations.parent_id,
        parent_task_execution_id=relations.parent_task_execution_id,
        dynamic_workflow_remote_closure_reference=relations.dynamic_workflow_uri,
        event_version=event.event_version,
        message=message,
        **changes,
    )


def next_row(
    store: Store,
    row: rows.NodeExecutionRow,
    event: NodeExecutionEvent,
    relations: Relations,
    now: datetime,
) -> rows.NodeExecutionRow:
    """Return what a later event makes of a node's row.

    Raises:
        AdminError: The event has no valid time, or its data cannot be placed.
    """
    message = node_execution_pb2.NodeExecution()
    message.CopyFrom(row.message)
    closure = message.closure
    closure.phase = event.phase
    event_parts.copy_times(event, closure, first=False)
    changes = _phase_changes(store, event, closure, row.started_at)
    if relations.child is not None and not closure.HasField("workflow_node_metadata"):
        closure.workflow_node_metadata.executionId.CopyFrom(relations.child)
    if event.HasField("task_node_metadata"):
        changes |= _task_node_changes(event, closure)
        if event.task_node_metadata.HasField("dynamic_workflow"):
            spec_uri = event.task_node_metadata.dynamic_workflow.dynamic_job_spec_uri
            closure.dynamic_job_spec_uri = spec_uri or closure.dynamic_job_spec_uri
    updated_at = event_parts.column_time(
        event, reported=True, refusal="failed to parse updated at timestamp"
    )
    metadata = message.metadata
    metadata.is_parent_node |= event.is_parent
    metadata.is_dynamic |= event.is_dynamic
    metadata.is_array |= event.is_array
    if not message.input_uri:
        message.input_uri = event_parts.place_inputs(store, event, *_path(event))
    known_uri = row.dynamic_workflow_remote_closure_reference
    return row.changed(
        input_uri=message.input_uri,
        updated_at=now,
        node_execution_updated_at=updated_at,
        dynamic_workflow_remote_closure_reference=relations.dynamic_workflow_uri or known_uri,
        message=message,
        **changes,
    )


def _path(event: NodeExecutionEvent) -> run_ids.NodeKey:
    """Return where the node's own data lies in the object store."""
    return run_ids.node_key(event.id)


def _phase_changes(
    store: Store,
    event: NodeExecutionEvent,
    closure: node_execution_pb2.NodeExecutionClosure,
    started_at: datetime | None,
) -> dict[str, Any]:
    """Start or end the node if the event's phase does, and return the columns that change."""
    changes: dict[str, Any] = {"phase": enums.column(NodeExecution.Phase, event.phase)}
    if event.phase == NodeExecution.RUNNING:
        changes["started_at"] = event_parts.started_at(event, closure)
        closure.deck_uri = event.deck_uri
    elif event.phase in TERMINAL:
        if started_at is not None:
            changes["duration"] = event_parts.ended_after(
                event, closure, started_at, kind="node execution"
            )
        event_parts.place_result(store, event, closure, *_path(event))
        closure.deck_uri = event.deck_uri
        if closure.HasField("error"):
            changes["error_kind"] = enums.column(ExecutionError.ErrorKind, closure.error.kind)
            changes["error_code"] = closure.error.code
    return changes


def _task_node_changes(
    event: NodeExecutionEvent, closure: node_execution_pb2.NodeExecutionClosure
) -> dict[str, Any]:
    """Take over the task's metadata; the cache's part counts only together with its key."""
    told, kept = event.task_node_metadata, closure.task_node_metadata
    kept.Clear()
    kept.SetInParent()
    kept.checkpoint_uri = told.checkpoint_uri
    if not told.HasField("catalog_key"):
        return {}
    kept.cache_status = told.cache_status
    kept.catalog_key.CopyFrom(told.catalog_key)
    return {"cache_status": enums.column(catalog_pb2.CatalogCacheStatus, told.cache_status)}
