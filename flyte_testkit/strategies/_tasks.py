"""Attempts of tasks and their closures, phase by phase.

Times of containers come from Kubernetes: whole seconds, and now and then earlier than the attempt
itself (catalogue section 21.4). Ignorant of the nodes that the attempts belong to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from flyteidl.admin import task_execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2
from flyteidl.event import event_pb2
from hypothesis import strategies as st

from flyte_testkit.propeller.names import pod_name
from flyte_testkit.propeller.phases import TASK_OUTCOMES
from flyte_testkit.propeller.places import Place, root_of
from flyte_testkit.propeller.wording import CREATING, SUBMITTED, over_quota
from flyte_testkit.strategies import _flaws, _identifiers, _times
from flyte_testkit.strategies._arguments import Phases
from flyte_testkit.strategies._drawing import MOSTLY, RARELY, closures_of
from flyte_testkit.strategies._errors import ERRORS

__all__ = [
    "Attempt",
    "TaskPhase",
    "task_execution",
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

_ATTEMPTS: Final = st.integers(0, 3)
_BEFORE_RUNNING: Final = {"UNDEFINED", "QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING"}
_EARLY: Final = st.sampled_from((0, 1, -1, 2, -2, 20, 600))
_WHOLE: Final = st.one_of(st.sampled_from((1, 0, 2, 20, 60, 3600)), st.integers(0, 86_400))
_ITEMS: Final = st.integers(0, 4)


def task_execution_closures(
    *, phase: TaskPhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[task_execution_pb2.TaskExecutionClosure]:
    """Generate closures of attempts in which everything agrees, as after a real engine.

    Containers start and end at whole seconds, sometimes before the attempt was created. An error
    stands in FAILED alone, an address of outputs in SUCCEEDED alone, a start and logs in whatever
    ran. Maps are among them, with the state of their items.

    Shrinks to QUEUED (or the plainest of the phase asked for), created on 2024-01-01T00:00:00Z;
    that it never ran or is a map stays in the example only if it matters.

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


