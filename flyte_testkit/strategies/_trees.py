"""Whole runs as messages: an execution, its nodes, and the attempts of their tasks.

Ignorant of how they come about; see ``_theatre``.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import close_names, suggests_keywords
from flyte_testkit.nodes import workflow
from flyte_testkit.strategies import _identifiers, _times
from flyte_testkit.strategies._arguments import at_least
from flyte_testkit.strategies._attempts import PLAIN
from flyte_testkit.strategies._drawing import among
from flyte_testkit.strategies._theatre import Play
from flyte_testkit.strategies._wholes import Grower

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2

    from flyte_testkit.nodes import Workflow
    from flyte_testkit.strategies._theatre import Change
    from flyte_testkit.timeline import Outcome

__all__ = ["NodeTree", "RunPhase", "TreeNode", "node_trees"]

RunPhase = Literal[
    "UNDEFINED",
    "RUNNING",
    "SUCCEEDING",
    "SUCCEEDED",
    "FAILING",
    "FAILED",
    "ABORTING",
    "ABORTED",
]

_PHASES: Final[tuple[RunPhase, ...]] = get_args(RunPhase)
_RUNNING: Final[st.SearchStrategy[Outcome | None]] = st.sampled_from(("SUCCEEDED", "FAILED", None))
"""How those would have ended that run."""
_OUTCOMES: Final[Mapping[str, Outcome]] = {
    **dict.fromkeys(("SUCCEEDING", "SUCCEEDED"), "SUCCEEDED"),
    **dict.fromkeys(("FAILING", "FAILED"), "FAILED"),
    **dict.fromkeys(("ABORTING", "ABORTED"), "ABORTED"),
}
"""How those end, or would have ended, that come by another phase."""
_LONGEST: Final = 3_600_000
_MOMENTS: Final = st.integers(0, 16)


@dataclass(frozen=True)
class TreeNode:
    """A node execution with what hangs on it.

    Attributes:
        node: The node execution.
        tasks: The attempts of its task, in order.
        children: The nodes below it, in the order in which they came to be.
    """

    node: node_execution_pb2.NodeExecution
    tasks: tuple[task_execution_pb2.TaskExecution, ...] = ()
    children: tuple[TreeNode, ...] = ()

    def walk(self) -> Iterator[TreeNode]:
        """Visit this node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class NodeTree:
    """A run as a client can read it.

    Attributes:
        execution: The execution.
        nodes: The nodes at the top, start-node first, in the order in which they came to be.
    """

    execution: execution_pb2.Execution
    nodes: tuple[TreeNode, ...] = ()

    def walk(self) -> Iterator[TreeNode]:
        """Visit all nodes, parents before their children."""
        for node in self.nodes:
            yield from node.walk()


@suggests_keywords
def node_trees(
    *, phase: RunPhase | None = None, max_nodes: int = 3, max_depth: int = 2
) -> st.SearchStrategy[NodeTree]:
    """Generate whole runs as a server shows them at some moment: they were played, from scripts.

    So execution, nodes and attempts fit each other: children carry their parents' unique ids,
    failed attempts come before the last one, an error travels from the attempt through the nodes to
    the execution in the words of each level, and what was running when it failed or was stopped is
    ABORTED. There are tasks with retries, decks and time-outs, caches, maps, gates, launch plans,
    branches, sub-workflows, dynamics and failure nodes. What real clusters show between two events
    is there as well, such as a RUNNING execution of which no node has begun.

    Shrinks to an execution that has no nodes yet, or to one task where there must be some; to fewer
    nodes and levels, tasks rather than other kinds, no retries.

    Args:
        phase: The execution's phase, one that an engine brings about; any of them by default.
        max_nodes: The most nodes of a workflow, beside its start and end.
        max_depth: How many levels of nodes there may be below the top.

    Raises:
        InvalidArgument: There is no such phase, or a bound is no bound.

    Example:
        >>> from hypothesis import given
        >>> @given(node_trees(phase="SUCCEEDED"))
        ... def test_a_run_ends_with_its_end_node(tree):
        ...     assert tree.nodes[-1].node.id.node_id == "end-node"
        >>> test_a_run_ends_with_its_end_node()
    """
    at_least("node_trees", "max_nodes", max_nodes, 1)
    at_least("node_trees", "max_depth", max_depth, 0)
    if phase is not None and phase not in _PHASES:
        near = close_names(str(phase).upper(), _PHASES)
        raise InvalidArgument(
            f"node_trees(phase={phase!r}): no engine leaves an execution with nodes in it.{near}"
            f"\nPhases are {', '.join(_PHASES)}; leave it out to draw any of them."
        )
    return _trees((phase,) if phase else _PHASES, max_nodes, max_depth)


