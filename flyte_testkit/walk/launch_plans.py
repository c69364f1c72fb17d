"""A node that launches a launch plan: an execution of its own, a child, and the wait for its end.

The child is asked for before the node is RUNNING. Its error is passed on as it is. Who stops the
node stops the child, which ends a moment later.

Ignorant of what the child does, and of who says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit.engine.performance import Act, Until, When
from flyte_testkit.engine.stage import error_of
from flyte_testkit.nodes import LaunchPlan
from flyte_testkit.propeller import names, wording
from flyte_testkit.walk.failing import NodeFailed, Stopped

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core

    from flyte_testkit.engine.performance import End, Performance
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["plays_launch_plan"]

_NO_LABEL: Final = re.compile("[^-a-z0-9]+")
_LONGEST: Final = 63
"""How many letters Kubernetes lets a label have."""


def plays_launch_plan(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a node that launches a launch plan; the arguments are those of any node."""
    audience, name = site.stage.audience, names.child_name(site.stage.id.name, site.id, 0)
    child, is_launched = _Child(site, name), False
    try:
        yield site.queued(at, inputs)
        pace = site.stage.pace
        at = yield Until(
            at + pace.round
        )  # all of a level are queued before the first of them starts
        scripted = around.company.cast.nodes.get(site.path)
        script = scripted.script if isinstance(scripted, LaunchPlan) else None
        whole = around.company.cast.closure.primary.template.id.name
        yield Act(at, "CreateExecution", child.request(inputs, whole), script=script)
        is_launched = True
        end = audience.end_of(name)
        if end is not None and end.refusal:
            error = error_of(wording.child_refused(end.refusal), at)
            yield site.event(at, "FAILED", error=error)
            raise NodeFailed(error)
        yield child.event(at, "RUNNING")
        at = yield When(lambda: audience.end_of(name) is not None)
        at = yield Until(pace.child_noticed(at))
        end = audience.end_of(name)
        assert end is not None  # noqa: S101  it has just been waited for
        if end.phase != "SUCCEEDED":
            error = child.error(end, at)
            yield child.event(at, "FAILED", error)
            raise NodeFailed(error)
        outputs = end.outputs or literals_pb2.LiteralMap()
        yield site.succeeded(at, outputs if outputs.literals else None, **child.told())
    except Stopped as stopped:
        if is_launched:
            yield child.termination(stopped)
        yield site.aborted(stopped)
        raise
    return outputs


class _Child:
    """What is asked of FlyteAdmin about the execution that a node launches, and said of it.

    Args:
        site: Where the node stands.
        name: What the execution is called.
    """

    def __init__(self, site: Site, name: str) -> None:
        self._site = site
        parent = site.stage.id
        self._id = identifier_pb2.WorkflowExecutionIdentifier(
            project=parent.project, domain=parent.domain, name=name
        )

    def request(
        self, inputs: literals_pb2.LiteralMap, workflow: str
    ) -> execution_pb2.ExecutionCreateRequest:
        """Return the request to launch it: it takes over from its parent what a real one does.

        Args:
            inputs: What it is given.
            workflow: The name of the workflow that its parent runs.
        """
        parent, of = self._site.stage.id, self._site.stage.spec
        request = execution_pb2.ExecutionCreateRequest(
            project=parent.project, domain=parent.domain, name=self._id.name, inputs=inputs
        )
        spec = request.spec
        spec.launch_plan.CopyFrom(self._site.node.workflow_node.launchplan_ref)
        spec.metadata.mode = execution_pb2.ExecutionMetadata.CHILD_WORKFLOW
        spec.metadata.nesting = 1  # FlyteAdmin counts itself
        spec.metadata.parent_node_execution.CopyFrom(self._site.identifier)
        spec.labels.values.update(of.labels.values)
        spec.labels.values["project"] = parent.project
        spec.labels.values["domain"] = parent.domain
        spec.labels.values["execution-id"] = parent.name
        spec.labels.values["workflow-name"] = _label(workflow)
        spec.annotations.CopyFrom(of.annotations)
        spec.security_context.CopyFrom(of.security_context)
        spec.security_context.run_as.SetInParent()
        spec.max_parallelism = of.max_parallelism
        spec.envs.CopyFrom(of.envs)
        spec.overwrite_cache = of.overwrite_cache
        for field in ("interruptible", "raw_output_data_config"):
            if of.HasField(field):
                getattr(spec, field).CopyFrom(getattr(of, field))
        return request

    def event(self, at: datetime, phase: str, error: core.ExecutionError | None = None) -> Act:
        """Say something of the node whose child this is."""
        return self._site.event(at, phase, error=error, **self.told())

    def told(self) -> dict[str, Any]:
        """Return what is said of the node that only such nodes have."""
        return {"workflow_node_metadata": events.WorkflowNodeMetadata(execution_id=self._id)}

    def error(self, end: End, at: datetime) -> core.ExecutionError:
        """Return why the node fails whose child has ended so."""
        if end.phase == "ABORTED":
            return error_of(wording.child_aborted(self._site.node.id, self._id.name), at)
        return end.error or error_of(wording.child_failed(), at)

    def termination(self, stopped: Stopped) -> Act:
        """Return the request to stop it."""
        cause = wording.cascading(self._site.stage.id.name, stopped.reason)
        request = execution_pb2.ExecutionTerminateRequest(id=self._id, cause=cause)
        return Act(stopped.at, "TerminateExecution", request)


def _label(text: str) -> str:
    """Return what Kubernetes takes for a label.

    Example:
        >>> _label("flows.wf_lp")
        'flows-wf-lp'
    """
    return _NO_LABEL.sub("-", text.lower()).strip("-")[-_LONGEST:].strip("-")