def task_executions(
    *, phase: TaskPhase | int | None = None, legal: bool = True
) -> st.SearchStrategy[task_execution_pb2.TaskExecution]:
    """Generate attempts of tasks: identifier, inputs' address and closure, which belong together.

    Shrinks like its closure does, with attempt 0 of the task ``a`` on node ``n0``.

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


@dataclass(frozen=True)
class Attempt:
    """What happened to one attempt, in nanoseconds.

    Attributes:
        number: Counted from 0.
        created: When the engine first told of it.
        started: When its container started, if it did.
        ended: When it ended by its own account, if it did.
        reported: When the last was told.
    """

    number: int
    created: int
    started: int | None
    ended: int | None
    reported: int


@st.composite
def _tasks(
    draw: st.DrawFn,
    phases: tuple[str, ...],
    *,
    legal: bool,
    any_phase: bool,
    whole: bool = False,
) -> task_execution_pb2.TaskExecution:
    phase = draw(st.sampled_from(phases))
    execution = _identifiers.draw_execution_id(draw, named=whole)
    node = identifier_pb2.NodeExecutionIdentifier(
        node_id=draw(_NODE_IDS) if whole else "n0", execution_id=execution
    )
    task = draw(_TASK_IDS)
    is_map = draw(RARELY) and phase in _MAP_PHASES
    attempt = _draw_attempt(draw, phase, is_map=is_map)
    place = Place(root_of(execution), node.node_id)
    made = task_execution(
        node,
        task,
        place,
        phase,
        attempt,
        error=draw(ERRORS) if phase == "FAILED" else None,
        items=draw(_ITEMS) if is_map else None,
    )
    if not is_map and draw(RARELY):
        made.closure.metadata.instance_class = event_pb2.TaskExecutionMetadata.INTERRUPTIBLE
    if not legal:
        _flaws.spoil(draw, made.closure, _flaws.TASK, _PHASES, any_phase=any_phase)
    return made


def _draw_attempt(draw: st.DrawFn, phase: str, *, is_map: bool) -> Attempt:
    number, created, report = draw(_ATTEMPTS), draw(_times.MOMENTS), draw(_times.GAPS)
    if phase in _BEFORE_RUNNING:
        return Attempt(number, created, None, None, created + report)
    first, second = draw(_times.GAPS), draw(_times.GAPS)
    early, seconds = draw(_EARLY), draw(_WHOLE)
    started = _times.whole_seconds(created) + early * _times.SECOND
    ended = started + seconds * _times.SECOND
    if is_map:  # the engine's own times
        number, started = 0, created + first
        ended = started + second
    elif phase == "ABORTED":  # told by the engine, whose clock has fractions
        ended = max(created, ended) + first
    if phase in {"FAILED", "ABORTED"} and not draw(MOSTLY):
        return Attempt(number, created, None, None, created + report)
    return Attempt(number, created, started, ended, max(created, ended) + report)


def task_execution(
    node: identifier_pb2.NodeExecutionIdentifier,
    task: identifier_pb2.Identifier,
    place: Place,
    phase: str,
    attempt: Attempt,
    *,
    error: core.ExecutionError | None = None,
    items: int | None = None,
) -> task_execution_pb2.TaskExecution:
    """Put an attempt together whose history is known.

    Args:
        node: The node it belongs to.
        task: The task.
        place: Where the node writes.
        phase: Its phase, by name.
        attempt: Its times.
        error: Why it failed.
        items: How many items it has, if it is a map.
    """
    made = task_execution_pb2.TaskExecution(
        id=identifier_pb2.TaskExecutionIdentifier(
            task_id=task, node_execution_id=node, retry_attempt=attempt.number
        ),
        input_uri=place.inputs,
        closure=task_execution_pb2.TaskExecutionClosure(phase=phase),
    )
    closure = made.closure
    closure.created_at.CopyFrom(_times.stamp(attempt.created))
    closure.updated_at.CopyFrom(_times.stamp(attempt.reported))
    if attempt.started is not None:
        closure.started_at.CopyFrom(_times.stamp(attempt.started))
        if attempt.ended is not None and phase in TASK_OUTCOMES:
            closure.duration.CopyFrom(_times.lasted(attempt.started, attempt.ended))
    if phase == "SUCCEEDED":
        closure.output_uri = place.outputs(attempt.number)
    if error is not None:
        closure.error.CopyFrom(error)
    closure.event_version = 1
    pod = pod_name(node.execution_id.name, node.node_id, attempt.number)
    if items is None:
        _put_container(closure, phase, pod, attempt)
    else:
        _put_items(closure, phase, pod, items)
    return made


def _put_container(
    closure: task_execution_pb2.TaskExecutionClosure, phase: str, pod: str, attempt: Attempt
) -> None:
    closure.task_type = "python-task"
    closure.metadata.generated_name = pod
    closure.metadata.plugin_identifier = "container"
    if attempt.started is not None:
        closure.logs.append(_log(pod, "Kubernetes Logs (User)"))
    if phase == "WAITING_FOR_RESOURCES":
        _put_reason(closure, attempt.created, over_quota(pod))
    elif phase == "QUEUED" or attempt.started is not None or phase == "INITIALIZING":
        _put_reason(closure, attempt.created, SUBMITTED)
    if phase == "INITIALIZING" or attempt.started is not None:
        _put_reason(closure, _times.whole_seconds(attempt.created), CREATING)


def _put_reason(
    closure: task_execution_pb2.TaskExecutionClosure, moment: int, message: str
) -> None:
    closure.reasons.add(message=message).occurred_at.CopyFrom(_times.stamp(moment))
    closure.reason = message


def _put_items(
    closure: task_execution_pb2.TaskExecutionClosure, phase: str, pod: str, items: int
) -> None:
    closure.task_type = "container_array"
    closure.metadata.plugin_identifier = "k8s-array"
    for index in range(items):
        name = pod_name(pod, f"n{index}", 0)
        item = closure.metadata.external_resources.add(
            external_id=name, index=index, phase="UNDEFINED" if phase == "QUEUED" else phase
        )
        if phase != "QUEUED":
            item.logs.append(_log(name, f"Kubernetes Logs (User)-{index}"))


def _log(pod: str, name: str) -> core.TaskLog:
    uri = f"http://localhost:30080/kubernetes-dashboard/#/log/{pod}/pod"
    return core.TaskLog(uri=uri, name=name, message_format=core.TaskLog.JSON)


_MAP_PHASES: Final = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "ABORTED"}
_NODE_IDS: Final = st.sampled_from(("n0", "n1", "n12", "dn0", "fn0", "n0-n1", "my-add"))
_TASK_IDS: Final = _identifiers.identifiers(resource_type="TASK")
