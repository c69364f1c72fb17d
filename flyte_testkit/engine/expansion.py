"""A script as the timed requests that a real engine would send to FlyteAdmin while it plays.

When a step is held for polls nobody can tell how long that takes, so a script expands in segments:
each ends with the script, or with a :class:`Pause`, and the next one begins when that is over.

Order and fields follow the recorded runs of a real flytepropeller: RUNNING is followed by the
start-node's only event; before SUCCEEDING the end-node is queued and succeeds; SUCCEEDED always
brings the address of outputs, FAILING and FAILED the same error, ABORTED nothing. Whatever happens
at one instant stands in the order in which it is sent.

Ignorant of FlyteAdmin's rules, of other executions and of the present time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from flyteidl.admin import event_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2, literals_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit.timeline import Aborts, Fails, Polls, Succeeds, TimesOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from google.protobuf.message import Message

    from flyte_testkit.failures import Failure
    from flyte_testkit.timeline import Step, Timeline

__all__ = ["PRODUCER", "Act", "Pause", "Segment", "Stage", "abortion", "expand"]

PRODUCER = "propeller"
"""What a real engine calls itself unless it is configured otherwise."""


@dataclass(frozen=True)
class Act:
    """One request of the engine to FlyteAdmin.

    Attributes:
        at: When it is sent; also what the event says of itself.
        rpc: The RPC it is sent by.
        request: The message.
        principal: On whose behalf; only terminations have somebody.
        blobs: What the engine writes to the object store just before.
    """

    at: datetime
    rpc: str
    request: Message
    principal: str = ""
    blobs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Pause:
    """A script waits until somebody has looked often enough.

    Attributes:
        since: When it begins to wait.
        polls: How many looks it waits for.
        then: Which of its steps comes after; the ending if there is no such step.
    """

    since: datetime
    polls: int
    then: int


@dataclass(frozen=True)
class Segment:
    """What happens by itself: all of a script, or its part up to a pause.

    Attributes:
        acts: What the engine sends if nobody interferes, in the order of sending.
        pause: What it waits for after that; None if nothing is left.
    """

    acts: list[Act]
    pause: Pause | None = None


@dataclass(frozen=True)
class Stage:
    """What the acts of one execution have in common.

    Attributes:
        id: The execution.
        root: The address below which the engine writes its data.
        inputs: What the execution runs with; the start-node gives it on.
        outputs: What it will have made if it succeeds.
    """

    id: identifier_pb2.WorkflowExecutionIdentifier
    root: str
    inputs: literals_pb2.LiteralMap
    outputs: literals_pb2.LiteralMap

    def workflow_event(
        self,
        at: datetime,
        phase: str,
        *,
        output_uri: str = "",
        failure: Failure | None = None,
        blobs: Mapping[str, bytes] | None = None,
    ) -> Act:
        """Tell FlyteAdmin what the execution does now."""
        event = events.WorkflowExecutionEvent(
            execution_id=self.id,
            producer_id=PRODUCER,
            phase=phase,
            output_uri=output_uri,
        )
        event.occurred_at.FromDatetime(at)
        if failure is not None:
            event.error.CopyFrom(self.error(failure))
        request = event_pb2.WorkflowExecutionEventRequest(event=event)
        return Act(at, "CreateWorkflowEvent", request, blobs=blobs or {})

    def node_event(
        self,
        at: datetime,
        node_id: str,
        phase: str,
        *,
        input_uri: str = "",
        output_uri: str = "",
        blobs: Mapping[str, bytes] | None = None,
    ) -> Act:
        """Tell FlyteAdmin what a node does now."""
        event = events.NodeExecutionEvent(
            id=identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=self.id),
            producer_id=PRODUCER,
            phase=phase,
            input_uri=input_uri,
            output_uri=output_uri,
            spec_node_id=node_id,
            event_version=1,
        )
        event.occurred_at.FromDatetime(at)
        event.reported_at.FromDatetime(at)
        request = event_pb2.NodeExecutionEventRequest(event=event)
        return Act(at, "CreateNodeEvent", request, blobs=blobs or {})

    def termination(self, at: datetime, cause: str, principal: str) -> Act:
        """Let somebody terminate the execution."""
        request = execution_pb2.ExecutionTerminateRequest(id=self.id, cause=cause)
        return Act(at, "TerminateExecution", request, principal)

    def error(self, failure: Failure) -> core.ExecutionError:
        """Return the failure as a message, with the names of this execution filled in."""
        namespace = f"{self.id.project}-{self.id.domain}"
        worded = failure.worded_for(self.id.name, namespace=namespace)
        return core.ExecutionError(code=worded.code, message=worded.message, kind=worded.kind)

    def start(self, at: datetime) -> Iterator[Act]:
        """Start to run, as every execution does that runs at all."""
        yield self.workflow_event(at, "RUNNING")
        uri = f"{self.root}/start-node/data/0/outputs.pb"
        blobs = {uri: self.inputs.SerializeToString()}
        yield self.node_event(at, "start-node", "SUCCEEDED", output_uri=uri, blobs=blobs)

    def resumption(self, at: datetime) -> Act:
        """Run again after another phase; the start-node has had its only event."""
        return self.workflow_event(at, "RUNNING")

    def wind_up(self, at: datetime) -> Iterator[Act]:
        """Gather the outputs, as every execution does that is about to succeed."""
        uri = f"{self.root}/end-node/data/inputs.pb"
        blobs = {uri: self.outputs.SerializeToString()}
        yield self.node_event(at, "end-node", "QUEUED", input_uri=uri, blobs=blobs)
        yield self.node_event(at, "end-node", "SUCCEEDED", input_uri=uri)
        yield self.workflow_event(at, "SUCCEEDING")

    def success(self, at: datetime) -> Act:
        """End well; the address of outputs is there even when there are none."""
        uri = f"{self.root}/end-node/data/0/outputs.pb"
        blobs = {uri: self.outputs.SerializeToString()}
        return self.workflow_event(at, "SUCCEEDED", output_uri=uri, blobs=blobs)


def abortion(stage: Stage, at: datetime) -> list[Act]:
    """Return how a terminated execution ends that has no nodes to stop."""
    return [stage.workflow_event(at, "ABORTED")]


def expand(script: Timeline, stage: Stage, start: datetime, *, first: int = 0) -> Segment:
    """Return what the engine sends by itself, from one step of a script on.

    Args:
        script: The script.
        stage: Who plays it.
        start: When that step begins.
        first: Which step it is; all of them, and the ending, if it is the first.
    """
    at = start
    passed: list[str] = [step.phase for step in script.steps[:first]]
    acts: list[Act] = []
    for number, step in enumerate(script.steps[first:], first + 1):
        acts += _step(step, stage, at, passed)
        passed.append(step.phase)
        match step.duration:
            case None:
                return Segment(acts)
            case Polls(count):
                return Segment(acts, Pause(at, count, number))
            case seconds:
                at += timedelta(seconds=seconds)
    acts += _ending(script, stage, at, passed)
    return Segment(acts)


def _step(step: Step, stage: Stage, at: datetime, passed: list[str]) -> Iterator[Act]:
    if step.phase == "SUCCEEDING":
        yield from _run_up(stage, at, passed)
        yield from stage.wind_up(at)
    elif step.phase == "RUNNING":
        yield from stage.start(at) if "RUNNING" not in passed else [stage.resumption(at)]
    elif step.phase == "ABORTING":
        yield stage.termination(at, step.cause, step.principal)
    elif step.phase != "UNDEFINED" or passed:  # FlyteAdmin creates executions UNDEFINED
        yield stage.workflow_event(at, step.phase, failure=step.failure)


def _run_up(stage: Stage, at: datetime, passed: list[str]) -> Iterator[Act]:
    """Run at least for an instant, as whatever succeeds has done."""
    if "RUNNING" not in passed and "SUCCEEDING" not in passed:
        yield from stage.start(at)


def _ending(script: Timeline, stage: Stage, at: datetime, passed: list[str]) -> Iterator[Act]:
    ending = script.ending
    last = passed[-1] if passed else "UNDEFINED"
    if isinstance(ending, Succeeds):
        if last not in {"SUCCEEDING", "ABORTING"}:  # FlyteAdmin lets ABORTING only end
            yield from _run_up(stage, at, passed)
            yield from stage.wind_up(at)
        yield stage.success(at)
    elif isinstance(ending, Fails):
        if last not in {"FAILING", "ABORTING"}:
            yield stage.workflow_event(at, "FAILING", failure=ending.failure)
        yield stage.workflow_event(at, "FAILED", failure=ending.failure)
    elif isinstance(ending, Aborts):
        if last != "ABORTING":
            yield stage.termination(at, ending.cause, ending.principal)
        yield from abortion(stage, at)
    elif isinstance(ending, TimesOut):
        yield stage.workflow_event(at, "TIMED_OUT", failure=ending.failure)
