"""Code that reads the nodes of an execution: right, by either client."""

FAILURE_NODE = "fn0"
BY_THEMSELVES = {"start-node", "end-node"}  # also where ids are hashed, as long ones are
# The numbers are the same in both clients, and in Flyte.
SUCCEEDED, FAILED, ABORTED, TIMED_OUT = 4, 6, 7, 8
NODE_FAILED, NODE_FAILING, NODE_TIMED_OUT = 5, 4, 8
NODE_OVER = {3, 5, 6, 7, 8, 10}  # SUCCEEDED, FAILED, ABORTED, SKIPPED, TIMED_OUT, RECOVERED
TASK_FAILED = 5


class Report:
    def __init__(self, remote, execution):
        remote.sync_execution(execution, sync_nodes=True)
        self.remote = remote
        self.execution = execution
        self.nodes = list(walk(execution.node_executions))

    @property
    def outcome(self):
        phase = self.execution.closure.phase
        return {4: "SUCCEEDED", 6: "FAILED", 7: "ABORTED", 8: "TIMED_OUT"}.get(phase)

    @property
    def culprit(self):
        if self.outcome not in {"FAILED", "TIMED_OUT"}:
            return None
        return culprit(self.execution.node_executions)

    @property
    def error(self):
        node = self.culprit
        if node is None:
            return None
        last = [attempt.closure.error for attempt in attempts(self.remote, node)][-1:]
        return node.closure.error or (last[0] if last else None)

    @property
    def items(self):
        node = self.culprit
        if node is None or not node.metadata.is_array:
            return []
        return failed_items(attempts(self.remote, node)[-1])

    @property
    def attempts(self):
        return [(way, len(attempts(self.remote, node))) for way, node in self.nodes]

    @property
    def done(self):
        return {way for way, node in self.nodes if node.closure.phase in NODE_OVER}


def walk(nodes, above=()):
    """Yield every node at any depth, those of child executions too, with the way to it."""
    for node_id, node in nodes.items():
        if node.metadata.spec_node_id in BY_THEMSELVES:
            continue
        way = (*above, node_id)
        yield way, node
        yield from walk(inside(node), way)


def inside(node):
    """The nodes inside of a node: its own, or those of the execution that it has launched."""
    for child in node.workflow_executions:
        return child.node_executions
    return node.subworkflow_node_executions


def culprit(nodes):
    """The innermost node that failed first; the failure node only if no other did."""
    failed = [
        node
        for node in nodes.values()
        if node.closure.phase in {NODE_FAILED, NODE_FAILING, NODE_TIMED_OUT}
    ]
    others = [node for node in failed if node.metadata.spec_node_id != FAILURE_NODE]
    if not failed:
        return None
    first = min(others or failed, key=lambda node: node.closure.updated_at)
    return culprit(inside(first)) or first


def attempts(remote, node):
    """The attempts of a node, the first one first.

    flytekit puts those of its children where those of a dynamic task should be, so it is asked.
    """
    found = node.task_executions
    if hasattr(remote, "client"):
        found, _ = remote.client.list_task_executions_paginated(node.id)
    return sorted(found, key=lambda attempt: attempt.id.retry_attempt)


def failed_items(attempt):
    """The indexes of the items of a map of which the last attempt failed."""
    last = {}
    resources = attempt.closure.metadata.external_resources
    for item in sorted(resources, key=lambda item: item.retry_attempt):
        last[item.index] = item.phase
    return [index for index, phase in sorted(last.items()) if phase == TASK_FAILED]
