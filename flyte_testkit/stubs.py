"""Launch plans by name alone, for tests whose workflow lives elsewhere.

A stub is registered as anything is: a task, a workflow of that one task and an active launch plan,
all of one name, sent through FlyteAdmin's own RPCs. So clients can fetch, describe and launch it,
and FlyteAdmin checks its inputs. Ignorant of scripts and of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
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

from flyte_testkit import literals
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.errors import RegistrationError, close_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from google.protobuf.message import Message

    Answer = Callable[[str, Message], Message]

__all__ = ["Stub", "check_outputs", "infer_outputs"]

NODE = "n0"


@dataclass(frozen=True)
class Stub:
    """A launch plan of which only the name and the interface matter.

    Attributes:
        project: Where it is registered.
        domain: Likewise.
        name: The name of its task, its workflow and its launch plan.
        version: The version of all three.
        interface: What goes in and comes out.
    """

    project: str
    domain: str
    name: str
    version: str
    interface: interface_pb2.TypedInterface

    @classmethod
    def declared(
        cls,
        place: tuple[str, str],
        name: str,
        version: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
    ) -> Stub:
        """Return the stub with an interface of Python types.

        Raises:
            RegistrationError: A type has no counterpart in Flyte.
        """
        interface = interface_pb2.TypedInterface(
            inputs=literals.variable_map(inputs),
            outputs=literals.variable_map(outputs),
        )
        return cls(*place, name, version, interface)

    def register(self, answer: Answer) -> None:
        """Register task, workflow and launch plan, and activate the launch plan.

        Args:
            answer: What answers an RPC, by name.

        Raises:
            RegistrationError: FlyteAdmin refuses one of them.
        """
        plan = self._id(identifier_pb2.LAUNCH_PLAN)
        activate = launch_plan_pb2.LaunchPlanUpdateRequest(id=plan, state="ACTIVE")
        try:
            answer("CreateTask", self._task())
            answer("CreateWorkflow", self._workflow())
            answer("CreateLaunchPlan", self._launch_plan())
            answer("UpdateLaunchPlan", activate)
        except AdminError as refusal:
            raise RegistrationError(
                f"register({self.name!r}, version={self.version!r}) is refused by FlyteAdmin: "
                f"{refusal.message}\n"
                "Give it another name or version."
            ) from refusal

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

    def _launch_plan(self) -> launch_plan_pb2.LaunchPlanCreateRequest:
        spec = launch_plan_pb2.LaunchPlanSpec(workflow_id=self._id(identifier_pb2.WORKFLOW))
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


def infer_outputs(name: str, scripted: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the types of all the outputs that the scripts of one launch plan name.

    Raises:
        RegistrationError: Two scripts disagree about the type of an output.
    """
    values: dict[str, list[Any]] = {}
    for outputs in scripted:
        for key, value in outputs.items():
            values.setdefault(key, []).append(value)
    return {key: _common_type(name, key, found) for key, found in values.items()}


def _common_type(name: str, key: str, values: list[Any]) -> types_pb2.LiteralType:
    """Infer one type for all values of an output; only None may stand beside another."""
    try:
        common = literals.infer_type(values).collection_type
    except RegistrationError as error:
        raise RegistrationError(
            f"the output {key!r} of {name!r} does not say which type it has: {error}\n"
            f"Declare it: register({name!r}, outputs={{{key!r}: …}})."
        ) from error
    somethings = [kind for kind in common.union_type.variants if kind.simple != types_pb2.NONE]
    if len(somethings) > 1:
        kinds = " and ".join(sorted({literals.describe(literals.infer_type(v)) for v in values}))
        raise RegistrationError(
            f"the scripts of {name!r} disagree about the output {key!r}: it is {kinds}.\n"
            f"Say which it is: register({name!r}, outputs={{{key!r}: …}})."
        )
    return common


def check_outputs(
    name: str, outputs: Mapping[str, Any], declared: interface_pb2.VariableMap
) -> None:
    """Refuse outputs that a real run could not have: unknown ones, missing ones, wrong types.

    Raises:
        RegistrationError: Says which, and what is declared.
    """
    known = declared.variables
    interface = ", ".join(f"{k}: {literals.describe(v.type)}" for k, v in sorted(known.items()))
    truth = f"{name!r} declares {f'the outputs {interface}' if interface else 'no outputs'}."
    for key in outputs:
        if key not in known:
            raise RegistrationError(
                f"a script of {name!r} succeeds with an output {key!r}. {truth}"
                f"{close_names(key, known)}\nScript what is declared, or declare it."
            )
    if missing := sorted(set(known) - set(outputs)):
        raise RegistrationError(
            f"a script of {name!r} succeeds without {', '.join(map(repr, missing))}. {truth}\n"
            f"A run that succeeds has made all of them: .succeeds({missing[0]}=…)."
        )
    types = {key: variable.type for key, variable in known.items()}
    literals.literal_map(outputs, types, of="output")
