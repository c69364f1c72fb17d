"""Who plays one execution: its cast, with everything found that nodes ask for.

Ignorant of what is played when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import literals_pb2, types_pb2, workflow_pb2

from flyte_testkit import flow, nodes
from flyte_testkit.propeller.places import Place
from flyte_testkit.walk.flawed import plays_flawed
from flyte_testkit.walk.late import Late
from flyte_testkit.walk.pods import may_be_taken_away
from flyte_testkit.walk.site import Site
from flyte_testkit.walk.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2
    from flyteidl.core import execution_pb2 as core

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.engine.stage import Stage
    from flyte_testkit.walk.cast import Cast
    from flyte_testkit.walk.setting import Memory
    from flyte_testkit.walk.slots import Rank

    # Where a node stands, what it is given, the scope it is in, and when it is queued.
    Play = Callable[
        [Site, literals_pb2.LiteralMap, Any, datetime], Performance[literals_pb2.LiteralMap]
    ]

__all__ = ["Company", "key_of"]

_PLAIN = nodes.immediately.succeeds()
_LATE = workflow_pb2.WorkflowMetadata.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE


def key_of(id_: identifier_pb2.Identifier) -> tuple[str, str, str, str]:
    """Return what tells definitions of one kind apart."""
    return id_.project, id_.domain, id_.name, id_.version


class Company:
    """Who plays one execution.

    Args:
        cast: Who plays what.
        stage: The execution.
        play: What plays a node, whatever its kind.
        memory: What it finds that it did not bring along.
        most_at_once: How many tasks and launch plans may run at once; 0 for any number.

    Attributes:
        patient: Whether all goes on that can when a node has failed. It is the policy of the whole
            that counts; those of sub-workflows do nothing.
        rest: What a task does that is not scripted.
        slots: Who runs.
        late: What is written later than it is told of.
        ranks: Where nodes come on the way through all of them, by path.
    """

    def __init__(
        self, cast: Cast, stage: Stage, play: Play, memory: Memory, most_at_once: int = 0
    ) -> None:
        self.cast = cast
        self.stage = stage
        self.play = play
        self.memory = memory
        self.slots = Slots(most_at_once)
        self.late = Late()
        self.ranks: dict[tuple[str, ...], Rank] = {(): ()}
        self.rest = cast.script.rest or _PLAIN
        self.patient = cast.closure.primary.template.metadata.on_failure == _LATE
        self._know(cast.closure, is_yielded=False)

    def _know(self, closure: compiler_pb2.CompiledWorkflowClosure, *, is_yielded: bool) -> None:
        self._closure = closure
        self._is_yielded = is_yielded
        self._tasks = {key_of(task.template.id): task.template for task in closure.tasks}
        self._workflows = {key_of(one.template.id): one for one in closure.sub_workflows}
        self._demands: dict[object, Mapping[str, Mapping[str, flow.Demand]]] = {}

    def inside(self, yielded: compiler_pb2.CompiledWorkflowClosure) -> Company:
        """Return who plays what a dynamic task has yielded.

        Its tasks and sub-workflows are its own; the policy is that of the whole.
        """
        company = Company(self.cast, self.stage, self.play, self.memory)
        company.slots, company.ranks, company.late = self.slots, self.ranks, self.late
        company._know(yielded, is_yielded=True)
        return company

    def flaw_of(self, site: Site) -> nodes.Flaw | None:
        """Return what is wrong with how a node is told of; None if nothing is."""
        scripted = self.cast.nodes.get(site.path)
        return None if scripted is None else scripted.flaw

    def tells(
        self, site: Site, performance: Performance[literals_pb2.LiteralMap]
    ) -> Performance[literals_pb2.LiteralMap]:
        """Let what a node performs be told as its flaw leaves it, if it has one."""
        flaw = self.flaw_of(site)
        return performance if flaw is None else plays_flawed(flaw, site, performance, self.late)

    def task_of(self, node: workflow_pb2.Node) -> tasks_pb2.TaskTemplate:
        """Return the task that a node runs."""
        return self._tasks[key_of(node.task_node.reference_id)]

    def workflow_of(self, node: workflow_pb2.Node) -> compiler_pb2.CompiledWorkflow:
        """Return the workflow that a node is."""
        return self._workflows[key_of(node.workflow_node.sub_workflow_ref)]

    def demands(
        self, workflow: compiler_pb2.CompiledWorkflow, asked: Mapping[str, flow.Demand]
    ) -> Mapping[str, Mapping[str, flow.Demand]]:
        """Return what is asked of a workflow's nodes if this is asked of its own outputs."""
        key = (key_of(workflow.template.id), frozenset(asked.items()))
        if key not in self._demands:
            self._demands[key] = flow.demands(workflow.template, self._closure, asked)
        return self._demands[key]

    def is_interruptible(self, node: workflow_pb2.Node) -> bool:
        """Whether a task's machine can be taken away."""
        return may_be_taken_away(node, self.cast.closure, self.stage.spec)

    def rank_of(self, path: tuple[str, ...]) -> Rank:
        """Return where a node comes; what nobody placed comes where that comes which it is in."""
        while path not in self.ranks:
            path = path[:-1]
        return self.ranks[path]

    def at_top(self, node: workflow_pb2.Node) -> Site:
        """Return where a node at the top stands."""
        return self._site(node, Place(self.stage.root, node.id), (node.id,), "")

    def below(self, parent: Site, node: workflow_pb2.Node, *, attempt: int = 0) -> Site:
        """Return where a node stands that is inside of another one, in one of its attempts."""
        place = parent.place.below(node.id, attempt)
        return self._site(node, place, (*parent.path, node.id), parent.id)

    def told(
        self, inputs: literals_pb2.LiteralMap, node: workflow_pb2.Node, error: core.ExecutionError
    ) -> literals_pb2.LiteralMap:
        """Return what a failure node is given: the error stands wherever it takes one.

        flytekit binds such an input to None when it compiles.
        """
        is_task = node.HasField("task_node")
        definition = self.task_of(node) if is_task else self.workflow_of(node).template
        message = types_pb2.Error(failed_node_id=node.id, message=error.message)
        told = literals_pb2.LiteralMap(literals=inputs.literals)
        for name, variable in definition.interface.inputs.variables.items():
            literal = literals_pb2.Literal(scalar=literals_pb2.Scalar(error=message))
            if variable.type.simple == types_pb2.ERROR:
                told.literals[name].CopyFrom(literal)
            for variant in variable.type.union_type.variants:
                if variant.simple == types_pb2.ERROR:
                    union = literals_pb2.Union(value=literal, type=variant)
                    told.literals[name].CopyFrom(
                        literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))
                    )
        return told

    def _site(
        self, node: workflow_pb2.Node, place: Place, path: tuple[str, ...], parent: str
    ) -> Site:
        kind = node.WhichOneof("target")
        target, is_parent = None, False
        if kind == "task_node":
            target = node.task_node.reference_id
        elif kind == "workflow_node":
            is_parent = node.workflow_node.HasField("sub_workflow_ref")
            if not is_parent:
                target = node.workflow_node.launchplan_ref
        is_yielded = self._is_yielded
        return Site(self.stage, node, place, path, parent, target, is_parent, is_yielded)
