"""Projects and domains (§12): the spaces that every other entity lives in.

Ignorant of what lives there; whether something may be made in a project is
:func:`validation.project_and_domain`'s question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, project_pb2

from flyte_testkit.admin.database.rows import ProjectRow
from flyte_testkit.admin.database.store import TakenError
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import already_exists, invalid_argument, missing, not_found
from flyte_testkit.admin.go.kubernetes_names import name_problems
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules.validation import labels
from flyte_testkit.admin.settings import DOMAINS

if TYPE_CHECKING:
    from datetime import datetime

    from flyte_testkit.admin.database.store import Store

__all__ = ["ProjectManager"]

_MAX_NAME_BYTES = 64
_MAX_DESCRIPTION_BYTES = 300
_NOT_ARCHIVED = f"ne(state,{project_pb2.Project.ARCHIVED})"
_LIST_PROJECTS = Listing("project", "ListProjects")


class ProjectManager:
    """Registers, changes and shows projects."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def register_project(
        self, request: project_pb2.ProjectRegisterRequest, now: datetime
    ) -> project_pb2.ProjectRegisterResponse:
        """Add a project, in whatever state the request names.

        Raises:
            AdminError: The project is malformed, or its id is taken.
        """
        if not request.HasField("project"):
            raise missing("project")
        if not request.project.name:
            raise missing("project_name")
        _validate(request.project)
        message = _as_shown(request.project)
        row = ProjectRow(
            identifier=message.id,
            name=message.name,
            description=message.description,
            labels=_labels_column(request.project),
            state=message.state,
            message=message,
            created_at=now,
            updated_at=now,
        )
        try:
            self.store.projects.insert(row)
        except TakenError:
            raise already_exists("projects_pkey") from None
        return project_pb2.ProjectRegisterResponse()

    def update_project(
        self, request: project_pb2.Project, now: datetime
    ) -> project_pb2.ProjectUpdateResponse:
        """Change a project: what is empty keeps its value, except the state, which never does.

        Raises:
            AdminError: The project is unknown, or the change is malformed.
        """
        storable(request.id)
        row = self.store.projects.fitting(request.id)
        if row is None:
            raise not_found(f"project [{request.id}] not found")
        _validate(request)
        message = project_pb2.Project()
        message.CopyFrom(row.message)
        message.name = request.name or row.name
        message.description = request.description or row.description
        message.state = request.state
        if request.HasField("labels"):
            message.labels.CopyFrom(request.labels)
        self.store.projects.update(
            row.changed(
                name=message.name,
                description=message.description,
                labels=_labels_column(request) or row.labels,
                state=message.state,
                message=message,
                updated_at=now,
            )
        )
        return project_pb2.ProjectUpdateResponse()

    def get_project(
        self, request: project_pb2.ProjectGetRequest, _now: datetime
    ) -> project_pb2.Project:
        """Show a project, archived or not.

        Raises:
            AdminError: The project is unknown.
        """
        if not request.id:
            raise missing("project_id")
        storable(request.id)
        row = self.store.projects.get(request.id)
        if row is None:
            raise not_found(f"project [{request.id}] not found")
        return row.message

    def list_projects(
        self, request: project_pb2.ProjectListRequest, now: datetime
    ) -> project_pb2.Projects:
        """List projects: without a limit all, and without any filter none that is archived.

        Raises:
            AdminError: A filter, the sort key or the token is refused.
        """
        asked = project_pb2.ProjectListRequest()
        asked.CopyFrom(request)
        if not request.filters:
            asked.filters = _NOT_ARCHIVED
        if not request.HasField("sort_by"):
            asked.sort_by.key = "identifier"
            asked.sort_by.direction = common_pb2.Sort.ASCENDING
        found = _LIST_PROJECTS.page(self.store, asked, where={}, now=now)
        return project_pb2.Projects(projects=[row.message for row in found.rows], token=found.token)

    def get_domains(
        self, _request: project_pb2.GetDomainRequest, _now: datetime
    ) -> project_pb2.GetDomainsResponse:
        """Show the domains that every project has."""
        return project_pb2.GetDomainsResponse(domains=_domains())


def _domains() -> list[project_pb2.Domain]:
    return [project_pb2.Domain(id=name, name=name) for name in DOMAINS]


def _as_shown(project: project_pb2.Project) -> project_pb2.Project:
    """Return a project as clients read it: with every domain, without an organization."""
    message = project_pb2.Project()
    message.CopyFrom(project)
    message.ClearField("org")
    message.domains.extend(_domains())
    return message


def _labels_column(project: project_pb2.Project) -> bytes | None:
    """Return what the database has for labels: the whole message that they came with, or NULL."""
    return project.SerializeToString(deterministic=True) if project.HasField("labels") else None


def _validate(project: project_pb2.Project) -> None:
    if not project.id:
        raise missing("project_id")
    labels(project.labels.values)
    problems = name_problems(project.id)
    if problems:
        raise invalid_argument(f"invalid project id [{project.id}]: [{' '.join(problems)}]")
    if len(project.name.encode()) > _MAX_NAME_BYTES:
        raise invalid_argument(f"project_name cannot exceed {_MAX_NAME_BYTES} characters")
    if len(project.description.encode()) > _MAX_DESCRIPTION_BYTES:
        raise invalid_argument(
            f"project_description cannot exceed {_MAX_DESCRIPTION_BYTES} characters"
        )
    if project.domains:
        raise invalid_argument(
            "Domains are currently only set system wide. "
            "Please retry without domains included in your request."
        )
    storable(project.name, project.description)
