"""The workflow and the launch plan that FlyteAdmin wraps around a task to run it alone (§8.3).

They are called ``.flytegen.`` and the task's name, stay behind for the next run, and are made
before anything about the run itself is looked at. Ignorant of executions.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from flyteidl.admin import launch_plan_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flyte_testkit.admin.compiler.workflows import compile_workflow
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.definitions.definitions import no_such_entity, parts
from flyte_testkit.admin.definitions.named_entities import mark_system_generated
from flyte_testkit.admin.lists.listing import Name
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.rules.validation import given

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.admin import execution_pb2
    from flyteidl.core import compiler_pb2, interface_pb2, tasks_pb2

    from flyte_testkit.admin.database.rows import LaunchPlanRow, TaskRow, WorkflowRow
    from flyte_testkit.admin.database.store import Store

    CreateWorkflow = Callable[[workflow_pb2.WorkflowCreateRequest, datetime], object]
    StoreLaunchPlan = Callable[
        [launch_plan_pb2.LaunchPlanCreateRequest, WorkflowRow, datetime], LaunchPlanRow
    ]

__all__ = ["Runnable", "SingleTasks", "compiled_alone", "node_name"]

_PREFIX = ".flytegen."
_NODE_NAME_BYTES = 63
_RETRIES = 3
_START_NODE = "start-node"


class Runnable(NamedTuple):
    """What an execution runs: a launch plan, and the task if it is the wrapping of one."""

    launch_plan: LaunchPlanRow
    workflow: WorkflowRow | None = None
    task: TaskRow | None = None


class SingleTasks:
    """Wraps tasks.

    Args:
        store: Where tasks, workflows and launch plans are.
        create_workflow: Registers a workflow by every rule.
        store_launch_plan: Stores a launch plan of a workflow, inactive.
    """

    def __init__(
        self, store: Store, *, create_workflow: CreateWorkflow, store_launch_plan: StoreLaunchPlan
    ) -> None:
        self._store = store
        self._create_workflow = create_workflow
        self._store_launch_plan = store_launch_plan

    def runnable(self, spec: execution_pb2.ExecutionSpec, now: datetime) -> Runnable:
        """Return the task that a spec names with its wrapping, made now if it is the first run.

        Raises:
            AdminError: There is no such task, no workflow can be made of it, or its wrapping is
                not complete and its project not active.
        """
        storable(*parts(spec.launch_plan))
        task = self._store.tasks.get(*parts(spec.launch_plan))
        if task is None:
            raise no_such_entity("TASK", spec.launch_plan)
        key = (task.project, task.domain, _PREFIX + task.name, task.version)
        if key not in self._store.workflows:
            self._create_workflow(_workflow(task), now)
            self._hide(identifier_pb2.WORKFLOW, key, now)
        workflow = self._store.workflows.get(*key)
        assert workflow is not None  # noqa: S101  it has just been made
        if key not in self._store.launch_plans:
            validation.project_and_domain(self._store, task.project, task.domain)
            self._store_launch_plan(_launch_plan(task, spec), workflow, now)
            self._hide(identifier_pb2.LAUNCH_PLAN, key, now)
        launch_plan = self._store.launch_plans.get(*key)
        assert launch_plan is not None  # noqa: S101  likewise
        return Runnable(launch_plan, workflow, task)

    def _hide(self, kind: int, key: tuple[str, str, str, str], now: datetime) -> None:
        """Keep what has just been made out of the lists of names."""
        mark_system_generated(self._store, kind, Name(*key[:3]), now)


def node_name(task: str) -> str:
    """Return the id of a task's node: letters, digits and dashes of the end of its name.

    Example:
        >>> node_name("my.mod.t_1")
        'mymodt1'
    """
    end = task.encode()[-_NODE_NAME_BYTES:].decode(errors="ignore")
    return "".join(c for c in end if c == "-" or unicodedata.category(c)[0] in "LN")


def compiled_alone(task: TaskRow) -> compiler_pb2.CompiledWorkflowClosure:
    """Return the workflow around a task, compiled, without registering it."""
    template = _workflow(task).spec.template
    compiled = task.message.closure.compiled_task
    return compile_workflow(template, (), lambda _: compiled, _no_launch_plan)


def _no_launch_plan(id_: identifier_pb2.Identifier) -> launch_plan_pb2.LaunchPlanClosure:
    raise no_such_entity("LAUNCH_PLAN", id_)


def _identifier(kind: int, task: TaskRow, name: str) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(
        resource_type=kind,  # type: ignore[arg-type]  # one of the enum's values
        project=task.project,
        domain=task.domain,
        name=name,
        version=task.version,
    )


def _workflow(task: TaskRow) -> workflow_pb2.WorkflowCreateRequest:
    """Return a workflow of one node, whose inputs and outputs are the task's."""
    template = task.message.closure.compiled_task.template
    node = node_name(task.name)
    id_ = _identifier(identifier_pb2.WORKFLOW, task, _PREFIX + task.name)
    wrapped = core_workflow_pb2.WorkflowTemplate(
        id=id_,
        interface=template.interface,
        nodes=[
            core_workflow_pb2.Node(
                id=node,
                metadata=core_workflow_pb2.NodeMetadata(name=node, retries=_retries(template)),
                inputs=_bindings(template.interface.inputs, _START_NODE),
                task_node=core_workflow_pb2.TaskNode(
                    reference_id=_identifier(identifier_pb2.TASK, task, task.name)
                ),
            )
        ],
        outputs=_bindings(template.interface.outputs, node),
    )
    return workflow_pb2.WorkflowCreateRequest(
        id=id_, spec=workflow_pb2.WorkflowSpec(template=wrapped)
    )


def _retries(template: tasks_pb2.TaskTemplate) -> literals_pb2.RetryStrategy:
    """Return the task's retries, which may be none, or three if it says nothing of them."""
    if template.metadata.HasField("retries"):
        return template.metadata.retries
    return literals_pb2.RetryStrategy(retries=_RETRIES)


def _bindings(variables: interface_pb2.VariableMap, node: str) -> list[literals_pb2.Binding]:
    """Bind every variable to the one of the same name at a node."""
    return [
        literals_pb2.Binding(
            var=name,
            binding=literals_pb2.BindingData(
                promise=types_pb2.OutputReference(node_id=node, var=name)
            ),
        )
        for name in sorted(variables.variables)
    ]


def _launch_plan(
    task: TaskRow, spec: execution_pb2.ExecutionSpec
) -> launch_plan_pb2.LaunchPlanCreateRequest:
    """Return a launch plan, which names a workflow of the task's own name, by a slip."""
    request = launch_plan_pb2.LaunchPlanCreateRequest(
        id=_identifier(identifier_pb2.LAUNCH_PLAN, task, _PREFIX + task.name),
        spec=launch_plan_pb2.LaunchPlanSpec(
            workflow_id=_identifier(identifier_pb2.WORKFLOW, task, task.name),
            auth_role=given(spec, "auth_role"),
            security_context=given(spec, "security_context"),
        ),
    )
    request.spec.entity_metadata.SetInParent()
    request.spec.fixed_inputs.SetInParent()
    request.spec.labels.SetInParent()
    request.spec.annotations.SetInParent()
    return request
