"""Executions by RPC: create, relaunch, recover, get, update, list, terminate, data (§8).

The rules of a birth are :mod:`~flyte_testkit.admin.executions.launcher`'s, those of events
:mod:`~flyte_testkit.admin.executions.workflow_events`'. Ignorant of nodes and tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import event_pb2, execution_pb2
from flyteidl.core.execution_pb2 import WorkflowExecution

from flyte_testkit.admin.database import enums, times
from flyte_testkit.admin.database.blobs import needed_literals
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import already_in_terminal_state, internal, missing
from flyte_testkit.admin.executions import data
from flyte_testkit.admin.executions.execution_requests import with_inputs
from flyte_testkit.admin.executions.execution_rows import TERMINAL, find_execution, for_list
from flyte_testkit.admin.executions.workflow_events import create_workflow_event
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.rules.validation import given

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.admin import common_pb2

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.executions.executor import Admit, WorkflowExecutor
    from flyte_testkit.admin.executions.identity import Identity
    from flyte_testkit.admin.executions.launcher import Launcher

__all__ = ["ExecutionManager"]

_LIST = Listing("execution", "ListExecutions")


class ExecutionManager:
    """Keeps executions.

    Args:
        store: Where they are.
        launcher: What makes new ones.
        executor: The engine that is told of those terminated.
        identity: Who asks.
    """

    def __init__(
        self, store: Store, *, launcher: Launcher, executor: WorkflowExecutor, identity: Identity
    ) -> None:
        self._store = store
        self._launcher = launcher
        self._executor = executor
        self._identity = identity

    def create_execution(
        self,
        request: execution_pb2.ExecutionCreateRequest,
        now: datetime,
        admit: Admit | None = None,
    ) -> execution_pb2.ExecutionCreateResponse:
        """Make an execution of a launch plan or of a task.

        Args:
            request: What to make.
            now: The time of its birth.
            admit: What admits it; the engine by default.

        Raises:
            AdminError: See :meth:`Launcher.launch`.
        """
        return self._launcher.launch(with_inputs(request), now, admit=admit)

    def relaunch_execution(
        self, request: execution_pb2.ExecutionRelaunchRequest, now: datetime
    ) -> execution_pb2.ExecutionCreateResponse:
        """Make an execution like an older one, with the inputs its caller gave (§8.6).

        Raises:
            AdminError: There is no such execution, its inputs are too large to be read again, or
                a rule refuses the new one.
        """
        source = find_execution(self._store, request.id)
        again = self._again(source, request)
        again.spec.metadata.mode = execution_pb2.ExecutionMetadata.RELAUNCH
        again.spec.overwrite_cache = request.overwrite_cache
        return self._launcher.launch(again, now, source_id=source.id)

    def recover_execution(
        self, request: execution_pb2.ExecutionRecoverRequest, now: datetime
    ) -> execution_pb2.ExecutionCreateResponse:
        """Make an execution like an older one, to go on where that one stopped (§8.6).

        Raises:
            AdminError: There is no such execution, its inputs are too large to be read again, or
                a rule refuses the new one.
        """
        source = find_execution(self._store, request.id)
        again = self._again(source, request)
        metadata = again.spec.metadata
        metadata.mode = execution_pb2.ExecutionMetadata.RECOVERED
        if request.HasField("metadata"):
            metadata.ClearField("parent_node_execution")
            if request.metadata.HasField("parent_node_execution"):
                metadata.parent_node_execution.CopyFrom(request.metadata.parent_node_execution)
        return self._launcher.launch(again, now, source_id=source.id)

    def _again(
        self,
        source: ExecutionRow,
        request: execution_pb2.ExecutionRelaunchRequest | execution_pb2.ExecutionRecoverRequest,
    ) -> execution_pb2.ExecutionCreateRequest:
        """Return the request that makes the source once more, in the place the client names."""
        again = execution_pb2.ExecutionCreateRequest(
            project=request.id.project,
            domain=request.id.domain,
            name=request.name,
            spec=source.message.spec,
            inputs=needed_literals(self._store, source.user_inputs_uri),
        )
        again.spec.metadata.reference_execution.CopyFrom(source.message.id)
        return again

    def create_workflow_event(
        self, request: event_pb2.WorkflowExecutionEventRequest, now: datetime
    ) -> event_pb2.WorkflowExecutionEventResponse:
        """Move an execution to another phase (§9.1).

        Raises:
            AdminError: The event is incomplete, or the execution's phase or cluster forbids it.
        """
        return create_workflow_event(self._store, request, now)

    def get_execution(
        self, request: execution_pb2.WorkflowExecutionGetRequest, _now: datetime
    ) -> execution_pb2.Execution:
        """Show an execution.

        Raises:
            AdminError: The id is incomplete, or there is no such execution.
        """
        return self._required(request).message

    def update_execution(
        self, request: execution_pb2.ExecutionUpdateRequest, now: datetime
    ) -> execution_pb2.ExecutionUpdateResponse:
        """Archive an execution, or bring it back; its phase and its times do not change.

        Raises:
            AdminError: The id is incomplete, or there is no such execution.
        """
        row = self._required(request)
        message = execution_pb2.Execution()
        message.CopyFrom(row.message)
        message.closure.state_change_details.CopyFrom(
            execution_pb2.ExecutionStateChangeDetails(
                state=request.state, principal=self._identity.user, occurred_at=times.stamp(now)
            )
        )
        self._store.executions.update(
            row.changed(state=request.state, message=message, updated_at=now)
        )
        return execution_pb2.ExecutionUpdateResponse()

    def list_executions(
        self, request: common_pb2.ResourceListRequest, now: datetime
    ) -> execution_pb2.ExecutionList:
        """Show a page of executions, the archived ones only if a filter is on a field ``state``.

        Raises:
            AdminError: The place, the limit, a filter, the sort or the token is refused.
        """
        if not request.HasField("id"):
            raise missing("id")
        for part in ("project", "domain"):
            if not getattr(request.id, part):
                raise missing(part)
        validation.limit(request.limit)
        found = _LIST.page(
            self._store,
            request,
            where={
                "execution_project": request.id.project,
                "execution_domain": request.id.domain,
                "execution_name": request.id.name,
            },
            unless_asked={"state": execution_pb2.EXECUTION_ACTIVE},
            now=now,
        )
        return execution_pb2.ExecutionList(
            executions=[for_list(row.message) for row in found.rows], token=found.token
        )

    def terminate_execution(
        self, request: execution_pb2.ExecutionTerminateRequest, now: datetime
    ) -> execution_pb2.ExecutionTerminateResponse:
        """Begin to abort an execution; only an event of the engine ends it (§8.10).

        Raises:
            AdminError: The id is incomplete, there is no such execution, it has ended, or the
                cluster that it was moved to cannot be reached.
        """
        row = self._required(request)
        if enums.value(WorkflowExecution.Phase, row.phase) in TERMINAL:
            raise already_in_terminal_state(
                "Cannot abort an already terminated workflow execution", row.phase
            )
        storable(request.cause)
        message = execution_pb2.Execution()
        message.CopyFrom(row.message)
        message.closure.phase = WorkflowExecution.ABORTING
        message.closure.abort_metadata.CopyFrom(
            execution_pb2.AbortMetadata(cause=request.cause, principal=self._identity.user)
        )
        row = self._store.executions.update(
            row.changed(
                phase="ABORTING",
                abort_cause=request.cause or row.abort_cause,  # an empty text changes no column
                message=message,
                updated_at=now,
            )
        )
        if row.cluster:
            raise internal(f"remote target {row.cluster} is not supported")
        self._executor.abort(row, now)
        return execution_pb2.ExecutionTerminateResponse()

    def get_execution_data(
        self, request: execution_pb2.WorkflowExecutionGetDataRequest, _now: datetime
    ) -> execution_pb2.WorkflowExecutionGetDataResponse:
        """Show an execution's inputs and outputs; an incomplete id finds any that fits it (§4).

        Raises:
            AdminError: There is no such execution.
        """
        row = find_execution(self._store, request.id)
        reply = execution_pb2.WorkflowExecutionGetDataResponse()
        outputs_uri = row.message.closure.outputs.uri
        data.fill(reply, self._store, inputs_uri=row.inputs_uri, outputs_uri=outputs_uri)
        return reply

    def _required(
        self,
        request: execution_pb2.WorkflowExecutionGetRequest
        | execution_pb2.ExecutionUpdateRequest
        | execution_pb2.ExecutionTerminateRequest,
    ) -> ExecutionRow:
        """Return the execution of a request whose id must be complete."""
        id_ = request.id
        row = self._store.executions.get(id_.project, id_.domain, id_.name)
        if row is None:  # what is there has all that an id must have
            validation.workflow_execution_identifier(given(request, "id"))
            row = find_execution(self._store, id_)
        return row
