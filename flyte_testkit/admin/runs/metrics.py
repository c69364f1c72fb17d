"""Where an execution's time went: GetExecutionMetrics (§16).

An execution is a tree of spans. Each level of it costs one of the depth that was asked for: the
workflow, its nodes, a node's parts, its attempts or children. Ignorant of how executions move: it
only reads what is shown of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import compiler_pb2, metrics_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.admin.definitions.definitions import no_such_entity, parts
from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules.validation import given
from flyte_testkit.admin.runs import spans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import identifier_pb2, workflow_pb2
    from google.protobuf.timestamp_pb2 import Timestamp

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.executions.executions import ExecutionManager
    from flyte_testkit.admin.runs.node_executions import NodeExecutionManager
    from flyte_testkit.admin.runs.task_executions import TaskExecutionManager

    _Span = metrics_pb2.Span
    _Node = node_execution_pb2.NodeExecution
    _Task = task_execution_pb2.TaskExecution

__all__ = ["MetricsManager"]

_START, _END = "start-node", "end-node"
_ALL = 2**32 - 1


class MetricsManager:
    """Breaks executions down into spans.

    Args:
        store: Where workflows are.
        executions: What shows executions.
        nodes: What shows nodes.
        task_executions: What shows attempts.
    """

    def __init__(
        self,
        store: Store,
        *,
        executions: ExecutionManager,
        nodes: NodeExecutionManager,
        task_executions: TaskExecutionManager,
    ) -> None:
        self._readers = (store, executions, nodes, task_executions)

    def get_execution_metrics(
        self, request: execution_pb2.WorkflowExecutionGetMetricsRequest, now: datetime
    ) -> execution_pb2.WorkflowExecutionGetMetricsResponse:
        """Break an execution down to a depth; one below 0 has no end.

        Raises:
            AdminError: The id is incomplete, there is no such execution or workflow, or a node is
                none of its workflow.
        """
        breakdown = _Breakdown(*self._readers, now)
        execution = breakdown.read_execution(given(request, "id"))
        return execution_pb2.WorkflowExecutionGetMetricsResponse(
            span=breakdown.execution(execution, request.depth)
        )


class _Graph(NamedTuple):
    """Nodes that belong together, by their ids in the workflow, and that workflow."""

    nodes: dict[str, _Node]
    workflow: compiler_pb2.CompiledWorkflow

    @property
    def started(self) -> Timestamp | None:
        """When its start node was done with; None if that has no row."""
        start = self.nodes.get(_START)
        return None if start is None else start.closure.updated_at

    def before(self, node: str) -> Timestamp | None:
        """When the last of the nodes before one was done with; None if none of them has a row."""
        upstream = self.workflow.connections.upstream
        ids = upstream[node].ids if node in upstream else ()
        ends = [self.nodes[id_].closure.updated_at for id_ in ids if id_ in self.nodes]
        after_1970 = (end for end in ends if times.nanoseconds(end) > 0)
        return max(after_1970, key=times.nanoseconds, default=None)

    def definition(self, node: str) -> workflow_pb2.Node:
        """Return what the workflow says of a node.

        Raises:
            AdminError: It does not know it.
        """
        template = self.workflow.template
        for definition in template.nodes:
            if definition.id == node:
                return definition
        workflow = prototext(given(template, "id"))
        raise internal(f"failed to discover workflow node '{node}' in workflow '{workflow}'")


class _Breakdown(NamedTuple):
    """One breakdown: what it reads with, and the time of the request."""

    store: Store
    executions: ExecutionManager
    nodes: NodeExecutionManager
    task_executions: TaskExecutionManager
    now: datetime

    def execution(self, execution: execution_pb2.Execution, depth: int) -> _Span:
        """Return the span of an execution."""
        closure = execution.closure
        return metrics_pb2.Span(
            start_time=closure.created_at,
            end_time=closure.updated_at,
            workflow_id=execution.id,
            spans=self._execution_parts(execution, depth - 1) if depth else (),
        )

    def _execution_parts(self, execution: execution_pb2.Execution, depth: int) -> Iterator[_Span]:
        closure = execution.closure
        workflow = self._read_workflow(closure.workflow_id)
        graph = _Graph(self._read_nodes(execution.id), workflow)
        if graph.started is None:
            yield spans.part("WORKFLOW_SETUP", closure.created_at, closure.updated_at)
            return
        yield spans.part("WORKFLOW_SETUP", closure.created_at, graph.started)
        yield from self._graph(graph, depth)
        yield from spans.teardown("WORKFLOW_TEARDOWN", graph.before(_END), closure.updated_at)

    def _graph(self, graph: _Graph, depth: int) -> Iterator[_Span]:
        """Yield the spans of nodes that belong together, each after its way from the one before."""
        for id_, node in sorted(graph.nodes.items(), key=_created):
            if id_ in (_START, _END):
                continue
            definition = graph.definition(id_)
            closure = node.closure
            span = metrics_pb2.Span(
                start_time=closure.created_at, end_time=closure.updated_at, node_id=node.id
            )
            before = graph.before(id_)
            if before is not None:
                span.spans.append(spans.part("NODE_TRANSITION", before, closure.created_at))
            span.spans.extend(self._node_parts(node, definition, depth - 1) if depth else ())
            yield span

    def _node_parts(
        self, node: _Node, definition: workflow_pb2.Node, depth: int
    ) -> Iterator[_Span]:
        """Yield the parts of a node by its kind; array nodes are shown without parts."""
        kind = definition.WhichOneof("target")
        if kind == "task_node":
            is_parent = node.metadata.is_parent_node
            return self._dynamic(node, depth) if is_parent else self._task_node(node, depth)
        if kind == "branch_node":
            return self._branch(node, definition.branch_node, depth)
        if kind == "gate_node":
            return spans.gate(node)
        if kind != "workflow_node":
            return iter(())
        workflow = definition.workflow_node
        reference = workflow.WhichOneof("reference")
        if reference == "launchplan_ref":
            return self._launch_plan(node, depth)
        if reference == "sub_workflow_ref":
            return self._sub_workflow(node, workflow.sub_workflow_ref, depth)
        raise internal(f"failed to identify workflow node type for node: {prototext(workflow)}")

    def _task_node(self, node: _Node, depth: int) -> Iterator[_Span]:
        tasks = self._read_tasks(node)
        yield from spans.attempts(node, tasks, depth)
        if tasks:
            last = spans.in_order(tasks)[-1].closure.updated_at
            yield from spans.teardown("NODE_TEARDOWN", last, node.closure.updated_at)

    def _dynamic(self, node: _Node, depth: int) -> Iterator[_Span]:
        tasks = self._read_tasks(node)
        yield from spans.attempts(node, tasks, depth)
        if not tasks:
            return
        last = spans.in_order(tasks)[-1].closure.updated_at
        children = self._read_nodes(node.id.execution_id, node.id.node_id)
        if not children:
            yield from spans.teardown("NODE_RESET", last, node.closure.updated_at)
            return
        asked = node_execution_pb2.NodeExecutionGetDataRequest(id=node.id)
        dynamic = self.nodes.get_node_execution_data(asked, self.now).dynamic_workflow
        graph = _Graph(children, dynamic.compiled_workflow.primary)
        yield spans.part("NODE_RESET", last, graph.started)
        yield from self._graph(graph, depth)
        yield from spans.teardown("NODE_TEARDOWN", graph.before(_END), node.closure.updated_at)

    def _sub_workflow(
        self, node: _Node, id_: identifier_pb2.Identifier, depth: int
    ) -> Iterator[_Span]:
        closure = node.closure
        children = self._read_nodes(node.id.execution_id, node.id.node_id)
        if not children:
            yield spans.part("NODE_SETUP", closure.created_at, closure.updated_at)
            return
        graph = _Graph(children, self._read_workflow(id_))
        yield spans.part("NODE_SETUP", closure.created_at, graph.started)
        yield from self._graph(graph, depth)
        yield from spans.teardown("NODE_TEARDOWN", graph.before(_END), closure.updated_at)

    def _launch_plan(self, node: _Node, depth: int) -> Iterator[_Span]:
        closure = node.closure
        if not closure.HasField("workflow_node_metadata"):
            yield spans.part("NODE_SETUP", closure.created_at, closure.updated_at)
            return
        child = self.read_execution(closure.workflow_node_metadata.executionId)
        yield spans.part("NODE_SETUP", closure.created_at, child.closure.created_at)
        yield self.execution(child, depth)
        yield from spans.teardown("NODE_TEARDOWN", child.closure.updated_at, closure.updated_at)

    def _branch(self, node: _Node, branch: workflow_pb2.BranchNode, depth: int) -> Iterator[_Span]:
        closure = node.closure
        children = self._read_nodes(node.id.execution_id, node.id.node_id)
        if not children:
            yield spans.part("NODE_SETUP", closure.created_at, closure.updated_at)
            return
        if len(children) > 1:
            raise internal(
                "invalid branch node execution: expected 1 but found "
                f"{len(children)} node execution(s)"
            )
        ((id_, child),) = children.items()
        definition = next((case for case in _cases(branch) if case.id == id_), None)
        if definition is None:
            raise internal(
                f"failed to identify branch node final node definition for nodeID '{id_}' and "
                f"branchNode '{prototext(branch)}'"
            )
        yield spans.part("NODE_SETUP", closure.created_at, child.closure.created_at)
        yield metrics_pb2.Span(
            start_time=child.closure.created_at,
            end_time=child.closure.updated_at,
            node_id=child.id,
            spans=self._node_parts(child, definition, depth - 1) if depth else (),
        )
        yield from spans.teardown("NODE_TEARDOWN", child.closure.updated_at, closure.updated_at)

    def read_execution(
        self, id_: identifier_pb2.WorkflowExecutionIdentifier | None
    ) -> execution_pb2.Execution:
        """Return an execution as it is shown."""
        request = execution_pb2.WorkflowExecutionGetRequest(id=id_)
        return self.executions.get_execution(request, self.now)

    def _read_workflow(self, id_: identifier_pb2.Identifier) -> compiler_pb2.CompiledWorkflow:
        row = self.store.workflows.get(*parts(id_))
        if row is None:
            raise no_such_entity("WORKFLOW", id_)
        return row.message.closure.compiled_workflow.primary

    def _read_nodes(
        self, execution: identifier_pb2.WorkflowExecutionIdentifier, parent: str = ""
    ) -> dict[str, _Node]:
        """Return the nodes at the top of an execution or under a parent, by their spec's id."""
        request = node_execution_pb2.NodeExecutionListRequest(
            workflow_execution_id=execution, unique_parent_id=parent, limit=_ALL
        )
        found = self.nodes.list_node_executions(request, self.now).node_executions
        return {node.metadata.spec_node_id: node for node in found}

    def _read_tasks(self, node: _Node) -> list[_Task]:
        request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node.id, limit=_ALL)
        return list(self.task_executions.list_task_executions(request, self.now).task_executions)


def _created(item: tuple[str, _Node]) -> int:
    return times.nanoseconds(item[1].closure.created_at)


def _cases(branch: workflow_pb2.BranchNode) -> Iterator[workflow_pb2.Node]:
    yield branch.if_else.case.then_node
    yield from (other.then_node for other in branch.if_else.other)
    if branch.if_else.HasField("else_node"):
        yield branch.if_else.else_node
