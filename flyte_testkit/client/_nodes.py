"""The nodes of an execution, and what ran below each: attempts, nodes, launched executions.

The walk follows what the server lists; the compiled workflow only tells the interfaces, that is, as
what types inputs and outputs are read. So a node that the workflow does not know is shown all the
same (flytekit gives the whole sync up).

    task            attempts, with their inputs and outputs once the node is done
    map, array      attempts likewise
    sub-workflow    nodes below
    branch          nodes below: of the case that was taken
    dynamic         its attempts, and the nodes below, as its own compiled workflow tells
    launch plan     the launched execution, with its nodes
    gate, sleep     inputs and outputs

This module is ignorant of waiting.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.client._data import read_url
from flyte_testkit.client._live import learn
from flyte_testkit.client._model import message_of, view
from flyte_testkit.client.entities import FlyteTask
from flyte_testkit.client.exceptions import FlyteEntityNotExistException
from flyte_testkit.client.executions import FlyteNodeExecution, FlyteTaskExecution
from flyte_testkit.client.literals import LiteralsResolver
from flyte_testkit.client.models import Identifier, LiteralMap, TypedInterface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flyteidl.admin import execution_pb2
    from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2, workflow_pb2

    from flyte_testkit.client._rpc import Rpc
    from flyte_testkit.client.entities import FlyteWorkflow
    from flyte_testkit.client.executions import FlyteWorkflowExecution
    from flyte_testkit.client.models import Literal, WorkflowExecutionIdentifier

    Execution = FlyteWorkflowExecution | FlyteNodeExecution | FlyteTaskExecution
    Data = (
        execution_pb2.WorkflowExecutionGetDataResponse
        | node_execution_pb2.NodeExecutionGetDataResponse
        | task_execution_pb2.TaskExecutionGetDataResponse
    )

__all__ = ["NodeWalk", "Scope", "assign_data"]

_PAGE = 100


@dataclass(frozen=True)
class Scope:
    """The compiled nodes of one level by id, and where their interfaces are found."""

    nodes: Mapping[str, workflow_pb2.Node] = field(default_factory=dict)
    tasks: Mapping[bytes, tasks_pb2.TaskTemplate] = field(default_factory=dict)
    workflows: Mapping[bytes, workflow_pb2.WorkflowTemplate] = field(default_factory=dict)
    only: TypedInterface | None = None  # of the one node of a single-task execution

    @classmethod
    def of_closure(cls, closure: compiler_pb2.CompiledWorkflowClosure) -> Scope:
        """Return the top level of a compiled workflow."""
        return cls(
            nodes={node.id: node for node in closure.primary.template.nodes},
            tasks={_key(one.template.id): one.template for one in closure.tasks},
            workflows={_key(one.template.id): one.template for one in closure.sub_workflows},
        )

    @classmethod
    def of(cls, launched: FlyteTask | FlyteWorkflow) -> Scope:
        """Return the top level of an execution; the only node of a task's may have any id."""
        if isinstance(launched, FlyteTask):
            return cls(only=launched.interface)
        return cls.of_closure(launched.compiled)

    def of_node(self, node: workflow_pb2.Node | None) -> Scope:
        """Return the level below a sub-workflow or branch."""
        nodes = []
        if node is not None and node.HasField("workflow_node"):
            below = self.workflows.get(_key(node.workflow_node.sub_workflow_ref))
            nodes = list(below.nodes) if below is not None else []
        elif node is not None and node.HasField("branch_node"):
            choice = node.branch_node.if_else
            nodes = [choice.case.then_node, *(one.then_node for one in choice.other)]
            nodes += [choice.else_node] if choice.HasField("else_node") else []
        return Scope({one.id: one for one in nodes}, self.tasks, self.workflows)


def _key(identifier: identifier_pb2.Identifier) -> bytes:
    return bytes(identifier.SerializeToString(deterministic=True))


