"""Branch nodes: their cases and their conditions (§6).

Ignorant of the nodes inside, and of which case a run takes: conditions are held against types and
never worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit.admin.compiler.type_text import type_text
from flyte_testkit.literals.inference import type_of_literal

if TYPE_CHECKING:
    from flyteidl.core import condition_pb2

    from flyte_testkit.admin.compiler.graph import Site, Step

__all__ = ["check"]


def check(site: Site, step: Step) -> None:
    """Note what is wrong with conditions and cases."""
    block = step.node.branch_node.if_else
    if not block.HasField("case"):
        _no_condition(site, step)
    cases = [block.case, *block.other] if block.HasField("case") else [*block.other]
    for case in cases:
        if case.HasField("condition"):
            _condition(site, step, case.condition)
        else:
            _no_condition(site, step)
        if not case.HasField("then_node"):
            site.note("BranchNodeIdNotFound", step, "BranchNode not assigned")
    if block.WhichOneof("default") is None:
        site.note(
            "BranchNodeHasNoDefault",
            step,
            "Branch Node must have either the else case set or a default error.",
        )


def _condition(site: Site, step: Step, expression: condition_pb2.BooleanExpression) -> None:
    kind = expression.WhichOneof("expr")
    if kind == "comparison":
        comparison = expression.comparison
        before = site.errors.count
        right, left = (
            _operand(
                site,
                step,
                name,
                getattr(comparison, field) if comparison.HasField(field) else None,
            )
            for name, field in (("RightValue", "right_value"), ("LeftValue", "left_value"))
        )
        if site.errors.count == before and right and left and right != left:
            site.note(
                "MismatchingTypes",
                step,
                f"Variable [RightValue] (type [{type_text(right)}]) "
                f"doesn't match expected type [{type_text(left)}].",
            )
    elif kind == "conjunction":
        for side in ("left_expression", "right_expression"):
            if expression.conjunction.HasField(side):
                _condition(site, step, getattr(expression.conjunction, side))
            else:
                _no_condition(site, step)
    else:
        site.note("ValueRequired", step, "Value required [Expr].")


def _operand(
    site: Site, step: Step, name: str, operand: condition_pb2.Operand | None
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
                site.note(
                    "VariableNameNotFound",
                    step,
                    f"Variable [{operand.var}] not found on node [{step.id}].",
                )
                return None
        missing = operand.var or f"{name}.Val"
    site.note("ValueRequired", step, f"Value required [{missing}].")
    return None


def _no_condition(site: Site, step: Step) -> None:
    site.note(
        "BranchNodeHasNoCondition",
        step,
        "One of the branches on the node doesn't have a condition.",
    )
