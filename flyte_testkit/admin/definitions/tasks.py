"""Tasks (§5): registered once, compiled, and shown as they were sent.

Ignorant of what runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, task_pb2
from flyteidl.core import identifier_pb2, tasks_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.tasks import compile_task
from flyte_testkit.admin.database.rows import TaskRow
from flyte_testkit.admin.database.store import TakenError
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.database.times import stamp
from flyte_testkit.admin.definitions import definitions, description_entities
from flyte_testkit.admin.definitions.digests import different_structure, digest, identical_structure
from flyte_testkit.admin.errors import invalid_argument, missing
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules import pod_specs, task_resources
from flyte_testkit.admin.rules.validation import given, identifier, project_and_domain
from flyte_testkit.admin.settings import TASK_LIMITS

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import compiler_pb2

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.rules.task_resources import Limits

__all__ = ["PlatformLimits", "TaskManager"]

_LIST_TASKS = Listing("task", "ListTasks")
_LIST_TASK_IDS = Listing("task", "ListUniqueTaskIdentifiers")


PlatformLimits = Callable[[str, str, str], "Limits"]
"""What a task may ask for at most, by its project, domain and name; attributes may set it (§15)."""


def _configured(_project: str, _domain: str, _task: str) -> Limits:
    return TASK_LIMITS


class TaskManager:
    """Registers and shows tasks.

    Args:
        store: Where they are.
        limits: What the platform lets a task ask for.
    """

    def __init__(self, store: Store, limits: PlatformLimits = _configured) -> None:
        self.store = store
        self.limits = limits

    def create_task(
        self, request: task_pb2.TaskCreateRequest, now: datetime
    ) -> task_pb2.TaskCreateResponse:
        """Register a task.

        Raises:
            AdminError: It is malformed, asks for too much, does not compile, or its id is taken.
        """
        id_ = request.id
        identifier(given(request, "id"), identifier_pb2.TASK)
        project_and_domain(self.store, id_.project, id_.domain)
        if not request.spec.HasField("template"):
            raise missing("spec")
        self._validate(request.spec.template, id_)
        template = tasks_pb2.TaskTemplate()
        template.CopyFrom(request.spec.template)
        template.id.CopyFrom(id_)
        try:
            compiled = compile_task(template)
        except CompileErrors as errors:
            raise invalid_argument(f"task failed compilation with {errors}") from None
        self.store_compiled(compiled, definitions.short_description(request.spec.description), now)
        description_entities.keep(self.store, id_, given(request.spec, "description"), now)
        return task_pb2.TaskCreateResponse()

    def store_compiled(
        self, compiled: compiler_pb2.CompiledTask, short_description: str, now: datetime
    ) -> TaskRow:
        """Store a task under its template's id, without any rule but that the id be free.

        Raises:
            AdminError: The id is taken, by the same task or by another, or the database cannot hold
                it or the type.
        """
        id_ = compiled.template.id
        storable(compiled.template.type)
        message = task_pb2.Task(
            id=definitions.with_type(id_, identifier_pb2.TASK),
            closure=task_pb2.TaskClosure(compiled_task=compiled, created_at=stamp(now)),
            short_description=short_description,
        )
        row = TaskRow(
            **definitions.columns(id_, digest(compiled), now),
            type=compiled.template.type,
            short_description=short_description,
            message=message,
        )
        try:
            return self.store.tasks.insert(row)
        except TakenError:
            old = self.store.tasks.get(*row.key)
            if old is None or old.digest == row.digest:
                raise identical_structure("task") from None
            raise different_structure(
                "task", id_.name, old.message.closure.compiled_task, compiled
            ) from None

    def get_task(self, request: common_pb2.ObjectGetRequest, _now: datetime) -> task_pb2.Task:
        """Show a task; an incomplete id finds any that fits it, and its type is not looked at.

        Raises:
            AdminError: There is none.
        """
        row = self.store.tasks.fitting(*definitions.parts(request.id))
        if row is None:
            raise definitions.no_such_entity("TASK", request.id)
        return row.message

    def list_tasks(
        self, request: common_pb2.ResourceListRequest, now: datetime
    ) -> task_pb2.TaskList:
        """List versions of tasks.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        found = _LIST_TASKS.page(
            self.store, request, where=definitions.require_list(request), now=now
        )
        return task_pb2.TaskList(tasks=[row.message for row in found.rows], token=found.token)

    def list_task_ids(
        self, request: common_pb2.NamedEntityIdentifierListRequest, _now: datetime
    ) -> common_pb2.NamedEntityIdentifierList:
        """List the names of tasks, each once.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        where = definitions.require_name_list(request)
        return definitions.to_names(_LIST_TASK_IDS.names(self.store, request, where=where))

    def _validate(self, template: tasks_pb2.TaskTemplate, id_: identifier_pb2.Identifier) -> None:
        if not template.type:
            raise missing("type")
        if not template.HasField("metadata"):
            raise missing("metadata")
        if template.metadata.HasField("runtime") and not template.metadata.runtime.version:
            raise missing("runtime version")
        if not template.HasField("interface"):
            raise missing("typed interface")
        target = template.WhichOneof("target")
        limits = self.limits(id_.project, id_.domain, id_.name)
        if target == "container":
            if not template.container.image:
                raise missing("image")
            resources = template.container.resources
            task_resources.check(
                task_resources.quantities(resources.requests, id_),
                task_resources.quantities(resources.limits, id_),
                limits,
                id_,
            )
        elif target == "k8s_pod":
            if not template.k8s_pod.HasField("pod_spec"):
                raise invalid_argument(
                    "invalid TaskSpecification, pod tasks should specify their target "
                    "as a K8sPod with a defined pod spec"
                )
            for container in pod_specs.containers(template.k8s_pod.pod_spec):
                task_resources.check(container.requests, container.limits, limits, id_)
