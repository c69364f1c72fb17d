"""Task executions: what moves them, and how they are read and listed (§9.3, §11).

Ignorant of what an event does to a row (``task_events``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, event_pb2, task_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.core.execution_pb2 import TaskExecution

from flyte_testkit.admin.database import enums
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import (
    AdminError,
    already_in_terminal_state,
    entity_not_found,
    missing,
    not_found,
)
from flyte_testkit.admin.executions import data
from flyte_testkit.admin.executions.execution_rows import find_execution
from flyte_testkit.admin.executions.workflow_events import check_cluster
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules import run_ids, validation
from flyte_testkit.admin.rules.validation import given
from flyte_testkit.admin.runs import event_parts, task_events
from flyte_testkit.admin.runs.task_merging import TERMINAL

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.event.event_pb2 import TaskExecutionEvent

    from flyte_testkit.admin.database.rows import TaskExecutionRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["TaskExecutionManager", "find_task_execution", "typed"]

_LIST = Listing("task_execution", "ListTaskExecutions")


class TaskExecutionManager:
    """Answers the RPCs of task executions.

    Args:
        store: Where the rows are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_task_event(
        self, request: event_pb2.TaskExecutionEventRequest, now: datetime
    ) -> event_pb2.TaskExecutionEventResponse:
        """Apply an event to an attempt of a task; its first event makes the attempt.

        Raises:
            AdminError: The event is incomplete, its execution or node is not there, or the
                attempt's phase or the execution's cluster forbids it; then nothing has changed.
        """
        event = request.event
        _check_event(request)
        node_id = event.parent_node_execution_id
        node = run_ids.node_key(node_id)
        key = run_ids.attempt_key(event.task_id, node, event.retry_attempt)
        if not all(key[:-1]) or event.task_id.resource_type != identifier_pb2.TASK:
            validation.task_execution_identifier(_id_of(event))
        check_cluster(event.producer_id, find_execution(self._store, node_id.execution_id))
        row = self._store.task_executions.get(*key)
        if row is not None:
            _check_transition(event, row)
            self._store.task_executions.update(
                event_parts.storable(task_events.next_row(self._store, row, event, now))
            )
        elif node in self._store.node_executions:
            self._store.task_executions.insert(
                event_parts.storable(task_events.first_row(self._store, key, event, now))
            )
        else:
            storable(*key[:-1])  # as the look-up of the attempt says, which comes first
            raise not_found(
                f"Failed to get existing node execution id: [{prototext(node_id)}] "
                "with err: entry not found"
            )
        return event_pb2.TaskExecutionEventResponse()

    def get_task_execution(
        self, request: task_execution_pb2.TaskExecutionGetRequest, _now: datetime
    ) -> task_execution_pb2.TaskExecution:
        """Return one attempt.

        Raises:
            AdminError: Its id is incomplete, or there is none of it.
        """
        return self._shown(find_task_execution(self._store, typed(given(request, "id"))))

    def list_task_executions(
        self, request: task_execution_pb2.TaskExecutionListRequest, now: datetime
    ) -> task_execution_pb2.TaskExecutionList:
        """Return a page of a node's attempts, their errors whole.

        Raises:
            AdminError: The node's id, the limit, a filter, the sort or the token is refused.
        """
        validation.node_execution_identifier(given(request, "node_execution_id"))
        validation.limit(request.limit)
        node_id = request.node_execution_id
        page = _LIST.page(
            self._store,
            request,
            where={
                "execution_project": node_id.execution_id.project,
                "execution_domain": node_id.execution_id.domain,
                "execution_name": node_id.execution_id.name,
                "node_id": node_id.node_id,
            },
            now=now,
        )
        return task_execution_pb2.TaskExecutionList(
            task_executions=map(self._shown, page.rows), token=page.token
        )

    def get_task_execution_data(
        self, request: task_execution_pb2.TaskExecutionGetDataRequest, _now: datetime
    ) -> task_execution_pb2.TaskExecutionGetDataResponse:
        """Return the inputs and outputs of an attempt, as far as they can be read (§10.4).

        Raises:
            AdminError: Its id is incomplete, or there is none of it.
        """
        row = find_task_execution(self._store, typed(given(request, "id")))
        id_ = request.id
        url = "/".join(run_ids.node_key(id_.node_execution_id))
        url = f"flyte://v1/{url}/{id_.retry_attempt}"
        reply = task_execution_pb2.TaskExecutionGetDataResponse(
            flyte_urls=common_pb2.FlyteURLs(inputs=f"{url}/i", outputs=f"{url}/o")
        )
        closure = row.message.closure
        data.fill(reply, self._store, inputs_uri=row.input_uri, outputs_uri=closure.output_uri)
        return reply

    def _shown(self, row: TaskExecutionRow) -> task_execution_pb2.TaskExecution:
        """Return the attempt as clients see it: a parent if a node says so."""
        if not self._store.node_executions.where({"parent_task_execution_id": row.id}):
            return row.message
        shown = task_execution_pb2.TaskExecution()
        shown.CopyFrom(row.message)
        shown.is_parent = True
        return shown


