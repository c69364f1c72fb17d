"""Named entities: the names that versions share, and what is said of each (§13).

A name is there as soon as one version is; its description and state are kept apart, and neither has
an effect on anything else. Ignorant of the versions themselves: it asks only whether there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database import enums
from flyte_testkit.admin.database.rows import NamedEntityMetadataRow
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import database_error, invalid_argument, missing, not_found
from flyte_testkit.admin.lists import filters, selection, sorting
from flyte_testkit.admin.lists.listing import Listing, Name, cut
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.rules.validation import given

if TYPE_CHECKING:
    from datetime import datetime

    from flyte_testkit.admin.database.store import Store

__all__ = ["NamedEntityManager", "mark_system_generated"]

_LIST = Listing("named_entity", "ListNamedEntities")
_HIDDEN = ".flytegen"
_MAX_DESCRIPTION = 300
_TABLES = {
    identifier_pb2.TASK: "tasks",
    identifier_pb2.WORKFLOW: "workflows",
    identifier_pb2.LAUNCH_PLAN: "launch_plans",
}


@dataclass(frozen=True)
class _Metadata:
    """The metadata of a name that has none: NULL in every column, but ACTIVE where it matters."""

    resource_type: int | None = None
    project: str | None = None
    domain: str | None = None
    name: str | None = None
    description: str | None = None
    state: int = common_pb2.NAMED_ENTITY_ACTIVE
    id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: None = None


@dataclass(frozen=True)
class _Entity:
    """A name with its metadata, as the list's query joins them."""

    project: str
    domain: str
    name: str
    metadata: NamedEntityMetadataRow | _Metadata


