"""Launch plans by name alone, for tests whose workflow lives elsewhere.

A stub is registered as anything is: a task, a workflow of that one task and an active launch plan,
all of one name, sent through FlyteAdmin's own RPCs. So clients can fetch, describe and launch it,
and FlyteAdmin checks its inputs. If a graph says which nodes there are, the workflow has those.
Ignorant of scripts and of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flyteidl.admin import launch_plan_pb2, schedule_pb2, task_pb2, workflow_pb2
from flyteidl.core import (
    identifier_pb2,
    interface_pb2,
    literals_pb2,
    tasks_pb2,
    types_pb2,
)
from flyteidl.core import (
    workflow_pb2 as core_workflow_pb2,
)

from flyte_testkit import flow, literals
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.errors import RegistrationError
from flyte_testkit.graphs import constant, plans_of, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.message import Message

    from flyte_testkit.graphs import Graph, Plan
    from flyte_testkit.guesses import Guess

    Answer = Callable[[str, Message], Message]

__all__ = ["Stub"]

NODE = "n0"


@dataclass(frozen=True, eq=False)
class Stub:
    """A launch plan of which only the name and the interface matter.

    Plain ones of which FlyteAdmin makes the same are equal.

    Attributes:
        project: Where it is registered.
        domain: Likewise.
        name: The name of its task, its workflow and its launch plan.
        version: The version of all three.
        interface: What goes in and comes out.
        optional: The inputs that may be left out; they are None then.
        schedule: When it runs by itself, if it does.
        graph: The nodes of its workflow; None is the one of its task.
    """

    project: str
    domain: str
    name: str
    version: str
    interface: interface_pb2.TypedInterface
    optional: frozenset[str] = frozenset()
    schedule: schedule_pb2.Schedule | None = None
    graph: Graph | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is of one task, and runs only when it is launched."""
        return self.schedule is None and self.graph is None

    def __eq__(self, other: object) -> bool:
        if not (isinstance(other, Stub) and self.is_plain and other.is_plain):
            return self is other
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[object, ...]:
        interface = self.interface.SerializeToString()  # in the order in which it binds them
        return (*self.place, self.name, self.version, interface, self.optional)

    @classmethod
    def declared(
        cls,
        place: tuple[str, str],
        name: str,
        version: str,
        inputs: Mapping[str, object],
        outputs: Mapping[str, object],
        schedule: schedule_pb2.Schedule | None = None,
    ) -> Stub:
        """Return the stub with an interface of Python types.

        Raises:
            RegistrationError: A type has no counterpart in Flyte.
        """
        interface = interface_pb2.TypedInterface(
            inputs=literals.variable_map(inputs),
            outputs=literals.variable_map(outputs),
        )
        return cls(*place, name, version, interface, schedule=schedule)

    @classmethod
    def guessed(
        cls,
        place: tuple[str, str],
        name: str,
        version: str,
        guess: Guess,
        graph: Graph | None = None,
    ) -> Stub:
        """Return the stub of what is only known from scripts."""
        interface = interface_pb2.TypedInterface(
            inputs=literals.variable_map({key: seen.type for key, seen in guess.inputs.items()}),
            outputs=literals.variable_map({key: seen.type for key, seen in guess.outputs.items()}),
        )
        optional = frozenset(key for key, seen in guess.inputs.items() if seen.nullable)
        return cls(*place, name, version, interface, optional, graph=graph)

    def register(self, answer: Answer, *, active: bool = True) -> None:
        """Register task, workflow and launch plan, and activate the launch plan.

        Args:
            answer: What answers an RPC, by name.
            active: Whether to activate it.

        Raises:
            RegistrationError: FlyteAdmin refuses one of them.
        """
        plan = self._id(identifier_pb2.LAUNCH_PLAN)
        activate = launch_plan_pb2.LaunchPlanUpdateRequest(id=plan, state="ACTIVE")
        try:
            answer("CreateTask", self._task())
            self.register_workflow(answer)
            answer("CreateLaunchPlan", self._launch_plan())
            if active:
                answer("UpdateLaunchPlan", activate)
        except AdminError as refusal:
            raise RegistrationError(
                f"register({self.name!r}, version={self.version!r}) is refused by FlyteAdmin: "
                f"{refusal.message}\n"
                f"{self._advice(refusal)}"
            ) from refusal

    def register_workflow(self, answer: Answer) -> None:
        """Register the workflow alone, and the tasks of its nodes.

        Raises:
            AdminError: FlyteAdmin refuses one of them.
        """
        workflow = self._workflow() if self.graph is None else self._made(answer)
        answer("CreateWorkflow", workflow)

    def _advice(self, refusal: AdminError) -> str:
        if self.schedule is not None and "cron" in refusal.message:
            return "A cron expression has five fields, such as '0 8 * * *', or is '@daily'."
        return "Give it another name or version."

    @property
    def place(self) -> tuple[str, str]:
        """Where it is registered."""
        return self.project, self.domain

    @property
    def plans(self) -> list[Plan]:
        """What its nodes launch."""
        return [] if self.graph is None else list(plans_of(self.graph))

    @property
    def task(self) -> identifier_pb2.Identifier:
        """The identifier of its task."""
        return self._id(identifier_pb2.TASK)

    def _id(self, kind: identifier_pb2.ResourceType) -> identifier_pb2.Identifier:
        return identifier_pb2.Identifier(
            resource_type=kind,
            project=self.project,
            domain=self.domain,
            name=self.name,
            version=self.version,
        )

    def _task(self) -> task_pb2.TaskCreateRequest:
        template = tasks_pb2.TaskTemplate(
            id=self._id(identifier_pb2.TASK),
            type="python-task",
            metadata=tasks_pb2.TaskMetadata(retries=literals_pb2.RetryStrategy()),
            interface=self.interface,
            container=tasks_pb2.Container(image="flyte-testkit:stub", args=["true"]),
        )
        return task_pb2.TaskCreateRequest(id=template.id, spec=task_pb2.TaskSpec(template=template))

    def _workflow(self) -> workflow_pb2.WorkflowCreateRequest:
        task = self._id(identifier_pb2.TASK)
        node = core_workflow_pb2.Node(
            id=NODE,
            metadata=core_workflow_pb2.NodeMetadata(name=self.name),
            inputs=_bindings("", self.interface.inputs),
            task_node=core_workflow_pb2.TaskNode(reference_id=task),
        )
        template = core_workflow_pb2.WorkflowTemplate(
            id=self._id(identifier_pb2.WORKFLOW),
            interface=self.interface,
            nodes=[node],
            outputs=_bindings(NODE, self.interface.outputs),
        )
        return workflow_pb2.WorkflowCreateRequest(
            id=template.id, spec=workflow_pb2.WorkflowSpec(template=template)
        )

    def _made(self, answer: Answer) -> workflow_pb2.WorkflowCreateRequest:
        """Register the tasks of the nodes, and return the workflow of them.

        What the nodes do not give, but a timeline did that says nothing of nodes, is a plain value.
        """
        assert self.graph is not None  # noqa: S101  it is asked for with one
        made = templates(self.graph, self._id(identifier_pb2.WORKFLOW))
        for task in made.tasks:
            answer(
                "CreateTask",
                task_pb2.TaskCreateRequest(id=task.id, spec=task_pb2.TaskSpec(template=task)),
            )
        template, given = made.workflow, made.workflow.interface.outputs.variables
        template.interface.inputs.CopyFrom(self.interface.inputs)
        others = interface_pb2.VariableMap(
            variables={k: v for k, v in self.interface.outputs.variables.items() if k not in given}
        )
        for name, value in flow.outputs(None, others, name=self.name).literals.items():
            given[name].CopyFrom(others.variables[name])
            template.outputs.append(constant(name, value))
        spec = workflow_pb2.WorkflowSpec(template=template, sub_workflows=made.sub_workflows)
        return workflow_pb2.WorkflowCreateRequest(id=template.id, spec=spec)

    @property
    def tasks(self) -> list[str]:
        """The names of all its tasks."""
        if self.graph is None:
            return [self.name]
        made = templates(self.graph, self._id(identifier_pb2.WORKFLOW))
        return [self.name, *(task.id.name for task in made.tasks)]

    def _launch_plan(self) -> launch_plan_pb2.LaunchPlanCreateRequest:
        spec = launch_plan_pb2.LaunchPlanSpec(workflow_id=self._id(identifier_pb2.WORKFLOW))
        for key in self.optional:
            variable = self.interface.inputs.variables[key]
            spec.default_inputs.parameters[key].CopyFrom(
                interface_pb2.Parameter(var=variable, default=literals.literal(None, variable.type))
            )
        if self.schedule is not None:
            spec.entity_metadata.schedule.CopyFrom(self.schedule)
        return launch_plan_pb2.LaunchPlanCreateRequest(
            id=self._id(identifier_pb2.LAUNCH_PLAN), spec=spec
        )


def _bindings(node: str, variables: interface_pb2.VariableMap) -> list[literals_pb2.Binding]:
    """Bind every variable to the output of that name of a node; the empty name is the workflow."""
    return [
        literals_pb2.Binding(
            var=name,
            binding=literals_pb2.BindingData(
                promise=types_pb2.OutputReference(node_id=node, var=name)
            ),
        )
        for name in variables.variables
    ]
