"""How an execution comes to be, step by step in FlyteAdmin's order (§8.2, §8.3).

A launch plan and a single task go the same way but for a few turns: a task's run gets no default
parallelism, no search terms and no concurrency limit, and what stops it at the engine's door is
told to the client instead of being written down.

Ignorant of relaunch and recovery, which come here with a request like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.database import blobs
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.definitions.definitions import no_such_entity, parts
from flyte_testkit.admin.errors import AdminError, already_exists, entity_not_found, internal
from flyte_testkit.admin.executions import execution_config, execution_inputs
from flyte_testkit.admin.executions.concurrency import check_concurrency
from flyte_testkit.admin.executions.execution_requests import check_request, generated_name
from flyte_testkit.admin.executions.execution_rows import (
    Birth,
    execution_row,
    find_execution,
    inherited_notifications,
    tag_rows,
)
from flyte_testkit.admin.executions.single_task import Runnable
from flyte_testkit.admin.projects.attributes import Attributes
from flyte_testkit.admin.rules.run_ids import node_id, node_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.admin.database.rows import (
        ExecutionRow,
        ExecutionTagRow,
        LaunchPlanRow,
        WorkflowRow,
    )
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.executions.executor import Admission, Admit, WorkflowExecutor
    from flyte_testkit.admin.executions.identity import Identity
    from flyte_testkit.admin.executions.random_names import Chance
    from flyte_testkit.admin.executions.single_task import SingleTasks

__all__ = ["Launcher"]


class _Origin(NamedTuple):
    """The rows that an execution comes from."""

    node_execution_id: int = 0
    execution_id: int = 0


class Launcher:
    """Makes executions of launch plans and of single tasks.

    Args:
        store: Where everything is.
        executor: The engine that new executions are handed to.
        identity: Who asks.
        chance: What generated names are drawn from.
        single_tasks: What wraps tasks into workflows.
    """

    def __init__(
        self,
        store: Store,
        *,
        executor: WorkflowExecutor,
        identity: Identity,
        chance: Chance,
        single_tasks: SingleTasks,
    ) -> None:
        self._store = store
        self._attributes = Attributes(store)
        self._executor = executor
        self._identity = identity
        self._chance = chance
        self._single_tasks = single_tasks

    def launch(
        self,
        request: execution_pb2.ExecutionCreateRequest,
        now: datetime,
        *,
        source_id: int = 0,
        admit: Admit | None = None,
    ) -> execution_pb2.ExecutionCreateResponse:
        """Make an execution, store it and hand it to the engine.

        Args:
            request: What to make; it becomes part of the new row, so the caller gives it away.
            now: The time of its birth.
            source_id: The number of the row that is relaunched or recovered.
            admit: What admits it; the engine by default.

        Raises:
            AdminError: A rule or the engine refuses. Inputs are written before most rules are
                looked at, so those of an older execution of that name may have changed.
        """
        check_request(self._store, request)
        if request.spec.launch_plan.resource_type == identifier_pb2.TASK:
            runnable = self._single_tasks.runnable(request.spec, now)
        else:
            runnable = Runnable(self._launch_plan(request.spec.launch_plan))
        plan = runnable.launch_plan.message
        inputs = execution_inputs.merged(
            request.inputs, plan.closure.expected_inputs, plan.spec.fixed_inputs
        )
        workflow = runnable.workflow or self._workflow(plan.spec.workflow_id)
        name = request.name or generated_name(self._chance.random)
        place = (request.project, request.domain, name)
        inputs_uri = blobs.offload(self._store, inputs, *place, "inputs")
        user_inputs_uri = blobs.offload(self._store, request.inputs, *place, "user_inputs")
        origin, config = self._complete(request, runnable, workflow.name)
        failure = _engine_refusal(request.spec, inputs, workflow)
        if failure is not None and runnable.task is not None:
            raise failure if failure.code == "INTERNAL" else internal(failure.message)
        birth = Birth(
            project=request.project,
            domain=request.domain,
            name=name,
            spec=request.spec,
            workflow=workflow.message.id,
            workflow_id=workflow.id,
            launch_plan_id=0 if runnable.task else runnable.launch_plan.id,
            task_id=runnable.task.id if runnable.task else 0,
            parent_node_execution_id=origin.node_execution_id,
            source_execution_id=source_id or origin.execution_id,
            inputs_uri=inputs_uri,
            user_inputs_uri=user_inputs_uri,
            notifications=inherited_notifications(request.spec, plan.spec),
            interruptible=config.interruptible,
            overwrite_cache=config.overwrite_cache,
            failure=failure,
        )
        row, admission = self._insert(
            execution_row(birth, now),
            tag_rows(birth, now) if runnable.task is None else [],
            lambda row: (admit or self._executor.admit)(row, inputs),
        )
        if failure is None:
            self._executor.execute(row, admission, now)
        return execution_pb2.ExecutionCreateResponse(id=row.message.id)

    def _launch_plan(self, id_: identifier_pb2.Identifier) -> LaunchPlanRow:
        storable(*parts(id_))
        row = self._store.launch_plans.get(*parts(id_))
        if row is None:
            raise no_such_entity("LAUNCH_PLAN", id_)
        return row

    def _workflow(self, id_: identifier_pb2.Identifier) -> WorkflowRow:
        row = self._store.workflows.fitting(*parts(id_))
        if row is None:
            raise no_such_entity("WORKFLOW", id_)
        return row

    def _complete(
        self, request: execution_pb2.ExecutionCreateRequest, runnable: Runnable, workflow: str
    ) -> tuple[_Origin, execution_config.ExecutionConfig]:
        """Fill in what FlyteAdmin adds to a spec, checking on the way what it checks on the way."""
        spec, plan = request.spec, runnable.launch_plan
        single = runnable.task is not None
        spec.metadata.principal = self._identity.user
        if not single:
            spec.metadata.ClearField("artifact_ids")
        origin = self._inherit(spec)
        config = execution_config.resolve(
            spec,
            None if single else plan.message.spec,
            self._attributes,
            project=request.project,
            domain=request.domain,
            workflow="" if single else workflow,
        )
        self._add_project_labels(spec, request.project)
        execution_config.check_cluster_pool(spec, self._attributes, request.project, request.domain)
        spec.security_context.CopyFrom(config.security_context)
        if not single:
            spec.max_parallelism = config.max_parallelism
            if plan.message.spec.HasField("concurrency_policy"):
                self._executor.catch_up()
                check_concurrency(self._store, plan)
        spec.metadata.ClearField("system_metadata")
        spec.metadata.system_metadata.namespace = f"{request.project}-{request.domain}"
        return origin, config

    def _inherit(self, spec: execution_pb2.ExecutionSpec) -> _Origin:
        """Take over from the parent what a child has of it: user, depth and cluster label."""
        metadata = spec.metadata
        if not metadata.HasField("parent_node_execution"):
            return _Origin()
        key = node_key(metadata.parent_node_execution)
        storable(*key)
        node = self._store.node_executions.fitting(*key)
        if node is None:
            raise entity_not_found("node execution", node_id(key))
        parent = find_execution(self._store, metadata.parent_node_execution.execution_id)
        metadata.principal = parent.user
        metadata.nesting = parent.message.spec.metadata.nesting + 1
        if parent.message.spec.HasField("execution_cluster_label"):
            spec.execution_cluster_label.CopyFrom(parent.message.spec.execution_cluster_label)
        return _Origin(node.id, parent.id)

    def _add_project_labels(self, spec: execution_pb2.ExecutionSpec, project: str) -> None:
        """Add the project's labels to those of the request, which must have some for that."""
        row = self._store.projects.get(project) if spec.labels.values else None
        if row is None:
            return
        for key, value in row.message.labels.values.items():
            if key not in spec.labels.values:
                spec.labels.values[key] = value

    def _insert(
        self,
        row: ExecutionRow,
        tags: list[ExecutionTagRow],
        admit: Callable[[ExecutionRow], Admission],
    ) -> tuple[ExecutionRow, Admission]:
        """Store an execution and its tags, which stay behind when only its name is taken (§4)."""
        keys = [tag.key for tag in tags]
        if len(set(keys)) < len(keys) or any(key in self._store.execution_tags for key in keys):
            raise already_exists("execution_tags_pkey")
        admission = None if row.key in self._store.executions else admit(row)
        for tag in tags:
            self._store.execution_tags.insert(tag)
        if admission is None:
            raise already_exists("executions_pkey")
        return self._store.executions.insert(row), admission


def _engine_refusal(
    spec: execution_pb2.ExecutionSpec, inputs: literals_pb2.LiteralMap, workflow: WorkflowRow
) -> AdminError | None:
    """Return why the engine's object cannot be built or placed, if so."""
    try:
        execution_inputs.check_interface(inputs, workflow.typed_interface)
    except CompileErrors as errors:
        return AdminError("UNKNOWN", str(errors))
    label = spec.execution_cluster_label.value
    if label:
        return internal(
            "failed to create workflow in propeller execution cluster label "
            f"{label} is not supported"
        )
    return None
