"""Node executions and their closures, phase by phase and kind by kind.

What holds is told by catalogue sections 21.2 and 21.3. Ignorant of trees: a node here stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from flyteidl.admin import node_execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2
from hypothesis import strategies as st

from flyte_testkit.propeller.kinds import KINDS, Kind
from flyte_testkit.propeller.names import pod_name
from flyte_testkit.propeller.phases import NODE_OUTCOMES
from flyte_testkit.propeller.places import END, START, Place, checkpoint, root_of
from flyte_testkit.propeller.wording import ABORT_REASONS
from flyte_testkit.strategies import _flaws, _identifiers, _times
from flyte_testkit.strategies._arguments import Phases
from flyte_testkit.strategies._drawing import MOSTLY, RARELY, closures_of
from flyte_testkit.strategies._errors import ERRORS
from flyte_testkit.strategies._node_errors import aborted

if TYPE_CHECKING:
    from flyteidl.admin.node_execution_pb2 import NodeExecutionClosure

__all__ = [
    "NodeLife",
    "NodePhase",
    "node_execution",
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
_RUN_ENDS: Final = NODE_OUTCOMES - {"SKIPPED", "RECOVERED"}


def node_execution_closures(
    *, phase: NodePhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[NodeExecutionClosure]:
    """Generate closures of nodes of all kinds in which everything agrees, as after a real engine.

    Among them are tasks with and without decks, cache hits (which never started), sub-workflows,
    dynamics, branches, launch plans, maps, gates, and the start and end of a workflow. A FAILED
    node of a task with a deck has no error, TIMED_OUT has none either, ABORTED says
    ``NodeAborted``: that is what engines of today leave behind.

    Shrinks to a task that is QUEUED (or in the plainest of the phases asked for), created on
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


@dataclass(frozen=True)
class NodeLife:
    """What happened to one node, in nanoseconds.

    Attributes:
        created: When its first event occurred.
        started: When it began to run, if it did.
        ended: When its last event occurred.
        reported: When its last event was told.
    """

    created: int
    started: int | None
    ended: int
    reported: int


@st.composite
def _nodes(
    draw: st.DrawFn,
    phases: tuple[str, ...],
    *,
    legal: bool,
    any_phase: bool,
    whole: bool = False,
) -> node_execution_pb2.NodeExecution:
    phase = draw(st.sampled_from(phases))
    kind = draw(st.sampled_from(_KINDS_IN[phase] or KINDS[:1]))
    execution = _identifiers.draw_execution_id(draw, named=whole)
    spec_id = draw(_SPEC_IDS)
    spec_id = {"start": START, "end": END}.get(kind.name, spec_id)
    place = Place(root_of(execution), spec_id)
    if draw(RARELY):
        place = Place(root_of(execution), "n3").below(spec_id, attempt=draw(_ATTEMPTS))
    life = _draw_life(draw, phase, kind)
    decked = draw(RARELY)
    deck = decked and kind.deck and phase in _DECK_PHASES and life.started is not None
    error = None
    if phase == "FAILED":
        error = draw(ERRORS)
        if deck:  # the engine forgets it then; the workflow and the task have it
            error = None
    elif phase == "ABORTED":
        error = aborted(draw(st.sampled_from(ABORT_REASONS)))
    made = node_execution(execution, place, kind, phase, life, error=error, deck=deck)
    if not legal:
        _flaws.spoil(draw, made.closure, _flaws.NODE, _PHASES, any_phase=any_phase)
    return made


def _draw_life(draw: st.DrawFn, phase: str, kind: Kind) -> NodeLife:
    created, report = draw(_times.MOMENTS), draw(_REPORTING)
    if phase not in _RAN:
        return NodeLife(created, None, created, created + report)
    started = created + draw(_times.GAPS)
    if phase == "RUNNING":
        return NodeLife(created, started, started, started + report)
    ended, ran = started + draw(_times.GAPS), draw(MOSTLY)
    if kind.runs and (ran or kind.is_dynamic or phase == "SUCCEEDED"):
        return NodeLife(created, started, ended, ended + report)
    return NodeLife(created, None, ended, ended + report)


