"""What FlyteAdmin says when it refuses: a code, a text and sometimes a typed detail (§1.1).

One function for each family of refusals that several managers share; a refusal that one rule alone
can give is raised where that rule stands. Ignorant of gRPC: a code is its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from flyteidl.admin import event_pb2, project_pb2

from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = [
    "MAX_MESSAGE_BYTES",
    "AdminError",
    "Code",
    "already_exists",
    "already_in_terminal_state",
    "database_error",
    "entity_not_found",
    "failed_precondition",
    "inactive_project",
    "incompatible_cluster",
    "internal",
    "invalid_argument",
    "invalid_value",
    "missing",
    "not_found",
]

MAX_MESSAGE_BYTES = 32_000
"""A longer text is cut at this byte, and loses its details (§1.1)."""

Code = Literal[
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]


class AdminError(Exception):
    """A refusal of FlyteAdmin, to be sent to the client word for word.

    Attributes:
        code: The name of the gRPC status code.
        message: The text that travels on the wire.
        details: Typed messages that travel beside it.
    """

    def __init__(self, code: Code, message: str, *details: Message) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def invalid_argument(message: str, *details: Message) -> AdminError:
    """Refuse a request whose content is wrong."""
    return AdminError("INVALID_ARGUMENT", message, *details)


def missing(field: str) -> AdminError:
    """Refuse a request that lacks a field."""
    return invalid_argument(f"missing {field}")


def invalid_value(field: str) -> AdminError:
    """Refuse a request one of whose fields holds what it may not hold."""
    return invalid_argument(f"invalid value for {field}")


def not_found(message: str) -> AdminError:
    """Say that something is not there."""
    return AdminError("NOT_FOUND", message)


def entity_not_found(kind: str, identifier: Message) -> AdminError:
    """Say that no row of this kind has this identifier (which prints without its resource type)."""
    return not_found(
        f"missing entity of type {kind} with identifier {prototext(identifier)}",
    )


def already_exists(constraint: str) -> AdminError:
    """Refuse a row whose key is taken, as PostgreSQL words it."""
    return AdminError(
        "ALREADY_EXISTS",
        "value with matching already exists "
        f'(duplicate key value violates unique constraint "{constraint}")',
    )


def failed_precondition(message: str, *details: Message) -> AdminError:
    """Refuse what the present state forbids."""
    return AdminError("FAILED_PRECONDITION", message, *details)


def already_in_terminal_state(message: str, current_phase: str) -> AdminError:
    """Refuse to move what has ended; the detail names a phase."""
    state = event_pb2.EventErrorAlreadyInTerminalState(current_phase=current_phase)
    return failed_precondition(
        message, event_pb2.EventFailureReason(already_in_terminal_state=state)
    )


def incompatible_cluster(message: str, cluster: str) -> AdminError:
    """Refuse an event of a cluster that does not run the execution."""
    reason = event_pb2.EventErrorIncompatibleCluster(cluster=cluster)
    return failed_precondition(message, event_pb2.EventFailureReason(incompatible_cluster=reason))


def inactive_project(project: str) -> AdminError:
    """Refuse to make something new in a project that is not active."""
    return invalid_argument(
        f"project [{project}] is not active", project_pb2.InactiveProject(id=project)
    )


def internal(message: str) -> AdminError:
    """Report what FlyteAdmin itself could not do."""
    return AdminError("INTERNAL", message)


def database_error(message: str) -> AdminError:
    """Report what PostgreSQL refused, as FlyteAdmin passes it on: with code UNKNOWN, on purpose."""
    return AdminError("UNKNOWN", f"failed database operation with {message}")
