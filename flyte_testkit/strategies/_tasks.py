"""Attempts of tasks and their closures, phase by phase, as they were played.

Times of containers come from Kubernetes: whole seconds, and now and then earlier than the attempt
itself (catalogue section 21.4). Ignorant of the nodes that the attempts belong to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from flyteidl.core import execution_pb2 as core
from hypothesis import strategies as st

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.strategies import _flaws, _identifiers
from flyte_testkit.strategies._arguments import Phases
from flyte_testkit.strategies._drawing import among, closures_of
from flyte_testkit.strategies._scenes import task_scene

if TYPE_CHECKING:
    from flyteidl.admin import task_execution_pb2

__all__ = [
    "TaskPhase",
    "task_execution_closures",
    "task_executions",
]

TaskPhase = Literal[
    "UNDEFINED",
    "QUEUED",
    "RUNNING",
    "SUCCEEDED",
    "ABORTED",
    "FAILED",
    "INITIALIZING",
    "WAITING_FOR_RESOURCES",
    "RETRYABLE_FAILED",
]

_PHASES: Final = Phases(
    "an attempt of a task",
    core.TaskExecution.Phase,
    frozenset({"UNDEFINED", "RETRYABLE_FAILED"}),
)


@suggests_keywords
def task_execution_closures(
    *, phase: TaskPhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[task_execution_pb2.TaskExecutionClosure]:
    """Generate closures of attempts in which everything agrees, as after a real engine.

    Containers start and end at whole seconds, sometimes before the attempt was created. An error
    stands in FAILED alone, an address of outputs in SUCCEEDED alone, a start and logs in whatever
    ran. Maps are among them, with the state of their items.

    They were played, from scripts: what agrees in them does so as it does on a real server.

    Shrinks to QUEUED (or the plainest of the phase asked for), of an execution that was created at
    2024-01-01T00:00:00Z; that it never ran or is a map stays in the example only if it matters.

    Args:
        phase: A phase by name or number; by default any that an engine sends.
        legal: False for what only a broken server shows: at least one thing does not agree, or the
            phase is one that no engine sends.

    Raises:
        InvalidArgument: There is no such phase, or no engine sends it.

    Example:
        >>> from hypothesis import given
        >>> @given(task_execution_closures(phase="FAILED"))
        ... def test_a_failure_has_an_error(closure):
        ...     assert closure.HasField("error")  # which may be without code and message
        >>> test_a_failure_has_an_error()
    """
    phases = _PHASES.choose("task_execution_closures", phase, legal=legal)
    return closures_of(_tasks(phases, legal=legal, any_phase=phase is None))


@suggests_keywords
def task_executions(
    *, phase: TaskPhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[task_execution_pb2.TaskExecution]:
    """Generate attempts of tasks: identifier, inputs' address and closure, which belong together.

    Shrinks like its closure does, with attempt 0 on node ``n0``.

    Args:
        phase: A phase by name or number; by default any that an engine sends.
        legal: False for closures that only a broken server shows.

    Raises:
        InvalidArgument: There is no such phase, or no engine sends it.

    Example:
        >>> from hypothesis import given
        >>> @given(task_executions())
        ... def test_an_attempt_names_its_node(attempt):
        ...     assert attempt.id.node_execution_id.node_id
        >>> test_an_attempt_names_its_node()
    """
    phases = _PHASES.choose("task_executions", phase, legal=legal)
    return _tasks(phases, whole=True, legal=legal, any_phase=phase is None)


@st.composite
def _tasks(
    draw: st.DrawFn,
    phases: tuple[str, ...],
    *,
    legal: bool,
    any_phase: bool,
    whole: bool = False,
) -> task_execution_pb2.TaskExecution:
    phase = draw(among(*phases))
    played = phase if phase in _SENT else "QUEUED"
    task_id = draw(_TASK_IDS) if whole else None
    made: task_execution_pb2.TaskExecution = task_scene(draw, played, named=whole)
    if played != phase:
        made.closure.phase = core.TaskExecution.Phase.Value(phase)  # type: ignore[assignment]  # a number of it
    if task_id is not None:
        made.id.task_id.CopyFrom(task_id)
    if not legal:
        _flaws.spoil(draw, made.closure, _flaws.TASK, _PHASES, any_phase=any_phase)
    return made


_SENT: Final = frozenset(_PHASES.names) - _PHASES.unsent
_TASK_IDS: Final = _identifiers.identifiers(resource_type="TASK")
