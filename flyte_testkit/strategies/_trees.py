"""Whole runs as messages: an execution, its nodes, and the attempts of their tasks.

Ignorant of how nodes grow; see ``_growth``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import close_names
from flyte_testkit.propeller.places import Place, root_of
from flyte_testkit.propeller.wording import NODE_FAILED, WORKFLOW_ABORTED
from flyte_testkit.strategies import _identifiers, _times
from flyte_testkit.strategies._arguments import at_least
from flyte_testkit.strategies._drawing import MOSTLY
from flyte_testkit.strategies._executions import Lived, execution
from flyte_testkit.strategies._growth import Fate, Grower, TreeNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.admin import execution_pb2

__all__ = ["NodeTree", "RunPhase", "node_trees"]

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
_FATES: Final[dict[str, Fate]] = {
    "SUCCEEDED": "SUCCEEDED",
    "SUCCEEDING": "SUCCEEDED",
    "FAILED": "FAILED",
    "FAILING": "FAILED",
    "RUNNING": "RUNNING",
    "ABORTING": "RUNNING",
    "ABORTED": "ABORTED",
}


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


def node_trees(
    *, phase: RunPhase | None = None, max_nodes: int = 3, max_depth: int = 2
) -> st.SearchStrategy[NodeTree]:
    """Generate whole runs in which execution, nodes and attempts fit each other.

    Children lie within their parents' times and carry their unique ids, failed attempts come before
    the last one, an error travels from the attempt through the nodes to the execution in the words
    of each level, and what was running when it failed or was stopped is ABORTED. There are tasks
    with retries, decks and time-outs, caches, maps, gates, launch plans, branches, sub-workflows
    and dynamics.

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
    phase = draw(st.sampled_from(phases))
    id_ = _identifiers.draw_execution_id(draw)
    created = draw(_times.MOMENTS)
    abort = ("stop it", "") if phase in {"ABORTING", "ABORTED"} else None
    started = created + 500_000_000
    if phase == "UNDEFINED" or (abort and not draw(MOSTLY)):
        ended = started if phase == "ABORTED" else created
        return NodeTree(execution(id_, phase, Lived(created, None, ended), abort=abort))
    root = root_of(id_)
    grown = Grower(draw, id_, max_nodes).scope(
        lambda spec_id: Place(root, spec_id),
        _FATES[phase],
        started,
        max_depth,
        reason=WORKFLOW_ABORTED if phase == "ABORTED" else NODE_FAILED,
        siblings="RUNNING" if phase == "FAILING" else "ABORTED",
    )
    updated = started
    if phase not in {"RUNNING", "ABORTING"}:
        updated = grown.until + 50_000_000
    made = execution(
        id_,
        phase,
        Lived(created, started, updated),
        error=None if abort else grown.error,
        abort=abort,
    )
    return NodeTree(made, grown.nodes)
