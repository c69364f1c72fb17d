"""Which trees of nodes what is registered can play, before anything is launched.

A tree from ``nodes.where`` says what is unusual about a registered workflow, one from
``nodes.workflow`` makes up a workflow. Ignorant of routes, and of how nodes are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit import graphs
from flyte_testkit.admin.executions.single_task import compiled_alone
from flyte_testkit.errors import RouteError, close_names, shown
from flyte_testkit.nodes import Where, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flyteidl.core import compiler_pb2, identifier_pb2

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.definitions import Definition

__all__ = ["check", "check_nameless", "unregistered"]


def check(store: Store, found: Sequence[Definition], scripts: Iterable[object]) -> None:
    """Refuse trees that the latest version of what is registered cannot play.

    Raises:
        FlyteTestkitError: There is no such node, or it cannot do that.
    """
    trees = [script for script in scripts if isinstance(script, (Workflow, Where))]
    closure = _closure(store, found[-1].id) if trees and found else None
    for tree in trees if closure is not None else ():
        graphs.cast(closure, tree)


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
