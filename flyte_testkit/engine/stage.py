"""What all that one execution's engine sends has in common: its requests to FlyteAdmin, made.

Fields follow the recorded runs of a real flytepropeller: SUCCEEDED always brings the address of
outputs, FAILING and FAILED the same error, ABORTED nothing.

Ignorant of what happens when, and of FlyteAdmin's rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flyteidl.admin import event_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2, literals_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.engine.performance import Act, Audience
from flyte_testkit.propeller.pace import INSTANT, Pace
from flyte_testkit.propeller.places import END, PRODUCER, START, Place
from flyte_testkit.propeller.wording import Worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from flyte_testkit.failures import Failure

__all__ = ["Stage", "error_of"]


@dataclass(frozen=True)
class Stage:
    """What the acts of one execution have in common.

    Attributes:
        id: The execution.
        root: The address below which the engine writes its data.
        inputs: What the execution runs with; the start-node gives it on.
        outputs: What it will have made if it succeeds.
        audience: Who looks at it.
        rehearses: Whether this only tells what is to come: then nobody else may hear of it.
        spec: What it was launched with.
        pace: How long its engine takes for what takes it time by itself.
    """

    id: identifier_pb2.WorkflowExecutionIdentifier
    root: str
    inputs: literals_pb2.LiteralMap
    outputs: literals_pb2.LiteralMap
    audience: Audience = field(default_factory=Audience)
    rehearses: bool = False
    spec: execution_pb2.ExecutionSpec = field(default_factory=execution_pb2.ExecutionSpec)
    pace: Pace = INSTANT

    def workflow_event(
        self,
        at: datetime,
        phase: str,
        *,
        output_uri: str = "",
        failure: Failure | None = None,
        error: core.ExecutionError | None = None,
        blobs: Mapping[str, bytes] | None = None,
    ) -> Act:
        """Tell FlyteAdmin what the execution does now, and why it fails, if it does.

        Args:
            at: When.
            phase: Its phase.
            output_uri: The address of its outputs.
            failure: Why it fails, as a script says it.
            error: Why it fails, as a node has said it.
            blobs: What is written to the object store just before.
        """
        said = {
            "producer_id": PRODUCER,
            "phase": phase,
            "output_uri": output_uri or None,  # an empty one would be set all the same
            "error": self.error(failure, at) if failure is not None else error,
        }
        request = event_pb2.WorkflowExecutionEventRequest(event=said)
        event = request.event
        event.execution_id.CopyFrom(self.id)
        times.write(at, event.occurred_at)
        return Act(at, "CreateWorkflowEvent", request, blobs=blobs or {})

    def node_event(
        self,
        at: datetime,
        node_id: str,
        blobs: Mapping[str, bytes] | None = None,
        **fields: Any,
    ) -> Act:
        """Tell FlyteAdmin what a node does now.

        Args:
            at: When.
            node_id: Its unique id.
            blobs: What is written to the object store just before.
            **fields: All else that the event says; what is None it does not.
        """
        said = {"producer_id": PRODUCER, **fields}
        request = event_pb2.NodeExecutionEventRequest(event=said)
        event = request.event
        event.id.node_id = node_id
        event.id.execution_id.CopyFrom(self.id)
        times.write(at, event.occurred_at, event.reported_at)
        return Act(at, "CreateNodeEvent", request, blobs=blobs or {})

    def _edge_event(
        self, at: datetime, edge: str, phase: str, blobs: Mapping[str, bytes], **uris: str
    ) -> Act:
        """Tell FlyteAdmin what the start-node does now, or the end-node."""
        return self.node_event(
            at, edge, blobs, phase=phase, spec_node_id=edge, event_version=1, **uris
        )

    def termination(self, at: datetime, cause: str, principal: str) -> Act:
        """Let somebody terminate the execution."""
        request = execution_pb2.ExecutionTerminateRequest(id=self.id, cause=cause)
        return Act(at, "TerminateExecution", request, principal)

    def error(
        self, failure: Failure, at: datetime, *, node_id: str = "n0", attempt: int = 0
    ) -> core.ExecutionError:
        """Return a failure as a message, with the names of this execution filled in."""
        worded = self.worded(failure, node_id=node_id, attempt=attempt)
        return error_of(Worded(worded.message, worded.code, worded.kind), at)

    def worded(self, failure: Failure, *, node_id: str, attempt: int) -> Failure:
        """Return a failure with the names of this execution filled in."""
        namespace = f"{self.id.project}-{self.id.domain}"
        return failure.worded_for(
            self.id.name, node_id=node_id, attempt=attempt, namespace=namespace
        )

    def start(self, at: datetime) -> Iterator[Act]:
        """Start to run, as every execution does that runs at all."""
        yield self.workflow_event(at, "RUNNING")
        uri = Place(self.root, START).outputs()
        blobs = {uri: self.inputs.SerializeToString()}
        yield self._edge_event(at, START, "SUCCEEDED", blobs, output_uri=uri)

    def resumption(self, at: datetime) -> Act:
        """Run again after another phase; the start-node has had its only event."""
        return self.workflow_event(at, "RUNNING")

    def wind_up(self, at: datetime) -> Iterator[Act]:
        """Gather the outputs, as every execution does that is about to succeed."""
        uri = Place(self.root, END).inputs
        blobs = {uri: self.outputs.SerializeToString()}
        yield self._edge_event(at, END, "QUEUED", blobs, input_uri=uri)
        yield self._edge_event(at, END, "SUCCEEDED", {}, input_uri=uri)
        yield self.workflow_event(at, "SUCCEEDING")

    def success(self, at: datetime) -> Act:
        """End well; the address of outputs is there even when there are none."""
        uri = Place(self.root, END).outputs()
        blobs = {uri: self.outputs.SerializeToString()}
        return self.workflow_event(at, "SUCCEEDED", output_uri=uri, blobs=blobs)


def error_of(worded: Worded, at: datetime) -> core.ExecutionError:
    """Return an error as a message.

    It has a time exactly when the task's own process wrote it down: what nobody has wrapped, from
    flytekit.
    """
    error = core.ExecutionError(code=worded.code, message=worded.message, kind=worded.kind)
    if worded.code.startswith("USER:") or worded.code == "SYSTEM":
        times.write(at, error.timestamp)
    return error
