"""Launch plans that nodes name: which they are, and what nodes say of them.

Ignorant of routes, and of what becomes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit import graphs
from flyte_testkit.errors import RouteError, close_names
from flyte_testkit.nodes import LaunchPlan, Promise, Task, Where, Workflow
from flyte_testkit.nodes.facts import promised
from flyte_testkit.timeline import Succeeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flyte_testkit.graphs import Graph
    from flyte_testkit.inferred import Inferred, Name
    from flyte_testkit.nodes import Node
    from flyte_testkit.nodes.facts import Scope
    from flyte_testkit.timeline import Timeline

__all__ = ["Child", "children", "with_plans"]


class Child(NamedTuple):
    """A launch plan that a node launches.

    Attributes:
        name: Its name.
        script: What it does; None if its routes say so.
        inputs: What it is given, as far as scripts tell.
        complete: Whether that is all that it is given.
    """

    name: str
    script: Timeline | Workflow | Where | None
    inputs: Mapping[str, object]
    complete: bool = False


def children(scripts: Iterable[object]) -> Iterator[Child]:
    """Yield the launch plans that nodes name, with what these say of them."""
    for tree in scripts:
        if isinstance(tree, Workflow):
            yield from _below(tree, made_up=True)
        elif isinstance(tree, Where):
            yield from _below(tree, made_up=False)


def with_plans(inferred: Inferred, name: Name, graph: Graph) -> Graph:
    """Return a graph that knows what its nodes launch.

    Args:
        inferred: What is known of names that are only scripted.
        name: Whose graph it is.
        graph: The graph.

    Raises:
        RouteError: There is no such launch plan.
    """

    def find(plan: graphs.Plan) -> graphs.Plan:
        rows = inferred.plans(name._replace(name=plan.name))
        found = [row for row in rows if plan.version in {"", row.version}]
        if not found and plan.name == name.name:
            raise RouteError(
                f"a node of {name.name!r} launches {name.name!r}: that would go on for ever."
                "\nLaunch another plan; one that somebody registered before may launch itself."
            )
        if not found:
            near = close_names(plan.name, inferred.beside(name) - {name.name})
            raise RouteError(
                f"a node of {name.name!r} launches {plan.name!r}, which is neither registered nor"
                f" scripted.{near}\nScript it first, on_launch({plan.name!r}).plays(…), or say what"
                f" it does: nodes.launch_plan(running(60).succeeds(), of={plan.name!r})."
            )
        closure = found[-1].message.closure
        taken, given = closure.expected_inputs.parameters, closure.expected_outputs.variables
        return graphs.Plan(
            plan.name,
            found[-1].version,
            {key: one.var.type for key, one in taken.items()},
            {key: one.type for key, one in given.items()},
            frozenset(key for key, one in taken.items() if one.required),
        )

    return graphs.with_plans(graph, find)


def _below(scope: Scope | Node, *, made_up: bool) -> Iterator[Child]:
    below = scope.below()
    for node in below.values():
        if isinstance(node, LaunchPlan) and node.of:
            known = {
                k: v for key, value in node.inputs.items() for k, v in _known(key, value, below)
            }
            complete = made_up and len(known) == len(node.inputs)
            yield Child(node.of, node.script, known, complete)
        yield from _below(node, made_up=made_up or node.makes_up)


def _known(key: str, value: object, beside: Mapping[str, Node]) -> Iterator[tuple[str, object]]:
    """Yield an input if scripts of the nodes beside tell what it is."""
    if not any(promised(value)):
        yield key, value
    elif isinstance(value, Promise) and not value.path:
        giver = beside.get(value.node)
        attempts = giver.attempts if isinstance(giver, Task) else ()
        ending = attempts[-1].ending if attempts else None
        if isinstance(ending, Succeeds) and value.output in ending.outputs:
            yield key, ending.outputs[value.output]
