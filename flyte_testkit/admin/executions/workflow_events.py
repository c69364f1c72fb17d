"""What moves an execution from phase to phase: CreateWorkflowEvent (§9.1).

Events overwrite by phase; nothing checks their order in time. Ignorant of nodes and tasks, whose
phases FlyteAdmin never compares with the workflow's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import event_pb2, execution_pb2
from flyteidl.core.execution_pb2 import WorkflowExecution

from flyte_testkit.admin.database import blobs, enums, times
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import (
    AdminError,
    already_in_terminal_state,
    failed_precondition,
    incompatible_cluster,
    internal,
    invalid_argument,
)
from flyte_testkit.admin.executions.execution_rows import TERMINAL, error_columns, find_execution
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules import validation

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.event.event_pb2 import WorkflowExecutionEvent

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["check_cluster", "create_workflow_event"]

_NO_CLUSTER = ("", "propeller")


def create_workflow_event(
    store: Store, request: event_pb2.WorkflowExecutionEventRequest, now: datetime
) -> event_pb2.WorkflowExecutionEventResponse:
    """Apply an event to its execution.

    Raises:
        AdminError: The event is incomplete, or the execution's phase or cluster forbids it; then
            nothing has changed.
    """
    event = request.event
    if not request.HasField("event"):
        raise invalid_argument("Workflow event handler was called without event")
    if not event.HasField("execution_id"):
        raise invalid_argument(
            "Workflow event handler request event doesn't have an execution id - "
            f"{prototext(event)}",
        )
    if event.HasField("output_data"):
        validation.output_size(event.output_data)
    row = find_execution(store, event.execution_id)
    _check_transition(event, row)
    store.executions.update(_moved(store, event, row, now))
    return event_pb2.WorkflowExecutionEventResponse()


def check_cluster(producer_id: str, execution: ExecutionRow) -> None:
    """Check that an event comes from the cluster that runs the execution, or from none at all.

    Raises:
        AdminError: It comes from another one.
    """
    if producer_id not in _NO_CLUSTER and producer_id != execution.cluster:
        raise incompatible_cluster(
            f"Cluster/producer from event [{producer_id}] does not match existing workflow "
            f"execution clusterInDB: [{execution.cluster}]",
            producer_id,
        )


def _check_transition(event: WorkflowExecutionEvent, row: ExecutionRow) -> None:
    """Check rows 5 to 9 of §9.1's table, in their order."""
    phases = WorkflowExecution
    current = enums.value(phases.Phase, row.phase)
    coming = enums.column(phases.Phase, event.phase)

    def of() -> str:
        return f"for workflow execution {prototext(event.execution_id)}"

    if event.phase != phases.QUEUED:
        if event.phase == current:
            raise AdminError("ALREADY_EXISTS", f"This phase {coming} was already recorded {of()}")
        check_cluster(event.producer_id, row)
    if current in TERMINAL:
        raise already_in_terminal_state(
            f"Invalid phase change from {row.phase} to {coming} {of()}", row.phase
        )
    if (current, event.phase) == (phases.RUNNING, phases.QUEUED):
        raise failed_precondition(f"Cannot go from {row.phase} to {coming} {of()}")
    if current == phases.ABORTING and event.phase not in TERMINAL:
        raise failed_precondition(f"Invalid phase change from aborting to {coming} {of()}")


def _moved(
    store: Store, event: WorkflowExecutionEvent, row: ExecutionRow, now: datetime
) -> ExecutionRow:
    """Return the row after the event."""
    try:
        occurred_at = times.read(event, "occurred_at")
    except times.InvalidTimeError as error:
        raise internal(f"Failed to parse OccurredAt: {error}") from None
    message = execution_pb2.Execution()
    message.CopyFrom(row.message)
    closure = message.closure
    closure.phase = event.phase
    closure.updated_at.CopyFrom(event.occurred_at)
    changed: dict[str, Any] = {
        "message": message,
        "phase": enums.column(WorkflowExecution.Phase, event.phase),
        "execution_updated_at": occurred_at,
        "updated_at": now,
    }
    if event.phase == WorkflowExecution.RUNNING:
        closure.started_at.CopyFrom(event.occurred_at)
        changed["started_at"] = occurred_at
    elif event.phase in TERMINAL and row.started_at is not None:
        changed["duration"] = times.between(row.started_at, event.occurred_at)
        closure.duration.CopyFrom(times.duration(changed["duration"]))
    if event.phase == WorkflowExecution.QUEUED and event.producer_id not in _NO_CLUSTER:
        changed["cluster"] = event.producer_id
        message.spec.metadata.system_metadata.execution_cluster = event.producer_id
    if event.WhichOneof("output_result") == "error":
        closure.error.CopyFrom(event.error)
        changed["error_kind"], changed["error_code"] = error_columns(closure)
    storable(*(text for text in changed.values() if isinstance(text, str)))
    _take_outputs(store, event, closure)
    if event.phase == WorkflowExecution.ABORTED and not closure.HasField("abort_metadata"):
        closure.abort_metadata.cause = row.abort_cause  # §8.7: no read shows what else it held
    return row.changed(**changed)


def _take_outputs(
    store: Store, event: WorkflowExecutionEvent, closure: execution_pb2.ExecutionClosure
) -> None:
    """Write outputs that came inline, under the event's own id, and keep where outputs are."""
    if event.output_uri:
        closure.outputs.uri = event.output_uri
    elif event.HasField("output_data"):
        id_ = event.execution_id
        closure.outputs.uri = blobs.offload(
            store, event.output_data, id_.project, id_.domain, id_.name, "offloaded_outputs"
        )
