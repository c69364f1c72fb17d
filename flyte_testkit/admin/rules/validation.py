"""The checks that many RPCs share; each raises the first failure in FlyteAdmin's order (§2).

A field that is not set is not the same as one that is empty: pass what :func:`given` returns.
Ignorant of what the requests want: it looks at parts of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2, project_pb2
from flyteidl.core import execution_pb2, identifier_pb2

from flyte_testkit.admin.database import enums
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import (
    AdminError,
    inactive_project,
    invalid_argument,
    invalid_value,
    missing,
)
from flyte_testkit.admin.go.kubernetes_names import label_key_problems, label_value_problems
from flyte_testkit.admin.go.letters import lowered
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.settings import DOMAINS, MAX_OUTPUT_BYTES
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flyteidl.core import literals_pb2
    from google.protobuf.message import Message
    from google.protobuf.timestamp_pb2 import Timestamp

    from flyte_testkit.admin.database.rows import ProjectRow
    from flyte_testkit.admin.database.store import Store

__all__ = [
    "datetime_range",
    "execution_name",
    "existing_project",
    "given",
    "identifier",
    "labels",
    "limit",
    "literal_map",
    "named_entity_identifier",
    "node_execution_identifier",
    "notifications",
    "output_size",
    "project_and_domain",
    "project_for_update",
    "resource_type",
    "task_execution_identifier",
    "workflow_execution_identifier",
]

_MAX_LABELS = 16
_MAX_EXECUTION_NAME = 63
_EXECUTION_NAME = r"^[a-z][a-z\-0-9]*$"
_IS_NAME = re.compile(_EXECUTION_NAME, re.ASCII)
_ENDED = frozenset(map(execution_pb2.WorkflowExecution.Phase.Value, OUTCOMES))
_YEAR_1 = -62135596800
_YEAR_10000 = 253402300800
_SECOND = 10**9


def given(message: Message, field: str) -> Any:
    """Return a sub-message if it was sent, else None; protobuf itself would give an empty one."""
    return getattr(message, field) if message.HasField(field) else None


# --- identifiers


def identifier(id_: identifier_pb2.Identifier | None, resource_type_: int) -> None:
    """Check the identifier of a task, workflow or launch plan, its type before its parts.

    Raises:
        AdminError: It is missing, of another type, or lacks a part.
    """
    if id_ is None:
        raise missing("id")
    kind = id_.resource_type
    if kind != resource_type_:
        raise invalid_argument(
            f"unexpected resource type {_type_name(kind)} for identifier [{prototext(id_)}], "
            f"expected {_type_name(resource_type_)} instead"
        )
    _parts(id_, "project", "domain", "name", "version")


def workflow_execution_identifier(id_: Message | None) -> None:
    """Check the identifier of a workflow execution.

    Raises:
        AdminError: It is missing or lacks a part.
    """
    if id_ is None:
        raise missing("id")
    _parts(id_, "project", "domain", "name")


def node_execution_identifier(id_: Message | None) -> None:
    """Check the identifier of a node execution, its own fields before those of the execution.

    Raises:
        AdminError: It is missing or lacks a part.
    """
    if id_ is None:
        raise missing("id")
    execution_id = given(id_, "execution_id")
    if execution_id is None:
        raise missing("execution_id")
    _parts(id_, "node_id")
    workflow_execution_identifier(execution_id)


def task_execution_identifier(id_: Message | None) -> None:
    """Check the identifier of a task execution, the node's before the task's.

    Raises:
        AdminError: It is missing, lacks a part, or the task's is of another type.
    """
    if id_ is None:
        raise missing("id")
    node_execution_id = given(id_, "node_execution_id")
    if node_execution_id is None:
        raise missing("node_execution_id")
    node_execution_identifier(node_execution_id)
    task_id = given(id_, "task_id")
    if task_id is None:
        raise missing("task_id")
    identifier(task_id, identifier_pb2.TASK)


def named_entity_identifier(id_: Message | None) -> None:
    """Check the name that all versions of an entity share.

    Raises:
        AdminError: It is missing or lacks a part.
    """
    if id_ is None:
        raise missing("id")
    _parts(id_, "project", "domain", "name")


def resource_type(kind: int) -> None:
    """Refuse a resource type that is not given; numbers without a meaning pass.

    Raises:
        AdminError: It is UNSPECIFIED.
    """
    if kind == identifier_pb2.UNSPECIFIED:
        raise invalid_value("resource_type")


def _parts(message: Message, *fields: str) -> None:
    for field in fields:
        if not getattr(message, field):
            raise missing(field)


def _type_name(kind: int) -> str:
    return enums.column(identifier_pb2.ResourceType, kind).lower()


# --- projects and domains


def project_and_domain(store: Store, project: str, domain: str) -> None:
    """Check that something new may be made here: the project active, the domain configured.

    Raises:
        AdminError: The project is unknown or not active, or the domain is unknown.
    """
    row = _project(
        store,
        project,
        f"failed to validate that project [{project}] and domain [{domain}] are registered",
    )
    if row.state != project_pb2.Project.ACTIVE:
        raise inactive_project(project)
    if domain not in DOMAINS:
        raise invalid_argument(f"domain [{domain}] is unrecognized by system")


def project_for_update(store: Store, project: str) -> None:
    """Check that attributes of a project may change.

    Raises:
        AdminError: The project is unknown or not active.
    """
    row = _project(store, project, f"failed to validate that project [{project}] is registered")
    if row.state != project_pb2.Project.ACTIVE:
        raise invalid_argument(f"project [{project}] is not active")


def existing_project(store: Store, project: str) -> None:
    """Check that attributes of a project may be read; it need not be active.

    Raises:
        AdminError: The project is unknown.
    """
    _project(store, project, f"failed to validate that project [{project}] exists")


def _project(store: Store, project: str, complaint: str) -> ProjectRow:
    row = store.projects.fitting(project)
    if row is None:
        reason = f"project [{project}] not found"
        try:
            storable(project)
        except AdminError as error:
            reason = error.message
        raise invalid_argument(f"{complaint}, err: [{reason}]")
    return row


# --- parts of requests


def limit(number: int) -> None:
    """Refuse a list of nothing; there is no upper bound.

    Raises:
        AdminError: The limit is 0.
    """
    if not number:
        raise invalid_value("limit")


def labels(entries: Mapping[str, str]) -> None:
    """Check labels as Kubernetes will: their number, then each key before its value.

    Raises:
        AdminError: There are too many, or one is malformed.
    """
    if len(entries) > _MAX_LABELS:
        raise invalid_argument(f"labels map cannot exceed {_MAX_LABELS} entries")
    for key in sorted(entries):
        value = entries[key]
        problems = label_key_problems(key)
        if problems:
            raise invalid_argument(f"invalid label key [{key}]: [{' '.join(problems)}]")
        problems = label_value_problems(value)
        if problems:
            raise invalid_argument(f"invalid label value [{value}]: [{' '.join(problems)}]")


def literal_map(literals: literals_pb2.LiteralMap | None, field: str) -> None:
    """Check that every literal has a name and a value; the first datetime ends the check.

    Raises:
        AdminError: A name or a value is missing, or that datetime is out of range.
    """
    if literals is None:
        return
    for name in sorted(literals.literals):
        literal = literals.literals[name]
        if not name:
            raise missing(f"key in {field}")
        if literal.WhichOneof("value") is None:
            raise missing(f"valid literal in {field} {name}")
        if literal.scalar.primitive.HasField("datetime"):
            datetime_range(literal.scalar.primitive.datetime)
            return


def datetime_range(timestamp: Timestamp) -> None:
    """Refuse a datetime outside the years 1 to 9999.

    Raises:
        AdminError: It is outside, or no datetime at all.
    """
    shown = prototext(timestamp)
    if timestamp.seconds < _YEAR_1:
        raise invalid_argument(f"proto: timestamp ({shown}) before 0001-01-01")
    if timestamp.seconds >= _YEAR_10000:
        raise invalid_argument(f"proto: timestamp ({shown}) after 9999-12-31")
    if not 0 <= timestamp.nanos < _SECOND:
        raise invalid_argument(f"proto: timestamp ({shown}) has out-of-range nanos")


def notifications(entries: Iterable[common_pb2.Notification]) -> None:
    """Check that every notification has a kind, somebody to tell and phases that are ends.

    Raises:
        AdminError: One has not.
    """
    for entry in entries:
        kind = entry.WhichOneof("type")
        if kind is None:
            raise invalid_value("notification type")
        recipients = getattr(entry, kind).recipients_email
        if not recipients:
            raise missing("recipients")
        if not all(recipients):
            raise missing("recipient")
        if not _ENDED.issuperset(entry.phases):
            raise invalid_value("phase")


def execution_name(name: str) -> None:
    """Check a name that becomes one of Kubernetes' too; letters are lowered before the look.

    Raises:
        AdminError: It is too long or has other characters than letters, digits and ``-``.
    """
    name = lowered(name)
    if len(name.encode()) > _MAX_EXECUTION_NAME:
        raise invalid_argument(f"size of name exceeded length {_MAX_EXECUTION_NAME} : {name}")
    if not _IS_NAME.fullmatch(name) or name.endswith("\n"):
        raise invalid_argument(
            f"invalid name format: {name}, does not match regex '{_EXECUTION_NAME}'"
        )


def output_size(outputs: Message) -> None:
    """Refuse outputs that are too heavy to pass through FlyteAdmin.

    Raises:
        AdminError: They weigh more than is configured.
    """
    size = outputs.ByteSize()
    if size > MAX_OUTPUT_BYTES:
        raise AdminError(
            "RESOURCE_EXHAUSTED",
            f"Output data size exceeds platform configured threshold ({size} > {MAX_OUTPUT_BYTES})",
        )
