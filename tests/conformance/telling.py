"""Tells a FlyteAdmin what a recorded engine told one, and reads what a client read afterwards.

No network and no clock: each request comes with its recorded time. What people did beside the
engine is known by its effects alone: an execution is created just before an event first needs it,
and terminated just before its engine tells of the end. Ignorant of what an engine ought to tell.
"""

from __future__ import annotations

import re

import cast
import rounding
from google.protobuf import message_factory
from google.protobuf.json_format import ParseDict
from likeness import Difference, Likeness
from replaying import METHODS, as_json, invented

from flyte_testkit.admin.database.blobs import CONTAINER
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.flyte_admin import FlyteAdmin

EVENTS = {"workflow": "CreateWorkflowEvent", "node": "CreateNodeEvent", "task": "CreateTaskEvent"}
LAUNCHES_AGAIN = {"RELAUNCH": "RelaunchExecution", "RECOVERED": "RecoverExecution"}

PERFORMED = {"GetNodeExecution", "TerminateExecution"}
"""The engine's calls that are made when it made them. Its launches are made when they are needed;
its other calls change nothing that is read here, and ask for data that only pods write."""

ADMINS_OWN = {"security_context", "max_parallelism"}
"""What FlyteAdmin gives a spec that lacks it."""

ROW = re.compile(r"(?<= for node execution )\d+$")
"""The number of a row in the database, which no two runs share."""

REQUESTS = {
    method.name: message_factory.GetMessageClass(method.input_type) for method in METHODS.values()
}


def differences(story):
    """All that is answered otherwise than it was recorded while the story is told, and after it."""
    teller = Teller(rounding.in_full(story))
    teller.tell()
    return teller.differences


