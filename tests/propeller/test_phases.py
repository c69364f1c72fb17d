from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flyteidl.core import execution_pb2 as core

import flyte_testkit
from flyte_testkit.admin.executions import execution_rows
from flyte_testkit.admin.runs import node_events, task_merging
from flyte_testkit.client.executions import (
    FlyteNodeExecution,
    FlyteTaskExecution,
    FlyteWorkflowExecution,
)
from flyte_testkit.propeller.phases import (
    ALWAYS_RAN,
    ENDS_WITH,
    NEVER_RAN,
    NODE_OUTCOMES,
    OUTCOMES,
    TASK_OUTCOMES,
)

PACKAGE = Path(flyte_testkit.__file__).parent
EXECUTION, NODE, TASK = (
    core.WorkflowExecution.Phase,
    core.NodeExecution.Phase,
    core.TaskExecution.Phase,
)
KNOWN = [
    (EXECUTION, OUTCOMES, execution_rows.TERMINAL, FlyteWorkflowExecution),
    (NODE, NODE_OUTCOMES, node_events.TERMINAL, FlyteNodeExecution),
    (TASK, TASK_OUTCOMES, task_merging.TERMINAL, FlyteTaskExecution),
]


@pytest.mark.parametrize(("enum", "names", "terminal", "live"), KNOWN)
def test_server_and_client_agree_on_what_has_ended(enum, names, terminal, live):
    assert {enum.Value(name) for name in names} == terminal == live._over


def test_phases_are_flytes():
    assert {*ENDS_WITH, *ALWAYS_RAN, *NEVER_RAN, *OUTCOMES} == set(EXECUTION.keys())
    assert set(NODE.keys()) >= NODE_OUTCOMES


def sets_of_names(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Set, ast.Tuple, ast.List)):
            names = {getattr(part, "value", None) for part in node.elts}
            yield {name for name in names if isinstance(name, str)}, node.lineno


def test_what_nothing_leaves_is_said_once():
    """The client says it in numbers of its own, as flytekit does; they are compared above."""
    said = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        for names, line in sets_of_names(path)
        if names in ({*OUTCOMES}, NODE_OUTCOMES) and path.parent.name != "propeller"
    ]
    assert said == []