class NodeWalk:
    """One walk through the nodes of an execution.

    Args:
        rpc: The calls.
        launched: Fetches a launched execution, with its nodes.
        interface_of: Fetches the interface of what an identifier names.
    """

    def __init__(
        self,
        rpc: Rpc,
        launched: Callable[[WorkflowExecutionIdentifier], FlyteWorkflowExecution],
        interface_of: Callable[[Identifier], TypedInterface],
    ) -> None:
        self._rpc = rpc
        self._launched = launched
        self._interface_of = interface_of

    def of(
        self, execution_id: WorkflowExecutionIdentifier, scope: Scope
    ) -> dict[str, FlyteNodeExecution]:
        """Return the top nodes of an execution by id, each with what ran below it."""
        nodes = [self._synced(node, scope) for node in self._listed(message_of(execution_id), "")]
        return {message_of(node).id.node_id: node for node in nodes}

    def _listed(
        self, execution_id: identifier_pb2.WorkflowExecutionIdentifier, parent: str
    ) -> Iterator[FlyteNodeExecution]:
        request = node_execution_pb2.NodeExecutionListRequest(
            workflow_execution_id=execution_id,
            limit=_PAGE,
            unique_parent_id=parent,
            sort_by=_OLDEST_FIRST,
        )
        for pb in self._rpc.pages("ListNodeExecutions", request, "node_executions"):
            yield view(FlyteNodeExecution, pb)

    def _synced(self, node: FlyteNodeExecution, scope: Scope) -> FlyteNodeExecution:
        pb = message_of(node)
        node_id, is_parent = pb.id.node_id, pb.metadata.is_parent_node
        compiled = scope.nodes.get(pb.metadata.spec_node_id) or scope.nodes.get(node_id)
        if "start-node" in node_id or "end-node" in node_id:
            return node
        request = node_execution_pb2.NodeExecutionGetDataRequest(id=pb.id)
        try:
            data = self._rpc("GetNodeExecutionData", request)
        except FlyteEntityNotExistException:
            return node  # listed, but nothing is known of its data yet
        launched = node.closure.workflow_node_metadata
        if launched is not None and not is_parent:
            return self._with_launched(node, launched.execution_id)
        interface = self._interface(compiled, scope)
        kind = compiled.WhichOneof("target") if compiled is not None else None
        dynamic = data.HasField("dynamic_workflow")
        if is_parent or kind == "branch_node":
            below = scope.of_node(compiled)
            if dynamic:
                closure = data.dynamic_workflow.compiled_workflow
                below = Scope.of_closure(closure)
                interface = TypedInterface.from_flyte_idl(closure.primary.template.interface)
            listed = list(self._listed(pb.id.execution_id, node_id))
            learn(node, children=tuple(self._synced(child, below) for child in listed))
        if kind not in ("gate_node", "branch_node") and (dynamic or not is_parent):
            learn(node, task_executions=tuple(self._attempts(node, scope, interface)))
        learn(node, interface=interface)
        assign_data(node, data, interface)
        return node

    def _with_launched(
        self, node: FlyteNodeExecution, execution_id: WorkflowExecutionIdentifier
    ) -> FlyteNodeExecution:
        child = self._launched(execution_id)
        learn(node, workflow_executions=(child,))
        if child.flyte_workflow is not None:
            learn(node, interface=child.flyte_workflow.interface)
        if child.is_done:
            learn(node, inputs=child.inputs)
        if child.is_successful:
            learn(node, outputs=child.outputs)
        return node

    def _attempts(
        self, node: FlyteNodeExecution, scope: Scope, interface: TypedInterface | None
    ) -> Iterator[FlyteTaskExecution]:
        request = task_execution_pb2.TaskExecutionListRequest(
            node_execution_id=message_of(node).id, limit=_PAGE, sort_by=_OLDEST_FIRST
        )
        for pb in self._rpc.pages("ListTaskExecutions", request, "task_executions"):
            attempt = view(FlyteTaskExecution, pb)
            template = scope.tasks.get(_key(pb.id.task_id))
            task = (
                None if template is None else FlyteTask(view(Identifier, pb.id.task_id), template)
            )
            learn(attempt, task=task)
            if node.is_done:
                data_request = task_execution_pb2.TaskExecutionGetDataRequest(id=pb.id)
                with suppress(FlyteEntityNotExistException):  # as of a node: not there yet
                    data = self._rpc("GetTaskExecutionData", data_request)
                    assign_data(attempt, data, task.interface if task else interface)
            yield attempt

    def _interface(self, compiled: workflow_pb2.Node | None, scope: Scope) -> TypedInterface | None:
        """Return the interface of a compiled node, if it has one."""
        if compiled is None:
            return scope.only
        kind = compiled.WhichOneof("target")
        if kind == "task_node":
            known = scope.tasks.get(_key(compiled.task_node.reference_id))
            if known is not None:
                return TypedInterface.from_flyte_idl(known.interface)
            return self._interface_of(Identifier.from_flyte_idl(compiled.task_node.reference_id))
        if kind == "workflow_node":
            below = scope.workflows.get(_key(compiled.workflow_node.sub_workflow_ref))
            if below is not None:
                return TypedInterface.from_flyte_idl(below.interface)
            if compiled.workflow_node.HasField("launchplan_ref"):
                reference = compiled.workflow_node.launchplan_ref
                return self._interface_of(Identifier.from_flyte_idl(reference))
        if kind == "array_node":
            inner = self._interface(compiled.array_node.node, scope)
            over_task = compiled.array_node.node.HasField("task_node")
            return inner if over_task or inner is None else _listed_interface(inner)
        return None


_OLDEST_FIRST = common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING)


def _listed_interface(interface: TypedInterface) -> TypedInterface:
    """Return the interface of many: each input and output a list of what it was."""
    pb = interface.to_flyte_idl()
    listed = interface_pb2.TypedInterface()
    for theirs, ours in ((pb.inputs, listed.inputs), (pb.outputs, listed.outputs)):
        for name, variable in theirs.variables.items():
            ours.variables[name].CopyFrom(variable)
            ours.variables[name].type.CopyFrom(types_pb2.LiteralType(collection_type=variable.type))
    return TypedInterface.from_flyte_idl(listed)


def assign_data(execution: Execution, data: Data, interface: TypedInterface | None) -> None:
    """Give an execution its inputs, and its outputs if it ended well."""
    inputs = _literals(data.full_inputs, data.inputs)
    learn(execution, inputs=LiteralsResolver(inputs, interface.inputs if interface else None))
    if execution.is_done and execution.closure.error is None:
        outputs = _literals(data.full_outputs, data.outputs)
        learn(
            execution, outputs=LiteralsResolver(outputs, interface.outputs if interface else None)
        )


def _literals(inline: literals_pb2.LiteralMap, blob: common_pb2.UrlBlob) -> Mapping[str, Literal]:
    """Return literals from the answer itself, or from the URL where they were too large for it."""
    if not inline.literals and blob.bytes > 0:
        inline = literals_pb2.LiteralMap.FromString(read_url(blob.url))
    return view(LiteralMap, inline).literals
