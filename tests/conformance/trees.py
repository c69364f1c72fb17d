"""An execution's nodes as they were told, and as clients read them, in one form.

Of every node: the node above, its phase, its error, and the phase and error of each attempt. An
error is its code, its kind, and what lists show of its message. Ignorant of who tells and who
reads.
"""

from __future__ import annotations

from flyteidl.core import execution_pb2

NODE_PHASE = execution_pb2.NodeExecution.Phase.Name
TASK_PHASE = execution_pb2.TaskExecution.Phase.Name
RUN_PHASE = execution_pb2.WorkflowExecution.Phase.Name
KIND = execution_pb2.ExecutionError.ErrorKind
SHOWN = 100
"""How many bytes of a message lists show."""


def told(events):
    """Return what was told of an execution: its phase and error, and those of its nodes."""
    nodes, attempts, parents, run = {}, {}, {}, ("UNDEFINED", None)
    for event in events:
        if event.code:
            continue
        state = event.phase, _error_told(event.body.get("error"))
        if event.kind == "workflow":
            run = state
        elif event.kind == "node":
            nodes[event.node] = state
            parents.setdefault(event.node, event.parent)
        else:
            attempts.setdefault(event.node, {})[event.attempt] = state
    return run, {
        node: (parents[node], *state, attempts.get(node, {})) for node, state in nodes.items()
    }


def _error_told(error):
    if error is None:
        return None
    kind = KIND.Value(error.get("kind", "UNKNOWN"))
    return error.get("code", ""), kind, _shown(error.get("message", ""))


def read(run):
    """Return the same, as a client has it."""
    closure = run.closure
    return (RUN_PHASE(closure.phase), _error_read(closure)), _nodes_read(run.node_executions)


def _nodes_read(nodes, parent=""):
    found = {}
    for name, node in (nodes or {}).items():
        attempts = _attempts_read(node.task_executions)
        phase = NODE_PHASE(node.closure.phase)
        found[name] = parent, phase, _error_read(node.closure), attempts
        found |= _nodes_read(node.subworkflow_node_executions, name)
    return found


def _attempts_read(attempts):
    """None where flytekit has the attempts of a dynamic's children in the place of its own."""
    if any(isinstance(each, list) for each in attempts):
        return None
    return {
        each.id.retry_attempt: (TASK_PHASE(each.closure.phase), _error_read(each.closure))
        for each in attempts
    }


def without_lost(tree, read):
    """Return a tree without the attempts that a client lost in reading it."""
    run, nodes = tree
    lost = {node for node, (*_, attempts) in read[1].items() if attempts is None}
    return run, {
        node: (*state, None if node in lost else attempts)
        for node, (*state, attempts) in nodes.items()
    }


def _error_read(closure):
    error = closure.error
    if not error or not (error.code or error.message):
        return None
    return error.code, int(error.kind), _shown(error.message)


def _shown(message):
    return message.encode()[:SHOWN]
