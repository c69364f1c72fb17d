"""Node executions and their closures, phase by phase and kind by kind, as they were played.

Ignorant of trees: a node here stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from flyteidl.core import execution_pb2 as core
from hypothesis import strategies as st

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.strategies import _flaws
from flyte_testkit.strategies._arguments import Phases
from flyte_testkit.strategies._drawing import among, closures_of
from flyte_testkit.strategies._scenes import node_scene

if TYPE_CHECKING:
    from flyteidl.admin import node_execution_pb2
    from flyteidl.admin.node_execution_pb2 import NodeExecutionClosure

__all__ = [
    "NodePhase",
    "node_execution_closures",
    "node_executions",
]

NodePhase = Literal[
    "UNDEFINED",
    "QUEUED",
    "RUNNING",
    "SUCCEEDED",
    "FAILING",
    "FAILED",
    "ABORTED",
    "SKIPPED",
    "TIMED_OUT",
    "DYNAMIC_RUNNING",
    "RECOVERED",
]

_PHASES: Final = Phases("a node", core.NodeExecution.Phase, frozenset({"UNDEFINED", "FAILING"}))


@suggests_keywords
def node_execution_closures(
    *, phase: NodePhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[NodeExecutionClosure]:
    """Generate closures of nodes of all kinds in which everything agrees, as after a real engine.

    Among them are tasks with and without decks, cache hits (which never started), sub-workflows,
    dynamics, branches, launch plans, maps, gates, and the start and end of a workflow. A FAILED
    node of a task with a deck has no error, TIMED_OUT has none either, ABORTED says
    ``NodeAborted``: that is what engines of today leave behind.

    They were played, from scripts: what agrees in them does so as it does on a real server.

    Shrinks to a task that is QUEUED (or in the plainest of the phases asked for), created at
    2024-01-01T00:00:00Z; another kind, a deck or a missing start stays only if it matters.

    Args:
        phase: A phase by name or number; by default any that an engine sends.
        legal: False for what only a broken server shows: at least one thing does not agree, or the
            phase is one that no engine sends.

    Raises:
        InvalidArgument: There is no such phase, or no engine sends it.

    Example:
        >>> from hypothesis import given
        >>> @given(node_execution_closures(phase="ABORTED"))
        ... def test_what_was_aborted_says_so(closure):
        ...     assert closure.error.code == "NodeAborted"
        >>> test_what_was_aborted_says_so()
    """
    phases = _PHASES.choose("node_execution_closures", phase, legal=legal)
    return closures_of(_nodes(phases, legal=legal, any_phase=phase is None))


@suggests_keywords
def node_executions(
    *, phase: NodePhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[node_execution_pb2.NodeExecution]:
    """Generate node executions: identifier, addresses, metadata and closure, which belong together.

    They stand alone; for those of one run that fit each other see :func:`node_trees`.

    Shrinks like its closure does, with the id ``n0`` in an execution ``a``.

    Args:
        phase: A phase by name or number; by default any that an engine sends.
        legal: False for closures that only a broken server shows.

    Raises:
        InvalidArgument: There is no such phase, or no engine sends it.

    Example:
        >>> from hypothesis import given
        >>> @given(node_executions())
        ... def test_a_node_has_a_name(node):
        ...     assert node.id.node_id
        >>> test_a_node_has_a_name()
    """
    phases = _PHASES.choose("node_executions", phase, legal=legal)
    return _nodes(phases, whole=True, legal=legal, any_phase=phase is None)


@st.composite
def _nodes(
    draw: st.DrawFn,
    phases: tuple[str, ...],
    *,
    legal: bool,
    any_phase: bool,
    whole: bool = False,
) -> node_execution_pb2.NodeExecution:
    phase = draw(among(*phases))
    played = phase if phase in _SENT else "QUEUED"
    made: node_execution_pb2.NodeExecution = node_scene(draw, played, named=whole)
    if played != phase:
        made.closure.phase = core.NodeExecution.Phase.Value(phase)  # type: ignore[assignment]  # a number of it
    if not legal:
        _flaws.spoil(draw, made.closure, _flaws.NODE, _PHASES, any_phase=any_phase)
    return made


_SENT: Final = frozenset(_PHASES.names) - _PHASES.unsent
