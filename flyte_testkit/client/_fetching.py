"""Entities from the server, each fetched once: a version never changes.

This module is ignorant of executions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flyteidl.admin import common_pb2

from flyte_testkit.client.entities import FlyteLaunchPlan, FlyteTask, FlyteWorkflow
from flyte_testkit.client.exceptions import FlyteEntityNotExistException
from flyte_testkit.client.models import Identifier
from flyte_testkit.client.phases import ResourceType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2

    from flyte_testkit.client._rpc import Rpc
    from flyte_testkit.client.models import TypedInterface

__all__ = ["NEWEST_FIRST", "Entities", "joined"]

_T = TypeVar("_T")

NEWEST_FIRST = common_pb2.Sort(key="created_at", direction=common_pb2.Sort.DESCENDING)

_LISTINGS = {
    ResourceType.TASK: ("ListTasks", "tasks"),
    ResourceType.WORKFLOW: ("ListWorkflows", "workflows"),
    ResourceType.LAUNCH_PLAN: ("ListLaunchPlans", "launch_plans"),
}


class Entities:
    """What one remote has fetched so far, and how it fetches more."""

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}

    def identifier(
        self,
        rpc: Rpc,
        kind: ResourceType,
        project: str,
        domain: str,
        name: str,
        version: str | None,
    ) -> Identifier:
        """Return what names a version; the latest registered if none is given, or ``"latest"``.

        Raises:
            FlyteEntityNotExistException: There is none by that name.
        """
        if version is None or version == "latest":
            listing, field = _LISTINGS[kind]
            request = common_pb2.ResourceListRequest(
                id=common_pb2.NamedEntityIdentifier(project=project, domain=domain, name=name),
                limit=1,
                sort_by=NEWEST_FIRST,
            )
            found = getattr(rpc(listing, request), field)
            if not found:
                raise FlyteEntityNotExistException(
                    f"There is no {kind.name.lower().replace('_', ' ')} {name!r} in "
                    f"{project!r}/{domain!r}."
                )
            version = found[0].id.version
        return Identifier(int(kind), project, domain, name, version)

    def task(self, rpc: Rpc, identifier: Identifier) -> FlyteTask:
        """Fetch a task."""
        return self._once(rpc, "GetTask", identifier, _task)

    def workflow(self, rpc: Rpc, identifier: Identifier) -> FlyteWorkflow:
        """Fetch a workflow."""
        return self._once(rpc, "GetWorkflow", identifier, _workflow)

    def launch_plan(self, rpc: Rpc, identifier: Identifier) -> FlyteLaunchPlan:
        """Fetch a launch plan and its workflow."""

        def made(identifier: Identifier, pb: launch_plan_pb2.LaunchPlan) -> FlyteLaunchPlan:
            workflow_id = Identifier.from_flyte_idl(pb.spec.workflow_id)
            return FlyteLaunchPlan(identifier, pb.spec, self.workflow(rpc, workflow_id))

        return self._once(rpc, "GetLaunchPlan", identifier, made)

    def interface(self, rpc: Rpc, identifier: Identifier) -> TypedInterface:
        """Fetch whatever an identifier names, for its interface."""
        if identifier.resource_type == ResourceType.TASK:
            return self.task(rpc, identifier).interface
        return self.launch_plan(rpc, identifier).interface

    def _once(
        self, rpc: Rpc, name: str, identifier: Identifier, make: Callable[[Identifier, Any], _T]
    ) -> _T:
        key = name.encode() + identifier.serialize_to_string()
        if key not in self._known:
            request = common_pb2.ObjectGetRequest(id=identifier.to_flyte_idl())
            self._known[key] = make(identifier, rpc(name, request))
        known: _T = self._known[key]
        return known


def _task(identifier: Identifier, pb: task_pb2.Task) -> FlyteTask:
    return FlyteTask(identifier, pb.closure.compiled_task.template)


def _workflow(identifier: Identifier, pb: workflow_pb2.Workflow) -> FlyteWorkflow:
    return FlyteWorkflow(identifier, pb.closure.compiled_workflow)


def joined(filters: str | Sequence[str] | None) -> str:
    """Return filters as the one text that FlyteAdmin reads: all must hold."""
    return filters if isinstance(filters, str) else "+".join(filters or ())
