"""Plays compiled workflows on a real fake, and tells what its engine sends.

Each line is who, what and when: ``"N n0 QUEUED 0"``, ``"T n0#1 RUNNING 60"``, ``"W FAILED 60"``.
"""

from contextlib import contextmanager

from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    task_execution_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2
from flyteidl.service import admin_pb2_grpc
from templates import PLACE

from flyte_testkit import VirtualClock, graphs, literals, nodes
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.walk import Cast, Walked

PHASES = {
    "CreateWorkflowEvent": core.WorkflowExecution.Phase.Name,
    "CreateNodeEvent": core.NodeExecution.Phase.Name,
    "CreateTaskEvent": core.TaskExecution.Phase.Name,
}


class Walk:
    """One execution, its engine's events, and FlyteAdmin as clients see it."""

    def __init__(self, fake, stub):
        self._fake = fake
        self._stub = stub
        self.clock = fake.clock
        self.engine = fake._backend.engine
        self.began = self.clock.now()
        self.acts = []
        self.refused = []
        send = self.engine._runs._send

        def heard(act):
            self.acts.append(act)
            if (refusal := send(act)) is not None:
                line = self.line(act) if act.rpc in PHASES else act.rpc
                self.refused.append((line, refusal))
            return refusal

        self.engine._runs._send = heard

    def register(self, definitions, template):
        for task in definitions.tasks:
            spec = task_pb2.TaskSpec(template=task)
            self._stub.CreateTask(task_pb2.TaskCreateRequest(id=task.id, spec=spec))
        spec = workflow_pb2.WorkflowSpec(template=template, sub_workflows=definitions.subs)
        self._stub.CreateWorkflow(workflow_pb2.WorkflowCreateRequest(id=template.id, spec=spec))
        self.plan = identifier_pb2.Identifier(
            resource_type=identifier_pb2.LAUNCH_PLAN, name=template.id.name, **PLACE
        )
        spec = launch_plan_pb2.LaunchPlanSpec(workflow_id=template.id)
        self._stub.CreateLaunchPlan(
            launch_plan_pb2.LaunchPlanCreateRequest(id=self.plan, spec=spec)
        )
        got = self._stub.GetWorkflow(common_pb2.ObjectGetRequest(id=template.id))
        self.closure = got.closure.compiled_workflow

    def launch(self, played, outputs, script, inputs):
        if script.nodes:  # it says itself who plays what
            cast = graphs.cast(self.closure, script)
        else:
            cast = Cast(self.closure, script, played, outputs)
        self.engine.ask = lambda _, given: Walked(cast, given)
        request = execution_pb2.ExecutionCreateRequest(
            project=PLACE["project"],
            domain=PLACE["domain"],
            name="run",
            inputs=literals.literal_map(inputs),
        )
        request.spec.launch_plan.CopyFrom(self.plan)
        self.id = self._stub.CreateExecution(request).id

    def after(self, seconds):
        """Let time pass and look; return all lines so far."""
        self.clock.advance(seconds)
        self.execution  # noqa: B018  somebody looks
        return self.lines()

    @property
    def execution(self):
        return self._stub.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=self.id))

    @property
    def phase(self):
        return core.WorkflowExecution.Phase.Name(self.execution.closure.phase)

    def stop(self):
        request = execution_pb2.ExecutionTerminateRequest(id=self.id, cause="enough")
        self._stub.TerminateExecution(request)

    def node(self, node_id):
        id_ = identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=self.id)
        return self._stub.GetNodeExecution(node_execution_pb2.NodeExecutionGetRequest(id=id_))

    def attempts(self, node_id):
        """The attempts of a node's task, the first one first."""
        id_ = identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=self.id)
        request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=id_, limit=99)
        found = self._stub.ListTaskExecutions(request).task_executions
        return sorted(found, key=lambda attempt: attempt.id.retry_attempt)

    def data(self, node_id):
        """The inputs and outputs of a node, as Python values."""
        id_ = identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=self.id)
        request = node_execution_pb2.NodeExecutionGetDataRequest(id=id_)
        got = self._stub.GetNodeExecutionData(request)
        return literals.python_values(got.full_inputs), literals.python_values(got.full_outputs)

    @property
    def outputs(self):
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=self.id)
        return literals.python_values(self._stub.GetExecutionData(request).full_outputs)

    def events(self, who):
        """The events of the workflow, ``"W"``, of a node, ``"n0"``, or an attempt, ``"n0#0"``."""
        return [act.request.event for act in self._events() if _who(act) == who]

    def lines(self):
        return [self.line(act) for act in self._events()]

    def _events(self):
        return [act for act in self.acts if act.rpc in PHASES]

    def told(self, *words):
        """The lines that have one of these words in it."""
        return [line for line in self.lines() if any(word in line.split() for word in words)]

    def line(self, act):
        who, phase = _who(act), PHASES[act.rpc](act.request.event.phase)
        kind = {"W": "W"}.get(who) or ("T " if "#" in who else "N ") + who
        seconds = (act.at - self.began).total_seconds()
        return f"{kind} {phase} {seconds:g}"


def _who(act):
    event = act.request.event
    if act.rpc == "CreateWorkflowEvent":
        return "W"
    if act.rpc == "CreateNodeEvent":
        return event.id.node_id
    return f"{event.parent_node_execution_id.node_id}#{event.retry_attempt}"


@contextmanager
def walking(definitions, template, played=None, *, outputs=None, script=None, inputs=None):
    """A launch of a workflow whose nodes play this, by their paths."""
    with FakeFlyteAdmin(clock=VirtualClock(), strict=False) as fake, fake.channel() as channel:
        walk = Walk(fake, admin_pb2_grpc.AdminServiceStub(channel))
        walk.register(definitions, template)
        by_path = {tuple(path.split(".")): node for path, node in (played or {}).items()}
        walk.launch(by_path, outputs or {}, script or nodes.where(), inputs or {})
        yield walk
