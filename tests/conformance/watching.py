"""Watches a FlyteAdmin while a story is told, and says where what it shows is not what it was told.

After every event that it takes, its subject is as its events say, the lists beside it show what was
told so far, and nothing else has changed; after one that it refuses nothing has. The events alone
are asked, not what was recorded of the end. Ignorant of who tells and in which order.
"""

from __future__ import annotations

import collections
from functools import partial

from doors import REQUESTS
from flyteidl.core import execution_pb2
from google.protobuf.duration_pb2 import Duration
from story_steps import EVENTS

KIND_OF = {rpc: kind for kind, rpc in EVENTS.items()}
ENDS = {
    "workflow": ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"),
    "node": ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "SKIPPED", "RECOVERED"),
    "task": ("SUCCEEDED", "FAILED", "ABORTED"),
}
PHASES = {
    "workflow": execution_pb2.WorkflowExecution.Phase,
    "node": execution_pb2.NodeExecution.Phase,
    "task": execution_pb2.TaskExecution.Phase,
}


class Watch:
    """Is told of every step, as :class:`telling.Teller` tells it.

    Attributes:
        problems: What did not fit, a line each.
    """

    def __init__(self, door):
        self.problems = []
        self._door = door
        self._rows = _rows(door.admin.store)
        self._events = collections.defaultdict(list)
        self._parents = {}

    def __call__(self, step, request, code):
        """Look after a step; steps that are no events change executions alone."""
        before, self._rows = self._rows, _rows(self._door.admin.store)
        changed = {of for of, row in self._rows.items() if before.get(of) is not row}
        kind = KIND_OF.get(step.rpc)
        report = partial(self._report, step)
        if code != "OK" and changed:
            report("was refused, and changed", changed)
        elif kind is None and any(of[0] != "workflow" for of in changed):
            report("changed", changed)
        elif kind is not None and code == "OK":
            self._took(kind, request.event, changed, report)

    def _report(self, step, *what):
        self.problems.append(" ".join([step.where, *map(str, what)]))

    def _took(self, kind, event, changed, report):
        of = _subject(kind, event)
        self._events[of].append(event)
        if kind == "node" and event.parent_node_metadata.node_id:
            self._parents[of] = (*of[:2], event.parent_node_metadata.node_id, 0)
        for other in changed - {of}:
            report("changed", other, "too")
        for what, shown, told in self._compared(kind, of, event):
            if shown != told:
                report(f"{what} of {of} is {shown!r}, told was {told!r}")

    def _compared(self, kind, of, event):
        """Yield what is shown of a subject, and what its events say."""
        told = self._events[of]
        shown = self._read(kind, of, event)
        closure, ended = shown.closure, told[-1].phase in map(PHASES[kind].Value, ENDS[kind])
        yield "phase", closure.phase, told[-1].phase
        running = PHASES[kind].Value("RUNNING")
        started = [each.occurred_at for each in told if each.phase == running][:1]
        if started or ended:  # a closure without times has no start to compare
            yield "start", list(_set(closure, "started_at")), started
        lasted = [_between(started[0], told[-1].occurred_at)] if started and ended else []
        yield "duration", list(_set(closure, "duration")), lasted
        if kind != "workflow":
            yield "creation", closure.created_at, told[0].occurred_at
            yield "update", closure.updated_at, _told_at(told[-1])
            yield "inputs", shown.input_uri, next((e.input_uri for e in told if e.input_uri), "")
        if ended or told[-1].HasField("error"):
            yield "error", list(_set(closure, "error")), list(_set(told[-1], "error"))
            uri = closure.outputs.uri if kind == "workflow" else closure.output_uri
            yield "outputs", uri, told[-1].output_uri
        if kind == "task":
            yield "reasons", _reasons([closure]), _reasons(told)
            yield "items", _items([closure]), _items(told)
        yield from self._listed(kind, of, event)

    def _read(self, kind, of, event):
        if kind == "workflow":
            return self._ask("GetExecution", event, id=event.execution_id)
        if kind == "node":
            return self._ask("GetNodeExecution", event, id=event.id)
        request = REQUESTS["GetTaskExecution"]()
        request.id.task_id.CopyFrom(event.task_id)
        request.id.node_execution_id.CopyFrom(event.parent_node_execution_id)
        request.id.retry_attempt = of[3]
        return self._door.ask("GetTaskExecution", request, _now(event))

    def _listed(self, kind, of, event):
        """Yield the phases of all that a list shows beside a subject, and those that were told."""
        if kind == "node":
            parent = self._parents.get(of)
            found = self._ask(
                "ListNodeExecutions",
                event,
                workflow_execution_id=event.id.execution_id,
                unique_parent_id=parent[2] if parent else "",
                limit=100,
            ).node_executions
            beside = (o for o in self._events if o[:2] == of[:2] and self._parents.get(o) == parent)
            shown = {each.id.node_id: each.closure.phase for each in found}
            yield "list", shown, {other[2]: self._events[other][-1].phase for other in beside}
        elif kind == "task":
            node = event.parent_node_execution_id
            found = self._ask("ListTaskExecutions", event, node_execution_id=node, limit=100)
            shown = {e.id.retry_attempt: e.closure.phase for e in found.task_executions}
            beside = (other for other in self._events if other[:3] == of[:3])
            yield "list", shown, {other[3]: self._events[other][-1].phase for other in beside}

    def _ask(self, rpc, event, **parts):
        return self._door.ask(rpc, REQUESTS[rpc](**parts), _now(event))


def _now(event):
    """Any time will do for a reading: it says nothing of it."""
    return event.occurred_at.ToDatetime().astimezone()


def _rows(store):
    """All rows of executions by what they are of; rows never change, there are others instead."""
    found = {("workflow", row.execution_name, "", 0): row for row in store.executions}
    for row in store.node_executions:
        found["node", row.execution_name, row.node_id, 0] = row
    for row in store.task_executions:
        found["task", row.execution_name, row.node_id, row.retry_attempt] = row
    return found


def _subject(kind, event):
    if kind == "workflow":
        return kind, event.execution_id.name, "", 0
    node = event.id if kind == "node" else event.parent_node_execution_id
    return kind, node.execution_id.name, node.node_id, getattr(event, "retry_attempt", 0)


def _set(message, field):
    """Yield a field if it is set."""
    if message.HasField(field):
        yield getattr(message, field)


def _between(one, other):
    found = Duration()
    found.FromNanoseconds(other.ToNanoseconds() - one.ToNanoseconds())
    return found


def _told_at(event):
    return event.reported_at if event.HasField("reported_at") else event.occurred_at


def _reasons(messages):
    """The reasons in a row of messages; those of events are called otherwise."""
    return [
        getattr(reason, "reason", "") or getattr(reason, "message", "")
        for message in messages
        for reason in message.reasons
    ]


def _items(messages):
    """The last phase of every attempt of a map's items."""
    return {
        (item.index, item.retry_attempt): item.phase
        for message in messages
        for item in message.metadata.external_resources
    }
