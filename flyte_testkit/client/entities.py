"""What can be launched: tasks, workflows and launch plans as the server has them.

Under flytekit's names, and only what launching and watching takes: the identifier, the interface,
and the compiled workflow that says which node is what. This module is ignorant of calls: who
fetches these is ``remote``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyte_testkit.client.models import Identifier, TypedInterface

if TYPE_CHECKING:
    from flyteidl.admin import launch_plan_pb2
    from flyteidl.core import compiler_pb2, tasks_pb2

__all__ = ["FlyteLaunchPlan", "FlyteTask", "FlyteWorkflow"]


class _Entity:
    """An identifier and an interface."""

    def __init__(self, entity_id: Identifier, interface: TypedInterface) -> None:
        self._id = entity_id
        self._interface = interface

    @property
    def id(self) -> Identifier:
        """What names this version."""
        return self._id

    @property
    def name(self) -> str:
        """The name within project and domain."""
        return self._id.name

    @property
    def version(self) -> str:
        """The version."""
        return self._id.version

    @property
    def interface(self) -> TypedInterface:
        """What goes in and what comes out."""
        return self._interface

    @property
    def python_interface(self) -> None:
        """Nothing, as for flytekit's fetched entities: the server does not know Python types."""

    def __repr__(self) -> str:
        i = self._id
        return f"<{type(self).__name__} {i.project}/{i.domain}/{i.name}/{i.version}>"


class FlyteTask(_Entity):
    """A registered task."""

    def __init__(self, entity_id: Identifier, template: tasks_pb2.TaskTemplate) -> None:
        super().__init__(entity_id, TypedInterface.from_flyte_idl(template.interface))
        self._template = template

    @property
    def type(self) -> str:
        """The task's type, which chooses the plugin: ``'python-task'``, …."""
        return self._template.type


class FlyteWorkflow(_Entity):
    """A registered workflow."""

    def __init__(
        self, entity_id: Identifier, closure: compiler_pb2.CompiledWorkflowClosure
    ) -> None:
        super().__init__(
            entity_id, TypedInterface.from_flyte_idl(closure.primary.template.interface)
        )
        self._closure = closure

    @property
    def compiled(self) -> Any:
        """The compiled workflow: nodes, sub-workflows and tasks, as flyteidl has them."""
        return self._closure


class FlyteLaunchPlan(_Entity):
    """A registered launch plan, with the workflow it launches."""

    def __init__(
        self, entity_id: Identifier, spec: launch_plan_pb2.LaunchPlanSpec, workflow: FlyteWorkflow
    ) -> None:
        super().__init__(entity_id, workflow.interface)
        self._spec = spec
        self._workflow = workflow

    @property
    def workflow_id(self) -> Identifier:
        """What names the workflow it launches."""
        return Identifier.from_flyte_idl(self._spec.workflow_id)

    @property
    def flyte_workflow(self) -> FlyteWorkflow:
        """The workflow it launches."""
        return self._workflow

    @property
    def spec(self) -> Any:
        """Its defaults, fixed inputs and schedule, as flyteidl has them."""
        return self._spec
