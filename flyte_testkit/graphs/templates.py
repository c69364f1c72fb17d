"""A graph as FlyteAdmin takes it: the templates of its tasks, its sub-workflows and its workflow.

Ids are those that flytekit gives: ``n0``, ``n1``, … in the order in which the nodes are written,
``fn0`` for the failure node. Ignorant of scripts, and of who registers all this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyteidl.core import (
    condition_pb2,
    identifier_pb2,
    interface_pb2,
    literals_pb2,
    tasks_pb2,
    types_pb2,
    workflow_pb2,
)

from flyte_testkit.errors import RegistrationError, close_names
from flyte_testkit.graphs.bound import bound, promised_outputs, type_of
from flyte_testkit.graphs.waits import sleeping, waiting
from flyte_testkit.guesses import Seen
from flyte_testkit.nodes import Promise
from flyte_testkit.nodes._names import FAILURE_NODE, same
from flyte_testkit.nodes.order import last_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.graphs.drawn import Graph, Part, Plan
    from flyte_testkit.graphs.mapped import Mapped

    Kinds = Mapping[str, types_pb2.LiteralType]

__all__ = ["Maker", "Scope", "Templates", "templates"]


@dataclass
class Templates:
    """All that is to be registered for a graph.

    Attributes:
        workflow: The workflow; it takes nothing, and gives what the graph says.
        tasks: The tasks of all its nodes.
        sub_workflows: What is sent along with it.
    """

    workflow: workflow_pb2.WorkflowTemplate
    tasks: list[tasks_pb2.TaskTemplate] = field(default_factory=list)
    sub_workflows: list[workflow_pb2.WorkflowTemplate] = field(default_factory=list)


def templates(graph: Graph, id_: identifier_pb2.Identifier) -> Templates:
    """Return the templates of a graph.

    Args:
        graph: The graph.
        id_: What its workflow is called; tasks are called after it, and are of its version.

    Raises:
        RegistrationError: A node is promised what another one does not give.
    """
    maker = Maker(id_)
    workflow = maker.workflow(id_.name, graph)
    return Templates(workflow, maker.tasks, maker.sub_workflows)


class Maker:
    """Makes the templates of one version of one name.

    Args:
        id_: What the workflow is called.

    Attributes:
        prefix: What the ids of nodes begin with.
    """

    prefix = "n"

    def __init__(self, id_: identifier_pb2.Identifier) -> None:
        self._id = id_
        self.tasks: list[tasks_pb2.TaskTemplate] = []
        self.sub_workflows: list[workflow_pb2.WorkflowTemplate] = []
        self._known: dict[object, tasks_pb2.TaskTemplate] = {}  # those that several nodes run

    def workflow(self, path: str, graph: Graph) -> workflow_pb2.WorkflowTemplate:
        """Return the template of a workflow, or of one inside of it."""
        scope = Scope(self, path, graph)
        id_ = self._called(identifier_pb2.WORKFLOW, path)
        template = workflow_pb2.WorkflowTemplate(id=id_, nodes=scope.nodes())
        template.interface.outputs.SetInParent()  # who launches it asks for them
        for output, value in scope.outputs().items():
            kind, binding = scope.bound(f"the output {output!r} of {path!r}", output, value)
            template.interface.outputs.variables[output].type.CopyFrom(kind)
            template.outputs.append(binding)
        if graph.failure_node is not None:
            name, part = graph.failure_node
            template.failure_node.CopyFrom(scope.node(FAILURE_NODE, name, part))
        return template

    def sub_workflow(self, path: str, graph: Graph) -> workflow_pb2.WorkflowTemplate:
        """Make the template of a workflow that is sent along."""
        template = self.workflow(path, graph)
        self.sub_workflows.append(template)
        return template

    def called(self, part: Part, node: workflow_pb2.Node) -> str:  # noqa: ARG002  it is made up
        """Return what a node is called that has no name of its own; empty for its id."""
        return ""

    def registered(self, scope: Scope, node: workflow_pb2.Node, part: Part, path: str) -> Kinds:
        """Let a node run a registered task, or map it; return what it gives.

        Raises:
            RegistrationError: There is none, or it cannot be run so.
        """
        raise NotImplementedError  # of what is made up all tasks are

    def task(self, path: str, part: Part, inputs: Kinds, outputs: Kinds) -> tasks_pb2.TaskTemplate:
        """Make the template of a task; nodes that are the very same run one."""
        key = id(part), tuple(outputs)
        if (known := self._known.get(key)) is not None:
            return known
        template = self._known[key] = self._task(path, part, inputs, outputs)
        self.tasks.append(template)
        return template

    def _task(self, path: str, part: Part, inputs: Kinds, outputs: Kinds) -> tasks_pb2.TaskTemplate:
        template = tasks_pb2.TaskTemplate(
            id=self._called(identifier_pb2.TASK, path),
            type="python-task",
            metadata=tasks_pb2.TaskMetadata(
                retries=literals_pb2.RetryStrategy(retries=part.retries)
            ),
            interface=interface_pb2.TypedInterface(
                inputs=_variables(inputs), outputs=_variables(outputs)
            ),
            container=tasks_pb2.Container(image="flyte-testkit:stub", args=["true"]),
        )
        if part.interruptible:
            template.metadata.interruptible = True
        if part.cached:
            template.metadata.discoverable = True
            template.metadata.discovery_version = "1"
        if part.deck:
            template.metadata.generates_deck.value = True
        return template

    def launch_plan(self, plan: Plan) -> identifier_pb2.Identifier:
        """Return the identifier of a launch plan, which is registered where the workflow is."""
        id_ = self._called(identifier_pb2.LAUNCH_PLAN, plan.name)
        id_.version = plan.version
        return id_

    def _called(self, kind: identifier_pb2.ResourceType, name: str) -> identifier_pb2.Identifier:
        id_ = identifier_pb2.Identifier()
        id_.CopyFrom(self._id)
        id_.resource_type, id_.name = kind, name
        return id_


class Scope:
    """Nodes beside each other, while their templates are made."""

    def __init__(self, maker: Maker, path: str, graph: Graph) -> None:
        self._maker = maker
        self._path = path
        self._graph = graph
        self._promised = promised_outputs(graph)
        self.ids = {same(name): id_ for name, id_ in graph.numbered(maker.prefix).items()}
        self.kinds: dict[str, Kinds] = {}

    def nodes(self) -> list[workflow_pb2.Node]:
        """Return all nodes but the failure node, each behind those that it comes after."""
        found: dict[str, workflow_pb2.Node] = {}
        for name in self._graph.parts:
            todo = [name]
            while todo:  # there is no circle
                earlier = self._graph.before[todo[-1]]
                if unknown := [one for one in earlier if one not in found]:
                    todo += reversed(unknown)
                elif (one := todo.pop()) not in found:
                    found[one] = self._node(one)
        return list(found.values())

    def _node(self, name: str) -> workflow_pb2.Node:
        node = self.node(self.ids[same(name)], name, self._graph.parts[name])
        earlier = self._graph.before[name]
        node.upstream_node_ids.extend(sorted(self.ids[same(one)] for one in earlier))
        return node

    def node(self, id_: str, name: str, part: Part) -> workflow_pb2.Node:
        """Return one node, and take down what it gives; what it runs is made along with it."""
        node, given = self._made(id_, name, part, f"{self._path}.{name}", same(name))
        if name == id_ and (called := self._maker.called(part, node)):
            node.metadata.name = called  # it has no name of its own
        self.kinds[same(name)] = given
        for output in sorted(self._promised.get(same(name), ())):
            if output not in given:
                raise RegistrationError(
                    f"{output!r} of {name!r} is promised to others, but no script lets {name!r} of"
                    f" {self._path!r} give it.{close_names(output, given)}"
                    f"\nIt gives {', '.join(map(repr, given)) or 'nothing'}."
                )
        return node

    def bound(
        self, what: str, key: str, value: object
    ) -> tuple[types_pb2.LiteralType, literals_pb2.Binding]:
        """Return the type and the binding of a variable.

        Raises:
            RegistrationError: Flyte has no type for it.
        """
        try:
            kind = type_of(value, self.kinds)
            return kind, bound(key, value, kind, self.ids)
        except RegistrationError as error:
            raise RegistrationError(f"{what}: {error}") from error

    def outputs(self) -> Mapping[str, object]:
        """Return what the whole is bound to give: what is said, or what its last nodes give."""
        if self._graph.outputs is not None:
            return self._graph.outputs
        found = self.of_the_last()
        return {output: promises[0] for output, promises in found.items() if len(promises) == 1}

    def of_the_last(self) -> dict[str, list[Promise]]:
        """Return what the nodes give that nobody comes after, by name."""
        found: dict[str, list[Promise]] = {}
        for name in last_of(self._graph.before):
            for output in self.kinds[same(name)]:
                found.setdefault(output, []).append(Promise(name, output))
        return found

    def _made(
        self, id_: str, name: str, part: Part, path: str, giver: str
    ) -> tuple[workflow_pb2.Node, Kinds]:
        """Return a node and what it gives; an arm gives for its branch, the giver."""
        node = workflow_pb2.Node(id=id_, metadata=workflow_pb2.NodeMetadata(name=name))
        node.metadata.retries.SetInParent()
        if part.interruptible:
            node.metadata.interruptible = True
        if part.mapped is not None:
            return node, self._map(node, part, part.mapped, path, giver)
        if part.plan is not None:
            return node, self._launch_plan(node, part, part.plan, path)
        if part.word == "nodes.gate":
            return node, waiting(node, name, part.outputs, part.lasts)
        if part.word == "nodes.sleep":
            sleeping(node, part.lasts or 0.0)
            return node, {}
        if part.inside is None:
            return node, self._task(node, part, path, giver)
        if part.word == "nodes.branch":
            return node, self._branch(node, part.inside, path, giver)
        template = self._maker.sub_workflow(path, part.inside)
        node.workflow_node.sub_workflow_ref.CopyFrom(template.id)
        variables = template.interface.outputs.variables
        return node, {key: variable.type for key, variable in variables.items()}

    def _task(self, node: workflow_pb2.Node, part: Part, path: str, giver: str) -> Kinds:
        if part.of:
            return self._maker.registered(self, node, part, path)
        given = {key: seen.type for key, seen in self._seen(part, giver).items()}
        kinds = self._inputs(node, part.inputs, path)
        template = self._maker.task(path, part, kinds, given)
        node.task_node.reference_id.CopyFrom(template.id)
        return given

    def _map(
        self, node: workflow_pb2.Node, part: Part, mapped: Mapped, path: str, giver: str
    ) -> Kinds:
        """Make a map of a task: what it is given that is a list is mapped, the rest is bound."""
        if part.of:
            return self._maker.registered(self, node, part, path)
        given = mapped.outputs(self._seen(part, giver))
        kinds = self._inputs(node, part.inputs, path)
        bound = sorted(key for key, kind in kinds.items() if not kind.HasField("collection_type"))
        if len(bound) == len(kinds):
            name = next(one for one in ("item", "number", "mapped_item") if one not in kinds)
            kinds |= self._inputs(node, {name: mapped.numbers(repr(path))}, path)
        template = self._maker.task(path, part, kinds, given)
        node.task_node.reference_id.CopyFrom(template.id)
        mapped.node(node, part.retries)
        node.array_node.bound_inputs.extend(bound)
        return given

    def _seen(self, part: Part, giver: str) -> Mapping[str, Seen]:
        """Return what a task gives: if nobody said it at least what is promised, of any type."""
        return part.outputs or {key: Seen() for key in sorted(self._promised.get(giver, ()))}

    def _inputs(
        self, node: workflow_pb2.Node, inputs: Mapping[str, object], path: str
    ) -> dict[str, types_pb2.LiteralType]:
        """Bind what a node is given; return the types."""
        kinds = {}
        for key, value in inputs.items():
            kinds[key], binding = self.bound(f"the input {key!r} of {path!r}", key, value)
            node.inputs.append(binding)
        return kinds

    def _launch_plan(self, node: workflow_pb2.Node, part: Part, plan: Plan, path: str) -> Kinds:
        node.workflow_node.launchplan_ref.CopyFrom(self._maker.launch_plan(plan))
        said = f"{path!r} launches {plan.name!r}, which"
        for key, value in part.inputs.items():
            if key not in plan.inputs:
                raise RegistrationError(
                    f"{said} takes no {key!r}.{close_names(key, plan.inputs)}"
                    f"\nIt takes {', '.join(map(repr, plan.inputs)) or 'nothing'}."
                    f" Register what it takes: register({plan.name!r}, inputs={{…}})."
                )
            try:
                node.inputs.append(bound(key, value, plan.inputs[key], self.ids))
            except RegistrationError as error:
                raise RegistrationError(f"{said} takes {key!r}: {error}") from None
        for key in sorted(plan.required - part.inputs.keys()):
            raise RegistrationError(
                f"{said} needs {key!r}.\nWrite nodes.launch_plan(of={plan.name!r},"
                f" inputs={{{key!r}: …}})."
            )
        return plan.outputs

    def _branch(self, node: workflow_pb2.Node, arms: Graph, path: str, giver: str) -> Kinds:
        """Make a conditional that takes the one arm there is; else it would fail."""
        ((name, part),) = arms.parts.items()
        arm, given = self._made(f"{self._maker.prefix}0", name, part, f"{path}.{name}", giver)
        one = condition_pb2.Operand(primitive=literals_pb2.Primitive(integer=1))
        comparison = condition_pb2.ComparisonExpression(
            operator=condition_pb2.ComparisonExpression.EQ, left_value=one, right_value=one
        )
        block = node.branch_node.if_else
        block.case.condition.comparison.CopyFrom(comparison)
        block.case.then_node.CopyFrom(arm)
        block.error.CopyFrom(types_pb2.Error(failed_node_id=node.id, message="no arm is taken"))
        return given


def _variables(kinds: Kinds) -> interface_pb2.VariableMap:
    return interface_pb2.VariableMap(
        variables={key: interface_pb2.Variable(type=kind) for key, kind in kinds.items()}
    )
