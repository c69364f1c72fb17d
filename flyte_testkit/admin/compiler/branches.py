"""Branch nodes: their cases, their conditions, and the outputs that all cases have (§6).

Ignorant of which case a run takes: conditions are held against types and never worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.admin.compiler.graph import Step
from flyte_testkit.admin.compiler.requirements import target_nodes
from flyte_testkit.admin.compiler.type_text import type_text
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.literals.inference import type_of_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import condition_pb2, workflow_pb2

    from flyte_testkit.admin.compiler.workflows import WorkflowCompiler

__all__ = ["check", "find_interface"]


def find_interface(compiler: WorkflowCompiler, step: Step) -> interface_pb2.TypedInterface | None:
    """Return what a branch takes, which its bindings say, and gives, which all its cases give.

    On the way the nodes inside get the id of the branch in front of their own.
    """
    missing = _missing(step.node.branch_node)
    if missing:
        compiler.errors.add("ValueRequired", step.id, f"Value required [{missing}].")
        return None
    before = compiler.errors.count
    for case in step.node.branch_node.if_else.other:
        if not case.HasField("then_node"):
            compiler.errors.add("ValueRequired", step.id, "Value required [IfElse.Case.ThenNode].")
    outputs: dict[str, interface_pb2.Variable] | None = None
    for inner in _inner_steps(step):
        inner.node.id = f"{step.id}-{inner.id}"
        found = compiler.find_interface(inner)
        if found is not None:
            given = found.outputs.variables
            outputs = dict(given) if outputs is None else _common(compiler, inner, outputs, given)
    inputs = compiler.binder.bind(step, step.node.inputs, None, both_ways=False)
    if compiler.errors.count > before or outputs is None:
        return None
    return interface_pb2.TypedInterface(
        inputs=inputs, outputs=interface_pb2.VariableMap(variables=outputs)
    )


def check(compiler: WorkflowCompiler, step: Step) -> None:
    """Note what is wrong with conditions and cases, and compile the nodes inside.

    If nothing is wrong, the nodes inside know what they wait for; nobody knows of them.
    """
    before = compiler.errors.count
    block = step.node.branch_node.if_else
    if not block.HasField("case"):
        _no_condition(compiler, step)
    cases = [block.case, *block.other] if block.HasField("case") else [*block.other]
    for case in cases:
        if case.HasField("condition"):
            _condition(compiler, step, case.condition)
        else:
            _no_condition(compiler, step)
        if not case.HasField("then_node"):
            compiler.errors.add("BranchNodeIdNotFound", step.id, "BranchNode not assigned")
    if block.WhichOneof("default") is None:
        compiler.errors.add(
            "BranchNodeHasNoDefault",
            step.id,
            "Branch Node must have either the else case set or a default error.",
        )
    inner_steps = _inner_steps(step)
    for inner in inner_steps:
        compiler.check(inner)
    if compiler.errors.count == before:
        for inner in inner_steps:
            compiler.bind_inputs(inner, both_ways=False)


def _inner_steps(step: Step) -> list[Step]:
    if not step.inner:
        step.inner = [Step(node) for node in target_nodes(step.node.branch_node)]
    return step.inner


def _missing(branch: workflow_pb2.BranchNode) -> str | None:
    """Return the first thing without which a branch has no interface."""
    if not branch.HasField("if_else"):
        return "Branch.IfElse"
    if not branch.if_else.HasField("case"):
        return "Branch.IfElse.Case"
    if not branch.if_else.case.HasField("then_node"):
        return "Branch.IfElse.Case.ThenNode"
    return None


def _common(
    compiler: WorkflowCompiler,
    step: Step,
    outputs: Mapping[str, interface_pb2.Variable],
    given: Mapping[str, interface_pb2.Variable],
) -> dict[str, interface_pb2.Variable]:
    """Return the outputs that one more case gives too, which must be of the same types."""
    common = {name: variable for name, variable in outputs.items() if name in given}
    for name, variable in common.items():
        if prototext(variable.type) != prototext(given[name].type):
            first, second = type_text(variable.type), type_text(given[name].type)
            compiler.errors.add(
                "MismatchingTypes",
                step.id,
                f"Variable [{name}] (type [{first}]) doesn't match expected type [{second}].",
            )
    return common


def _condition(
    compiler: WorkflowCompiler, step: Step, expression: condition_pb2.BooleanExpression
) -> None:
    kind = expression.WhichOneof("expr")
    if kind == "comparison":
        comparison = expression.comparison
        before = compiler.errors.count
        right, left = (
            _operand(
                compiler,
                step,
                name,
                getattr(comparison, field) if comparison.HasField(field) else None,
            )
            for name, field in (("RightValue", "right_value"), ("LeftValue", "left_value"))
        )
        if compiler.errors.count == before and right and left and right != left:
            compiler.errors.add(
                "MismatchingTypes",
                step.id,
                f"Variable [RightValue] (type [{type_text(right)}]) "
                f"doesn't match expected type [{type_text(left)}].",
            )
    elif kind == "conjunction":
        for side in ("left_expression", "right_expression"):
            if expression.conjunction.HasField(side):
                _condition(compiler, step, getattr(expression.conjunction, side))
            else:
                _no_condition(compiler, step)
    else:
        compiler.errors.add("ValueRequired", step.id, "Value required [Expr].")


def _operand(
    compiler: WorkflowCompiler, step: Step, name: str, operand: condition_pb2.Operand | None
) -> types_pb2.LiteralType | None:
    """Return the type of one side of a comparison, or None after noting what is wrong with it.

    The compiler does not know scalars, which flytekit sends for a comparison with None.
    """
    missing = name
    if operand is not None:
        if operand.HasField("primitive"):
            scalar = literals_pb2.Scalar(primitive=operand.primitive)
            return type_of_literal(literals_pb2.Literal(scalar=scalar))
        if operand.var:
            if operand.var in step.inputs:
                return step.inputs[operand.var].type
            if step.interface is not None:
                compiler.errors.add(
                    "VariableNameNotFound",
                    step.id,
                    f"Variable [{operand.var}] not found on node [{step.id}].",
                )
                return None
        missing = operand.var or f"{name}.Val"
    compiler.errors.add("ValueRequired", step.id, f"Value required [{missing}].")
    return None


def _no_condition(compiler: WorkflowCompiler, step: Step) -> None:
    compiler.errors.add(
        "BranchNodeHasNoCondition",
        step.id,
        "One of the branches on the node doesn't have a condition.",
    )
