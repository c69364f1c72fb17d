"""Node executions: what moves them, and how they are read and listed (§9.2, §10).

Ids of single nodes are looked at loosely, as FlyteAdmin does (§4): an empty part fits anything.
Ignorant of what an event does to a row (``node_events``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, event_pb2, node_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.core.execution_pb2 import NodeExecution

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
from flyte_testkit.admin.rules.trimming import listed
from flyte_testkit.admin.rules.validation import given
from flyte_testkit.admin.runs import dynamic_workflows, event_parts, node_events
from flyte_testkit.admin.runs.node_events import Relations
from flyte_testkit.admin.runs.task_executions import find_task_execution, typed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flyteidl.event.event_pb2 import NodeExecutionEvent

    from flyte_testkit.admin.database.rows import ExecutionRow, NodeExecutionRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["NodeExecutionManager"]

_LIST = Listing("node_execution", "ListNodeExecutions")


class NodeExecutionManager:
    """Answers the RPCs of node executions.

    Args:
        store: Where the rows are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_node_event(
        self, request: event_pb2.NodeExecutionEventRequest, now: datetime
    ) -> event_pb2.NodeExecutionEventResponse:
        """Apply an event to a node; its first event makes the node.

        The workflow's phase does not matter. A dynamic workflow is kept even if the event is
        refused afterwards.

        Raises:
            AdminError: The execution, a parent or the child is not there, a time is missing, or
                the node's phase or the execution's cluster forbids the event.
        """
        event = request.event
        check_cluster(event.producer_id, self._execution(event))
        uri = dynamic_workflows.write(self._store, event)
        nodes = self._store.node_executions
        row = nodes.fitting(*run_ids.node_key(event.id))
        if row is None:
            storable(event.id.node_id)  # as the look-up says, before anything else is looked at
            parents = self._parents(event, uri)
            nodes.insert(
                event_parts.storable(node_events.first_row(self._store, event, parents, now))
            )
        else:
            _check_transition(event, row)
            child = Relations(child=self._child(event), dynamic_workflow_uri=uri)
            nodes.update(
                event_parts.storable(node_events.next_row(self._store, row, event, child, now))
            )
        return event_pb2.NodeExecutionEventResponse()

    def _execution(self, event: NodeExecutionEvent) -> ExecutionRow:
        try:
            return find_execution(self._store, event.id.execution_id)
        except AdminError as error:
            raise AdminError(
                error.code,
                "Failed to get existing execution id: "
                f"[{prototext(given(event.id, 'execution_id'))}] with err: {error.message}",
            ) from None

    def _parents(self, event: NodeExecutionEvent, dynamic_workflow_uri: str) -> Relations:
        """Find what the first event of a node says that it belongs to."""
        task = node = None
        if event.HasField("parent_task_metadata"):
            task = find_task_execution(self._store, given(event.parent_task_metadata, "id")).id
        if event.HasField("parent_node_metadata"):
            node = self._find(
                identifier_pb2.NodeExecutionIdentifier(
                    execution_id=event.id.execution_id, node_id=event.parent_node_metadata.node_id
                )
            ).id
        return Relations(
            parent_id=node, parent_task_execution_id=task, dynamic_workflow_uri=dynamic_workflow_uri
        )

    def _child(
        self, event: NodeExecutionEvent
    ) -> identifier_pb2.WorkflowExecutionIdentifier | None:
        """Find the execution that a later event says its node has launched."""
        if not event.HasField("workflow_node_metadata"):
            return None
        id_ = event.workflow_node_metadata.execution_id
        find_execution(self._store, id_)
        return id_ if event.workflow_node_metadata.HasField("execution_id") else None

    def get_node_execution(
        self, request: node_execution_pb2.NodeExecutionGetRequest, _now: datetime
    ) -> node_execution_pb2.NodeExecution:
        """Return one node; only events of version 0 leave it to the children who is a parent.

        Raises:
            AdminError: There is none of this id.
        """
        row = self._find(request.id)
        return row.message if row.event_version else self._with_parenthood(row)

    def list_node_executions(
        self, request: node_execution_pb2.NodeExecutionListRequest, now: datetime
    ) -> node_execution_pb2.NodeExecutionList:
        """Return a page of an execution's nodes: those at the top, or those right under a parent.

        Raises:
            AdminError: The execution's id, the limit, the parent, a filter, the sort or the token
                is refused.
        """
        execution_id = request.workflow_execution_id
        if not (execution_id.project and execution_id.domain and execution_id.name):
            raise missing("execution_id")
        validation.limit(request.limit)
        if not request.unique_parent_id:
            below: dict[str, int | None] = {"parent_id": None, "parent_task_execution_id": None}
        else:
            parent = identifier_pb2.NodeExecutionIdentifier(
                execution_id=execution_id, node_id=request.unique_parent_id
            )
            below = {"parent_id": self._find(parent).id}
        return self._list(request, execution_id, below, now)

    def list_node_executions_for_task(
        self, request: node_execution_pb2.NodeExecutionForTaskListRequest, now: datetime
    ) -> node_execution_pb2.NodeExecutionList:
        """Return a page of the nodes that an attempt of a task is the parent of.

        Those in other executions than the attempt's own are left out.

        Raises:
            AdminError: The attempt's id, the limit, a filter, the sort or the token is refused, or
                there is no such attempt.
        """
        id_ = typed(given(request, "task_execution_id"))
        validation.task_execution_identifier(id_)
        validation.limit(request.limit)
        parent = find_task_execution(self._store, id_)
        execution_id = request.task_execution_id.node_execution_id.execution_id
        return self._list(request, execution_id, {"parent_task_execution_id": parent.id}, now)

    def _list(
        self,
        request: node_execution_pb2.NodeExecutionListRequest
        | node_execution_pb2.NodeExecutionForTaskListRequest,
        execution_id: identifier_pb2.WorkflowExecutionIdentifier,
        below: Mapping[str, int | None],
        now: datetime,
    ) -> node_execution_pb2.NodeExecutionList:
        page = _LIST.page(
            self._store,
            request,
            where={
                "execution_project": execution_id.project,
                "execution_domain": execution_id.domain,
                "execution_name": execution_id.name,
                **below,
            },
            now=now,
        )
        return node_execution_pb2.NodeExecutionList(
            node_executions=(_short(self._with_parenthood(row)) for row in page.rows),
            token=page.token,
        )

    def get_node_execution_data(
        self, request: node_execution_pb2.NodeExecutionGetDataRequest, _now: datetime
    ) -> node_execution_pb2.NodeExecutionGetDataResponse:
        """Return the inputs and outputs of a node, as far as they can be read (§10.4).

        Raises:
            AdminError: There is no such node, or it yielded a dynamic workflow that is not whole.
        """
        row = self._find(request.id)
        closure = row.message.closure
        url = "flyte://v1/" + "/".join(run_ids.node_key(request.id))
        reply = node_execution_pb2.NodeExecutionGetDataResponse(
            flyte_urls=common_pb2.FlyteURLs(
                inputs=f"{url}/i", outputs=f"{url}/o", deck=f"{url}/d" if closure.deck_uri else ""
            ),
        )
        data.fill(reply, self._store, inputs_uri=row.input_uri, outputs_uri=closure.output_uri)
        dynamic = dynamic_workflows.read(self._store, row)
        if dynamic is not None:
            reply.dynamic_workflow.id.CopyFrom(dynamic.primary.template.id)
            reply.dynamic_workflow.compiled_workflow.CopyFrom(dynamic)
            reply.dynamic_workflow.dynamic_job_spec_uri = closure.dynamic_job_spec_uri
        return reply

    def get_dynamic_node_workflow(
        self, request: node_execution_pb2.GetDynamicNodeWorkflowRequest, _now: datetime
    ) -> node_execution_pb2.DynamicNodeWorkflowResponse:
        """Return the workflow that a dynamic node yielded.

        Raises:
            AdminError: There is no such node, or it yielded none, or none that is whole.
        """
        dynamic = dynamic_workflows.read(self._store, self._find(request.id))
        if dynamic is None:
            raise not_found("node does not contain dynamic workflow")
        return node_execution_pb2.DynamicNodeWorkflowResponse(compiled_workflow=dynamic)

    def _find(self, id_: identifier_pb2.NodeExecutionIdentifier) -> NodeExecutionRow:
        """Return the node of an id, or one that fits it where the id has holes.

        Raises:
            AdminError: There is none.
        """
        key = run_ids.node_key(id_)
        storable(*key)
        row = self._store.node_executions.fitting(*key)
        if row is None:
            raise entity_not_found("node execution", run_ids.node_id(key))
        return row

    def _with_parenthood(self, row: NodeExecutionRow) -> node_execution_pb2.NodeExecution:
        """Return a node as one that has children is shown, if no event said that it is a parent."""
        metadata = row.message.metadata
        if metadata.is_parent_node or metadata.is_dynamic:
            return row.message
        if not self._store.node_executions.where({"parent_id": row.id}):
            return row.message
        shown = node_execution_pb2.NodeExecution()
        shown.CopyFrom(row.message)
        shown.metadata.is_parent_node = True
        shown.metadata.is_dynamic = bool(row.dynamic_workflow_remote_closure_reference)
        return shown


def _check_transition(event: NodeExecutionEvent, row: NodeExecutionRow) -> None:
    """Check that a node may enter the event's phase: another one, and not after its end.

    Raises:
        AdminError: It may not.
    """
    current, coming = (
        enums.value(NodeExecution.Phase, row.phase),
        enums.column(NodeExecution.Phase, event.phase),
    )
    if event.phase == current:
        raise AdminError(
            "ALREADY_EXISTS",
            f"This phase was already recorded {coming} for {prototext(given(event, 'id'))}",
        )
    if current in node_events.TERMINAL:
        raise already_in_terminal_state(
            f"Invalid phase change from {row.phase} to {coming} for node execution {row.id}",
            coming,  # a slip of FlyteAdmin's: the phase that was asked for, not the current one
        )


def _short(node: node_execution_pb2.NodeExecution) -> node_execution_pb2.NodeExecution:
    """Return a node as lists show it: with the first bytes of its error, cut between characters."""
    message = listed(node.closure.error.message)
    if message == node.closure.error.message:
        return node
    short = node_execution_pb2.NodeExecution()
    short.CopyFrom(node)
    short.closure.error.message = message
    return short
