"""What nodes of a graph launch, or are of, that is registered: what that takes and gives.

A script names them; what is registered says the rest. Ignorant of what is registered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from flyte_testkit.graphs.compiled import is_map
from flyte_testkit.guesses import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flyteidl.admin import launch_plan_pb2
    from flyteidl.core import identifier_pb2, tasks_pb2, types_pb2

    from flyte_testkit.graphs.drawn import Gives, Graph, Part, Plan

__all__ = ["Registered", "given_by", "plans_of", "with_plans"]


class Registered(Protocol):
    """What is registered, by name, beside a task of some version."""

    def task(self, name: str, beside: identifier_pb2.Identifier) -> tasks_pb2.TaskTemplate | None:
        """Return a task; None if there is none."""

    def launch_plan(
        self, name: str, beside: identifier_pb2.Identifier
    ) -> launch_plan_pb2.LaunchPlan | None:
        """Return a launch plan; None if there is none."""


def plans_of(graph: Graph) -> Iterator[Plan]:
    """Yield the launch plans that nodes launch, at whatever depth."""
    last = [] if graph.failure_node is None else [graph.failure_node[1]]
    for part in (*graph.parts.values(), *last):
        if part.plan is not None:
            yield part.plan
        if part.inside is not None:
            yield from plans_of(part.inside)


def with_plans(graph: Graph, find: Callable[[Plan], Plan]) -> Graph:
    """Return a graph that knows what its launch plans take and give.

    Args:
        graph: The graph; it comes back itself if it knows that already.
        find: Says what there is of a launch plan; raises if there is nothing.
    """
    if not any(True for _ in plans_of(graph)):
        return graph
    parts = {name: _part(part, find) for name, part in graph.parts.items()}
    last = graph.failure_node
    failure_node = None if last is None else (last[0], _part(last[1], find))
    grown = replace(graph, parts=parts, failure_node=failure_node)
    return graph if grown == graph else grown


def _part(part: Part, find: Callable[[Plan], Plan]) -> Part:
    plan = None if part.plan is None else find(part.plan)
    inside = None if part.inside is None else with_plans(part.inside, find)
    return replace(part, plan=plan, inside=inside)


def given_by(known: Registered, beside: identifier_pb2.Identifier) -> Gives:
    """Return what says what nodes give that launch, or are of, what is registered beside a task.

    What is not registered gives nothing: whoever makes the node says so.
    """

    def gives(part: Part) -> Mapping[str, types_pb2.LiteralType]:
        if part.plan is not None:
            plan = known.launch_plan(part.plan.name, beside)
            found = {} if plan is None else plan.closure.expected_outputs.variables
            return {name: variable.type for name, variable in found.items()}
        task = known.task(part.of, beside)
        given = {} if task is None else task.interface.outputs.variables
        if part.mapped is None or is_map(part.of):
            return {name: variable.type for name, variable in given.items()}
        return part.mapped.outputs({name: Seen(one.type) for name, one in given.items()})

    return gives
