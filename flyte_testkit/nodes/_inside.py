"""Nodes inside of something: which there may be, and in which order.

Ignorant of what they are inside of.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Final, TypeAlias

from flyte_testkit.errors import TimelineError, close_names, shown
from flyte_testkit.nodes._array import Array
from flyte_testkit.nodes._cached import Cached
from flyte_testkit.nodes._gate import SIGNALLED, Gate
from flyte_testkit.nodes._names import FAILURE_NODE, check_name, check_names
from flyte_testkit.nodes._node import Node, Value
from flyte_testkit.nodes._promise import promised
from flyte_testkit.nodes._task import Task
from flyte_testkit.nodes._values import Named
from flyte_testkit.nodes.order import check_order
from flyte_testkit.timeline import (
    Attempt,
    OpenAttempt,
    OpenTimeline,
    Succeeds,
    Timeline,
    Yields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FailureNode",
    "Inside",
    "check_inside",
    "check_promises",
    "deep",
    "failure_node",
    "given",
    "inside",
    "with_failure_node",
]

_OPTIONS: Final = {
    "after": "after= of one of the nodes",
    "beginning": "the first argument: nodes.workflow(undefined(30), …)",
    "on_failure": "the method .on_failure(…)",
    "others": "the method .others(…)",
    "outputs": "the method .succeeds(…)",
    "succeeds": "the method .succeeds(…)",
}
"""Options that are easily written as if they were nodes."""

Inside: TypeAlias = Named[Node]
FailureNode: TypeAlias = tuple[str, Node]


def inside(
    mapping: Mapping[str, Node] | None, named: Mapping[str, Node], what: str
) -> dict[str, Node]:
    """Return nodes by mapping and by keyword, in the order they are written in.

    Raises:
        TimelineError: A name stands twice, or what should be a mapping is none.
    """
    if mapping is None:
        return dict(named)
    if not isinstance(mapping, Mapping):
        hint = " Nodes have names: fit=nodes.task(…)." if isinstance(mapping, Node) else ""
        raise TimelineError(
            f"{what}: {shown(mapping)} is no mapping of names to nodes.{hint}"
            "\nWrite nodes by keyword, or {'fit': nodes.task(…)}."
        )
    check_names(mapping, what)
    if twice := [name for name in mapping if name in named]:
        raise TimelineError(f"{what}: {twice[0]!r} stands twice.\nLeave one of them out.")
    return {**mapping, **named}


def check_inside(
    nodes: Mapping[str, object], what: str, *, is_branch: bool = False, at_once: bool = False
) -> Inside:
    """Return nodes if they can stand beside each other.

    Args:
        nodes: The nodes by name.
        what: What they are inside of, for the error.
        is_branch: Whether that is a branch: an arm is given what the nodes beside the branch give.
        at_once: Whether they begin at once, unless they say otherwise: as a dynamic task yields.

    Raises:
        TimelineError: One is no node, has an impossible name, comes after none of the others, or
            would never begin.
    """
    if not isinstance(nodes, Mapping):
        raise TimelineError(
            f"{what}: {shown(nodes)} is no mapping of names to nodes."
            "\nWrite {'fit': nodes.task(…)}."
        )
    check_names(nodes, what)
    checked = Named([(name, _node(name, node, what)) for name, node in nodes.items()])
    promises = {} if is_branch else given(checked)
    usual = () if at_once else None
    after = {name: usual if node.after is None else node.after for name, node in checked.items()}
    check_order(after, promises, what)
    for name, node in {} if is_branch else checked.items():
        check_promises(list(node.promises()), checked, f"{what}: {name!r}")
    return checked


def given(nodes: Mapping[str, Node]) -> dict[str, list[str]]:
    """Return, for each node, those whose outputs are promised to it."""
    return {name: [promise.node for promise in node.promises()] for name, node in nodes.items()}


def check_promises(value: object, nodes: Inside, what: str) -> None:
    """Refuse promises of what no node here gives, as far as scripts tell.

    Raises:
        TimelineError: There is no such node, or it gives something else.
    """
    for promise in promised(value):
        node = nodes.get(promise.node) if nodes.spelled(promise.node) else None
        if node is None:
            near = close_names(promise.node, nodes)
            raise TimelineError(
                f"{what}: {promise!r}: there is no node {promise.node!r} here.{near}"
                "\nPromise what a node beside it gives."
            )
        known = _scripted_outputs(node)
        if known and promise.output not in known:
            raise TimelineError(
                f"{what}: {promise!r}: {promise.node!r} gives no {promise.output!r}."
                f"{close_names(promise.output, known)}"
                f"\nIt is scripted to give {', '.join(map(repr, known))}."
            )


def failure_node(named: Mapping[str, object], nodes: Inside, what: str) -> FailureNode:
    """Return the one failure node that somebody wrote.

    Raises:
        TimelineError: There are none or several, or it is none.
    """
    if len(named) != 1:
        raise TimelineError(
            f"{what}: a workflow has one failure node, not {len(named)}."
            "\nWrite .on_failure(clean_up=nodes.task(…)); for more nodes, a nodes.subworkflow(…)."
        )
    ((name, value),) = named.items()
    if name != FAILURE_NODE:
        check_name(name, what)
    node = _node(name, value, what)
    if node.defined_as not in {"nodes.task", "nodes.subworkflow"}:
        raise TimelineError(
            f"{what}: {name}={shown(node)}: a failure node is a task or a sub-workflow."
            f"\nWrite {name}=nodes.task(…), or put it into a nodes.subworkflow(…)."
        )
    if node.after is not None:
        raise TimelineError(
            f"{what}: {name!r} comes after {shown(node.after)}: a failure node comes when all else"
            " has stopped.\nLeave after= out."
        )
    if nodes.spelled(name):
        raise TimelineError(
            f"{what}: {name!r} is a node already.\nCall the failure node otherwise."
        )
    check_promises(list(node.promises()), nodes, f"{what}: {name!r}")
    return name, node


def _scripted_outputs(node: Node) -> list[str]:
    """Return the names of outputs that a task is scripted to give; empty if that is not told."""
    if isinstance(node, Array):
        return [*next(iter(node.outputs), ())]
    if isinstance(node, Task) and node.attempts:
        ending = node.attempts[-1].ending
        return list(ending.outputs) if isinstance(ending, (Succeeds, Yields)) else []
    if isinstance(node, Gate) and node.brings_value:
        return [SIGNALLED]
    if isinstance(node, Cached):
        return list(node.outputs)
    return []


def _node(name: str, value: object, what: str) -> Node:
    if isinstance(value, Node):
        return value
    told = f"{what}: {name}={shown(value)}"
    maybe = f" What is meant may be {_OPTIONS[name]}." if name in _OPTIONS else ""
    if isinstance(value, (Timeline, Attempt)):
        code = value.as_argument() if isinstance(value, Attempt) else repr(value)
        raise TimelineError(
            f"{told} does not say which kind of node it is."
            f"\nWrite {name}=nodes.task({code}).{maybe}"
        )
    if isinstance(value, (OpenTimeline, OpenAttempt)):
        raise TimelineError(
            f"{told} has no ending, and does not say which kind of node it is."
            f"\nWrite {name}=nodes.task({value!r}.succeeds()).{maybe}"
        )
    if isinstance(value, Value):
        raise TimelineError(
            f"{told} is a whole, not a node of one.\nWrite {name}=nodes.subworkflow(…)."
        )
    if isinstance(value, FunctionType) and value.__module__.startswith(__package__):
        call = f"nodes.{value.__name__}"
        raise TimelineError(f"{told}: {call} is not called yet.\nWrite {name}={call}(…).")
    raise TimelineError(
        f"{told} is not a node.{close_names(name, ['after'])}"
        f"\nWrite {name}=nodes.task(running(60).succeeds()), say.{maybe}"
    )


def with_failure_node(
    nodes: Mapping[str, Node], at_the_end: FailureNode | None
) -> Mapping[str, Node]:
    """Return nodes by name, and the failure node after them."""
    return nodes if at_the_end is None else {**nodes, **dict([at_the_end])}


def deep(
    nodes: Mapping[str, Node], path: str = "", *, made_up: bool = True
) -> Iterator[tuple[str, Node]]:
    """Yield all nodes with their paths, each before those inside of it.

    Args:
        nodes: The nodes by name.
        path: What stands before their names.
        made_up: Whether what a node makes up by itself is among them.
    """
    for name, node in nodes.items():
        yield path + name, node
        if made_up or not node.makes_up:
            yield from deep(node.below(), f"{path}{name}.", made_up=made_up)