@st.composite
def _trees(draw: st.DrawFn, phases: tuple[str, ...], max_nodes: int, max_depth: int) -> NodeTree:
    phase = draw(among(*phases))
    id_ = _identifiers.draw_execution_id(draw)
    created = _times.draw_instant(draw)
    if phase == "UNDEFINED":
        return _tree(Play(_PLAIN, id_, created).changes)
    outcome = _OUTCOMES[phase] if phase in _OUTCOMES else draw(_RUNNING)
    script = Grower(draw, max_nodes, 3, simply=True).whole(outcome, max_depth, _LONGEST)
    moment = draw(_MOMENTS)
    return _tree(_seen(Play(script, id_, created), phase, moment))


def _seen(play: Play, phase: str, moment: int) -> Sequence[Change]:
    """Return what has changed by a moment in which an execution is in a phase.

    Args:
        play: What it plays.
        phase: The phase.
        moment: Which moment: how many changes come after that to this phase, if there are so many.
    """
    seen = None  # how many changes there were when it came to this phase
    for number, change in enumerate(play, 1):
        is_execution = change.what == "execution"
        if seen is None and is_execution and change.row.phase == phase:
            seen = number
        elif seen is not None and is_execution and change.row.phase != phase:
            return play.changes[: number - 1]
        if seen is not None and number == seen + moment:
            return play.changes[:number]
    assert seen is not None, f"no {phase}"  # noqa: S101  the script was chosen so
    return play.changes


def _tree(changes: Sequence[Change]) -> NodeTree:
    """Return what a client reads after these changes."""
    last: dict[tuple[str, Any], Any] = {(what, row.key): row for what, row in changes}
    execution: Any = None
    below, tasks = dict[int | None, list[Any]](), dict[str, list[Any]]()
    for (what, _), row in last.items():
        if what == "execution":
            execution = row.message
        elif what == "node":
            below.setdefault(row.parent_id, []).append(row)
        else:
            tasks.setdefault(row.message.id.node_execution_id.node_id, []).append(row.message)
    return NodeTree(execution, _nodes(None, below, tasks))


def _nodes(
    parent: int | None,
    below: Mapping[int | None, Sequence[Any]],
    tasks: Mapping[str, Sequence[Any]],
) -> tuple[TreeNode, ...]:
    """Return the nodes below one, or those at the top."""
    return tuple(_node(row, below, tasks) for row in below.get(parent, ()))


def _node(
    row: Any, below: Mapping[int | None, Sequence[Any]], tasks: Mapping[str, Sequence[Any]]
) -> TreeNode:
    attempts = tuple(sorted(tasks.get(row.node_id, ()), key=_NUMBER))
    children = _nodes(row.id, below, tasks)
    if children:  # of a branch no event says so; FlyteAdmin does
        row.message.metadata.is_parent_node = True
    return TreeNode(row.message, attempts, children)


_NUMBER: Final = attrgetter("id.retry_attempt")
_PLAIN: Final[Workflow] = workflow(a=PLAIN["SUCCEEDED"])
