"""Workflows (§6): registered once, compiled, and shown compiled.

The real server keeps the compiled closure in a blob and only the interface in its database, so
lists show less than single reads. Ignorant of how compiling works and of what runs workflows.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, interface_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.workflows import compile_workflow
from flyte_testkit.admin.database.blobs import CONTAINER
from flyte_testkit.admin.database.rows import WorkflowRow
from flyte_testkit.admin.database.times import stamp
from flyte_testkit.admin.definitions import definitions, description_entities
from flyte_testkit.admin.definitions.digests import (
    different_structure,
    digest,
    identical_structure,
    is_too_long_to_show,
)
from flyte_testkit.admin.errors import AdminError, invalid_argument, missing
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules.validation import given, identifier, project_and_domain
from flyte_testkit.admin.settings import MAX_WORKFLOW_NODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from flyteidl.admin import description_entity_pb2, launch_plan_pb2
    from flyteidl.core import compiler_pb2

    from flyte_testkit.admin.database.store import Store

__all__ = ["WorkflowManager"]

_LIST_WORKFLOWS = Listing("workflow", "ListWorkflows")
_LIST_WORKFLOW_IDS = Listing("workflow", "ListWorkflowIdentifiers")
_SENTINELS = 2


class WorkflowManager:
    """Registers and shows workflows."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def create_workflow(
        self, request: workflow_pb2.WorkflowCreateRequest, now: datetime
    ) -> workflow_pb2.WorkflowCreateResponse:
        """Register a workflow, whose tasks and launch plans must be registered already.

        Raises:
            AdminError: It is malformed, does not compile, has too many nodes, or its id is taken.
        """
        id_ = request.id
        identifier(given(request, "id"), identifier_pb2.WORKFLOW)
        project_and_domain(self.store, id_.project, id_.domain)
        spec = request.spec
        if not spec.HasField("template"):
            raise missing("spec")
        template = core_workflow_pb2.WorkflowTemplate()
        template.CopyFrom(spec.template)
        template.id.CopyFrom(id_)
        closure = self._compile(template, spec.sub_workflows)
        nodes = len(closure.primary.template.nodes) - _SENTINELS
        if nodes > MAX_WORKFLOW_NODES:
            raise invalid_argument(
                f"number of nodes in workflow [{prototext(id_)}] exceeds limit "
                f"({nodes} > {MAX_WORKFLOW_NODES})"
            )
        self.store_compiled(
            closure,
            now,
            interface=spec.template.interface,
            description=given(spec, "description"),
        )
        return workflow_pb2.WorkflowCreateResponse()

    def store_compiled(
        self,
        closure: compiler_pb2.CompiledWorkflowClosure,
        now: datetime,
        *,
        interface: interface_pb2.TypedInterface | None = None,
        description: description_entity_pb2.DescriptionEntity | None = None,
    ) -> WorkflowRow:
        """Store a workflow under its template's id, without any rule but that the id be free.

        Args:
            closure: The workflow as it is compiled.
            now: The time.
            interface: What lists show of it, if that is not the compiled interface.
            description: What is said of it, which nobody reads if the id is taken.

        Raises:
            AdminError: The id is taken, by the same workflow or by another, or the database cannot
                hold the description.
        """
        template = closure.primary.template
        id_ = template.id
        found = digest(closure)
        key = definitions.parts(id_)
        old = self.store.workflows.get(*key) if key in self.store.workflows else None
        if old is not None:
            raise _taken(old, found, closure)
        said = "" if description is None else definitions.short_description(description)
        description_entities.keep(self.store, id_, description, now)
        message = workflow_pb2.Workflow(
            id=definitions.with_type(id_, identifier_pb2.WORKFLOW),
            closure=workflow_pb2.WorkflowClosure(compiled_workflow=closure, created_at=stamp(now)),
            short_description=said,
        )
        place = "/".join(definitions.parts(id_))
        return self.store.workflows.insert(
            WorkflowRow(
                **definitions.columns(id_, found, now),
                typed_interface=template.interface if interface is None else interface,
                remote_closure_identifier=f"{CONTAINER}/metadata/admin/{place}",
                short_description=said,
                message=message,
            )
        )

    def get_workflow(
        self, request: common_pb2.ObjectGetRequest, _now: datetime
    ) -> workflow_pb2.Workflow:
        """Show a workflow, compiled.

        Raises:
            AdminError: Its id is incomplete, or there is none.
        """
        id_ = definitions.default_type(given(request, "id"), identifier_pb2.WORKFLOW)
        identifier(id_, identifier_pb2.WORKFLOW)
        row = self.store.workflows.get(*definitions.parts(id_))
        if row is None:
            raise definitions.no_such_entity("WORKFLOW", id_)
        return row.message

    def list_workflows(
        self, request: common_pb2.ResourceListRequest, now: datetime
    ) -> workflow_pb2.WorkflowList:
        """List versions of workflows, with no more of each than its interface.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        found = _LIST_WORKFLOWS.page(
            self.store, request, where=definitions.require_list(request), now=now
        )
        return workflow_pb2.WorkflowList(
            workflows=[_as_listed(row) for row in found.rows], token=found.token
        )

    def list_workflow_ids(
        self, request: common_pb2.NamedEntityIdentifierListRequest, _now: datetime
    ) -> common_pb2.NamedEntityIdentifierList:
        """List the names of workflows, each once.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        where = definitions.require_name_list(request)
        return definitions.to_names(_LIST_WORKFLOW_IDS.names(self.store, request, where=where))

    def _compile(
        self,
        template: core_workflow_pb2.WorkflowTemplate,
        sub_workflows: Iterable[core_workflow_pb2.WorkflowTemplate],
    ) -> compiler_pb2.CompiledWorkflowClosure:
        try:
            return compile_workflow(template, sub_workflows, self._task, self._launch_plan)
        except (CompileErrors, _LookUpError) as error:
            raise invalid_argument(
                f"failed to compile workflow for [{prototext(template.id)}] with err: {error}"
            ) from None

    def _task(self, id_: identifier_pb2.Identifier) -> compiler_pb2.CompiledTask:
        with _reported():
            row = self.store.tasks.fitting(*definitions.parts(id_))
            if row is None:
                raise definitions.no_such_entity("TASK", id_)
        return row.message.closure.compiled_task

    def _launch_plan(self, id_: identifier_pb2.Identifier) -> launch_plan_pb2.LaunchPlanClosure:
        with _reported():
            row = self.store.launch_plans.fitting(*definitions.parts(id_))
            if row is None:
                raise definitions.no_such_entity("LAUNCH_PLAN", id_)
        return row.message.closure


