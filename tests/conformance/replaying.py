"""Plays recorded conversations against whatever answers on a channel."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request

import grpc
from flyteidl.admin import event_pb2, project_pb2  # noqa: F401  details are decoded by their type
from flyteidl.service import admin_pb2, auth_pb2, dataproxy_pb2, identity_pb2, signal_pb2
from google.protobuf import message_factory
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_status import rpc_status
from likeness import Difference, Likeness

PATIENCE = 20
"""Real seconds within which every answer must be there."""

METHODS = {
    f"{service.name}/{method.name}": method
    for file in (admin_pb2, auth_pb2, dataproxy_pb2, identity_pb2, signal_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


class Replayer:
    """Asks what was asked, and compares what is answered.

    ``between`` is called before each step: a clock that stands still may move there.
    """

    def __init__(self, channel, between=lambda: None):
        self.channel = channel
        self.between = between
        self._calls = {}

    def play(self, case):
        """The differences of the first step that has any, with the step's number in front."""
        likeness = Likeness({name: invented(name, case["case"]) for name in case["fresh"]})
        for number, step in enumerate(case["steps"], 1):
            self.between()
            answer = self._http(step, likeness) if "http" in step else self._call(step, likeness)
            if step.get("first_line") and "message" in answer:
                answer["message"] = answer["message"].partition("\n")[0]
            found = likeness.differences(step["answer"], answer, step.get("unordered", ()))
            what = step.get("call") or f"HTTP {step['http']}"
            different = [
                Difference(f"step {number} {what} {each.where}", each.answered, each.recorded)
                for each in found
            ]
            if different:
                return different
        return []

    def _call(self, step, likeness):
        call, request_class = self._callable(step["call"])
        request = ParseDict(likeness.filled(step["request"]), request_class())
        try:
            reply = call(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            return {"code": error.code().name, "message": error.details() or "", **_details(error)}
        return {"code": "OK", "reply": as_json(reply)}

    def _callable(self, name):
        if name not in self._calls:
            method = METHODS[name]
            request, reply = map(
                message_factory.GetMessageClass, (method.input_type, method.output_type)
            )
            path = f"/{method.containing_service.full_name}/{method.name}"
            self._calls[name] = (
                self.channel.unary_unary(path, request.SerializeToString, reply.FromString),
                request,
            )
        return self._calls[name]

    def _http(self, step, likeness):
        request = urllib.request.Request(  # noqa: S310  only URLs that the fake has signed
            likeness.filled(step["url"]),
            data=likeness.filled(step.get("body", "")).encode() or None,
            headers=likeness.filled(step.get("headers", {})),
            method=step["http"],
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:  # noqa: S310
                body = {"body": reply.read().decode()} if step["http"] == "GET" else {}
                return {"status": reply.status, **body}
        except urllib.error.HTTPError as error:
            error.close()
            return {"status": error.code}


def invented(name, case):
    """A name that no other case has, the same in each run."""
    return "p" + hashlib.blake2b(f"{name} {case}".encode(), digest_size=5).hexdigest()


def as_json(message):
    return MessageToDict(message, preserving_proto_field_name=True)


def _details(error):
    status = rpc_status.from_call(error)
    if status is None or not status.details:
        return {}
    return {"details": [as_json(detail) for detail in status.details]}
