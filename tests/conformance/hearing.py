"""Writes down what a FlyteAdmin is told of executions, in the form in which stories are compared.

It hears events however they come, over the wire or from the fake's own engine, with the answer that
each gets. Ignorant of who tells and why.
"""

from __future__ import annotations

import re

import rounding
from replaying import as_json
from story_files import MAIN, Event
from story_steps import EVENTS

from flyte_testkit.admin.database.blobs import CONTAINER
from flyte_testkit.admin.errors import AdminError

KIND_OF = {rpc: kind for kind, rpc in EVENTS.items()}
OWN_TIMES = ("occurred_at", "reported_at")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


class Heard:
    """What one FlyteAdmin is told from now on.

    Args:
        admin: It.
        names: The names of executions by their keys in the story. Children that have none yet get
            theirs in the order of their creation.

    Attributes:
        admin: The FlyteAdmin.
        stopped: The names of executions that somebody has terminated.
        after_each: Told of every event, and of what else changes executions: its RPC, its request,
            and the code that it was answered by.
    """

    def __init__(self, admin, names):
        self.names = names
        self.after_each = None
        self.stopped = set()
        self.admin = admin
        self._told = []
        self._answer = admin.answer
        admin.answer = self._listening

    def _listening(self, rpc, request, now, *besides):
        if rpc not in KIND_OF:
            reply = self._answer(rpc, request, now, *besides)
            if rpc == "CreateExecution":
                self._name(request)
            if rpc == "TerminateExecution":
                self.stopped.add(request.id.name)
            if self.after_each and rpc.endswith("Execution") and not rpc.startswith("Get"):
                self.after_each(rpc, request, "OK")
            return reply
        heard = [rpc, as_json(request)["event"], now, ""]
        self._told.append(heard)
        try:
            return self._answer(rpc, request, now)
        except AdminError as refusal:
            heard[3] = refusal.code
            raise
        finally:
            if self.after_each:
                self.after_each(rpc, request, heard[3] or "OK")

    def ask(self, rpc, request, now):
        """Ask for something without being heard; AdminError is a refusal."""
        return self._answer(rpc, request, now)

    @property
    def instants(self):
        """When something was told, each moment once and in order."""
        return sorted({now for _, _, now, _ in self._told})

    def told(self, key):
        """Return what was told so far of an execution, as events with the names as they are."""
        return [
            Event(KIND_OF[rpc], event, code=code)
            for rpc, event, _, code in self._told
            if _execution(KIND_OF[rpc], event) == self.names[key]
        ]

    def _name(self, request):
        is_child = request.spec.metadata.HasField("parent_node_execution")
        if is_child and request.name not in self.names.values():
            number = sum(key.startswith("child") for key in self.names) + 1
            self.names[f"child{number}"] = request.name

    def written(self):
        """Return all that was told so far, as a story that has its executions only."""
        keys = {name: key for key, name in self.names.items()}
        executions = {key: {"events": []} for key in sorted(self.names, key=_rank)}
        first = self._beginning()
        for rpc, event, now, code in self._told:
            execution = _execution(KIND_OF[rpc], event)
            if execution not in keys:
                continue
            entry = {
                "at": _seconds(rounding.read(event["occurred_at"]), first),
                "sent": _seconds(now, first),
                "kind": KIND_OF[rpc],
                "event": self._with_variables(event, first),
            }
            if code:
                entry["code"] = code
            executions[keys[execution]]["events"].append(entry)
        return {"executions": executions}

    def _beginning(self):
        """When the first event of the main execution happened."""
        for rpc, event, _, _ in self._told:
            if _execution(KIND_OF[rpc], event) == self.names[MAIN]:
                return rounding.read(event["occurred_at"])
        return rounding.BEGINNING

    def _with_variables(self, event, first):
        own = {name: value for name, value in event.items() if name not in OWN_TIMES}
        # the longest first: children are called after their parents
        names = sorted(self.names.items(), key=lambda item: -len(item[1]))
        for_text = [(re.compile(rf"{re.escape(name)}(?![a-z0-9])"), key) for key, name in names]

        def replaced(text):
            if TIME.fullmatch(text):
                return f"${{t{_seconds(rounding.read(text), first):+.1f}}}"
            text = rounding.in_brief(text).replace(CONTAINER, "${store}")
            for name, key in for_text:
                text = name.sub(f"${{{key}}}", text)
            return text

        return _each_text(own, replaced)


def _rank(key):
    """Main first, then children, then what people launched again, as stories have them."""
    return key != MAIN, not key.startswith("child")


def _execution(kind, event):
    if kind == "workflow":
        return event["execution_id"]["name"]
    node = event["id"] if kind == "node" else event["parent_node_execution_id"]
    return node["execution_id"]["name"]


def _each_text(value, replaced):
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, dict):
        return {name: _each_text(inner, replaced) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each_text(inner, replaced) for inner in value]
    return value


def _seconds(moment, first):
    return round((moment - first).total_seconds(), 3)
