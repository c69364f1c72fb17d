"""Attributes by RPC: update, get, delete at each level, and the list of all (§15).

Ignorant of what attributes bring about: tasks and launches ask :class:`Attributes` themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import (
    matchable_resource_pb2,
    project_attributes_pb2,
    project_domain_attributes_pb2,
    workflow_attributes_pb2,
)

from flyte_testkit.admin.database.rows import AttributesRow
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import (
    AdminError,
    internal,
    invalid_argument,
    invalid_value,
    missing,
    not_found,
)
from flyte_testkit.admin.go.bytes import go_bytes
from flyte_testkit.admin.projects.attributes import Attributes, kind_name, kind_of
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.settings import MAX_PARALLELISM

if TYPE_CHECKING:
    from datetime import datetime

    from flyte_testkit.admin.database.store import Store

__all__ = ["ResourceManager"]

_Attributes = matchable_resource_pb2.MatchingAttributes
_NO_TIME = "0001-01-01 00:00:00 +0000 UTC"


class ResourceManager:
    """Keeps attributes for projects, their domains and their workflows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._attributes = Attributes(store)

    def update_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesUpdateRequest, now: datetime
    ) -> project_attributes_pb2.ProjectAttributesUpdateResponse:
        """Replace attributes of a project; plugin overrides always fail, by a slip of FlyteAdmin.

        Raises:
            AdminError: Something is missing, or the project is unknown or not active.
        """
        if not request.HasField("attributes"):
            raise missing("attributes")
        asked = request.attributes
        validation.project_for_update(self._store, asked.project)
        kind = _kind(request.attributes, asked.project)
        if kind == matchable_resource_pb2.PLUGIN_OVERRIDE:
            raise _unreadable(kind, asked.project)
        self._put(asked.matching_attributes, now, kind, asked.project)
        return project_attributes_pb2.ProjectAttributesUpdateResponse()

    def update_project_domain_attributes(
        self,
        request: project_domain_attributes_pb2.ProjectDomainAttributesUpdateRequest,
        now: datetime,
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesUpdateResponse:
        """Replace attributes of a project and domain; plugin overrides are merged.

        Raises:
            AdminError: Something is missing, or nothing new may be made there.
        """
        if not request.HasField("attributes"):
            raise missing("attributes")
        asked = request.attributes
        validation.project_and_domain(self._store, asked.project, asked.domain)
        kind = _kind(asked, f"{asked.project}-{asked.domain}")
        self._put(asked.matching_attributes, now, kind, asked.project, asked.domain)
        return project_domain_attributes_pb2.ProjectDomainAttributesUpdateResponse()

    def update_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesUpdateRequest, now: datetime
    ) -> workflow_attributes_pb2.WorkflowAttributesUpdateResponse:
        """Replace attributes of a workflow, which need not exist; plugin overrides are merged.

        Raises:
            AdminError: Something is missing, or nothing new may be made there.
        """
        if not request.HasField("attributes"):
            raise missing("attributes")
        asked = request.attributes
        self._check_workflow(asked.project, asked.domain, asked.workflow)
        kind = _kind(asked, f"{asked.project}-{asked.domain}-{asked.workflow}")
        self._put(asked.matching_attributes, now, kind, asked.project, asked.domain, asked.workflow)
        return workflow_attributes_pb2.WorkflowAttributesUpdateResponse()

    def get_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesGetRequest, _now: datetime
    ) -> project_attributes_pb2.ProjectAttributesGetResponse:
        """Return the project's own attributes; an execution config is filled up with defaults.

        Raises:
            AdminError: The project is unknown, or has none of this kind.
        """
        validation.existing_project(self._store, request.project)
        kind = request.resource_type
        if not request.project:
            raise _unreadable(kind)
        row = self._attributes.of_project(kind, request.project)
        found = _Attributes()
        if row is not None:
            found.CopyFrom(row.message)
        elif kind != matchable_resource_pb2.WORKFLOW_EXECUTION_CONFIG:
            raise _none(kind, request.project)
        if kind == matchable_resource_pb2.WORKFLOW_EXECUTION_CONFIG:
            config = found.workflow_execution_config
            config.max_parallelism = config.max_parallelism or MAX_PARALLELISM
        return project_attributes_pb2.ProjectAttributesGetResponse(
            attributes=project_attributes_pb2.ProjectAttributes(
                project=request.project, matching_attributes=found
            )
        )

    def get_project_domain_attributes(
        self,
        request: project_domain_attributes_pb2.ProjectDomainAttributesGetRequest,
        _now: datetime,
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesGetResponse:
        """Return the most specific attributes of a project and domain, with the place of the row.

        Raises:
            AdminError: Nothing new may be made there, or there are none of this kind.
        """
        validation.project_and_domain(self._store, request.project, request.domain)
        row = self._found(request.resource_type, request.project, request.domain)
        return project_domain_attributes_pb2.ProjectDomainAttributesGetResponse(
            attributes=project_domain_attributes_pb2.ProjectDomainAttributes(
                project=row.project, domain=row.domain, matching_attributes=row.message
            )
        )

    def get_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesGetRequest, _now: datetime
    ) -> workflow_attributes_pb2.WorkflowAttributesGetResponse:
        """Return the most specific attributes of a workflow, with the place of the row.

        Raises:
            AdminError: Nothing new may be made there, or there are none of this kind.
        """
        self._check_workflow(request.project, request.domain, request.workflow)
        if not request.project:
            raise _unreadable(request.resource_type, "", request.domain, request.workflow)
        row = self._found(request.resource_type, request.project, request.domain, request.workflow)
        return workflow_attributes_pb2.WorkflowAttributesGetResponse(
            attributes=workflow_attributes_pb2.WorkflowAttributes(
                project=row.project,
                domain=row.domain,
                workflow=row.workflow,
                matching_attributes=row.message,
            )
        )

    def delete_project_attributes(
        self, request: project_attributes_pb2.ProjectAttributesDeleteRequest, _now: datetime
    ) -> project_attributes_pb2.ProjectAttributesDeleteResponse:
        """Forget a project's attributes of a kind, those of its domains and workflows too.

        Raises:
            AdminError: The project is unknown or not active.
        """
        validation.project_for_update(self._store, request.project)
        self._remove(request.resource_type, request.project)
        return project_attributes_pb2.ProjectAttributesDeleteResponse()

    def delete_project_domain_attributes(
        self,
        request: project_domain_attributes_pb2.ProjectDomainAttributesDeleteRequest,
        _now: datetime,
    ) -> project_domain_attributes_pb2.ProjectDomainAttributesDeleteResponse:
        """Forget attributes of a kind of a project and domain, those of its workflows too.

        Raises:
            AdminError: Nothing new may be made there.
        """
        validation.project_and_domain(self._store, request.project, request.domain)
        self._remove(request.resource_type, request.project, request.domain)
        return project_domain_attributes_pb2.ProjectDomainAttributesDeleteResponse()

    def delete_workflow_attributes(
        self, request: workflow_attributes_pb2.WorkflowAttributesDeleteRequest, _now: datetime
    ) -> workflow_attributes_pb2.WorkflowAttributesDeleteResponse:
        """Forget attributes of a kind of a workflow.

        Raises:
            AdminError: Nothing new may be made there, or the workflow has no name.
        """
        self._check_workflow(request.project, request.domain, request.workflow)
        storable(request.workflow)
        self._remove(request.resource_type, request.project, request.domain, request.workflow)
        return workflow_attributes_pb2.WorkflowAttributesDeleteResponse()

    def list_matchable_attributes(
        self, request: matchable_resource_pb2.ListMatchableAttributesRequest, _now: datetime
    ) -> matchable_resource_pb2.ListMatchableAttributesResponse:
        """Return all attributes of a kind, in every project, the most specific first.

        Raises:
            AdminError: There is no such kind.
        """
        kind = request.resource_type
        if kind not in matchable_resource_pb2.MatchableResource.values():
            raise invalid_value("resource_type")
        rows = sorted(self._attributes.below(kind, ""), key=lambda row: -row.priority)
        return matchable_resource_pb2.ListMatchableAttributesResponse(
            configurations=[
                matchable_resource_pb2.MatchableAttributesConfiguration(
                    project=row.project,
                    domain=row.domain,
                    workflow=row.workflow,
                    attributes=row.message,
                )
                for row in rows
            ]
        )

    def _check_workflow(self, project: str, domain: str, workflow: str) -> None:
        validation.project_and_domain(self._store, project, domain)
        if not workflow:
            raise missing("name")

    def _found(self, kind: int, *place: str) -> AttributesRow:
        row = self._attributes.most_specific(kind, *place)
        if row is None:
            raise _none(kind, *place)
        return row

    def _put(self, message: _Attributes, now: datetime, kind: int, *place: str) -> None:
        """Store attributes in the place of older ones, or merge plugin overrides into them.

        Raises:
            AdminError: PostgreSQL cannot hold the place, or it has a part but not the one above.
        """
        storable(*place)
        if kind == matchable_resource_pb2.PLUGIN_OVERRIDE:
            into = next(iter(self._attributes.below(kind, *place)), None)
            if into is not None:
                merged = _with_overrides(into.message, message)
                self._store.attributes.update(into.changed(message=merged, updated_at=now))
                return
        project, domain, workflow = (*place, "", "")[:3]
        kept = _Attributes()
        kept.CopyFrom(message)
        row = AttributesRow(
            project=project,
            domain=domain,
            workflow=workflow,
            kind=kind,
            message=kept,
            created_at=now,
            updated_at=now,
        )
        there = self._attributes.below(kind, *place)  # of every project, if the request names none
        old = next((known for known in there if known.priority == row.priority), None)
        if old is None:
            _check_place(row)
            self._store.attributes.insert(row)
        else:
            self._store.attributes.update(old.changed(message=kept, updated_at=now))

    def _remove(self, kind: int, *place: str) -> None:
        for row in self._attributes.below(kind, *place):
            self._store.attributes.discard(*row.key)