class NamedEntityManager:
    """Answers the RPCs about names over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_named_entity(
        self, request: common_pb2.NamedEntityGetRequest, _now: datetime
    ) -> common_pb2.NamedEntity:
        """Return a name with its metadata.

        Raises:
            AdminError: The request lacks something, or there is no such name.
        """
        kind, name = self._existing(request)
        return _shown(kind, self._entity(kind, name))

    def update_named_entity(
        self, request: common_pb2.NamedEntityUpdateRequest, now: datetime
    ) -> common_pb2.NamedEntityUpdateResponse:
        """Describe a name and set its state, which is ACTIVE if none is given.

        Raises:
            AdminError: The request lacks something, there is no such name, its state cannot be
                set, or the description is too long.
        """
        _check_name(request)
        metadata = request.metadata
        if not request.HasField("metadata"):
            raise missing("metadata")
        if (
            metadata.state != common_pb2.NAMED_ENTITY_ACTIVE
            and request.resource_type not in _TABLES
        ):
            kind_name = enums.column(identifier_pb2.ResourceType, request.resource_type)
            raise invalid_argument(f"Resource [{kind_name}] cannot have its state updated")
        kind, name = self._existing(request)
        storable(metadata.description)
        if len(metadata.description) > _MAX_DESCRIPTION:
            raise database_error(f"value too long for type character varying({_MAX_DESCRIPTION})")
        _write(self._store, kind, name, metadata.state, now, description=metadata.description)
        return common_pb2.NamedEntityUpdateResponse()

    def list_named_entities(
        self, request: common_pb2.NamedEntityListRequest, now: datetime
    ) -> common_pb2.NamedEntityList:
        """Return a page of names of a kind; the page is cut before the filters are looked at.

        Names that FlyteAdmin made for itself are left out where no filter is given.

        Raises:
            AdminError: The request lacks something, or a filter, the sort or the token is refused.
        """
        for field in ("project", "domain"):
            if not getattr(request, field):
                raise missing(field)
        validation.resource_type(request.resource_type)
        validation.limit(request.limit)
        asked = filters.parse(request.filters, "named_entity")
        order = sorting.parse(request, "named_entity")
        offset = _LIST.offset(request)
        table = self._table(request.resource_type, "Cannot list entity names for resource type: ")
        _check_order(order.column, request.resource_type)
        if any((f.entity, f.column) == ("named_entity", "resource_type") for f in asked):
            raise database_error("column entities.resource_type does not exist")
        scope = {"project": request.project, "domain": request.domain}
        tests = selection.prepare(asked, scope=scope.values(), now=now)
        names = {Name(row.project, row.domain, row.name) for row in table.where(scope)}
        part, token = cut(order.sorted(sorted(names)), request, offset)
        entities = [self._entity(request.resource_type, name) for name in part]
        found = list(selection.select(self._store, "named_entity", entities, tests))
        if not request.filters:
            found = [entity for entity in found if not entity.name.startswith(_HIDDEN)]
        return common_pb2.NamedEntityList(
            entities=[_shown(request.resource_type, entity) for entity in found],
            token=token if len(found) == len(part) else "",
        )

    def _existing(self, request: Any) -> tuple[int, Name]:
        """Return the kind and name that a request is about, which some version must have."""
        _check_name(request)
        kind = request.resource_type
        table = self._table(kind, "Cannot get NamedEntityMetadata for resource type: ")
        name = Name(request.id.project, request.id.domain, request.id.name)
        storable(*name)
        if not table.where(name._asdict()):
            raise not_found("entry not found")
        return kind, name

    def _table(self, kind: int, complaint: str) -> Any:
        if kind not in _TABLES:
            raise invalid_argument(complaint + enums.column(identifier_pb2.ResourceType, kind))
        return getattr(self._store, _TABLES[kind])  # type: ignore[index]  # the line before looked

    def _entity(self, kind: int, name: Name) -> _Entity:
        metadata = self._store.named_entity_metadata.get(kind, *name)
        return _Entity(*name, metadata or _Metadata())


def mark_system_generated(store: Store, kind: int, name: Name, now: datetime) -> None:
    """Note that FlyteAdmin made the entity of this name for itself (§8.3).

    Example:
        >>> from datetime import datetime, timezone
        >>> from flyte_testkit.admin.database.store import Store
        >>> now = datetime.now(timezone.utc)
        >>> name = Name("p", "development", ".flytegen.t")
        >>> mark_system_generated(Store(), identifier_pb2.WORKFLOW, name, now)
    """
    _write(store, kind, name, common_pb2.SYSTEM_GENERATED, now)


def _write(
    store: Store, kind: int, name: Name, state: int, now: datetime, *, description: str = ""
) -> None:
    """Write a name's state, and its description unless that is empty."""
    known = store.named_entity_metadata.get(kind, *name)
    if known is None:
        store.named_entity_metadata.insert(
            NamedEntityMetadataRow(
                resource_type=kind,
                **name._asdict(),
                description=description,
                state=state,
                created_at=now,
                updated_at=now,
            )
        )
        return
    store.named_entity_metadata.update(
        known.changed(state=state, description=description or known.description, updated_at=now)
    )


def _check_name(request: Any) -> None:
    validation.resource_type(request.resource_type)
    validation.named_entity_identifier(given(request, "id"))


def _check_order(column: str, kind: int) -> None:
    """Check that names can be sorted by a column; they have no metadata yet where that is done.

    Raises:
        AdminError: PostgreSQL refuses.
    """
    if not column or column in Name._fields:
        return
    if column == "state" and kind == identifier_pb2.LAUNCH_PLAN:  # which has a column of that name
        raise database_error(
            'column "launch_plans.state" must appear in the GROUP BY clause or be used in an '
            "aggregate function"
        )
    raise database_error(f'column "{column}" does not exist')


def _shown(kind: int, entity: _Entity) -> common_pb2.NamedEntity:
    message = common_pb2.NamedEntity()
    message.resource_type = kind  # type: ignore[assignment]  # any number of the enum
    message.id.project, message.id.domain = entity.project, entity.domain
    message.id.name = entity.name
    message.metadata.SetInParent()
    message.metadata.description = entity.metadata.description or ""
    message.metadata.state = entity.metadata.state  # type: ignore[assignment]  # likewise
    return message
