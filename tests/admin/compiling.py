"""Compiles workflows over a few tasks and launch plans, and says what is wrong with them."""

from __future__ import annotations

import re

import pytest
from builders import identifier, integer
from definition_builders import (
    DATETIME,
    INT,
    LAUNCH_PLAN,
    STRUCT,
    TASK,
    TEXT,
    WORKFLOW,
    enum_of,
    list_of,
    map_of,
    node,
    task_template,
    template,
    union_of,
)
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import compiler_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.workflows import compile_workflow
from flyte_testkit.admin.go.prototext import prototext

DATACLASS = types_pb2.LiteralType(
    simple=types_pb2.STRUCT,
    structure=types_pb2.TypeStructure(dataclass_type={"f": INT, "l": list_of(TEXT)}),
)
EVERYTHING = {
    "x": INT,
    "text": TEXT,
    "list": list_of(INT),
    "map": map_of(INT),
    "struct": STRUCT,
    "data": DATACLASS,
    "when": DATETIME,
}

TASKS = {
    "t": {},
    "one": {"outputs": {"y": INT}},
    "inc": {"inputs": {"x": INT}, "outputs": {"y": INT}},
    "say": {"inputs": {"s": TEXT}, "outputs": {"y": TEXT}},
    "two": {"outputs": {"y": INT, "z": TEXT}},
    "list": {"inputs": {"l": list_of(INT)}},
    "map": {"inputs": {"m": map_of(INT)}},
    "enum": {"inputs": {"e": enum_of("red", "blue")}},
    "optional": {"inputs": {"o": union_of(INT, types_pb2.LiteralType(simple=types_pb2.NONE))}},
    "lists": {"inputs": {"u": union_of(list_of(INT), list_of(TEXT))}},
    "blob": {"inputs": {"b": types_pb2.LiteralType(blob=types_pb2.BlobType())}},
    "everything": {"outputs": EVERYTHING},
    "untyped": {"inputs": {"x": None}},
}


class MissingError(Exception):
    """Nothing of this id is registered."""


def find_task(id_):
    if id_.name not in TASKS:
        raise MissingError(id_.name)
    spec = TASKS[id_.name]
    made = task_template(id_.name, inputs=spec.get("inputs"), outputs=spec.get("outputs"))
    return compiler_pb2.CompiledTask(template=made)


def find_launch_plan(id_):
    """A launch plan that requires ``x``, has a default for ``d``, and gives ``y``."""
    if id_.name != "plan":
        raise MissingError(id_.name)
    closure = launch_plan_pb2.LaunchPlanClosure()
    required, defaulted = (closure.expected_inputs.parameters[name] for name in ("x", "d"))
    required.var.type.CopyFrom(INT)
    required.required = True
    defaulted.var.type.CopyFrom(INT)
    defaulted.default.CopyFrom(integer(1))
    closure.expected_outputs.variables["y"].type.CopyFrom(INT)
    return closure


def compiled(*nodes, sub_workflows=(), **fields):
    made = template(*nodes, **fields)
    return compile_workflow(made, sub_workflows, find_task, find_launch_plan)


def edges(closure, workflow=None):
    """Who waits for whom, as ``{"n0": ["start-node"]}``, and who is followed by whom."""
    connections = (closure.primary if workflow is None else workflow).connections
    return tuple(
        {name: list(ids.ids) for name, ids in side.items()}
        for side in (connections.upstream, connections.downstream)
    )


def complaint(*nodes, **fields):
    """All that is wrong with a workflow, as the compiler says it."""
    with pytest.raises(CompileErrors) as raised:
        compiled(*nodes, **fields)
    return str(raised.value)


def errors(*nodes, **fields):
    """All that is wrong with a workflow, as (code, node, description)s."""
    lines = complaint(*nodes, **fields).splitlines()
    pattern = r"\tError \d+: Code: (\w+), Node Id: (.*?), Description: (.*)"
    return [re.fullmatch(pattern, line).groups() for line in lines[1:]]


def text_of(kind, name):
    return prototext(identifier(kind, name))


def runs_sub_workflow(id_, name="s", **fields):
    return node(
        id_,
        workflow_node=core_workflow_pb2.WorkflowNode(sub_workflow_ref=identifier(WORKFLOW, name)),
        **fields,
    )


def runs_launch_plan(id_, name="plan", **fields):
    return node(
        id_,
        workflow_node=core_workflow_pb2.WorkflowNode(launchplan_ref=identifier(LAUNCH_PLAN, name)),
        **fields,
    )


__all__ = [
    "TASK",
    "MissingError",
    "compiled",
    "complaint",
    "edges",
    "errors",
    "runs_launch_plan",
    "runs_sub_workflow",
    "text_of",
]
