"""The launch plans that nodes of a graph launch: which they are, what they take and give.

A script names them; what is registered says the rest. Ignorant of what is registered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flyte_testkit.graphs.drawn import Graph, Part, Plan

__all__ = ["plans_of", "with_plans"]


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