def typed(
    id_: identifier_pb2.TaskExecutionIdentifier | None,
) -> identifier_pb2.TaskExecutionIdentifier | None:
    """Return an id whose task, if there is one, has a resource type: readers may omit it."""
    if id_ is None or not id_.HasField("task_id") or id_.task_id.resource_type:
        return id_
    whole = identifier_pb2.TaskExecutionIdentifier()
    whole.CopyFrom(id_)
    whole.task_id.resource_type = identifier_pb2.TASK
    return whole


def find_task_execution(
    store: Store, id_: identifier_pb2.TaskExecutionIdentifier | None
) -> TaskExecutionRow:
    """Return the attempt of an id.

    Raises:
        AdminError: The id is incomplete, or there is none of it.
    """
    validation.task_execution_identifier(id_)
    assert id_ is not None  # noqa: S101  the validation refuses that
    key = run_ids.task_execution_key(id_)
    storable(*key[:-1])
    row = store.task_executions.get(*key)
    if row is None:
        bare = run_ids.task_execution_id(key)
        bare.task_id.ClearField("resource_type")
        bare.ClearField("retry_attempt")
        raise entity_not_found("task execution", bare)
    return row


def _check_event(request: event_pb2.TaskExecutionEventRequest) -> None:
    """Check the parts of an event that are looked at before its ids."""
    if not request.HasField("event"):
        raise missing("event")
    if not request.event.HasField("occurred_at"):
        raise missing("occurred_at")
    if request.event.HasField("output_data"):
        validation.output_size(request.event.output_data)


def _id_of(event: TaskExecutionEvent) -> identifier_pb2.TaskExecutionIdentifier:
    """Return the id of the attempt that an event is of, as far as it says it."""
    return identifier_pb2.TaskExecutionIdentifier(
        task_id=given(event, "task_id"),
        node_execution_id=given(event, "parent_node_execution_id"),
        retry_attempt=event.retry_attempt,
    )


def _check_transition(event: TaskExecutionEvent, row: TaskExecutionRow) -> None:
    """Check rows 6 and 7 of §9.3's table: whether an attempt may enter the event's phase."""
    coming = enums.column(TaskExecution.Phase, event.phase)
    if coming == row.phase and row.phase_version >= event.phase_version:
        raise AdminError(
            "ALREADY_EXISTS",
            f"have already recorded task execution phase {coming} "
            f"(version: {event.phase_version}) for {prototext(_id_of(event))}",
        )
    if enums.value(TaskExecution.Phase, row.phase) in TERMINAL:
        raise already_in_terminal_state(
            f"invalid phase change from {row.phase} to {coming} "
            f"for task execution {prototext(_id_of(event))}",
            coming,  # a slip of FlyteAdmin's: the phase that was asked for, not the current one
        )
