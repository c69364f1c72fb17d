"""The columns of FlyteAdmin's tables: what a client may filter on and sort by (§3.2).

One table of tables, and how a column is read from a row. Most columns are fields of the row; the
few that the database has as bytes and the rows as messages are made when they are asked for.

Ignorant of filters and of how tables are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from flyte_testkit.admin.go.bytes import varint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.message import Message

    from flyte_testkit.admin.database.comparisons import Type

    Read = Callable[[Any], Any]

__all__ = ["ENTITIES", "PREFIXES", "Column", "Entity"]


@dataclass(frozen=True)
class Column:
    """A column: its name in the database, its type there, and how it is read from a row."""

    name: str
    type: Type
    read: Read = field(repr=False, compare=False)


@dataclass(frozen=True)
class Entity:
    """A kind of thing that FlyteAdmin stores.

    Attributes:
        code: What messages of refused filters call it.
        table: The database's table, also an attribute of the store (if the store has it).
        columns: By name.
        joins: The other entities that a list of this one may be filtered by.
        order: The columns that a list is sorted by when nobody asks, as PostgreSQL's index has it.
        renamed: Fields that a filter may name and means another column by.
        successor: The entity whose table took this one's place: filters are about its rows.
    """

    code: str
    table: str
    columns: Mapping[str, Column]
    joins: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    successor: str = ""


def _serialized(path: str) -> Read:
    """Return what reads a message, that a row holds at this path, as the database's bytes."""
    get: Callable[[Any], Message] = attrgetter(path)
    return lambda row: get(row).SerializeToString(deterministic=True)


def _event_version(row: Any) -> bytes:
    """Return a node execution's internal data: a message with the version as its only field."""
    version: int = row.event_version & (2**64 - 1)  # negative numbers are written in 64 bits
    return b"\x08" + varint(version) if version else b""


def _columns(
    types: Mapping[Type, str], read: Mapping[str, Read] | None = None, *, base: bool = True
) -> dict[str, Column]:
    """Return columns from lists of names by type; ``read`` has those that no field holds."""
    names: list[tuple[str, Type]] = [
        (name, kind) for kind, listed in types.items() for name in listed.split()
    ]
    if base:
        names.append(("id", "bigint"))
        names += [
            (name, "timestamp with time zone")
            for name in ("created_at", "updated_at", "deleted_at")
        ]
    special = read or {}
    return {name: Column(name, kind, special.get(name) or attrgetter(name)) for name, kind in names}


_CLOSURE = {"closure": _serialized("message.closure")}

_NAMED_ENTITY: Mapping[Type, str] = {
    "text": "project domain name",
    "character varying": "description",
    "integer": "resource_type state",
}

ENTITIES: Mapping[str, Entity] = {
    "execution": Entity(
        "e",
        "executions",
        _columns(
            {
                "text": "execution_project execution_domain execution_name phase abort_cause"
                " cluster inputs_uri user_inputs_uri error_kind error_code user launch_entity",
                "bigint": "launch_plan_id workflow_id task_id duration source_execution_id"
                " parent_node_execution_id",
                "integer": "mode state",
                "timestamp with time zone": "started_at execution_created_at execution_updated_at",
                "bytea": "closure spec",
            },
            {**_CLOSURE, "spec": _serialized("message.spec")},
        ),
        joins=("launch_plan", "workflow", "task", "admin_tag", "execution_tag"),
        order=("execution_name",),
    ),
    "node_execution": Entity(
        "ne",
        "node_executions",
        _columns(
            {
                "text": "execution_project execution_domain execution_name node_id phase input_uri"
                " error_kind error_code cache_status dynamic_workflow_remote_closure_reference",
                "bigint": "duration parent_id parent_task_execution_id",
                "timestamp with time zone": "started_at node_execution_created_at"
                " node_execution_updated_at",
                "bytea": "closure node_execution_metadata internal_data",
            },
            {
                **_CLOSURE,
                "node_execution_metadata": _serialized("message.metadata"),
                "internal_data": _event_version,
            },
        ),
        joins=("execution",),
        order=("node_id",),
    ),
    "task_execution": Entity(
        "te",
        "task_executions",
        _columns(
            {
                "text": "project domain name version execution_project execution_domain"
                " execution_name node_id phase input_uri",
                "bigint": "retry_attempt phase_version duration",
                "timestamp with time zone": "started_at task_execution_created_at"
                " task_execution_updated_at",
                "bytea": "closure",
            },
            _CLOSURE,
        ),
        joins=("task", "execution", "node_execution"),
        order=("project", "domain", "name", "version", "retry_attempt"),
        renamed={name: f"execution_{name}" for name in ("project", "domain", "name")},
    ),
    "task": Entity(
        "t",
        "tasks",
        _columns(
            {
                "text": "project domain name version type",
                "character varying": "short_description",
                "bytea": "closure digest",
            },
            _CLOSURE,
        ),
        order=("name",),
    ),
    "workflow": Entity(
        "w",
        "workflows",
        _columns(
            {
                "text": "project domain name version remote_closure_identifier",
                "character varying": "short_description",
                "bytea": "typed_interface digest",
            },
            {"typed_interface": _serialized("typed_interface")},
        ),
        order=("name",),
    ),
    "launch_plan": Entity(
        "l",
        "launch_plans",
        _columns(
            {
                "text": "project domain name version schedule_type launch_condition_type",
                "bigint": "workflow_id",
                "integer": "state",
                "bytea": "spec closure digest",
            },
            {**_CLOSURE, "spec": _serialized("message.spec")},
        ),
        joins=("workflow",),
        order=("name",),
    ),
    "project": Entity(
        "p",
        "projects",
        _columns(
            {
                "text": "identifier name",
                "character varying": "description",
                "integer": "state",
                "bytea": "labels",
            }
        ),
        order=("identifier",),
    ),
    "signal": Entity(
        "s",
        "signals",
        _columns(
            {
                "text": "execution_project execution_domain execution_name signal_id",
                "bytea": "type value",
            }
        ),
        order=("signal_id",),
    ),
    # The names of a kind, with what is known of each: a join, in which NULL stands for nothing.
    "named_entity": Entity(
        "nen",
        "entities",
        _columns(
            _NAMED_ENTITY,
            {name: attrgetter(f"metadata.{name}") for name in ("description", "state")},
            base=False,
        ),
        joins=("named_entity_metadata",),
        order=("name",),
    ),
    "named_entity_metadata": Entity(
        "nem", "named_entity_metadata", _columns(_NAMED_ENTITY), order=("name",)
    ),
    "description_entity": Entity(
        "de",
        "description_entities",
        _columns(
            {
                "text": "project domain name version link",
                "character varying": "short_description",
                "integer": "resource_type",
                "bytea": "long_description",
            }
        ),
        order=("version",),
    ),
    "execution_tag": Entity(
        "et",
        "execution_tags",
        _columns(
            {"text": "execution_project execution_domain execution_name key value"},
            {"key": attrgetter("key_")},
        ),
    ),
    # The table that was replaced lives on in filters, where its name means a tag's key.
    "admin_tag": Entity(
        "at",
        "admin_tags",
        _columns({"text": "name"}),
        renamed={"name": "key"},
        successor="execution_tag",
    ),
    "execution_admin_tag": Entity("eat", "execution_admin_tags", {}),
}

#: What a filter puts before the field of another entity.
PREFIXES: Mapping[str, str] = {
    ("entities" if name == "named_entity" else name): name
    for name in ENTITIES
    if name != "description_entity"
}