class Teller:
    """Tells one story, whose times are moments, to a FlyteAdmin that plays nothing."""

    def __init__(self, story):
        self.story = story
        self.differences = []
        self._admin = FlyteAdmin()
        self._likeness = Likeness({"store": CONTAINER, "shard": "a/shard"})
        for key, execution in story["executions"].items():
            given = execution["name"].startswith("given by")
            name = invented(key, story["story"]) if given else execution["name"]
            self._likeness.known[key] = self._likeness.filled(name)
        self._launches = {call["request"]["name"]: call for call in cast.launches(story)}
        self._created = set()
        self._terminated_by_the_engine = {
            call["request"]["id"]["name"]
            for _, call in self._each("calls")
            if call["call"] == "TerminateExecution"
        }

    def tell(self):
        """Register, tell everything in order, and read."""
        cast.register(self.story, self._register)
        told = [(call["at"], 0, key, call) for key, call in self._each("calls")]
        told += [(event["sent"], 1, key, event) for key, event in self._each("events")]
        for seconds, is_event, key, what in sorted(told, key=lambda each: each[:2]):
            now = rounding.moment(seconds)
            if is_event:
                self._event(key, what, now)
            elif what["call"] in PERFORMED:
                self._call(what, now)
        in_any_order = ["inputs"]  # bindings that FlyteAdmin makes itself
        self._compare("workflow", self.story["workflow"], self._workflow(now), in_any_order)
        for key, after in self.story["after"].items():
            self._create(key)
            self._compare(f"after {key}", by_name(after), self._after(key, now))

    def _each(self, what):
        for key, execution in self.story["executions"].items():
            for each in execution.get(what, ()):
                yield key, each

    # What the engine says.

    def _event(self, key, told, now):
        event = dict(told["event"], occurred_at=_written(told["at"]))
        if "reported" in told:
            event["reported_at"] = _written(told["reported"])
        self._create(key)
        child = event.get("workflow_node_metadata", {}).get("execution_id", {}).get("name")
        if child is not None:
            self._create(cast.key(child))
        if told["kind"] == "workflow" and event["phase"] == "ABORTED":
            self._terminate(key, now)
        recorded = {"code": told.get("code", "OK")}
        if "message" in told:
            recorded["message"] = ROW.sub("${any}", told["message"])
        answered = self._ask(EVENTS[told["kind"]], {"event": event}, now)
        answered.pop("reply", None)
        self._compare(f"{told['kind']} event at {told['sent']}", recorded, answered)

    def _call(self, call, now):
        recorded = {part: call[part] for part in ("code", "message") if part in call}
        if call["code"] == "OK":
            recorded["reply"] = call["reply"]
        answered = self._ask(call["call"], call["request"], now)
        self._compare(f"{call['call']} at {call['at']}", recorded, answered)

    # What people do.

    def _register(self, rpc, request):
        self._must(rpc, request, self._created_at("main"))

    def _create(self, key):
        if key in self._created:
            return
        self._created.add(key)
        execution = self.story["after"][key]["execution"]
        of, spec = execution["id"], execution["spec"]
        metadata = spec["metadata"]
        rpc = "CreateExecution"
        if of["name"] in self._launches:
            request = self._launches[of["name"]]["request"]
        elif metadata.get("mode") in LAUNCHES_AGAIN:
            rpc = LAUNCHES_AGAIN[metadata["mode"]]
            request = {"id": metadata["reference_execution"], "name": of["name"]}
        else:
            asked = {part: value for part, value in spec.items() if part not in ADMINS_OWN}
            asked["metadata"] = {**metadata, "system_metadata": {}}
            request = {**of, "spec": asked, "inputs": {"literals": self.story["inputs"]}}
        self._must(rpc, request, self._created_at(key))

    def _created_at(self, key):
        return rounding.read(self.story["after"][key]["execution"]["closure"]["created_at"])

    def _terminate(self, key, now):
        execution = self.story["after"][key]["execution"]
        cause = execution["closure"].get("abort_metadata", {}).get("cause")
        by_a_person = execution["id"]["name"] not in self._terminated_by_the_engine
        if cause is not None and by_a_person:
            self._must("TerminateExecution", {"id": execution["id"], "cause": cause}, now)

    # What a client reads.

    def _workflow(self, now):
        of = self.story["workflow"]["primary"]["id"]
        compiled = self._must("GetWorkflow", {"id": of}, now)["closure"]["compiled_workflow"]
        return {
            "primary": compiled["primary"]["template"],
            "sub_workflows": [each["template"] for each in compiled.get("sub_workflows", ())],
            "tasks": [each["template"] for each in compiled["tasks"]],
        }

    def _after(self, key, now):
        of = self.story["after"][key]["execution"]["id"]
        execution = self._must("GetExecution", {"id": of}, now)
        nodes, tasks = list(self._nodes(of, "", now)), []
        for node in nodes:
            request = {"node_execution_id": node["id"], "limit": 100}
            tasks += self._must("ListTaskExecutions", request, now).get("task_executions", ())
        return by_name({"execution": execution, "nodes": nodes, "tasks": tasks})

    def _nodes(self, of, parent, now):
        request = {"workflow_execution_id": of, "unique_parent_id": parent, "limit": 100}
        for node in self._must("ListNodeExecutions", request, now).get("node_executions", ()):
            yield {**node, "found_under": parent, **self._dynamic_workflow(node, now)}
            yield from self._nodes(of, node["id"]["node_id"], now)

    def _dynamic_workflow(self, node, now):
        if not node["metadata"].get("is_dynamic"):
            return {}
        answer = self._ask("GetDynamicNodeWorkflow", {"id": node["id"]}, now)
        if answer["code"] == "NOT_FOUND":  # the node ended before it had one
            return {}
        return {"dynamic_workflow": answer["reply"]["compiled_workflow"]["primary"]["template"]}

    # How all of them ask.

    def _must(self, rpc, request, now):
        answer = self._ask(rpc, request, now)
        if answer["code"] != "OK":
            raise AssertionError(f"{rpc} is refused: {answer}")
        return answer["reply"]

    def _ask(self, rpc, request, now):
        if isinstance(request, dict):
            request = ParseDict(self._likeness.filled(request), REQUESTS[rpc]())
        try:
            return {"code": "OK", "reply": as_json(self._admin.answer(rpc, request, now))}
        except AdminError as refusal:
            return {"code": refusal.code, "message": refusal.message}

    def _compare(self, where, recorded, answered, unordered=()):
        self.differences += [
            Difference(f"{where} {each.where}", each.answered, each.recorded)
            for each in self._likeness.differences(recorded, answered, unordered)
            if not rounding.is_forgiven(each)
        ]


def by_name(after):
    """What was read of an execution, each list by the names in it: their order is free."""
    nodes = {node["id"]["node_id"]: node for node in after["nodes"]}
    tasks = {}
    for task in after["tasks"]:
        node, attempt = task["id"]["node_execution_id"]["node_id"], task["id"].get("retry_attempt")
        tasks[f"{node} attempt {attempt or 0}"] = task
    return {"execution": after["execution"], "nodes": nodes, "tasks": tasks}


def _written(seconds):
    return rounding.written(rounding.moment(seconds))
