"""flytekit's own models read whatever the strategies make."""

from __future__ import annotations

import pytest
from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from hypothesis import HealthCheck, given, settings

from examples import MORE
from flyte_testkit import strategies as s

pytest.importorskip("flytekit")

from flytekit.models import execution, literals, node_execution, types
from flytekit.models.admin import task_execution
from flytekit.models.core import execution as core_execution
from flytekit.models.core import identifier


def has_nothing_that_flytekit_refuses(message):
    """Leave out data inside the closure (a field misspelt there) and secrets (checked there)."""
    closure = message.closure
    inline = closure.HasField("output_data") or closure.outputs.HasField("values")
    return not inline and not message.spec.security_context.secrets


READERS = {
    "executions": (s.executions(), execution.Execution),
    "broken executions": (s.executions(legal=False), execution.Execution),
    "closures": (s.execution_closures(), execution.ExecutionClosure),
    "broken closures": (s.execution_closures(legal=False), execution.ExecutionClosure),
    "nodes": (s.node_executions(), node_execution.NodeExecution),
    "broken nodes": (s.node_executions(legal=False), node_execution.NodeExecution),
    "attempts": (s.task_executions(), task_execution.TaskExecution),
    "broken attempts": (s.task_executions(legal=False), task_execution.TaskExecution),
    "errors": (s.execution_errors(), core_execution.ExecutionError),
    "identifiers": (s.identifiers(), identifier.Identifier),
    "literals": (s.literals(), literals.Literal),
    "maps of literals": (s.literal_maps(), literals.LiteralMap),
    "types": (s.literal_types(), types.LiteralType),
    "any execution": (
        s.messages(execution_pb2.Execution).filter(has_nothing_that_flytekit_refuses),
        execution.Execution,
    ),
    "any node": (s.messages(node_execution_pb2.NodeExecution), node_execution.NodeExecution),
    "any attempt": (s.messages(task_execution_pb2.TaskExecution), task_execution.TaskExecution),
    "any error": (s.messages(core.ExecutionError), core_execution.ExecutionError),
    "any identifier": (s.messages(identifier_pb2.Identifier), identifier.Identifier),
    "any literal": (s.messages(literals_pb2.Literal), literals.Literal),
    "any type": (s.messages(types_pb2.LiteralType), types.LiteralType),
}


@pytest.mark.parametrize("case", READERS)
def test_flytekit_reads_every_message(case):
    strategy, model = READERS[case]

    @settings(MORE, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def reads(message):
        model.from_flyte_idl(message)

    reads()