def _kind(
    asked: project_attributes_pb2.ProjectAttributes
    | project_domain_attributes_pb2.ProjectDomainAttributes
    | workflow_attributes_pb2.WorkflowAttributes,
    place: str,
) -> int:
    """Return the kind of the attributes in a request."""
    if not asked.HasField("matching_attributes"):
        raise missing("matching_attributes")
    kind = kind_of(asked.matching_attributes)
    if kind is None:
        raise invalid_argument(f"Unrecognized matching attributes type for request {place}")
    return kind


def _check_place(row: AttributesRow) -> None:
    """Refuse a place without a project unless it is a domain, and print the row as Go does.

    Raises:
        AdminError: It is none.
    """
    if row.project or (row.domain and not row.workflow):
        return
    content = " ".join(map(str, go_bytes(row.message)))
    raise invalid_argument(
        f"missing and/or invalid parameters: {{0 {_NO_TIME} {_NO_TIME} <nil> {row.project} "
        f"{row.domain} {row.workflow}  {kind_name(row.kind)} {row.priority} [{content}]}}"
    )


def _unreadable(kind: int, *place: str) -> AdminError:
    """Report a place that FlyteAdmin itself does not know how to look up."""
    project, domain, workflow = (*place, "", "", "")[:3]
    return internal(
        "unexpected error type for: missing and/or invalid parameters: "
        f"{{{project} {domain} {workflow}  {kind_name(kind)}}}"
    )


def _none(kind: int, *place: str) -> AdminError:
    project, domain, workflow = (*place, "", "")[:3]
    return not_found(
        f"Resource [{{Project:{project} Domain:{domain} Workflow:{workflow} LaunchPlan: "
        f"ResourceType:{kind_name(kind)}}}] not found"
    )


def _with_overrides(old: _Attributes, new: _Attributes) -> _Attributes:
    """Return plugin overrides: the new ones, then the old ones of other task types.

    Of several for one type in a message the last counts.
    """
    chosen = {override.task_type: override for override in new.plugin_overrides.overrides}
    kept = {override.task_type: override for override in old.plugin_overrides.overrides}
    chosen = chosen | {kind: kept[kind] for kind in kept if kind not in chosen}
    return _Attributes(
        plugin_overrides=matchable_resource_pb2.PluginOverrides(overrides=chosen.values())
    )
