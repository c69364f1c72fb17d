"""Which trees of nodes what is registered can play, and what they tell of what is not.

A tree from ``nodes.where`` says what is unusual about a registered workflow, one from
``nodes.workflow`` makes up a workflow: all of one name together, so that it can be fetched before
any of them is played. Ignorant of routes, and of how nodes are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from flyteidl.core import identifier_pb2

from flyte_testkit import graphs
from flyte_testkit.admin.executions.single_task import compiled_alone
from flyte_testkit.beside import Beside
from flyte_testkit.children import with_plans
from flyte_testkit.errors import RegistrationError, RouteError, close_names, shown
from flyte_testkit.nodes import Array, Gate, LaunchPlan, Task, Where, Workflow
from flyte_testkit.nodes._inside import deep

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from flyteidl.core import compiler_pb2

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.definitions import Definition
    from flyte_testkit.graphs import Graph
    from flyte_testkit.guesses import Guess
    from flyte_testkit.inferred import Inferred, Name
    from flyte_testkit.timeline import Timeline

Learnt: TypeAlias = "tuple[Guess, str | None, Graph | None]"
"""The interface, the version that must be there, and the nodes."""

__all__ = [
    "among",
    "check",
    "check_nameless",
    "defined",
    "learn",
    "learn_late",
    "registered",
    "settled",
    "unregistered",
]


def among(scripts: Iterable[object]) -> list[Workflow | Where]:
    """Return the trees among scripts, each once."""
    found = {id(script): script for script in scripts if isinstance(script, (Workflow, Where))}
    return list(found.values())


def settled(
    inferred: Inferred,
    name: Name,
    planted: Sequence[Workflow | Where],
    known: graphs.Registered,
) -> Graph | None:
    """Return which nodes a name has that is only scripted, once these trees are planted.

    Args:
        inferred: What is known of such names.
        name: The name.
        planted: The trees.
        known: What is registered.

    Raises:
        FlyteTestkitError: The trees disagree, or this name has not these nodes.
    """
    graph, whose = inferred.graph(name), repr(name.name)
    gives = graphs.given_by(known, _somewhere(name))
    for tree in sorted(planted, key=lambda tree: isinstance(tree, Where)):  # at last
        if graph is None:
            graph = _first(inferred, name, tree, gives)
        elif isinstance(tree, Workflow) and not inferred.is_closed(name):
            graph = graphs.joined(graph, graphs.drawn(tree, whose, gives), whose)
        elif not inferred.is_closed(name):
            graph = graphs.scripted(graph, tree, whose, gives=gives)
        else:
            graph = _fitting(graph, name.name, tree, gives, closed=True)
    return graph if graph is None else with_plans(inferred, name, graph)


def learn(
    inferred: Inferred,
    name: Name,
    learnt: Learnt,
    planted: Sequence[Workflow | Where],
    now: datetime,
    known: graphs.Registered,
) -> str:
    """Let a name be what was learnt of it, if these trees can be played on it then.

    Args:
        inferred: What is known of such names.
        name: The name.
        learnt: What is known of it now.
        planted: The trees.
        now: The time.
        known: What is registered.

    Returns:
        The version to be launched.

    Raises:
        FlyteTestkitError: A tree cannot be played, or FlyteAdmin refuses its nodes. Then nothing
            has changed.
    """
    guess, version, graph = learnt
    if name not in inferred and planted:
        with inferred.at_first(name):
            version = inferred.learn(name, guess, version, now, graph)
            for tree in planted:
                graphs.cast(inferred.compiled(name), tree, registered=known)
        return version
    if planted and graph is not None:
        unchanged = graph is inferred.graph(name) and guess is inferred.guess(name)
        compiled = inferred.compiled(name) if unchanged else inferred.tried(name, guess, graph, now)
        for tree in planted:
            graphs.cast(compiled, tree, registered=known)
    return inferred.learn(name, guess, version, now, graph)


def learn_late(
    inferred: Inferred,
    name: Name,
    tree: Workflow | Where,
    now: datetime,
    known: graphs.Registered,
) -> None:
    """Learn what the nodes give by a tree that comes with a launch, as that of a function does.

    Raises:
        FlyteTestkitError: It says more than that, for which it is too late; or it cannot be played.
    """
    graph, guess = inferred.graph(name), inferred.guess(name)
    if graph is None:
        raise _unknown(inferred, name, tree)
    gives = graphs.given_by(known, _somewhere(name))
    grown = _fitting(graph, name.name, tree, gives, closed=inferred.is_closed(name))
    if grown is not graph:
        compiled = inferred.tried(name, guess, grown, now)
        graphs.cast(compiled, tree, registered=known)
        inferred.learn(name, guess, None, now, grown)


def _somewhere(name: Name) -> identifier_pb2.Identifier:
    """Return where a name is, of whatever version."""
    return identifier_pb2.Identifier(project=name.project, domain=name.domain)


def _first(inferred: Inferred, name: Name, tree: Workflow | Where, gives: graphs.Gives) -> Graph:
    if isinstance(tree, Where):
        raise _unknown(inferred, name, tree)
    return graphs.drawn(tree, repr(name.name), gives)


def _unknown(inferred: Inferred, name: Name, tree: Workflow | Where) -> RouteError:
    if isinstance(tree, Where):
        return unregistered(name.name, tree, inferred.beside(name), name in inferred)
    return RouteError(f"{name.name!r} has no nodes yet, as clients have seen. {_late(name.name)}")


def _fitting(
    graph: Graph, name: str, tree: Workflow | Where, gives: graphs.Gives, *, closed: bool
) -> Graph:
    """Return a graph after a tree that may say what its nodes give, and nothing else of them."""
    grown = graphs.scripted(graph, tree, repr(name), late=True, gives=gives)
    if isinstance(tree, Where):
        return grown
    more = graphs.joined(grown, graphs.drawn(tree, repr(name), gives), repr(name))
    if more is grown:
        return grown
    new = [one for one in more.parts if one not in graph.parts]
    said = f"the nodes {', '.join(map(repr, new))}" if new else "more of its nodes than it has"
    known = f"{name!r} is registered" if closed else f"{name!r} can be fetched already"
    advice = f"Register them: {_definition(name)}." if closed else _late(name)
    raise RouteError(f"{shown(tree)} makes up {said}, but {known}. {advice}")


def _late(name: str) -> str:
    return (
        "A tree that comes from a function comes too late to make up nodes.\n"
        f"Register them first, {_definition(name)}, and let it return nodes.where(…)."
    )


def _definition(name: str) -> str:
    return f"register({name!r}, nodes.workflow(extract=nodes.task(), …))"


def defined(name: str, tree: object, guess: Guess) -> Graph:
    """Return the graph of a tree that is registered as a definition.

    Args:
        name: The name.
        tree: The tree.
        guess: Its interface; its last node gives what the whole does, or the one that is promised.

    Raises:
        RegistrationError: It is none, or it is a script: it says what happens.
    """
    call = f"register({name!r}, nodes.workflow(…))"
    if not isinstance(tree, Workflow):
        raise RegistrationError(
            f"register({name!r}, {shown(tree)}): what is registered of a name is its interface, or"
            f" which nodes it has.\nWrite {_definition(name)}."
        )
    for path, node in deep(tree.below()):
        launches = isinstance(node, LaunchPlan) and node.script is not None
        is_tried = isinstance(node, Task) and node.attempts
        if launches or is_tried or (isinstance(node, Array) and node.scripts):
            said = "what it launches does" if launches else "what its attempts do"
            of = f"of={node.of!r}" if isinstance(node, LaunchPlan) else ""
            raise RegistrationError(
                f"{call}: {path!r} says {said}, but a definition only says which"
                f" nodes there are.\nWrite {node.word}({of}) here, and plant what happens:"
                f" on_launch({name!r}).plays(nodes.where(…))."
            )
        if isinstance(node, Gate) and node.script is not None:
            raise RegistrationError(
                f"{call}: {path!r} says how the waiting ends, but a definition only says which"
                f" nodes there are.\nWrite nodes.gate() here, and plant what happens:"
                f" on_launch({name!r}).plays(nodes.where(…))."
            )
    said = ".others(…)" if tree.rest is not None else "what it does before it runs"
    said = said if tree.terminated is None else ".on_terminate(…)"
    said = said if tree.stop is None else ".aborts(…)"
    if any(one is not None for one in (tree.rest, tree.beginning, tree.terminated, tree.stop)):
        raise RegistrationError(
            f"{call}: it says {said}, but a definition only says which nodes there are."
            f"\nPlant what happens: on_launch({name!r}).plays(nodes.where(…))."
        )
    return graphs.declaring(graphs.drawn(tree, repr(name)), guess.outputs)


def check(
    store: Store, found: Sequence[Definition], scripts: Iterable[object]
) -> list[tuple[identifier_pb2.Identifier, Timeline | Workflow | Where]]:
    """Refuse trees that the latest version of what is registered cannot play.

    Returns:
        What its nodes launch, as far as these trees say what that does.

    Raises:
        FlyteTestkitError: There is no such node, or it cannot do that.
    """
    trees = among(scripts)
    if not trees or not found:
        return []
    closure = _closure(store, found[-1].id)
    launched: list[tuple[identifier_pb2.Identifier, Timeline | Workflow | Where]] = []
    for tree in trees:
        if isinstance(tree, Workflow):
            raise registered(found[-1].id.name, tree)
        if closure is not None:
            launched += graphs.cast(closure, tree, registered=Beside(store)).children
    return launched


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
