"""What a dynamic task yields, as an engine compiles it: a workflow that nobody registered.

Its nodes are called ``dn0``, ``dn1``, …, those of its sub-workflows too. Tasks are made up, unless
a node is of a registered one. Ignorant of which attempt yields, and of what is played.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2, workflow_pb2

from flyte_testkit import flow
from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.workflows import compile_workflow
from flyte_testkit.admin.rules.castability import castable
from flyte_testkit.errors import RegistrationError, close_names
from flyte_testkit.graphs.bound import bound, constant
from flyte_testkit.graphs.drawn import drawn
from flyte_testkit.graphs.mapping import check_inputs, given, map_of
from flyte_testkit.graphs.plans import given_by, with_plans
from flyte_testkit.graphs.templates import Maker, Scope
from flyte_testkit.nodes._names import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.admin import launch_plan_pb2
    from flyteidl.core import interface_pb2, literals_pb2, types_pb2

    from flyte_testkit.graphs.drawn import Part, Plan
    from flyte_testkit.graphs.plans import Registered
    from flyte_testkit.graphs.templates import Kinds
    from flyte_testkit.nodes import Dynamic, Promise

__all__ = ["compiled"]


def compiled(
    dynamic: Dynamic,
    task: tasks_pb2.TaskTemplate,
    spec_id: str,
    whose: str,
    registered: Registered | None = None,
) -> compiler_pb2.CompiledWorkflowClosure:
    """Return the workflow that a dynamic task yields; whoever plays it gives it a version.

    Args:
        dynamic: What is scripted of its node.
        task: The task, which says what outputs there are.
        spec_id: The id of its node.
        whose: Which node it is, for messages.
        registered: What is registered; None if nothing is.

    Raises:
        RegistrationError: It is no workflow.
    """
    maker = _Maker(task.id, registered)
    known = (
        drawn(dynamic, whose)
        if registered is None
        else drawn(dynamic, whose, given_by(registered, task.id))
    )
    graph = with_plans(known, maker.plan)
    scope = Scope(maker, task.id.name, graph)
    id_ = identifier_pb2.Identifier()
    id_.CopyFrom(task.id)
    id_.resource_type, id_.name = identifier_pb2.WORKFLOW, f"dynamic_{spec_id}"
    template = workflow_pb2.WorkflowTemplate(id=id_, nodes=scope.nodes())
    declared = task.interface.outputs
    template.interface.inputs.SetInParent()
    template.interface.outputs.CopyFrom(declared)
    template.outputs.extend(_outputs(scope, dynamic, declared, whose))
    tasks = {_key(one.id): compiler_pb2.CompiledTask(template=one) for one in maker.all_tasks}
    try:
        return compile_workflow(
            template,
            maker.sub_workflows,
            lambda one: tasks[_key(one)],
            lambda one: maker.plans[one.name].closure,
        )
    except CompileErrors as wrong:
        raise RegistrationError(f"what {whose} yields is no workflow: {wrong}") from wrong


class _Maker(Maker):
    """Makes the templates of what is yielded; some of its tasks are registered."""

    prefix = "dn"

    def __init__(self, task: identifier_pb2.Identifier, known: Registered | None) -> None:
        super().__init__(task)
        self._known_elsewhere = known
        self.plans: dict[str, launch_plan_pb2.LaunchPlan] = {}
        self._found: dict[str, tasks_pb2.TaskTemplate] = {}

    @property
    def all_tasks(self) -> list[tasks_pb2.TaskTemplate]:
        """The tasks of all nodes, those that are registered too."""
        return [*self.tasks, *self._found.values()]

    def called(self, part: Part, node: workflow_pb2.Node) -> str:
        """Return what flytekit calls a node: as its task, or the workflow that it launches."""
        if node.HasField("array_node"):
            return node.array_node.node.metadata.name if part.of else ""
        of = part.of if part.plan is None else self.plans[part.plan.name].spec.workflow_id.name
        return of.rpartition(".")[2]

    def registered(self, scope: Scope, node: workflow_pb2.Node, part: Part, path: str) -> Kinds:
        """Let a node run a registered task, or map it; what nobody gives are plain values."""
        task = self._registered(part.of, path)
        if part.mapped is not None:
            return _gives(self._keep(map_of(scope, node, part, part.mapped, task, path)))
        takes = self._keep(task).interface.inputs
        check_inputs(part, takes, path)
        node.task_node.reference_id.CopyFrom(task.id)
        if task.metadata.WhichOneof("interruptible_value"):  # as flytekit writes it
            node.metadata.interruptible = task.metadata.interruptible
        plain = flow.outputs(None, takes, name=part.of).literals
        for name, variable in sorted(takes.variables.items()):
            if name in part.inputs:
                node.inputs.append(given(scope, path, name, part.inputs[name], variable.type))
            else:
                node.inputs.append(constant(name, plain[name]))
        return _gives(task)

    def _keep(self, template: tasks_pb2.TaskTemplate) -> tasks_pb2.TaskTemplate:
        """Return a task that nodes run, the one that is known by its name, if there is one."""
        return self._found.setdefault(template.id.name, template)

    def plan(self, plan: Plan) -> Plan:
        """Return what a launch plan takes and gives.

        Raises:
            RegistrationError: There is none.
        """
        known = self._known_elsewhere
        found = None if known is None else known.launch_plan(plan.name, self._id)
        if found is None:
            raise RegistrationError(
                f"what {self._id.name!r} yields launches {plan.name!r}, which is neither registered"
                f" nor scripted.\nScript it first, on_launch({plan.name!r}).plays(…), or say what"
                f" it does: nodes.launch_plan(running(60).succeeds(), of={plan.name!r})."
            )
        self.plans[plan.name] = found
        taken = found.closure.expected_inputs.parameters
        given = found.closure.expected_outputs.variables
        return replace(
            plan,
            version=found.id.version,
            inputs={key: one.var.type for key, one in taken.items()},
            outputs={key: one.type for key, one in given.items()},
            required=frozenset(key for key, one in taken.items() if one.required),
        )

    def _registered(self, name: str, path: str) -> tasks_pb2.TaskTemplate:
        known = self._known_elsewhere
        found = None if known is None else known.task(name, self._id)
        if found is None:
            raise RegistrationError(
                f"{path!r} is of={name!r}, but no task of this name is registered there."
                "\nRegister it first: flyte_admin.register(…); or leave of= out: what a dynamic"
                " task yields need not be registered."
            )
        return found


def _gives(task: tasks_pb2.TaskTemplate) -> Kinds:
    return {name: variable.type for name, variable in task.interface.outputs.variables.items()}


def _outputs(
    scope: Scope, dynamic: Dynamic, declared: interface_pb2.VariableMap, whose: str
) -> Iterator[literals_pb2.Binding]:
    """Yield the bindings of all declared outputs.

    What is not said is what the last nodes give by that name, if it fits, or else a plain value.

    Raises:
        RegistrationError: One is not declared, or is missing, or is of another type.
    """
    said = {} if dynamic.yielded is None else dynamic.yielded.outputs
    for name in said:
        if name not in declared.variables:
            raise RegistrationError(
                f"a script of {whose} succeeds with an output {name!r}, which is not declared."
                f"{close_names(name, declared.variables)}"
                f"\nIt declares {', '.join(map(repr, sorted(declared.variables))) or 'none'}."
            )
    if missing := sorted(set(declared.variables) - set(said)) if said else []:
        raise RegistrationError(
            f"a script of {whose} succeeds without {', '.join(map(repr, missing))}, which it"
            f" declares.\nA run that succeeds has made all of them: .succeeds({missing[0]}=…)."
        )
    last = scope.of_the_last()
    plain = flow.outputs(None, declared, name=whose).literals
    for output, variable in declared.variables.items():
        value = said.get(output, _usual(last.get(output, []), variable.type, scope))
        if value is None and output not in said:
            yield constant(output, plain[output])
            continue
        try:
            yield bound(output, value, variable.type, scope.ids)
        except RegistrationError as wrong:
            raise RegistrationError(f"the output {output!r} of {whose}: {wrong}") from None


def _usual(promises: list[Promise], declared: types_pb2.LiteralType, scope: Scope) -> object:
    """Return what an output is that nobody says: what the last nodes give by its name, if it fits.

    That is one of it, or a list of what all of them give.
    """
    kinds = [scope.kinds[same(one.node)][one.output] for one in promises]
    if len(kinds) == 1 and castable(kinds[0], declared):
        return promises[0]
    element = declared.collection_type
    is_list = declared.HasField("collection_type")
    return promises if kinds and is_list and all(castable(one, element) for one in kinds) else None


def _key(id_: identifier_pb2.Identifier) -> tuple[str, str, str, str]:
    return id_.project, id_.domain, id_.name, id_.version
