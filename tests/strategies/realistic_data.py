"""What holds in closures that a real server shows, told a second time and otherwise (§21)."""

from __future__ import annotations

from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import catalog_pb2
from flyteidl.core import execution_pb2 as core

SECOND = 10**9
TERMINAL = {
    "execution": {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"},
    "node": {"SUCCEEDED", "FAILED", "ABORTED", "SKIPPED", "TIMED_OUT", "RECOVERED"},
    "task": {"SUCCEEDED", "FAILED", "ABORTED"},
}
UNSENT = {
    "execution": set(),
    "node": {"UNDEFINED", "FAILING"},
    "task": {"UNDEFINED", "RETRYABLE_FAILED"},
}
NEVER_STARTED = {
    "execution": {"UNDEFINED", "QUEUED"},
    "node": {"QUEUED", "SKIPPED", "RECOVERED"},
    "task": {"QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING"},
}
ALWAYS_STARTED = {
    "execution": {"RUNNING", "SUCCEEDING", "SUCCEEDED"},
    "node": {"RUNNING", "DYNAMIC_RUNNING"},
    "task": {"RUNNING"},
}
OUTCOMES = {
    "execution": {
        "SUCCEEDED": {"outputs"},
        "FAILING": {"error"},
        "FAILED": {"error"},
        "ABORTING": {"abort_metadata"},
        "ABORTED": {"abort_metadata"},
        "TIMED_OUT": {None, "error"},
    },
    "node": {
        "SUCCEEDED": {None, "output_uri"},
        "FAILED": {"error"},
        "ABORTED": {"error"},
        "RECOVERED": {"output_uri"},
    },
    "task": {"SUCCEEDED": {"output_uri"}, "FAILED": {"error"}},
}


def nanos(message):
    return message.seconds * SECOND + message.nanos


def legal_problems(closure):
    """Return everything in a closure that no healthy server shows."""
    kind, enum = {
        execution_pb2.ExecutionClosure: ("execution", core.WorkflowExecution.Phase),
        node_execution_pb2.NodeExecutionClosure: ("node", core.NodeExecution.Phase),
        task_execution_pb2.TaskExecutionClosure: ("task", core.TaskExecution.Phase),
    }[type(closure)]
    if closure.phase not in enum.values():
        return [f"phase {closure.phase} does not exist"]
    phase = enum.Name(closure.phase)
    if phase in UNSENT[kind]:
        return [f"{phase} is never sent"]
    return [
        *_problems_of_times(closure, kind, phase),
        *_problems_of_outcome(closure, kind, phase),
        *{
            "execution": _problems_of_execution,
            "node": _problems_of_node,
            "task": _problems_of_task,
        }[kind](closure, phase),
    ]


def _problems_of_times(closure, kind, phase):
    for name in ("created_at", "updated_at"):
        if not closure.HasField(name):
            yield f"no {name}"
    created, updated = nanos(closure.created_at), nanos(closure.updated_at)
    if updated < created:
        yield "updated before it was created"
    has_start, has_duration = closure.HasField("started_at"), closure.HasField("duration")
    if has_start and phase in NEVER_STARTED[kind]:
        yield f"started, but {phase}"
    if not has_start and phase in ALWAYS_STARTED[kind]:
        yield f"{phase}, but not started"
    if has_duration != (has_start and phase in TERMINAL[kind]):
        yield f"duration: {has_duration}, start: {has_start}, phase: {phase}"
    if has_start:
        yield from _problems_of_life(closure, kind)


def _problems_of_life(closure, kind):
    created, updated = nanos(closure.created_at), nanos(closure.updated_at)
    started = nanos(closure.started_at)
    if kind != "task" and started < created:
        yield "started before it was created"
    if started > updated:
        yield "started after its last update"
    if closure.HasField("duration"):
        length = nanos(closure.duration)
        if length < 0:
            yield "lasted less than nothing"
        if kind == "execution" and not -1000 < updated - started - length <= 0:
            yield "duration is not the time from start to end"
        if updated < started + length - 999:
            yield "told before it ended"


def _problems_of_outcome(closure, kind, phase):
    outcome = closure.WhichOneof("output_result")
    allowed = OUTCOMES[kind].get(phase, {None})
    if kind == "node" and phase == "FAILED" and closure.deck_uri:
        allowed = {None}
    if outcome not in allowed:
        yield f"{phase} with {outcome}"
    if outcome == "output_uri" and not closure.output_uri.startswith("s3://"):
        yield "outputs without an address"


def _problems_of_execution(closure, phase):
    created, updated = nanos(closure.created_at), nanos(closure.updated_at)
    started = nanos(closure.started_at) if closure.HasField("started_at") else None
    if phase == "UNDEFINED" and updated != created:
        yield "UNDEFINED, but updated"
    if phase == "RUNNING" and updated != started:
        yield "RUNNING, but updated since"
    if phase == "SUCCEEDING" and started is not None and updated <= started:
        yield "SUCCEEDING as soon as it started"
    if closure.outputs.HasField("values") or closure.HasField("computed_inputs"):
        yield "data inside the closure"
    if phase == "SUCCEEDED" and not closure.outputs.uri:
        yield "SUCCEEDED without an address of outputs"
    if not closure.workflow_id.name or not closure.HasField("state_change_details"):
        yield "no workflow_id, or no state_change_details"
    details = closure.state_change_details
    is_active = details.state == execution_pb2.EXECUTION_ACTIVE
    if is_active and details.occurred_at != closure.created_at:
        yield "active since another time than its creation"


def _problems_of_node(closure, phase):
    if phase == "ABORTED" and (closure.error.code, closure.error.kind) != ("NodeAborted", 0):
        yield "ABORTED for another reason than NodeAborted"
    # What RUNNING has said of a deck FlyteAdmin keeps in DYNAMIC_RUNNING.
    decked = {"RUNNING", "DYNAMIC_RUNNING", "SUCCEEDED", "FAILED", "RECOVERED"}
    if closure.deck_uri and phase not in decked:
        yield f"{phase} with a deck"
    task = closure.task_node_metadata
    if task.HasField("catalog_key") != (task.cache_status != catalog_pb2.CACHE_DISABLED):
        yield "a status of the cache without a key, or the other way round"
    if task.cache_status == catalog_pb2.CACHE_MISS:
        yield "CACHE_MISS is never sent"
    if task.cache_status == catalog_pb2.CACHE_HIT and (
        phase != "SUCCEEDED" or closure.HasField("started_at") or not closure.output_uri
    ):
        yield "a cache hit that ran, or has no outputs"
    if phase == "DYNAMIC_RUNNING" and not closure.dynamic_job_spec_uri:
        yield "DYNAMIC_RUNNING without its specification"


def _problems_of_task(closure, phase):
    is_map = closure.task_type == "container_array"
    whole = phase in {"RUNNING", "SUCCEEDED", "FAILED"} and not is_map
    if whole and closure.started_at.nanos:
        yield "a container that started within a second"
    if whole and phase != "FAILED" and closure.duration.nanos:  # a deleted pod fails at any time
        yield "a container that lasted parts of a second"
    if closure.HasField("started_at") and not is_map and not closure.logs:
        yield "ran without logs"
    if not closure.HasField("started_at") and closure.logs and not is_map:
        yield "logs of what never ran"
    if not closure.task_type or closure.event_version != 1:
        yield "no task_type, or another event_version"
    if bool(closure.metadata.generated_name) == is_map:
        yield "a container without a name, or a map with one"
    if not closure.metadata.plugin_identifier:
        yield "no plugin"
    if closure.reason != (closure.reasons[-1].message if closure.reasons else ""):
        yield "reason is not the last of the reasons"
