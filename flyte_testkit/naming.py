"""What people mean when they name an entity or an execution: a text, or an object that knows.

Objects may be flytekit's, the toolkit's own client's, or messages; all of them carry their names
alike. Ignorant of what exists.
"""

from __future__ import annotations

from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit.errors import RouteError, shown

__all__ = ["entity_name", "execution_id"]


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
