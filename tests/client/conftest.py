"""A scripted server with and without sockets, a time that only sleeping moves, recorded stories."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from flyteidl.admin import (
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    task_execution_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.service import admin_pb2, auth_pb2, dataproxy_pb2, signal_pb2
from google.protobuf import json_format

from flyte_testkit.client import Config, FlyteRemote, _time


class Failure(grpc.RpcError, grpc.Call):
    """What a client meets when a call fails."""

    def __init__(self, code: grpc.StatusCode, details: str = "boom") -> None:
        super().__init__()
        self._code, self._text = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._text

    def _nothing(self, *_: Any) -> None:
        return None

    initial_metadata = trailing_metadata = is_active = time_remaining = cancel = add_callback = (
        _nothing
    )


class ScriptedServer(grpc.Channel):
    """A channel that answers from functions: ``server.on(GetExecution=lambda request: ...)``.

    An answer that is an exception is raised. ``calls`` remembers (rpc, request, timeout, metadata).
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.calls: list[Any] = []

    def on(self, **answers: Any) -> ScriptedServer:
        self.answers.update(answers)
        return self

    @property
    def rpcs(self) -> list[str]:
        return [call[0] for call in self.calls]

    def unary_unary(self, method: str, *_: Any, **__: Any) -> Any:
        rpc = method.rpartition("/")[2]

        def call(request: Any, timeout: Any = None, metadata: Any = None) -> Any:
            self.calls.append((rpc, request, timeout, metadata))
            if rpc not in self.answers:
                raise Failure(grpc.StatusCode.UNIMPLEMENTED, f"{rpc} is not scripted")
            answer = self.answers[rpc](request)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return call

    def _unused(self, *_: Any, **__: Any) -> Any:
        return None

    unary_stream = stream_unary = stream_stream = subscribe = unsubscribe = close = _unused
    __enter__ = __exit__ = _unused


