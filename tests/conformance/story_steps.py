"""What is asked of FlyteAdmin in a recorded story, in order: by the engine, and by people.

Each step is an RPC at its time, with the answer that was recorded. What people did beside the
engine is known by its effects alone: they terminate just before the engine tells of the end.
Ignorant of who answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cast
import rounding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

EVENTS = {"workflow": "CreateWorkflowEvent", "node": "CreateNodeEvent", "task": "CreateTaskEvent"}
LAUNCHES_AGAIN = {"RELAUNCH": "RelaunchExecution", "RECOVERED": "RecoverExecution"}

PERFORMED = {"GetNodeExecution", "TerminateExecution"}
"""The engine's calls that are made. Launches are steps of their own; its other calls change nothing
that is read here, and ask for data that only pods write."""

ADMINS_OWN = {"security_context": {"run_as": {}}, "max_parallelism": 25}
"""What FlyteAdmin gives a spec that lacks it."""

ROW = re.compile(r"(?<= for node execution )\d+$")
"""The number of a row in the database, which no two runs share."""

OK = {"code": "OK"}

LAUNCH, CALL, STOP, EVENT = range(4)
"""What goes first of what was in one tenth of a second. An engine's launch follows an event."""


@dataclass(frozen=True)
class Step:
    """One request, with the names of executions as variables.

    Attributes:
        at: When it is made.
        turn: Which goes first at one time.
        where: What it is, for differences.
        key: The execution that it belongs to.
        rpc: The RPC.
        request: Its message as proto-JSON.
        recorded: The answer, without the reply where that does not count.
    """

    at: datetime
    turn: int
    where: str
    key: str
    rpc: str
    request: dict[str, Any]
    recorded: dict[str, Any]

    @property
    def by_people(self) -> bool:
        """Whether somebody else than the engine asked."""
        return self.turn in (LAUNCH, STOP)


def steps(story):
    """All steps of a story whose times are moments, in order."""
    launches, events = list(_launches(story)), list(_events(story))
    for launch in launches:
        if launch.turn == EVENT:
            events.insert(_begun(events, launch.request) + 1, launch)
    people = [launch for launch in launches if launch.turn == LAUNCH]
    found = [*people, *_stops(story), *_calls(story), *events]
    return sorted(found, key=lambda step: (step.at, step.turn))


def _begun(events, request):
    """Where the engine tells first of the node that makes this launch; -1 if it does not."""
    parent = request["spec"]["metadata"]["parent_node_execution"]
    return next((i for i, step in enumerate(events) if _tells_of(step, parent)), -1)


def _tells_of(step, node):
    return step.request.get("event", {}).get("id") == node


def _launches(story) -> Iterator[Step]:
    by_the_engine = {call["request"]["name"]: call for call in cast.launches(story)}
    for key, after in story["after"].items():
        execution = after["execution"]
        of, spec = execution["id"], execution["spec"]
        metadata = spec["metadata"]
        rpc, turn = "CreateExecution", LAUNCH
        if of["name"] in by_the_engine:
            request, turn = by_the_engine[of["name"]]["request"], EVENT
        elif metadata.get("mode") in LAUNCHES_AGAIN:
            rpc = LAUNCHES_AGAIN[metadata["mode"]]
            request = {"id": metadata["reference_execution"], "name": of["name"]}
            if rpc == "RelaunchExecution" and spec.get("overwrite_cache"):
                request["overwrite_cache"] = True
        else:
            asked = {part: value for part, value in spec.items() if ADMINS_OWN.get(part) != value}
            asked["metadata"] = {**metadata, "system_metadata": {}}
            request = {**of, "spec": asked, "inputs": {"literals": story["inputs"]}}
        at = rounding.read(execution["closure"]["created_at"])
        yield Step(at, turn, f"launch of {key}", key, rpc, request, OK)


def _stops(story) -> Iterator[Step]:
    """What people terminated."""
    by_the_engine = {
        call["request"]["id"]["name"]
        for _, call in _each(story, "calls")
        if call["call"] == "TerminateExecution"
    }
    for key, told in _each(story, "events"):
        execution = story["after"][key]["execution"]
        cause = execution["closure"].get("abort_metadata", {}).get("cause")
        if (
            told["kind"] == "workflow"
            and told["event"]["phase"] == "ABORTED"
            and cause is not None
            and execution["id"]["name"] not in by_the_engine
        ):
            at, request = rounding.moment(told["sent"]), {"id": execution["id"], "cause": cause}
            yield Step(at, STOP, f"stop of {key}", key, "TerminateExecution", request, OK)


def _calls(story) -> Iterator[Step]:
    for key, call in _each(story, "calls"):
        if call["call"] in PERFORMED:
            recorded = {part: call[part] for part in ("code", "message") if part in call}
            if call["code"] == "OK":
                recorded["reply"] = call["reply"]
            at, where = rounding.moment(call["at"]), f"{call['call']} at {call['at']}"
            yield Step(at, CALL, where, key, call["call"], call["request"], recorded)


def _events(story) -> Iterator[Step]:
    for key, told in _each(story, "events"):
        event = dict(told["event"], occurred_at=_written(told["at"]))
        if "reported" in told:
            event["reported_at"] = _written(told["reported"])
        recorded = {"code": told.get("code", "OK")}
        if "message" in told:
            recorded["message"] = ROW.sub("${any}", told["message"])
        at, where = rounding.moment(told["sent"]), f"{told['kind']} event at {told['sent']}"
        yield Step(at, EVENT, where, key, EVENTS[told["kind"]], {"event": event}, recorded)


def _each(story, what):
    for key, execution in story["executions"].items():
        for each in execution.get(what, ()):
            yield key, each


def _written(seconds):
    return rounding.written(rounding.moment(seconds))
