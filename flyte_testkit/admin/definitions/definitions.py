"""What tasks, workflows and launch plans share: identifiers, their lists, and short descriptions.

Ignorant of what distinguishes the three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import AdminError, database_error, entity_not_found, missing
from flyte_testkit.admin.rules.validation import limit

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.admin import description_entity_pb2

    from flyte_testkit.admin.lists.listing import Page

__all__ = [
    "columns",
    "default_type",
    "no_such_entity",
    "parts",
    "require_list",
    "require_name_list",
    "short_description",
    "to_names",
    "with_type",
]

_MAX_SHORT_DESCRIPTION = 4000


def columns(id_: identifier_pb2.Identifier, digest: bytes, now: datetime) -> dict[str, Any]:
    """Return the columns that every version of a definition has when it is made.

    Raises:
        AdminError: The database cannot hold a part of the identifier.
    """
    project, domain, name, version = parts(id_)
    return {
        "project": project,
        "domain": domain,
        "name": name,
        "version": version,
        "digest": digest,
        "created_at": now,
        "updated_at": now,
    }


def parts(id_: identifier_pb2.Identifier) -> tuple[str, str, str, str]:
    """Return the key that a definition is stored under.

    Raises:
        AdminError: The database could not even be asked for it.
    """
    storable(id_.project, id_.domain, id_.name, id_.version)
    return (id_.project, id_.domain, id_.name, id_.version)


def with_type(id_: identifier_pb2.Identifier, resource_type: int) -> identifier_pb2.Identifier:
    """Return an identifier as it reads back from the database: four texts, and the table's type."""
    return identifier_pb2.Identifier(
        resource_type=resource_type,  # type: ignore[arg-type]  # any number of the enum
        project=id_.project,
        domain=id_.domain,
        name=id_.name,
        version=id_.version,
    )


def no_such_entity(kind: str, id_: identifier_pb2.Identifier) -> AdminError:
    """Say that there is no such version; the identifier prints without its type."""
    return entity_not_found(kind, with_type(id_, identifier_pb2.UNSPECIFIED))


def default_type(id_: identifier_pb2.Identifier | None, resource_type: int) -> Any:
    """Return an identifier whose type is filled in if none is given, as reads do it (§2)."""
    if id_ is None or id_.resource_type != identifier_pb2.UNSPECIFIED:
        return id_
    filled = identifier_pb2.Identifier()
    filled.CopyFrom(id_)
    filled.resource_type = resource_type  # type: ignore[assignment]  # any number of the enum
    return filled


def short_description(description: description_entity_pb2.DescriptionEntity) -> str:
    """Return the text that is shown with an entity.

    Raises:
        AdminError: The database cannot hold it.
    """
    text = description.short_description
    storable(text)
    if len(text) > _MAX_SHORT_DESCRIPTION:
        raise database_error(f"value too long for type character varying({_MAX_SHORT_DESCRIPTION})")
    return text


def require_list(request: common_pb2.ResourceListRequest) -> dict[str, object]:
    """Check what a list of versions needs, and return the columns that it covers.

    Raises:
        AdminError: The name's project or domain is missing, or the limit.
    """
    if not request.HasField("id"):
        raise missing("id")
    return {**_place(request.id, request.limit), "name": request.id.name}


def require_name_list(request: Any) -> dict[str, object]:
    """Check what a list of names needs, and return the columns that it covers.

    Raises:
        AdminError: The project, the domain or the limit is missing.
    """
    return _place(request, request.limit)


def _place(holder: Any, number: int) -> dict[str, object]:
    for field in ("project", "domain"):
        if not getattr(holder, field):
            raise missing(field)
    limit(number)
    return {"project": holder.project, "domain": holder.domain}


def to_names(page: Page) -> common_pb2.NamedEntityIdentifierList:
    """Return a page of names as the id lists answer it."""
    return common_pb2.NamedEntityIdentifierList(
        entities=[
            common_pb2.NamedEntityIdentifier(project=row.project, domain=row.domain, name=row.name)
            for row in page.rows
        ],
        token=page.token,
    )
