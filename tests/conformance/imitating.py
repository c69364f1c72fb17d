"""Stories as they would have been recorded of what a fake plays, of workflows that no story has.

Its engine takes as long as a real one does, and times are rounded as they are in recordings. What
else an engine asks of FlyteAdmin stands beside the events: launches, signals, and what children
gave. Ignorant of scripts, and of who compares.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import families
import rounding
from doors import over_grpc
from flyteidl.admin import common_pb2, execution_pb2
from hearing import Heard
from replaying import as_json
from story_files import MAIN, Story
from story_rules import ENDED

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.propeller.pace import REALISTIC

NAME = "a-run-of-mine"
A_WHILE = timedelta(minutes=10)
ASKED = ("CreateExecution", "GetOrCreateSignal")
"""What is written down of what an engine asks, beside its events."""


@contextmanager
def recording(pace=REALISTIC):
    """Yield a fake, and what records the runs that it plays from now on."""
    with over_grpc("direct") as door:
        door.fake._backend.engine.pace = pace
        yield door.fake, Recorder(door)


class Recorder:
    """Writes down what a fake's engine does.

    Args:
        door: Leads to the fake.
    """

    def __init__(self, door):
        self._door = door
        self._calls = []
        self._values = {}
        self._answer = door.admin.answer
        door.admin.answer = self._noting
        self._heard = Heard(door.admin, {MAIN: NAME})

    def launch(self, of, **options):
        """Launch the main execution of a workflow, or of a task, with flytekit."""
        fake = self._door.fake
        remote = fake.remote()
        if fake.clock.now() < rounding.BEGINNING:
            fake.clock.move_to(rounding.BEGINNING)
        plan = remote.fetch_launch_plan(name=of.name)
        remote.execute(plan, inputs={"a": 1}, execution_name=NAME, **options)

    def again(self, rpc, key, **options):
        """Recover or relaunch the main execution, under a key."""
        verb = rpc.removesuffix("Execution")
        kind = getattr(execution_pb2, f"Execution{verb}Request")
        self._heard.names[key] = f"{NAME[:7]}{key}"
        request = kind(id=self._id(MAIN), name=self._heard.names[key], **options)
        self._door.fake._backend.answer(rpc, request)

    def story(self):
        """Let a while pass, and return all as a story."""
        self._get("GetExecution", MAIN)  # so that all is played by then
        keys = sorted(self._heard.names, key=lambda key: (key != MAIN, not key.startswith("child")))
        after = {key: self._get("GetExecution", key) for key in keys}
        which = after[MAIN].closure.workflow_id
        closure = self._ask("GetWorkflow", common_pb2.ObjectGetRequest(id=which)).closure
        whole = {**self._heard.written(), "workflow": _workflow(as_json(closure.compiled_workflow))}
        first = self._heard._beginning()
        told = {key: {"execution": as_json(one)} for key, one in after.items()}
        whole["after"] = self._with_variables(told, first)
        inputs = as_json(self._get("GetExecutionData", MAIN).full_inputs)
        whole["inputs"] = inputs.get("literals", {})
        for key in keys:
            is_child = key.startswith("child")
            name = self._heard.names[key] if is_child else "given by whoever plays"
            gave = [self._gave(key)] if is_child else []
            asked = self._asked(self._heard.names[key], first)
            whole["executions"][key] |= {"name": name, "calls": [*asked, *gave]}
            for entry in whole["executions"][key]["events"]:
                entry["at"], entry["sent"] = round(entry["at"], 1), round(entry["sent"], 1)
        return _looked(Story.read("made-up", whole))

    # What an engine asks.

    def _noting(self, rpc, request, now):
        reply, code = None, "OK"
        try:
            reply = self._answer(rpc, request, now)
        except AdminError as refusal:
            code = refusal.code
            raise
        finally:
            if rpc == "SetSignal":
                self._values[request.id.execution_id.name, request.id.signal_id] = request.value
            if rpc in ASKED:
                self._calls.append((rpc, request, code, reply, now))
        return reply

    def _asked(self, name, first):
        """Yield what the engine of an execution has asked."""
        for rpc, request, code, reply, now in self._calls:
            of = request.spec.metadata.parent_node_execution if rpc == ASKED[0] else request.id
            if of.execution_id.name != name:
                continue
            answered = {} if reply is None else as_json(reply)
            if rpc == ASKED[1] and (value := self._values.get((name, request.id.signal_id))):
                answered["value"] = as_json(value)
            call = {"call": rpc, "request": as_json(request), "code": code, "reply": answered}
            at = round((now - first).total_seconds(), 1)
            yield {"at": at, **self._with_variables(call, first)}

    def _gave(self, key):
        gave = as_json(self._get("GetExecutionData", key).full_outputs)
        request = {"id": {"name": f"${{{key}}}"}}
        reply = {"full_outputs": gave}
        return {
            "at": 0,
            "call": "GetExecutionData",
            "request": request,
            "code": "OK",
            "reply": reply,
        }

    # What is read at the end.

    def _get(self, rpc, key):
        kind = {
            "GetExecution": execution_pb2.WorkflowExecutionGetRequest,
            "GetExecutionData": execution_pb2.WorkflowExecutionGetDataRequest,
        }[rpc]
        return self._ask(rpc, kind(id=self._id(key)))

    def _ask(self, rpc, request):
        return self._door.ask(rpc, request, rounding.BEGINNING + A_WHILE)

    def _id(self, key):
        fake = self._door.fake
        request = execution_pb2.WorkflowExecutionGetRequest()
        request.id.project, request.id.domain = fake.project, fake.domain
        request.id.name = self._heard.names[key]
        return request.id

    def _with_variables(self, value, first):
        return self._heard._with_variables({"of": value}, first)["of"]


def _workflow(compiled):
    return {
        "primary": compiled["primary"]["template"],
        "sub_workflows": [one["template"] for one in compiled.get("sub_workflows", ())],
        "tasks": [one["template"] for one in compiled.get("tasks", ())],
    }


def _looked(story):
    """A story that says when an engine looked at children: a moment before it told of their end."""
    for parent, told in story.told.items():
        for node, child in families.children(story, parent).items():
            for event in told.kept():
                noticed = event.phase in ENDED and event.phase != "ABORTED"
                if (event.kind, event.node) == ("node", node) and noticed:
                    until = round(event.sent - 0.1, 1)
                    call = {"at": 0, "call": "GetExecution", "request": {}, "until": until}
                    story.whole["executions"][child]["calls"].append({**call, "code": "OK"})
    return Story.read(story.name, story.whole)
