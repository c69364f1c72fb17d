"""Executions and their closures, phase by phase, as FlyteAdmin shows what an engine reports.

What holds between phase, times, duration, error, outputs and abort metadata is told by catalogue
section 21.1. Ignorant of nodes, and of what a broken server would show; see ``_flaws``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2, security_pb2
from hypothesis import strategies as st

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.propeller.phases import ALWAYS_RAN, NEVER_RAN, OUTCOMES
from flyte_testkit.propeller.places import END, Place, root_of
from flyte_testkit.strategies import _flaws, _identifiers, _times
from flyte_testkit.strategies._arguments import Phases
from flyte_testkit.strategies._drawing import MOSTLY, RARELY, closures_of
from flyte_testkit.strategies._error_texts import LAUNCH_CODES
from flyte_testkit.strategies._errors import ERRORS, STORABLE, TEXTS

__all__ = ["EXECUTION_PHASES", "ExecutionPhase", "execution_closures", "executions"]

ExecutionPhase = Literal[
    "UNDEFINED",
    "QUEUED",
    "RUNNING",
    "SUCCEEDING",
    "SUCCEEDED",
    "FAILING",
    "FAILED",
    "ABORTED",
    "TIMED_OUT",
    "ABORTING",
]

EXECUTION_PHASES: Final = Phases("an execution", core.WorkflowExecution.Phase)

_MODES: Final = st.sampled_from(
    ("MANUAL", "SCHEDULED", "SYSTEM", "RELAUNCH", "CHILD_WORKFLOW", "RECOVERED")
)


@suggests_keywords
def execution_closures(
    *, phase: ExecutionPhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[execution_pb2.ExecutionClosure]:
    """Generate closures of executions in which everything agrees, as on a real server.

    The times are in order (created, started, updated), the duration is there when it has ended and
    had started, outputs are an address and never inline, an error stands in FAILING and FAILED,
    abort metadata in ABORTING and ABORTED. QUEUED and TIMED_OUT are among them, although no engine
    of today sends them for a workflow: a server would show them.

    Shrinks to UNDEFINED (or the plainest of the phase asked for), created on 2024-01-01T00:00:00Z,
    every gap a second, with ordinary errors; that it never ran, ended as it was created, or lacks a
    cause stays in the example only if it matters.

    Args:
        phase: A phase by name or number; any by default.
        legal: False for what only a broken server shows: at least one thing does not agree, or the
            phase is a number that nobody knows. All of them are messages that can be read.

    Raises:
        InvalidArgument: There is no such phase.

    Example:
        >>> from hypothesis import given
        >>> @given(execution_closures(phase="RUNNING"))
        ... def test_what_runs_has_begun(closure):
        ...     assert closure.HasField("started_at")
        >>> test_what_runs_has_begun()
    """
    phases = EXECUTION_PHASES.choose("execution_closures", phase, legal=legal)
    return closures_of(_executions(phases, legal=legal, any_phase=phase is None))


@suggests_keywords
def executions(
    *, phase: ExecutionPhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[execution_pb2.Execution]:
    """Generate executions: identifier, spec and a closure of :func:`execution_closures`.

    Spec and closure belong together: outputs lie where an engine puts that execution's, a relaunch
    refers to another execution, a child to its parent's node.

    Shrinks like its closure does, with the name ``a`` and a launch plan ``a`` launched by hand.

    Args:
        phase: A phase by name or number; any by default.
        legal: False for closures that only a broken server shows.

    Raises:
        InvalidArgument: There is no such phase.

    Example:
        >>> from hypothesis import given
        >>> @given(executions())
        ... def test_an_execution_has_a_name(execution):
        ...     assert execution.id.name
        >>> test_an_execution_has_a_name()
    """
    phases = EXECUTION_PHASES.choose("executions", phase, legal=legal)
    return _executions(phases, whole=True, legal=legal, any_phase=phase is None)


@dataclass(frozen=True)
class Lived:
    """The times of an execution, in nanoseconds.

    Attributes:
        created: When FlyteAdmin stored it.
        started: When it began to run, if it did.
        updated: When its phase changed last.
    """

    created: int
    started: int | None
    updated: int


@st.composite
def _executions(
    draw: st.DrawFn,
    phases: tuple[str, ...],
    *,
    legal: bool,
    any_phase: bool,
    whole: bool = False,
) -> execution_pb2.Execution:
    phase = draw(st.sampled_from(phases))
    made = execution_pb2.Execution(id=_identifiers.draw_execution_id(draw, named=whole))
    _fill_closure(draw, made, phase)
    entity = draw(_WORKFLOWS)
    made.closure.workflow_id.CopyFrom(entity)
    if whole:
        _fill_spec(draw, made)
    if not legal:
        _flaws.spoil(draw, made.closure, _flaws.EXECUTION, EXECUTION_PHASES, any_phase=any_phase)
    return made


def _put_times(closure: execution_pb2.ExecutionClosure, phase: str, lived: Lived) -> None:
    closure.MergeFrom(execution_pb2.ExecutionClosure(phase=phase))
    closure.created_at.CopyFrom(_times.stamp(lived.created))
    closure.updated_at.CopyFrom(_times.stamp(lived.updated))
    if lived.started is not None:
        closure.started_at.CopyFrom(_times.stamp(lived.started))
        if phase in OUTCOMES:
            closure.duration.CopyFrom(_times.lasted(lived.started, lived.updated))
    closure.state_change_details.occurred_at.CopyFrom(closure.created_at)


def _fill_closure(draw: st.DrawFn, made: execution_pb2.Execution, phase: str) -> None:
    closure = made.closure
    before = draw(_BEFORE_ABORTING) if phase == "ABORTING" else phase
    lived, refused = _draw_life(draw, before)
    _put_times(closure, phase, lived)
    if before == "SUCCEEDED":
        closure.outputs.uri = Place(root_of(made.id), END).outputs()
    elif phase in {"FAILING", "FAILED"} or (phase == "TIMED_OUT" and draw(RARELY)):
        closure.error.CopyFrom(draw(ERRORS))
        if refused:
            closure.error.code = draw(st.sampled_from(LAUNCH_CODES))
            closure.error.kind = core.ExecutionError.SYSTEM
    elif phase in {"ABORTING", "ABORTED"}:
        closure.abort_metadata.cause = draw(_CAUSES)
        if draw(RARELY):
            closure.abort_metadata.principal = draw(TEXTS)
    if draw(RARELY):
        details = closure.state_change_details
        details.state = execution_pb2.EXECUTION_ARCHIVED
        details.occurred_at.CopyFrom(_times.stamp(lived.updated + draw(_times.GAPS)))
        details.principal = draw(TEXTS)
    if draw(RARELY):
        email = common_pb2.EmailNotification(recipients_email=["team@example.com"])
        told = common_pb2.Notification(email=email, phases=[core.WorkflowExecution.FAILED])
        closure.notifications.append(told)


def _draw_life(draw: st.DrawFn, phase: str) -> tuple[Lived, bool]:
    """Draw when it was created, started and updated; and whether it failed while it was made."""
    created = draw(_times.MOMENTS)
    if phase == "UNDEFINED":
        return Lived(created, None, created), False
    started = created + draw(_times.GAPS)
    if phase in NEVER_RAN:
        return Lived(created, None, started), False
    if phase == "RUNNING":
        return Lived(created, started, started), False
    ended = started + draw(_times.GAPS)
    ran, made = (True, True) if phase in ALWAYS_RAN else (draw(MOSTLY), draw(MOSTLY))
    if ran:
        return Lived(created, started, ended), False
    refused = phase == "FAILED" and not made
    return Lived(created, None, created if refused else ended), refused


def _fill_spec(draw: st.DrawFn, made: execution_pb2.Execution) -> None:
    id_, spec, workflow = made.id, made.spec, made.closure.workflow_id
    spec.launch_plan.CopyFrom(workflow)
    spec.launch_plan.resource_type = identifier_pb2.LAUNCH_PLAN
    metadata = spec.metadata
    metadata.MergeFrom(execution_pb2.ExecutionMetadata(mode=draw(_MODES)))
    metadata.system_metadata.namespace = f"{id_.project}-{id_.domain}"
    other = _identifiers.execution_id(id_.project, id_.domain, "b")
    if metadata.mode in _REFERRING:
        metadata.reference_execution.CopyFrom(other)
    elif metadata.mode == execution_pb2.ExecutionMetadata.CHILD_WORKFLOW:
        metadata.nesting = 1
        metadata.parent_node_execution.node_id = "n0"
        metadata.parent_node_execution.execution_id.CopyFrom(other)
    elif metadata.mode == execution_pb2.ExecutionMetadata.SCHEDULED:
        created = made.closure.created_at
        metadata.scheduled_at.seconds = created.seconds - created.seconds % 60
    metadata.principal = draw(st.one_of(st.just(""), TEXTS))
    spec.security_context.CopyFrom(security_pb2.SecurityContext(run_as={}))
    spec.max_parallelism = 25
    if draw(RARELY):
        for key, value in draw(_LABELS).items():
            spec.labels.values[key] = value
        spec.annotations.SetInParent()
        spec.overwrite_cache = draw(st.booleans())
        spec.tags.append(draw(st.text("abc", max_size=3)))


_REFERRING: Final = {
    execution_pb2.ExecutionMetadata.RELAUNCH,
    execution_pb2.ExecutionMetadata.RECOVERED,
}
_BEFORE_ABORTING: Final = st.sampled_from(
    ("RUNNING", "UNDEFINED", "QUEUED", "SUCCEEDING", "FAILING")
)
_CAUSES: Final = st.one_of(st.just("stop it"), STORABLE)
_LABELS: Final = st.dictionaries(
    st.sampled_from(("team", "run-of", "a.b/c")), st.sampled_from(("", "x", "Y_1")), max_size=3
)
_WORKFLOWS: Final = _identifiers.identifiers(resource_type="WORKFLOW")
