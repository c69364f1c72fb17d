"""What an event makes of a task execution: of none, its first row; of a row, the next (§9.3).

Ignorant of whether the event may happen: that was decided before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_execution_pb2
from flyteidl.core.execution_pb2 import TaskExecution

from flyte_testkit.admin.database import enums, rows, times
from flyte_testkit.admin.rules import run_ids
from flyte_testkit.admin.runs import event_parts
from flyte_testkit.admin.runs.task_merging import (
    TERMINAL,
    merge_custom_info,
    merge_logs,
    merge_metadata,
    shown_logs,
    sorted_resources,
)

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.admin.task_execution_pb2 import TaskExecutionClosure
    from flyteidl.event.event_pb2 import TaskExecutionEvent

    from flyte_testkit.admin.database.store import Store

__all__ = ["first_row", "next_row"]


def first_row(
    store: Store, key: run_ids.TaskExecutionKey, event: TaskExecutionEvent, now: datetime
) -> rows.TaskExecutionRow:
    """Return the row that the first event of an attempt makes, whatever its phase.

    Raises:
        AdminError: The event has no valid time, or its data cannot be placed.
    """
    inputs = event_parts.place_inputs(store, event, *_path(key))
    message = task_execution_pb2.TaskExecution(input_uri=inputs)
    run_ids.write_task_execution_id(message.id, key)
    closure = message.closure
    closure.phase = event.phase
    closure.task_type = event.task_type
    closure.event_version = event.event_version
    closure.logs.extend(event.logs)
    event_parts.copy_times(event, closure, first=True)
    _take_custom_info(event, closure)
    if event.HasField("metadata"):
        closure.metadata.CopyFrom(event.metadata)
        del closure.metadata.external_resources[:]
        closure.metadata.external_resources.extend(
            sorted_resources(event.metadata.external_resources)
        )
    _add_reasons(event, closure)
    changes = _phase_changes(store, key, event, closure, None)
    refusal = "failed to read event timestamp"
    project, domain, name, version, *execution, node_id, attempt = key
    execution_project, execution_domain, execution_name = execution
    return rows.TaskExecutionRow(
        project=project,
        domain=domain,
        name=name,
        version=version,
        execution_project=execution_project,
        execution_domain=execution_domain,
        execution_name=execution_name,
        node_id=node_id,
        retry_attempt=attempt,
        phase_version=event.phase_version,
        input_uri=inputs,
        created_at=now,
        updated_at=now,
        task_execution_created_at=event_parts.column_time(event, reported=False, refusal=refusal),
        task_execution_updated_at=event_parts.column_time(event, reported=True, refusal=refusal),
        message=message,
        **changes,
    )


def next_row(
    store: Store, row: rows.TaskExecutionRow, event: TaskExecutionEvent, now: datetime
) -> rows.TaskExecutionRow:
    """Return what a later event makes of an attempt's row.

    Raises:
        AdminError: The event has no valid time, or its data cannot be placed.
    """
    message = task_execution_pb2.TaskExecution()
    message.CopyFrom(row.message)
    if not message.input_uri:
        message.input_uri = event_parts.place_inputs(store, event, *_path(row.key))
    closure = message.closure
    closure.phase = event.phase
    closure.event_version = max(closure.event_version, event.event_version)
    event_parts.copy_times(event, closure, first=False)
    if closure.logs or event.logs:
        _replace(closure.logs, shown_logs(merge_logs(closure.logs, event.logs), event.phase))
    _add_reasons(event, closure)
    changes = _phase_changes(store, row.key, event, closure, row.started_at)
    _take_custom_info(event, closure)
    _take_metadata(event, closure)
    if changes["phase"] != row.phase:
        for resource in closure.metadata.external_resources:
            _replace(resource.logs, shown_logs(resource.logs, event.phase))
    updated_at = event_parts.column_time(
        event, reported=True, refusal="failed to parse updated at timestamp"
    )
    return row.changed(
        phase_version=event.phase_version or row.phase_version,  # §4: a zero is not written
        input_uri=message.input_uri,
        updated_at=now,
        task_execution_updated_at=updated_at,
        message=message,
        **changes,
    )


def _path(key: run_ids.TaskExecutionKey) -> tuple[str, ...]:
    """Return where the attempt's own data lies in the object store."""
    task, node, attempt = key[:4], key[4:8], key[8]
    return (*node, *task, str(attempt))


def _phase_changes(
    store: Store,
    key: run_ids.TaskExecutionKey,
    event: TaskExecutionEvent,
    closure: TaskExecutionClosure,
    started_at: datetime | None,
) -> dict[str, Any]:
    """Start or end the attempt if the event's phase does, and return the columns that change."""
    changes: dict[str, Any] = {"phase": enums.column(TaskExecution.Phase, event.phase)}
    if event.phase == TaskExecution.RUNNING and started_at is None:
        changes["started_at"] = event_parts.started_at(event, closure)
    elif event.phase in TERMINAL:
        if started_at is not None:
            changes["duration"] = event_parts.ended_after(
                event, closure, started_at, kind="task execution"
            )
            closure.started_at.CopyFrom(times.stamp(started_at))
        event_parts.place_result(store, event, closure, *_path(key))
    return changes


def _add_reasons(event: TaskExecutionEvent, closure: TaskExecutionClosure) -> None:
    """Append what the event gives as reasons; the old single field only if it says a new one."""
    if event.reasons:
        for reason in event.reasons:
            added = closure.reasons.add(message=reason.reason)
            if reason.HasField("occurred_at"):
                added.occurred_at.CopyFrom(reason.occurred_at)
        closure.reason = event.reasons[-1].reason
    elif event.reason and event.reason != closure.reason:
        closure.reasons.add(message=event.reason, occurred_at=event.occurred_at)
        closure.reason = event.reason


def _take_custom_info(event: TaskExecutionEvent, closure: TaskExecutionClosure) -> None:
    """Merge the event's custom info into the closure's, or take it as it is if there is none."""
    if not event.HasField("custom_info"):
        return
    if closure.HasField("custom_info"):
        closure.custom_info.CopyFrom(merge_custom_info(closure.custom_info, event.custom_info))
    else:
        closure.custom_info.CopyFrom(event.custom_info)


def _take_metadata(event: TaskExecutionEvent, closure: TaskExecutionClosure) -> None:
    """Merge the event's metadata into the closure's, or take it as it is if there is none."""
    if not event.HasField("metadata"):
        return
    known, latest = closure.metadata, event.metadata
    if closure.HasField("metadata"):
        if known == latest and not latest.external_resources:  # as of any pod
            return
        known.CopyFrom(merge_metadata(known, latest))
    else:
        known.CopyFrom(latest)


def _replace(container: Any, messages: list[Any]) -> None:
    """Let a repeated field hold these messages."""
    del container[:]
    container.extend(messages)
