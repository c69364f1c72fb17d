"""Where Flyte's console shows a thing. It is ignorant of whether anybody serves those pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.client.models import (
    Identifier,
    NodeExecutionIdentifier,
    TaskExecutionIdentifier,
    WorkflowExecutionIdentifier,
)
from flyte_testkit.client.phases import ResourceType
from flyte_testkit.errors import shown

if TYPE_CHECKING:
    from flyte_testkit.client.config import PlatformConfig

__all__ = ["console_domain", "console_url"]

_WORDS = {ResourceType.TASK: "task", ResourceType.LAUNCH_PLAN: "launch_plan"}


def console_domain(platform: PlatformConfig) -> str:
    """Return where the console is: where it is configured to be, else at the endpoint."""
    if platform.console_endpoint:
        return platform.console_endpoint
    return f"{'http' if platform.insecure else 'https'}://{platform.endpoint}"


def console_url(platform: PlatformConfig, entity: object) -> str:
    """Return the address of an execution, an entity, or what names one.

    Nodes and attempts have no page of their own: theirs is the execution's. (flytekit breaks on
    them with an ``AttributeError``.)

    Raises:
        ValueError: It is something else.
    """
    known = (
        WorkflowExecutionIdentifier,
        Identifier,
        NodeExecutionIdentifier,
        TaskExecutionIdentifier,
    )
    named = entity if isinstance(entity, known) else getattr(entity, "id", None)
    if isinstance(named, TaskExecutionIdentifier):
        named = named.node_execution_id
    if isinstance(named, NodeExecutionIdentifier):
        named = named.execution_id
    if isinstance(named, WorkflowExecutionIdentifier):
        rest = f"executions/{named.name}"
    elif isinstance(named, Identifier):
        word = _WORDS.get(ResourceType(named.resource_type), "workflow")
        rest = f"{word}/{named.name}/version/{named.version}"
    else:
        raise ValueError(  # noqa: TRY004  flytekit's class
            f"{shown(entity)} ({type(entity).__name__}) has no page in the console: only "
            "executions, tasks, workflows, launch plans and their identifiers do."
        )
    where = f"{console_domain(platform)}/console/projects/{named.project}/domains/{named.domain}"
    return f"{where}/{rest}"
