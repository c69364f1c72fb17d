"""What follows from nodes as they are written: who waits for whom, what is given, what is where.

For those who play them. Ignorant of time, and of what is registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from flyte_testkit.errors import TimelineError, close_names, cut, shown
from flyte_testkit.nodes import order
from flyte_testkit.nodes._array import Array
from flyte_testkit.nodes._cached import Cached
from flyte_testkit.nodes._dynamic import Dynamic
from flyte_testkit.nodes._gate import SIGNALLED, Gate
from flyte_testkit.nodes._groups import Branch, Subworkflow
from flyte_testkit.nodes._inside import given
from flyte_testkit.nodes._launch_plan import LaunchPlan
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes._promise import Promise, promised
from flyte_testkit.nodes._task import Task
from flyte_testkit.nodes._wholes import Where, Workflow
from flyte_testkit.timeline import Succeeds, Timeline, Yields

if TYPE_CHECKING:
    from flyte_testkit.nodes._node import Node

__all__ = ["Scope", "default_outputs", "find", "outputs_of", "promised", "upstream"]

Scope: TypeAlias = Workflow | Where | Subworkflow | Branch
"""What has nodes inside."""


def upstream(scope: Workflow | Subworkflow | Dynamic) -> dict[str, tuple[str, ...]]:
    """Return which nodes each of them waits for, none that another waits for already.

    What a dynamic task yields waits for nobody, unless it says so.

    For what is made up; inside of :func:`where <flyte_testkit.nodes.where>` the order is that of
    the registered workflow.

    Example:
        >>> from flyte_testkit import nodes
        >>> upstream(nodes.workflow(a=nodes.task(), b=nodes.task(after=()), c=nodes.task()))
        {'a': (), 'b': (), 'c': ('a', 'b')}
    """
    usual = () if isinstance(scope, Dynamic) else None
    nodes = scope.nodes
    after = {name: usual if node.after is None else node.after for name, node in nodes.items()}
    return order.upstream(after, given(nodes))


def outputs_of(node: Node) -> tuple[str, ...]:
    """Return the names of what a node gives, as far as it is scripted: none if it does not succeed.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> outputs_of(nodes.branch(retrain=nodes.task(running(60).succeeds(auc=0.9))))
        ('auc',)
    """
    match node:
        case Task(attempts=(*_, last)):
            ending = last.ending
            return tuple(ending.outputs) if isinstance(ending, (Succeeds, Yields)) else ()
        case Array():
            return tuple(next(iter(node.outputs), ()))
        case Cached():
            return tuple(node.outputs)
        case LaunchPlan(script=Timeline(ending=Succeeds(outputs))):
            return tuple(outputs)
        case Branch():
            return outputs_of(node.arm[1])
        case Subworkflow():
            return tuple(default_outputs(node) if node.outputs is None else node.outputs)
        case Gate():
            return (SIGNALLED,) if node.brings_value else ()
        case _:
            return ()


def default_outputs(scope: Workflow | Subworkflow | Dynamic) -> dict[str, Promise]:
    """Return what a made-up workflow gives if nobody says it: what its last nodes give.

    The last are those that nobody waits for. What two of them give by one name is left out: only
    ``.succeeds(…)`` can say which of them is meant.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> fit = nodes.task(running(600).succeeds(auc=0.9), after=())
        >>> default_outputs(nodes.workflow(fit=fit))
        {'auc': nodes.promise('fit.auc')}
        >>> default_outputs(nodes.workflow(fit_a=fit, fit_b=fit))
        {}
    """
    found: dict[str, list[Promise]] = {}
    for name in order.last_of(upstream(scope)):
        for output in outputs_of(scope.nodes[name]):
            found.setdefault(output, []).append(Promise(name, output))
    return {output: promises[0] for output, promises in found.items() if len(promises) == 1}


def find(scope: Scope, path: str) -> tuple[tuple[str, ...], Node]:
    """Return a node by its path, and the names on the way as they are written.

    Args:
        scope: Where to begin.
        path: Names with points between; ``_`` stands for ``-``, and either may be written.

    Raises:
        TimelineError: There is no such node.

    Example:
        >>> from flyte_testkit import nodes
        >>> tree = nodes.workflow(train=nodes.subworkflow(fit_a=nodes.task(retries=2)))
        >>> find(tree, "train.fit-a")
        (('train', 'fit_a'), nodes.task(retries=2))
    """
    if not isinstance(path, str):
        raise TimelineError(f"{shown(path)} names no node.\nWrite 'train', or 'train.fit'.")
    names: list[str] = []
    here: Scope | Node = scope
    for name in path.split("."):
        below = here.below()
        spelled = next((one for one in below if same(one) == same(name)), None)
        if spelled is None:
            raise TimelineError(_no_such(path, name, names, list(below)))
        names.append(spelled)
        here = below[spelled]
    return tuple(names), here  # type: ignore[return-value]  # a path has one name at least


def _no_such(path: str, name: str, names: list[str], known: list[str]) -> str:
    where = repr(".".join(names)) if names else "the workflow"
    near = close_names(name, known)
    there = f"There is {cut(', '.join(map(repr, known)), 300)}." if known else "It has none inside."
    return f"{shown(path)}: there is no {name!r} in {where}.{near}\n{there}"
