"""How an execution is written down when it is born, and how a list shows it (§8.5, §8.7, §8.9).

Ignorant of whether it may be born: that was decided before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database import enums, rows, times
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import AdminError, database_error, entity_not_found
from flyte_testkit.admin.rules.trimming import listed
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flyteidl.admin import common_pb2, launch_plan_pb2

    from flyte_testkit.admin.database.store import Store

__all__ = [
    "TERMINAL",
    "Birth",
    "error_columns",
    "execution_row",
    "find_execution",
    "for_list",
    "inherited_notifications",
    "spec_of_engine",
    "tag_rows",
]

_Workflow = core_execution_pb2.WorkflowExecution
TERMINAL = frozenset(map(_Workflow.Phase.Value, OUTCOMES))
"""The phases that nothing leaves."""

_LONGEST_TEXT = 255


class Birth(NamedTuple):
    """All that an execution begins with.

    Attributes:
        name: The one that was asked for, or a generated one.
        spec: What the client sent, completed by FlyteAdmin.
        workflow_id: The number of the workflow that runs.
        launch_plan_id: The number of the launch plan; 0 for a single task.
        task_id: The number of the single task; 0 for a launch plan.
        source_execution_id: The number of the parent's or the source's row.
        failure: Why the engine could not take it; then it is born FAILED.
    """

    project: str
    domain: str
    name: str
    spec: execution_pb2.ExecutionSpec
    workflow: identifier_pb2.Identifier
    workflow_id: int
    inputs_uri: str
    user_inputs_uri: str
    launch_plan_id: int = 0
    task_id: int = 0
    parent_node_execution_id: int = 0
    source_execution_id: int = 0
    notifications: Sequence[common_pb2.Notification] = ()
    interruptible: bool | None = None
    overwrite_cache: bool = False
    failure: AdminError | None = None


def find_execution(
    store: Store, id_: identifier_pb2.WorkflowExecutionIdentifier
) -> rows.ExecutionRow:
    """Return the execution of this id; an empty part fits any (§4), so validate it before.

    Raises:
        AdminError: There is none.
    """
    row = store.executions.get(id_.project, id_.domain, id_.name)
    if row is None:
        storable(id_.project, id_.domain, id_.name)
        row = store.executions.fitting(id_.project, id_.domain, id_.name)
    if row is None:
        bare = identifier_pb2.WorkflowExecutionIdentifier(
            project=id_.project, domain=id_.domain, name=id_.name
        )
        raise entity_not_found("execution", bare)
    return row


def execution_row(birth: Birth, now: datetime) -> rows.ExecutionRow:
    """Return the row of an execution that is born now."""
    message = execution_pb2.Execution(spec=birth.spec)
    id_ = message.id
    id_.project, id_.domain, id_.name = birth.project, birth.domain, birth.name
    _begin(message.closure, birth, now)
    error_kind, error_code = error_columns(message.closure)
    metadata = message.spec.metadata
    return rows.ExecutionRow(
        execution_project=birth.project,
        execution_domain=birth.domain,
        execution_name=birth.name,
        phase=enums.column(_Workflow.Phase, message.closure.phase),
        created_at=now,
        updated_at=now,
        launch_plan_id=birth.launch_plan_id,
        workflow_id=birth.workflow_id,
        task_id=birth.task_id,
        execution_created_at=now,
        execution_updated_at=now,
        mode=metadata.mode,
        source_execution_id=birth.source_execution_id,
        parent_node_execution_id=birth.parent_node_execution_id,
        inputs_uri=birth.inputs_uri,
        user_inputs_uri=birth.user_inputs_uri,
        error_kind=error_kind,
        error_code=error_code,
        user=metadata.principal,
        interruptible=birth.interruptible,
        overwrite_cache=birth.overwrite_cache,
        launch_entity="task" if birth.task_id else "launch_plan",
        message=message,
    )


def spec_of_engine(row: rows.ExecutionRow) -> execution_pb2.ExecutionSpec:
    """Return what an execution's engine is told: its spec, with what else says so (§8.4)."""
    spec = execution_pb2.ExecutionSpec()
    spec.CopyFrom(row.message.spec)
    spec.overwrite_cache = row.overwrite_cache
    if row.interruptible is not None:
        spec.interruptible.value = row.interruptible
    return spec


def _begin(closure: execution_pb2.ExecutionClosure, birth: Birth, now: datetime) -> None:
    """Let a closure say what is known of an execution that is born now."""
    change = closure.state_change_details
    times.write(now, closure.created_at, closure.updated_at, change.occurred_at)
    change.state = execution_pb2.EXECUTION_ACTIVE
    change.principal = birth.spec.metadata.principal
    closure.workflow_id.CopyFrom(birth.workflow)
    closure.notifications.extend(birth.notifications)
    if birth.failure is not None:
        closure.phase = _Workflow.FAILED
        user_error = birth.failure.code == "INVALID_ARGUMENT"
        kinds = core_execution_pb2.ExecutionError
        closure.error.code = birth.failure.code.title().replace("_", "")
        closure.error.message = birth.failure.message
        closure.error.kind = kinds.USER if user_error else kinds.SYSTEM


def error_columns(closure: execution_pb2.ExecutionClosure) -> tuple[str | None, str | None]:
    """Return what the columns ``error_kind`` and ``error_code`` say of a closure with an error."""
    if not closure.HasField("error"):
        return None, None
    error = closure.error
    return enums.column(core_execution_pb2.ExecutionError.ErrorKind, error.kind), error.code


def inherited_notifications(
    spec: execution_pb2.ExecutionSpec, launch_plan: launch_plan_pb2.LaunchPlanSpec
) -> list[common_pb2.Notification]:
    """Return the request's notifications, or else the launch plan's unless all are disabled."""
    if spec.notifications.notifications:
        return list(spec.notifications.notifications)
    return [] if spec.disable_all else list(launch_plan.entity_metadata.notifications)


def tag_rows(birth: Birth, now: datetime) -> list[rows.ExecutionTagRow]:
    """Return the rows that make an execution searchable by its labels and tags.

    Raises:
        AdminError: The database would not take one of these texts.
    """
    labels = birth.spec.labels.values
    if not labels and not birth.spec.tags:
        return []
    pairs = [*((key, labels[key]) for key in sorted(labels)), *((t, "") for t in birth.spec.tags)]
    storable(*(text for pair in pairs for text in pair))
    if any(len(text) > _LONGEST_TEXT for pair in pairs for text in pair):
        raise database_error(f"value too long for type character varying({_LONGEST_TEXT})")
    return [
        rows.ExecutionTagRow(
            execution_project=birth.project,
            execution_domain=birth.domain,
            execution_name=birth.name,
            key_=key,
            value=value,
            created_at=now,
            updated_at=now,
        )
        for key, value in pairs
    ]


def for_list(execution: execution_pb2.Execution) -> execution_pb2.Execution:
    """Return an execution as lists show it: no inputs, and the beginning of a long error."""
    error = listed(execution.closure.error.message)
    is_short = error == execution.closure.error.message
    heavy = execution.spec.HasField("inputs") or execution.closure.HasField("computed_inputs")
    if is_short and not heavy:
        return execution
    short = execution_pb2.Execution()
    short.CopyFrom(execution)
    short.spec.ClearField("inputs")
    short.closure.ClearField("computed_inputs")
    if not is_short:
        short.closure.error.message = error
    return short
