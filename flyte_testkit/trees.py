"""Which trees of nodes what is registered can play, and what they tell of what is not.

A tree from ``nodes.where`` says what is unusual about a registered workflow, one from
``nodes.workflow`` makes up a workflow: all of one name together, so that it can be fetched before
any of them is played. Ignorant of routes, and of how nodes are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit import graphs
from flyte_testkit.admin.executions.single_task import compiled_alone
from flyte_testkit.errors import RegistrationError, RouteError, close_names, shown
from flyte_testkit.nodes import Task, Where, Workflow
from flyte_testkit.nodes._inside import deep

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flyteidl.core import compiler_pb2, identifier_pb2

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.definitions import Definition
    from flyte_testkit.graphs import Graph

__all__ = ["among", "check", "check_nameless", "defined", "told", "unregistered"]


def among(scripts: Iterable[object]) -> list[Workflow | Where]:
    """Return the trees among scripts, each once."""
    found = {id(script): script for script in scripts if isinstance(script, (Workflow, Where))}
    return list(found.values())


def told(graph: Graph | None, name: str, trees: Iterable[Workflow | Where]) -> Graph | None:
    """Return what is known of the nodes of a name after some more trees; the same if it is that.

    Args:
        graph: What was known.
        name: The name.
        trees: The trees.

    Raises:
        TimelineError: They disagree.
        RegistrationError: They disagree about a type.
    """
    for tree in trees:
        if graph is not None and isinstance(tree, Where):
            graph = graphs.with_outputs(graph, tree, repr(name))
        elif isinstance(tree, Workflow):
            new = graphs.drawn(tree, repr(name))
            graph = new if graph is None else graphs.joined(graph, new, repr(name))
    return graph


def defined(name: str, tree: Workflow) -> Graph:
    """Return the graph of a tree that is registered as a definition.

    Raises:
        RegistrationError: It is a script: it says what happens.
    """
    call = f"register({name!r}, nodes.workflow(…))"
    for path, node in deep(tree.below()):
        if isinstance(node, Task) and node.attempts:
            raise RegistrationError(
                f"{call}: {path!r} says what its attempts do, but a definition only says which"
                f" nodes there are.\nWrite nodes.task() here, and plant what happens:"
                f" on_launch({name!r}).plays(nodes.where(…))."
            )
    said = ".others(…)" if tree.rest is not None else "what it does before it runs"
    if tree.rest is not None or tree.beginning is not None:
        raise RegistrationError(
            f"{call}: it says {said}, but a definition only says which nodes there are."
            f"\nPlant what happens: on_launch({name!r}).plays(nodes.where(…))."
        )
    return graphs.drawn(tree, repr(name))


def check(store: Store, found: Sequence[Definition], scripts: Iterable[object]) -> None:
    """Refuse trees that the latest version of what is registered cannot play.

    Raises:
        FlyteTestkitError: There is no such node, or it cannot do that.
    """
    trees = among(scripts)
    closure = _closure(store, found[-1].id) if trees and found else None
    for tree in trees if closure is not None else ():
        if isinstance(tree, Workflow):
            raise registered(closure.primary.template.id.name, tree)
        graphs.cast(closure, tree)


def registered(name: str, tree: Workflow) -> RouteError:
    """Say that a workflow is registered, so that nobody makes up its nodes."""
    return RouteError(
        f"{shown(tree)} makes up the nodes of a workflow, but {name!r} is registered and has its"
        " own.\nSay what is unusual about them: nodes.where(…)."
    )


def unregistered(name: str, script: Where, known: Iterable[str], scripted: object) -> RouteError:
    """Say that a name has no nodes yet that a script could be about."""
    truth = "is only known from timelines, which say nothing of nodes" if scripted else ""
    return RouteError(
        f"{shown(script)} is about the nodes of a registered workflow, but {name!r}"
        f" {truth or 'is not registered'}.{close_names(name, set(known) - {name})}\n"
        f"Register it first: flyte_admin.register(…); or make up its nodes:"
        f" on_launch({name!r}).plays(nodes.workflow(…))."
    )


def check_nameless(scripts: Iterable[object]) -> None:
    """Refuse scripts for any launch at all that make up the nodes of nobody knows which workflow.

    Raises:
        RouteError: One does.
    """
    for script in scripts:
        if isinstance(script, Workflow):
            raise RouteError(
                f"on_launch().plays({shown(script)}): it makes up the nodes of a workflow, but of"
                " which?\nName it: on_launch('etl').plays(nodes.workflow(…))."
            )


def _closure(
    store: Store, id_: identifier_pb2.Identifier
) -> compiler_pb2.CompiledWorkflowClosure | None:
    """Return what a launch of a definition would run, compiled."""
    key = (id_.project, id_.domain, id_.name, id_.version)
    if (plan := store.launch_plans.get(*key)) is not None:
        of = plan.message.spec.workflow_id
        key = (of.project, of.domain, of.name, of.version)
    elif (task := store.tasks.get(*key)) is not None:
        return compiled_alone(task)
    workflow = store.workflows.get(*key)
    return None if workflow is None else workflow.message.closure.compiled_workflow
