"""One attempt of a task, as a pod makes it: all that is said of it.

Fields follow the recorded runs of a real flytepropeller: QUEUED and INITIALIZING have reasons, what
comes after has logs, and ABORTED has nothing.

Ignorant of what an attempt does, and of what its node makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import event_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.event import event_pb2 as events

from flyte_testkit.admin.database import times
from flyte_testkit.engine.performance import Act
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.places import PRODUCER

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.admin import execution_pb2
    from flyteidl.core import (
        compiler_pb2,
        identifier_pb2,
        literals_pb2,
        tasks_pb2,
        workflow_pb2,
    )

    from flyte_testkit.timeline import TaskPhase
    from flyte_testkit.walk.site import Site

__all__ = ["WITHOUT_LOGS", "Pod", "log_of", "may_be_taken_away"]

_ENDS: Final = frozenset({"SUCCEEDED", "FAILED"})
_BY_KUBERNETES: Final = frozenset({"INITIALIZING", "RUNNING"}) | _ENDS
"""Phases of which a pod itself tells when they began."""

WITHOUT_LOGS: Final = frozenset(
    {"ResourceDeletedExternally", "ContainersNotReady|InvalidImageName"}
)
"""Codes of failures of which no process tells."""


@dataclass(eq=False)
class Pod:
    """One attempt.

    Attributes:
        site: The node that makes it.
        task: The task.
        number: Which attempt it is, from 0 on.
        interruptible: Whether the machine can be taken away.
        told: The phases that it has been in.
        ended: When it ended by itself, which may be noticed later.
    """

    site: Site
    task: tasks_pb2.TaskTemplate
    number: int
    interruptible: bool
    told: set[str] = field(default_factory=set)
    ended: datetime | None = None

    def phase(self, at: datetime, phase: TaskPhase, reason: str = "") -> Act:
        """Say that it is in a phase that is no end; ``{pod}`` in a reason is its name."""
        self.told.add(phase)
        if phase == "RUNNING":
            return self._event(at, phase=phase, phase_version=1, logs=[self._log()])
        said = (reason or self._usual_reason(phase)).replace("{pod}", self.site.pod(self.number))
        event = events.EventReason(reason=said)
        times.write(at, event.occurred_at)
        return self._event(at, phase=phase, reason=said, reasons=[event])

    def succeeded(self, at: datetime, outputs: literals_pb2.LiteralMap) -> Act:
        """Say that it has ended well."""
        uri = self.site.place.outputs(self.number)
        blobs = {uri: outputs.SerializeToString(deterministic=True)}
        return self._event(at, blobs, phase="SUCCEEDED", logs=[self._log()], output_uri=uri)

    def yielded(self, at: datetime, blobs: dict[str, bytes] | None = None) -> Act:
        """Say that it has ended well, although outputs come of what it yielded, later."""
        uri = self.site.place.outputs(self.number)
        return self._event(at, blobs, phase="SUCCEEDED", logs=[self._log()], output_uri=uri)

    def failed(self, at: datetime, error: core.ExecutionError) -> Act:
        """Say that it has failed; of what ran and ended by itself there are logs."""
        has_logs = "RUNNING" in self.told and error.code not in WITHOUT_LOGS
        logs = [self._log()] if has_logs else []
        return self._event(at, phase="FAILED", error=error, logs=logs)

    def aborted(self, at: datetime) -> Act:
        """Say that it was stopped."""
        return self._event(at, phase="ABORTED")

    def _usual_reason(self, phase: str) -> str:
        if phase == "WAITING_FOR_RESOURCES":
            return wording.over_quota(self.site.pod(self.number))
        return wording.SUBMITTED if phase == "QUEUED" else wording.CREATING

    def _log(self) -> core.TaskLog:
        return log_of(self.site.stage.id, self.site.pod(self.number))

    def _event(self, at: datetime, blobs: dict[str, bytes] | None = None, **fields: Any) -> Act:
        request = event_pb2.TaskExecutionEventRequest(event=fields)
        event = request.event
        event.MergeFrom(self._each_event)
        times.write(at, event.reported_at)
        times.write(self._happened(at, fields["phase"]), event.occurred_at)
        return Act(at, "CreateTaskEvent", request, blobs=blobs or {})

    @cached_property
    def _each_event(self) -> events.TaskExecutionEvent:
        """What each event says."""
        event = events.TaskExecutionEvent(
            retry_attempt=self.number,
            producer_id=PRODUCER,
            input_uri=self.site.place.inputs,
            task_type=self.task.type,
            event_version=1,
        )
        event.task_id.CopyFrom(self.task.id)
        event.parent_node_execution_id.node_id = self.site.id
        event.parent_node_execution_id.execution_id.CopyFrom(self.site.stage.id)
        event.metadata.generated_name = self.site.pod(self.number)
        event.metadata.plugin_identifier = "container"
        if self.interruptible:
            event.metadata.instance_class = events.TaskExecutionMetadata.INTERRUPTIBLE
        return event

    def _happened(self, at: datetime, phase: str) -> datetime:
        """Return when something happened that is told now, as Kubernetes says."""
        if phase in _ENDS:
            at = self.ended or at
        return self.site.stage.pace.of_pod(at) if phase in _BY_KUBERNETES else at


def may_be_taken_away(
    node: workflow_pb2.Node,
    whole: compiler_pb2.CompiledWorkflowClosure,
    spec: execution_pb2.ExecutionSpec,
) -> bool:
    """Whether the machine can be taken away on which a node's task runs.

    Its node says so, else the launch, else the workflow that is launched. flytekit lets a node say
    what its task says; what a task says itself, or a sub-workflow, is not asked.
    """
    if node.metadata.WhichOneof("interruptible_value"):
        return node.metadata.interruptible
    if spec.HasField("interruptible"):
        return spec.interruptible.value
    return whole.primary.template.metadata_defaults.interruptible


def log_of(
    execution: identifier_pb2.WorkflowExecutionIdentifier, pod: str, suffix: str = ""
) -> core.TaskLog:
    """Return where the log of a pod is read; the suffix is of its name."""
    namespace = f"{execution.project}-{execution.domain}"
    return core.TaskLog(
        uri="http://localhost:30080/kubernetes-dashboard/#/log"
        f"/{namespace}/{pod}/pod?namespace={namespace}",
        name=f"Kubernetes Logs (User){suffix}",
        message_format=core.TaskLog.JSON,
    )
