"""Which arm of a branch the values take.

As flytepropeller decides it: both sides of an ``and`` are always looked at; only primitives of one
type compare; times and spans compare by their whole seconds; and what is not greater is less, so
that NaN is less than anything.

Ignorant of the nodes inside: an arm is told, and not run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import condition_pb2, literals_pb2, workflow_pb2

from flyte_testkit import literals
from flyte_testkit.errors import shown
from flyte_testkit.flow._wrong import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.core import types_pb2

__all__ = ["arm", "told"]

_Comparison = condition_pb2.ComparisonExpression
_Conjunction = condition_pb2.ConjunctionExpression

_SIGNS: Final = {
    _Comparison.EQ: "==",
    _Comparison.NEQ: "!=",
    _Comparison.GT: ">",
    _Comparison.GTE: ">=",
    _Comparison.LT: "<",
    _Comparison.LTE: "<=",
}
_GO_TYPES: Final = {
    "integer": "Integer",
    "float_value": "FloatValue",
    "string_value": "StringValue",
    "boolean": "Boolean",
    "datetime": "Datetime",
    "duration": "Duration",
}


def arm(
    if_else: workflow_pb2.IfElseBlock, inputs: literals_pb2.LiteralMap
) -> workflow_pb2.Node | types_pb2.Error:
    """Return the node that a branch's inputs lead to, or the error if they lead to none.

    Args:
        if_else: The branch's cases.
        inputs: The inputs of the branch.

    Raises:
        UndecidedError: A condition cannot be worked out, or there is no case for these values.
    """
    for case in (if_else.case, *if_else.other):
        if _holds(case.condition, inputs):
            return case.then_node
    default = if_else.WhichOneof("default")
    if default is None:
        raise UndecidedError("No branch satisfied")
    return if_else.else_node if default == "else_node" else if_else.error


def told(if_else: workflow_pb2.IfElseBlock, inputs: literals_pb2.LiteralMap) -> str:
    """Return a branch's conditions, and the values of what is in them, for messages.

    Example:
        >>> auc = condition_pb2.Operand(var="auc")
        >>> good = condition_pb2.Operand(primitive=literals.literal(0.5).scalar.primitive)
        >>> block = workflow_pb2.IfElseBlock()
        >>> compared = _Comparison(left_value=auc, operator="GT", right_value=good)
        >>> block.case.condition.comparison.CopyFrom(compared)
        >>> print(told(block, literals.literal_map({"auc": 0.3})))
        if auc > 0.5, else; auc = 0.3
    """
    words = ["if", *["elif"] * len(if_else.other)]
    cases = zip(words, (if_else.case, *if_else.other), strict=True)
    text = ", ".join(f"{word} {_text(case.condition)}" for word, case in cases)
    names = dict.fromkeys(
        name for case in (if_else.case, *if_else.other) for name in _names(case.condition)
    )
    values = [
        f"{_short(name)} = {shown(literals.python_value(inputs.literals[name]))}"
        if name in inputs.literals
        else f"{_short(name)} has no value"
        for name in names
    ]
    return f"{text}, else; {' and '.join(values)}" if values else f"{text}, else"


def _holds(expression: condition_pb2.BooleanExpression, inputs: literals_pb2.LiteralMap) -> bool:
    kind = expression.WhichOneof("expr")
    if kind == "comparison":
        return _compares(expression.comparison, inputs)
    if kind is None:
        raise UndecidedError("No Comparison or Conjunction found in Branch node expression.")
    left = _holds(expression.conjunction.left_expression, inputs)
    right = _holds(expression.conjunction.right_expression, inputs)
    if expression.conjunction.operator == _Conjunction.OR:
        return left or right
    return left and right


def _compares(
    comparison: condition_pb2.ComparisonExpression, inputs: literals_pb2.LiteralMap
) -> bool:
    operands = (comparison.left_value, comparison.right_value)
    left_literal, right_literal = (_value(operand, inputs) for operand in operands)
    left = _primitive(left_literal, "LHS Variable is non primitive.")
    dot = "." if comparison.left_value.HasField("primitive") else ""  # so it is, in Go
    right = _primitive(right_literal, f"RHS Variable is non primitive{dot}")
    kinds = [side.WhichOneof("value") for side in (left, right)]
    if kinds[0] != kinds[1] or kinds[0] is None:
        raise UndecidedError(
            "Comparison between different primitives types. "
            f"lVal[{_go_type(kinds[0])}]:rVal[{_go_type(kinds[1])}]"
        )
    sign = _SIGNS.get(comparison.operator)
    if sign is None:
        raise UndecidedError("Unsupported operator type in Propeller. System error.")
    if kinds[0] == "boolean" and sign not in {"==", "!="}:
        name = _Comparison.Operator.Name(comparison.operator)
        raise UndecidedError(f"[{name}] not defined for boolean operands.")
    return _decides(_comparable(left), _comparable(right), sign)


def _decides(left: Any, right: Any, sign: str) -> bool:
    """Compare as Go does, where less is what is neither greater nor equal."""
    equal, greater = left == right, left > right
    held: dict[str, bool] = {
        "==": equal,
        "!=": not equal,
        ">": greater,
        ">=": equal or greater,
        "<": not (greater or equal),
        "<=": not greater,
    }
    return held[sign]


def _value(operand: condition_pb2.Operand, inputs: literals_pb2.LiteralMap) -> literals_pb2.Literal:
    if operand.HasField("primitive"):
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=operand.primitive))
    if operand.var not in inputs.literals:
        raise UndecidedError(f"Failed to find Value for Variable [{operand.var}]")
    return inputs.literals[operand.var]


def _primitive(literal: literals_pb2.Literal, problem: str) -> literals_pb2.Primitive:
    """Return what can be compared: unions cannot, not even with one that holds the same."""
    if not literal.scalar.HasField("primitive"):
        raise UndecidedError(f"Only primitives can be compared. {problem}")
    return literal.scalar.primitive


def _comparable(primitive: literals_pb2.Primitive) -> Any:
    kind = str(primitive.WhichOneof("value"))
    value = getattr(primitive, kind)
    return value.seconds if kind in {"datetime", "duration"} else value


def _go_type(kind: str | None) -> str:
    return f"*core.Primitive_{_GO_TYPES[kind]}" if kind else "<nil>"


def _text(expression: condition_pb2.BooleanExpression, *, inside: bool = False) -> str:
    if not expression.HasField("conjunction"):
        comparison = expression.comparison
        sign = _SIGNS.get(comparison.operator, "?")
        return f"{_operand(comparison.left_value)} {sign} {_operand(comparison.right_value)}"
    conjunction = expression.conjunction
    word = "or" if conjunction.operator == _Conjunction.OR else "and"
    left = _text(conjunction.left_expression, inside=True)
    right = _text(conjunction.right_expression, inside=True)
    return f"({left} {word} {right})" if inside else f"{left} {word} {right}"


def _operand(operand: condition_pb2.Operand) -> str:
    kind = operand.WhichOneof("val")
    if kind == "var":
        return _short(operand.var)
    scalar = operand.scalar
    if kind == "primitive":
        scalar = literals_pb2.Scalar(primitive=operand.primitive)
    return shown(literals.python_value(literals_pb2.Literal(scalar=scalar)))


def _names(expression: condition_pb2.BooleanExpression) -> Iterator[str]:
    if expression.HasField("conjunction"):
        yield from _names(expression.conjunction.left_expression)
        yield from _names(expression.conjunction.right_expression)
    for side in (expression.comparison.left_value, expression.comparison.right_value):
        if side.HasField("var"):
            yield side.var


def _short(name: str) -> str:
    """Return the name without the dot that flytekit puts before a workflow's own inputs."""
    return name.removeprefix(".")
