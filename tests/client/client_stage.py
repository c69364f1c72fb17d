"""A scripted server with and without a socket, scripted nodes, recorded stories, a fake time."""

from __future__ import annotations

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from flyteidl.admin import (
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    task_execution_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import compiler_pb2, literals_pb2
from flyteidl.service import admin_pb2, auth_pb2, dataproxy_pb2, signal_pb2
from google.protobuf import json_format


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


class WireServer:
    """A real gRPC server that answers from a ScriptedServer, for clients that need a socket."""

    def __init__(self, scripted: ScriptedServer, port: int = 0) -> None:
        self.scripted = scripted
        self._server = grpc.server(ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0),))
        self._server.add_generic_rpc_handlers((_Methods(scripted),))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
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


class Story:
    """A recorded run of a real engine, told by a ScriptedServer as it stood at the end."""

    def __init__(self, text: str) -> None:
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


def stories() -> dict[str, str]:
    """The recorded runs, by name, as JSON."""
    path = Path(__file__).parents[2] / "fixtures" / "recordings" / "engine.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {json.loads(line)["story"]: line for line in lines}


STORIES = stories()


SUCCEEDED, FAILED, RUNNING, SKIPPED, RECOVERED = 3, 5, 2, 7, 10
INTEGER, STRUCT = {"simple": 1}, {"simple": 9}


def literal(value):
    return literals_pb2.Literal(scalar={"primitive": {"integer": value}})


def interface(**outputs):
    return {
        "inputs": {"variables": {"a": {"type": INTEGER}}},
        "outputs": {"variables": {name: {"type": kind} for name, kind in outputs.items()}},
    }


TASK = {"id": {"resource_type": 1, "name": "add"}, "interface": interface(o0=INTEGER)}
PLAN = {"resource_type": 3, "name": "inner"}
TEMPLATE = {
    "id": {"resource_type": 2, "name": "wf"},
    "interface": interface(o0=INTEGER),
    "nodes": [
        {"id": "start-node"},
        {"id": "n0", "task_node": {"reference_id": TASK["id"]}},
        {"id": "n1", "workflow_node": {"sub_workflow_ref": {"name": "sub"}}},
        {
            "id": "n2",
            "branch_node": {
                "if_else": {
                    "case": {
                        "then_node": {"id": "n2-a", "task_node": {"reference_id": TASK["id"]}}
                    },
                    "other": [
                        {"then_node": {"id": "n2-b", "task_node": {"reference_id": TASK["id"]}}}
                    ],
                    "else_node": {"id": "n2-c", "task_node": {"reference_id": TASK["id"]}},
                }
            },
        },
        {"id": "n3", "gate_node": {"approve": {"signal_id": "go"}}},
        {
            "id": "n4",
            "array_node": {"node": {"id": "n4", "workflow_node": {"launchplan_ref": PLAN}}},
        },
        {"id": "n5", "workflow_node": {"launchplan_ref": PLAN}},
    ],
}
SUB = {
    "id": {"name": "sub"},
    "interface": interface(o0=INTEGER),
    "nodes": [{"id": "n0", "task_node": {"reference_id": TASK["id"]}}],
}
CLOSURE = {
    "primary": {"template": TEMPLATE},
    "sub_workflows": [{"template": SUB}],
    "tasks": [{"template": TASK}],
}


class Nodes:
    """Node executions that a scripted server lists: ``nodes.add("n0", SUCCEEDED, o0=5)``."""

    def __init__(self, server):
        self.listed, self.data, self.attempts = [], {}, {}
        self.closure = json_format.ParseDict(CLOSURE, compiler_pb2.CompiledWorkflowClosure())
        self.launch_plan = self.child_launch_plan = {"resource_type": 3, "name": "wf"}
        execution_id = {"project": "flytesnacks", "domain": "development"}
        server.on(
            GetExecution=lambda r: execution_pb2.Execution(
                id={**execution_id, "name": r.id.name},
                spec={
                    "launch_plan": self.launch_plan if r.id.name == "x1" else self.child_launch_plan
                },
                closure={"phase": 4},
            ),
            GetExecutionData=lambda _: execution_pb2.WorkflowExecutionGetDataResponse(),
            ListNodeExecutions=lambda r: node_execution_pb2.NodeExecutionList(
                node_executions=[
                    pb
                    for name, parent, pb in self.listed
                    if (name, parent) == (r.workflow_execution_id.name, r.unique_parent_id)
                ]
            ),
            GetNodeExecutionData=lambda r: self.data[r.id.node_id],
            ListTaskExecutions=lambda r: task_execution_pb2.TaskExecutionList(
                task_executions=self.attempts.get(r.node_execution_id.node_id, [])
            ),
            GetTaskExecution=lambda r: next(
                one
                for one in self.attempts[r.id.node_execution_id.node_id]
                if one.id.retry_attempt == r.id.retry_attempt
            ),
            GetTaskExecutionData=lambda _: task_execution_pb2.TaskExecutionGetDataResponse(
                full_outputs={"literals": {"o0": literal(7)}}
            ),
            GetLaunchPlan=lambda r: launch_plan_pb2.LaunchPlan(id=r.id, spec={"workflow_id": r.id}),
            GetWorkflow=lambda _: workflow_pb2.Workflow(
                closure={"compiled_workflow": self.closure}
            ),
            GetTask=lambda _: task_pb2.Task(closure={"compiled_task": {"template": TASK}}),
        )

    def add(
        self,
        node_id,
        phase,
        *,
        below="",
        of="x1",
        attempts=(),
        metadata=None,
        closure=None,
        **outputs,
    ):
        full = {"node_id": node_id, "execution_id": {"name": of}}
        pb = node_execution_pb2.NodeExecution(
            id=full,
            closure={"phase": phase, **(closure or {})},
            metadata={"spec_node_id": node_id.rpartition("0-")[2], **(metadata or {})},
        )
        self.listed.append((of, below, pb))
        data = node_execution_pb2.NodeExecutionGetDataResponse(
            full_inputs={"literals": {"a": literal(1)}},
            full_outputs={"literals": {name: literal(value) for name, value in outputs.items()}},
        )
        self.data[node_id] = data
        self.attempts[node_id] = [
            task_execution_pb2.TaskExecution(
                id={"task_id": TASK["id"], "node_execution_id": full, "retry_attempt": number},
                closure={"phase": one},
            )
            for number, one in enumerate(attempts)
        ]
        return data
