"""Compiles a workflow: checks it, gives it its sentinels, and draws its connections (§6).

Ignorant of requests and rows: what the workflow refers to comes in a library.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from flyteidl.core import compiler_pb2, interface_pb2, workflow_pb2

from flyte_testkit.admin.compiler import branches
from flyte_testkit.admin.compiler.bindings import bind, check_variables
from flyte_testkit.admin.compiler.compilation import Compilation, Library
from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.graph import END, START, Graph, Step
from flyte_testkit.admin.compiler.interfaces import find_interface
from flyte_testkit.admin.compiler.requirements import index_sub_workflows, requirements
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flyteidl.admin import launch_plan_pb2
    from flyteidl.core import identifier_pb2

__all__ = ["WorkflowCompiler", "compile_workflow"]

_MANY = 200
_compiled: dict[tuple[tuple[bytes, ...], ...], bytes] = {}
"""Some workflows, by all that goes into their compilation: a test registers the same few ones."""


def compile_workflow(
    template: workflow_pb2.WorkflowTemplate,
    sub_workflows: Iterable[workflow_pb2.WorkflowTemplate],
    find_task: Callable[[identifier_pb2.Identifier], compiler_pb2.CompiledTask],
    find_launch_plan: Callable[[identifier_pb2.Identifier], launch_plan_pb2.LaunchPlanClosure],
) -> compiler_pb2.CompiledWorkflowClosure:
    """Return the workflow as the engine will read it.

    Args:
        template: The workflow, under the id that it is registered with.
        sub_workflows: The workflows that were sent along with it.
        find_task: Looks up a task; raises what the client shall be told if there is none.
        find_launch_plan: Likewise for launch plans.

    Raises:
        CompileErrors: The workflow is wrong.
    """
    sub_workflows = tuple(sub_workflows)
    closure = compiler_pb2.CompiledWorkflowClosure()
    closure.primary.template.CopyFrom(template)
    for sub_workflow in sub_workflows:
        closure.sub_workflows.add().template.CopyFrom(sub_workflow)
    index = index_sub_workflows(closure.sub_workflows)
    required = requirements(template, index)
    # Copies, for compiling writes into them.
    tasks = [deepcopy(find_task(id_)) for id_ in sorted(required.tasks.values(), key=_parts)]
    launch_plans = {
        prototext(id_): find_launch_plan(id_)
        for id_ in sorted(required.launch_plans.values(), key=_parts)
    }
    parts = ((template,), sub_workflows, tasks, launch_plans.values())
    key = tuple(
        tuple(each.SerializeToString(deterministic=True) for each in part) for part in parts
    )
    if (known := _compiled.get(key)) is not None:
        return compiler_pb2.CompiledWorkflowClosure.FromString(known)
    library = Library(
        tasks={prototext(task.template.id): task for task in tasks},
        launch_plans=launch_plans,
        sub_workflows=index,
    )
    for text in required.tasks.keys() - library.tasks.keys():
        required.errors.add("TaskReferenceNotFound", START, f"Referenced Task [{text}] not found.")
    required.errors.raise_if_any()
    errors = CompileErrors()
    WorkflowCompiler(closure.primary, library, errors).run()
    errors.raise_if_any()
    closure.tasks.extend(library.tasks.values())
    if len(_compiled) < _MANY:
        _compiled[key] = closure.SerializeToString()
    return closure


class WorkflowCompiler:
    """The compilation of one workflow, be it the primary one or one that was sent along.

    Args:
        workflow: The workflow, which is changed in place.
        library: What it refers to.
        errors: Where to note what is wrong.
    """

    def __init__(
        self, workflow: compiler_pb2.CompiledWorkflow, library: Library, errors: CompileErrors
    ) -> None:
        self.workflow = workflow
        self.library = library
        self.errors = errors
        self.graph = Graph()
        self.compilation = Compilation(self.graph, errors, library)

    def run(self) -> None:
        """Compile the workflow, or note what is wrong with it."""
        template = self.workflow.template
        if not template.nodes:
            text = prototext(template.id)
            self.errors.add("NoNodesFound", text, f"Can't find any nodes in workflow [{text}].")
            return
        before = self.errors.count
        check_variables(START, template.interface, self.errors)
        if self.errors.count > before:
            return
        top_level = [node.id for node in template.nodes]
        self._add_nodes(template)
        for step in self.graph.steps.values():
            if step.id != START:
                self.bind_inputs(step, both_ways=True)
        # The outputs stand twice in what is compiled; promises get the start's name in both.
        del template.outputs[:]
        template.outputs.extend(self.graph.steps[END].node.inputs)
        if template.HasField("failure_node"):
            failure = Step(template.failure_node)
            self.check(failure)
            self.bind_inputs(failure, both_ways=False)
        self._connect_orphans(top_level)
        self.graph.check_reachable(self.errors)
        self.workflow.connections.CopyFrom(self.graph.connections())

    def check(self, step: Step) -> None:
        """Note what is wrong with a node but for its inputs, and compile what is inside it."""
        node = step.node
        if not node.id:
            self.errors.add("ValueRequired", "<node>", "Value required [Id].")
        if node.id in (START, END):
            return
        if find_interface(self.compilation, step) is not None:
            step.outputs(self.errors)
        ordered = sorted(node.upstream_node_ids, key=str.encode)
        node.upstream_node_ids[:] = ordered
        if node.HasField("branch_node"):
            self._check_branch(step)
        elif node.workflow_node.HasField("sub_workflow_ref"):
            self._compile_sub_workflow(prototext(node.workflow_node.sub_workflow_ref))

    def _check_branch(self, step: Step) -> None:
        """Check conditions and cases, then the nodes inside.

        If nothing is wrong, the nodes inside know what they wait for; nobody knows of them.
        """
        before = self.errors.count
        branches.check(self.compilation, step)
        for inner in step.inner:
            self.check(inner)
        if self.errors.count == before:
            for inner in step.inner:
                self.bind_inputs(inner, both_ways=False)

    def bind_inputs(self, step: Step, *, both_ways: bool) -> None:
        """Hold what a node is given against what it takes, and draw its edges.

        A node whose interface is not sound gets none.
        """
        if step.interface is None:
            return
        if both_ways:
            for earlier in step.node.upstream_node_ids:
                self.graph.follows(earlier, step.id)
        bind(self.compilation, step, step.node.inputs, step.inputs, both_ways=both_ways)

    def _add_nodes(self, template: workflow_pb2.WorkflowTemplate) -> None:
        """Put the sentinels first and drop nodes whose id is taken; check all of them in turn.

        A node inside a branch sees only nodes that were added before.
        """
        sent = [*template.nodes]
        start = workflow_pb2.Node(id=START)
        end = workflow_pb2.Node(id=END, inputs=template.outputs)
        interface = template.interface
        del template.nodes[:]
        for node, own in (
            (start, interface_pb2.TypedInterface(outputs=interface.inputs)),
            (end, interface_pb2.TypedInterface(inputs=interface.outputs)),
            *((node, None) for node in sent),
        ):
            if node.id in self.graph.steps:
                self.check(Step(node))
                continue
            template.nodes.append(node)
            step = Step(template.nodes[-1], own)
            self.graph.add(step)
            self.check(step)

    def _connect_orphans(self, top_level: list[str]) -> None:
        """Make every top-level node run after the start and before the end."""
        for id_ in top_level:
            if id_ in (START, END):
                continue
            if id_ not in self.graph.upstream:
                self.graph.follows(START, id_)
            if id_ not in self.graph.downstream:
                self.graph.follows(id_, END)

    def _compile_sub_workflow(self, text: str) -> None:
        if text in self.library.compiled or text not in self.library.sub_workflows:
            return
        self.library.compiled.add(text)
        WorkflowCompiler(self.library.sub_workflows[text], self.library, self.errors).run()


def _parts(id_: identifier_pb2.Identifier) -> tuple[int, str, str, str, str]:
    return (id_.resource_type, id_.project, id_.domain, id_.name, id_.version)
