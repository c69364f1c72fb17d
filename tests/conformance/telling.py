"""Tells a FlyteAdmin what a recorded engine told one, and reads what a client read afterwards.

Each request comes at its recorded time, through whatever door there is. Ignorant of what an engine
ought to tell.
"""

from __future__ import annotations

import cast
import rounding
from doors import REQUESTS, Alone
from google.protobuf.json_format import ParseDict
from likeness import Difference, Likeness
from replaying import as_json, invented
from story_steps import steps

from flyte_testkit.admin.database.blobs import CONTAINER
from flyte_testkit.admin.errors import AdminError


def differences(story, door=None):
    """All that is answered otherwise than it was recorded while the story is told, and after it."""
    teller = Teller(story, door or Alone())
    teller.tell()
    return teller.differences


class Teller:
    """Tells one story to a FlyteAdmin that plays nothing.

    ``after_each`` is told of every step, with its request and the code that it was answered by.

    Attributes:
        steps: All that was asked, in order.
        differences: What was answered otherwise than recorded.
    """

    def __init__(self, story, door, after_each=None):
        story = self.story = rounding.in_full(story)
        self.differences = []
        self._door = door
        self._after_each = after_each
        self._likeness = Likeness({"store": CONTAINER, "shard": "a/shard"})
        for key, execution in story["executions"].items():
            given = execution["name"].startswith("given by")
            name = invented(key, story["story"]) if given else execution["name"]
            self._likeness.known[key] = self._likeness.filled(name)
        self.steps = steps(story)

    @property
    def names(self):
        """The names of the story's executions, by their keys."""
        return {key: self._likeness.known[key] for key in self.story["executions"]}

    def call(self, names):
        """Give executions other names, by their keys."""
        self._likeness.known.update(names)

    def tell(self):
        """Register, tell everything in order, and read."""
        self.register()
        for step in self.steps:
            self.take(step)
        now = self.steps[-1].at
        in_any_order = ["inputs"]  # bindings that FlyteAdmin makes itself
        self._compare("workflow", self.story["workflow"], self._workflow(now), in_any_order)
        for key, after in self.story["after"].items():
            self._compare(f"after {key}", by_name(after), self._after(key, now))

    def register(self):
        """Register all that the story needs."""
        cast.register(self.story, self._register)

    def _register(self, rpc, request):
        answer = self._ask(rpc, request, self.steps[0].at)
        if (rpc, answer["code"]) != ("RegisterProject", "ALREADY_EXISTS"):  # a fake has some
            refusal = {part: answer[part] for part in ("code", "message") if part in answer}
            self._compare(f"{rpc} of the story", {"code": "OK"}, refusal)

    def take(self, step):
        """Ask what was asked in one step, and compare the answer."""
        request = self._request(step.rpc, step.request)
        answered = self._ask(step.rpc, request, step.at)
        if "reply" not in step.recorded:
            answered.pop("reply", None)
        self._compare(step.where, step.recorded, answered)
        if self._after_each:
            self._after_each(step, request, answered["code"])

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
        try:
            reply = self._door.ask(rpc, self._request(rpc, request), now)
            return {"code": "OK", "reply": as_json(reply)}
        except AdminError as refusal:
            return {"code": refusal.code, "message": refusal.message}

    def _request(self, rpc, request):
        if isinstance(request, dict):
            return ParseDict(self._likeness.filled(request), REQUESTS[rpc]())
        return request

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