class FakeTime:
    """Time that sleeping moves, and ``spend``."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    @property
    def elapsed(self) -> float:
        return round(self.now - 1_000.0, 6)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def spend(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def server():
    return ScriptedServer()


@pytest.fixture
def fake_time(monkeypatch):
    time = FakeTime()
    monkeypatch.setattr(_time, "monotonic", time.monotonic)
    monkeypatch.setattr(_time, "sleep", time.sleep)
    return time


@pytest.fixture
def remote(server, fake_time):
    config = Config.for_endpoint("localhost:1", insecure=True)
    return FlyteRemote(config, "flytesnacks", "development", channel=server, seed=0)


@pytest.fixture
def failure():
    return lambda code, details="boom": Failure(grpc.StatusCode[code], details)


class WireServer:
    """A real gRPC server that answers from a ScriptedServer, for clients that need a socket."""

    def __init__(self, scripted: ScriptedServer) -> None:
        self.scripted = scripted
        self._server = grpc.server(ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0),))
        self._server.add_generic_rpc_handlers((_Methods(scripted),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.stop(None).wait()


class _Methods(grpc.GenericRpcHandler):
    def __init__(self, scripted: ScriptedServer) -> None:
        self._scripted = scripted

    def service(self, handler_call_details: Any) -> Any:
        _, service, rpc = handler_call_details.method.split("/")
        name = service.rpartition(".")[2]
        if name not in SERVICES:
            return None
        method = SERVICES[name].services_by_name[name].methods_by_name[rpc]

        def answer(request: Any, context: Any) -> Any:
            try:
                return self._scripted.unary_unary(handler_call_details.method)(request)
            except Failure as failure:
                context.abort(failure.code(), failure.details())

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=method.input_type._concrete_class.FromString,
            response_serializer=method.output_type._concrete_class.SerializeToString,
        )


SERVICES = {
    "AdminService": admin_pb2.DESCRIPTOR,
    "DataProxyService": dataproxy_pb2.DESCRIPTOR,
    "SignalService": signal_pb2.DESCRIPTOR,
    "AuthMetadataService": auth_pb2.DESCRIPTOR,
}


@pytest.fixture
def wire(server):
    running = WireServer(server)
    yield running
    running.stop()


class Story:
    """A recorded run of a real engine, told by a ScriptedServer as it stood at the end."""

    def __init__(self, path: Path) -> None:
        text = path.read_text()
        for name in json.loads(text)["after"]:
            text = text.replace("${" + name + "}", name)
        text = re.sub(r'"\$\{t[^}]*\}"', '"2024-01-01T00:00:00Z"', text)
        self.story = json.loads(text)

    def tell(self, server: ScriptedServer) -> None:
        server.on(
            GetExecution=lambda r: self._message(
                execution_pb2.Execution, self.story["after"][r.id.name]["execution"]
            ),
            GetExecutionData=lambda _: execution_pb2.WorkflowExecutionGetDataResponse(),
            ListNodeExecutions=self._nodes,
            GetNodeExecutionData=self._node_data,
            ListTaskExecutions=self._tasks,
            GetTaskExecution=self._task,
            GetTaskExecutionData=lambda _: task_execution_pb2.TaskExecutionGetDataResponse(),
            GetLaunchPlan=lambda r: launch_plan_pb2.LaunchPlan(id=r.id, spec={"workflow_id": r.id}),
            GetWorkflow=self._workflow,
            GetTask=self._task_entity,
        )

    @staticmethod
    def _message(kind: Any, raw: Any) -> Any:
        return json_format.ParseDict(raw, kind(), ignore_unknown_fields=True)

    def _nodes(self, request: Any) -> Any:
        nodes = self.story["after"][request.workflow_execution_id.name]["nodes"]
        below = [node for node in nodes if node["found_under"] == request.unique_parent_id]
        return self._message(node_execution_pb2.NodeExecutionList, {"node_executions": below})

    def _node_data(self, request: Any) -> Any:
        answer = node_execution_pb2.NodeExecutionGetDataResponse()
        for sent in self.story["executions"][request.id.execution_id.name]["events"]:
            event = sent["event"]
            if sent["kind"] == "node" and event["id"]["node_id"] == request.id.node_id:
                dynamic = event.get("task_node_metadata", {}).get("dynamic_workflow")
                if dynamic:
                    json_format.ParseDict(
                        dynamic, answer.dynamic_workflow, ignore_unknown_fields=True
                    )
        return answer

    def _tasks(self, request: Any) -> Any:
        node = request.node_execution_id
        every = self.story["after"][node.execution_id.name]["tasks"]
        of_node = [
            task for task in every if task["id"]["node_execution_id"]["node_id"] == node.node_id
        ]
        return self._message(task_execution_pb2.TaskExecutionList, {"task_executions": of_node})

    def _task(self, request: Any) -> Any:
        listed = self._tasks(SimpleNamespace(node_execution_id=request.id.node_execution_id))
        return next(one for one in listed.task_executions if one.id == request.id)

    def _workflow(self, request: Any) -> Any:
        told = self.story["workflow"]
        if told["primary"]["id"]["name"] == request.id.name:
            closure = {
                "primary": {"template": told["primary"]},
                "sub_workflows": [{"template": one} for one in told["sub_workflows"]],
                "tasks": [{"template": one} for one in told["tasks"]],
            }
        else:  # a child's, which the recording does not have: nodes of one and the same task
            nodes = [
                {"id": name, "task_node": {"reference_id": {"name": "any"}}}
                for name in ("n0", "n1", "n2", "n3", "fn0")
            ]
            closure = {
                "primary": {"template": {"nodes": nodes, "id": {"name": request.id.name}}},
                "tasks": [{"template": {"id": {"name": "any"}, "interface": {}}}],
            }
        return self._message(workflow_pb2.Workflow, {"closure": {"compiled_workflow": closure}})

    def _task_entity(self, request: Any) -> Any:
        template = next(
            one for one in self.story["workflow"]["tasks"] if one["id"]["name"] == request.id.name
        )
        return self._message(task_pb2.Task, {"closure": {"compiled_task": {"template": template}}})


STORIES = Path(__file__).parents[2] / "fixtures" / "engine"


@pytest.fixture
def story(server):
    """Let the scripted server tell a recorded story, by its name."""

    def tell(name: str) -> ScriptedServer:
        Story(STORIES / f"{name}.json").tell(server)
        return server

    return tell