def node_execution(
    execution: identifier_pb2.WorkflowExecutionIdentifier,
    place: Place,
    kind: Kind,
    phase: str,
    life: NodeLife,
    *,
    error: core.ExecutionError | None = None,
    deck: bool = False,
    attempt: int = 0,
) -> node_execution_pb2.NodeExecution:
    """Put a node execution together whose history is known.

    Args:
        execution: The execution it belongs to.
        place: Where it stands.
        kind: What kind of node it is.
        phase: Its phase, by name.
        life: Its times.
        error: Why it failed or was stopped.
        deck: Whether its task makes a deck.
        attempt: The last attempt of its task.
    """
    made = node_execution_pb2.NodeExecution(
        id=identifier_pb2.NodeExecutionIdentifier(node_id=place.node_id, execution_id=execution),
        input_uri=place.inputs if kind.inputs else "",
        closure=node_execution_pb2.NodeExecutionClosure(phase=phase),
    )
    made.metadata.spec_node_id = place.spec_id
    made.metadata.retry_group = place.retry_group
    made.metadata.is_array = kind.is_array
    opened = phase == "DYNAMIC_RUNNING" or (life.started is not None and phase != "RECOVERED")
    made.metadata.is_parent_node = kind.children and opened
    made.metadata.is_dynamic = kind.is_dynamic
    closure = made.closure
    closure.created_at.CopyFrom(_times.stamp(life.created))
    closure.updated_at.CopyFrom(_times.stamp(life.reported))
    if life.started is not None:
        closure.started_at.CopyFrom(_times.stamp(life.started))
        if phase in _RUN_ENDS:
            closure.duration.CopyFrom(_times.lasted(life.started, life.ended))
    if error is not None:
        closure.error.CopyFrom(error)
    elif phase in {"SUCCEEDED", "RECOVERED"} and kind.outputs:
        closure.output_uri = place.outputs(attempt)
    if deck:
        closure.deck_uri = f"{place.data(attempt)}/deck.html"
    _put_target(made, place, kind, phase, attempt)
    return made


def _put_target(
    made: node_execution_pb2.NodeExecution, place: Place, kind: Kind, phase: str, attempt: int
) -> None:
    """Say what a task or a launch plan leaves in the node's closure."""
    closure, execution = made.closure, made.id.execution_id
    pod = pod_name(execution.name, place.node_id, attempt)
    if kind.child_execution and closure.HasField("started_at"):
        child = _identifiers.execution_id(execution.project, execution.domain, "fkde3bmqz4xwyy")
        closure.workflow_node_metadata.executionId.CopyFrom(child)
    if kind.checkpoint and phase in {"SUCCEEDED", "FAILED"} and closure.HasField("started_at"):
        closure.task_node_metadata.checkpoint_uri = checkpoint(pod)
    if phase == "RECOVERED" and kind.name == "task":
        closure.task_node_metadata.SetInParent()
    if kind.is_dynamic:
        closure.dynamic_job_spec_uri = f"{place.data(attempt)}/futures.pb"
        closure.task_node_metadata.SetInParent()
    if kind.cached:
        found = node_execution_pb2.TaskNodeMetadata(cache_status=kind.cached)
        closure.task_node_metadata.MergeFrom(found)
        key = closure.task_node_metadata.catalog_key
        key.dataset_id.CopyFrom(
            identifier_pb2.Identifier(
                resource_type=identifier_pb2.DATASET,
                project=execution.project,
                domain=execution.domain,
                name="flyte_task-flows.train",
                version="1.0-GKw-c0Pw-GKw-c0Pw",
            )
        )
        key.artifact_tag.artifact_id = "5f0ee0e5-4a1f-4d3c-9d55-0f1f6ab0f5a7"
        key.artifact_tag.name = "flyte_cached-Oqy8lLXo6B0hkS0Xj4bWTz0tX5cHqvcpTz4kSgN5tLM="


_KINDS_IN: Final = {
    # The commonest kind is drawn three times as often as the others.
    phase: tuple(kind for kind in (*KINDS[:1] * 2, *KINDS) if phase in kind.phases)
    for phase in _PHASES.names
}
_RAN: Final = {"RUNNING", "DYNAMIC_RUNNING", *_RUN_ENDS}
_DECK_PHASES: Final = {"RUNNING", "SUCCEEDED", "FAILED"}
_ATTEMPTS: Final = st.integers(0, 2)
_REPORTING: Final = st.integers(0, 300_000_000)
_SPEC_IDS: Final = st.sampled_from(("n0", "n1", "n12", "dn0", "fn0", "n0-n1", "my-add", "flowsadd"))