class _LookUpError(Exception):
    """Something that a workflow refers to cannot be had; its text is the look-up's refusal."""


@contextmanager
def _reported() -> Iterator[None]:
    """Turn the refusal of a look-up into a reason why a workflow does not compile."""
    try:
        yield
    except AdminError as refusal:
        raise _LookUpError(refusal.message) from None


def _taken(
    old: WorkflowRow, new_digest: bytes, closure: compiler_pb2.CompiledWorkflowClosure
) -> AdminError:
    id_ = closure.primary.template.id
    reason = workflow_pb2.CreateWorkflowFailureReason()
    if old.digest == new_digest:
        reason.exists_identical_structure.id.CopyFrom(id_)
        return identical_structure("workflow", reason)
    reason.exists_different_structure.id.CopyFrom(id_)
    details = () if is_too_long_to_show(closure) else (reason,)
    return different_structure(
        "workflow", id_.name, old.message.closure.compiled_workflow, closure, *details
    )


def _as_listed(row: WorkflowRow) -> workflow_pb2.Workflow:
    listed = workflow_pb2.Workflow(id=row.message.id, short_description=row.short_description)
    listed.closure.created_at.CopyFrom(row.message.closure.created_at)
    template = listed.closure.compiled_workflow.primary.template
    template.interface.CopyFrom(row.typed_interface)
    return listed
