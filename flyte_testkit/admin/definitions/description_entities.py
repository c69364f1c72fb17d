"""Descriptions (§14): what was said of a task or a workflow when it was registered.

Nothing changes them afterwards. Ignorant of what they describe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, description_entity_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database.rows import DescriptionEntityRow
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.definitions import definitions
from flyte_testkit.admin.errors import missing, not_found
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.rules.validation import given

if TYPE_CHECKING:
    from datetime import datetime

    from flyte_testkit.admin.database.store import Store

__all__ = ["DescriptionEntityManager", "keep"]

_LABEL = "ListWorkflows"  # the real server's slip
_FILTERED_AS = {
    identifier_pb2.TASK: "task",
    identifier_pb2.WORKFLOW: "workflow",
    identifier_pb2.LAUNCH_PLAN: "launch_plan",
}


def keep(
    store: Store,
    id_: identifier_pb2.Identifier,
    description: description_entity_pb2.DescriptionEntity | None,
    now: datetime,
) -> None:
    """Keep what is said, if anything, of a version that is being registered; not its tags.

    Raises:
        AdminError: The database cannot hold it.
    """
    if description is None:
        return
    storable(description.source_code.link)
    message = description_entity_pb2.DescriptionEntity(
        id=definitions.with_type(id_, id_.resource_type),
        short_description=description.short_description,
        long_description=description.long_description,
        source_code=description.source_code,
    )
    store.description_entities.insert(
        DescriptionEntityRow(
            resource_type=id_.resource_type,
            project=id_.project,
            domain=id_.domain,
            name=id_.name,
            version=id_.version,
            short_description=message.short_description,
            long_description=message.long_description.SerializeToString(deterministic=True),
            link=message.source_code.link,
            message=message,
            created_at=now,
            updated_at=now,
        )
    )


class DescriptionEntityManager:
    """Shows descriptions."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get_description_entity(
        self, request: common_pb2.ObjectGetRequest, _now: datetime
    ) -> description_entity_pb2.DescriptionEntity:
        """Show the description of a version; any kind of entity of that name will do.

        Raises:
            AdminError: The id is incomplete, or there is no description.
        """
        id_ = definitions.default_type(given(request, "id"), identifier_pb2.TASK)
        validation.resource_type(identifier_pb2.UNSPECIFIED if id_ is None else id_.resource_type)
        asked = {}
        for field in ("project", "domain", "name", "version"):
            asked[field] = getattr(id_, field)
            if not asked[field]:
                raise missing(field)
        storable(*asked.values())
        found = self.store.description_entities.where(asked)
        if not found:
            raise not_found("entry not found")
        return found[0].message

    def list_description_entities(
        self, request: description_entity_pb2.DescriptionEntityListRequest, now: datetime
    ) -> description_entity_pb2.DescriptionEntityList:
        """List descriptions under one name; the kind that is asked for only rules the filters.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        validation.named_entity_identifier(given(request, "id"))
        validation.limit(request.limit)
        id_ = request.id
        listing = Listing("description_entity", _LABEL, _FILTERED_AS.get(request.resource_type, ""))
        where = {"project": id_.project, "domain": id_.domain, "name": id_.name}
        found = listing.page(self.store, request, where=where, now=now)
        return description_entity_pb2.DescriptionEntityList(
            descriptionEntities=[row.message for row in found.rows], token=found.token
        )
