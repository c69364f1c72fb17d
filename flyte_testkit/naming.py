"""What people mean when they name an entity or an execution: a text, or an object that knows.

Objects may be flytekit's, the toolkit's own client's, or messages; all of them carry their names
alike. Ignorant of what exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flyteidl.admin.execution_pb2 import ExecutionMetadata
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit.errors import RouteError, close_names, shown

__all__ = ["Mode", "entity_name", "execution_id", "execution_mode", "texts"]

Mode = Literal[
    "MANUAL", "SCHEDULED", "SYSTEM", "RELAUNCH", "CHILD_WORKFLOW", "RECOVERED", "TRIGGER"
]


def entity_name(entity: object) -> str:
    """Return the name of a launch plan, workflow or task.

    Raises:
        RouteError: It has none.
    """
    name = entity if isinstance(entity, str) else getattr(entity, "name", None)
    if isinstance(name, str) and name:
        return name
    raise RouteError(
        f"{shown(entity)} has no name that a launch could go by.\n"
        "Pass the name of a launch plan or task, or an entity of flytekit."
    )


def execution_id(execution: object, project: str, domain: str) -> WorkflowExecutionIdentifier:
    """Return the identifier of an execution; a bare name is of this project and domain.

    Raises:
        RouteError: It is no execution.
    """
    if isinstance(execution, str) and execution:
        return WorkflowExecutionIdentifier(project=project, domain=domain, name=execution)
    found = getattr(execution, "id", execution)
    parts = {part: getattr(found, part, None) for part in ("project", "domain", "name")}
    if all(isinstance(part, str) for part in parts.values()):
        return WorkflowExecutionIdentifier(**parts)
    raise RouteError(
        f"{shown(execution)} is no execution. Pass its name, a launch, or an execution object."
    )


def execution_mode(mode: object, call: str) -> int:
    """Return how an execution came to be, as Flyte numbers it; None is MANUAL.

    Raises:
        RouteError: There is no such mode.
    """
    modes = ExecutionMetadata.ExecutionMode
    if mode is None:
        return ExecutionMetadata.MANUAL
    if isinstance(mode, str) and mode.upper() in modes.keys():  # noqa: SIM118  an enum's wrapper
        return int(modes.Value(mode.upper()))
    if isinstance(mode, int) and not isinstance(mode, bool) and mode in modes.values():
        return mode
    near = close_names(mode.upper(), modes.keys()) if isinstance(mode, str) else ""
    raise RouteError(
        f"{call}: mode={mode!r} is none that Flyte has; it has "
        f"{', '.join(map(repr, modes.keys()))}.{near}"
    )


def texts(values: object, what: str) -> Mapping[str, str]:
    """Return texts by name, which are none at all if they are None.

    Raises:
        RouteError: They are something else.
    """
    if values is None:
        return {}
    if isinstance(values, Mapping) and all(
        isinstance(part, str) for pair in values.items() for part in pair
    ):
        return values
    raise RouteError(f"{what}={values!r} are not texts by name. Write {{'team': 'ml'}}.")
