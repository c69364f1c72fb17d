"""Reads the call that made a failure, as its ``repr`` prints it, without running any code.

Ignorant of which functions there are.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import TimelineError, close_names, cut, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flyte_testkit.failures._failure import Failure

__all__ = ["end_of_call", "made_by"]


def end_of_call(text: str, start: int) -> int | None:
    """Return the offset behind the call that begins at ``start``; None if it is never closed.

    Example:
        >>> end_of_call("oom_killed() and more", 0)
        12
    """
    end = start
    while end := text.find(")", end) + 1:
        try:
            parsed = ast.parse(text[start:end], mode="eval")
        except (SyntaxError, ValueError):
            continue
        return end if isinstance(parsed.body, ast.Call) else None
    return None


def made_by(source: str, functions: Mapping[str, Callable[..., Failure]]) -> Failure:
    """Return the failure that a call makes.

    Args:
        source: The call, with or without ``failures.`` before names. Its arguments are literals, or
            calls of the same kind.
        functions: What may be called, by name.

    Raises:
        TimelineError: The function is unknown, or its arguments are wrong.
    """
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise TimelineError(f"{shown(source)} is no call: {error.msg}.") from None
    return _made(tree, functions)


def _made(tree: ast.expr, functions: Mapping[str, Callable[..., Failure]]) -> Failure:
    call = cut(ast.unparse(tree), 500)
    match tree:
        case ast.Call(func=ast.Name(name) | ast.Attribute(ast.Name("failures"), name)):
            pass
        case _:
            raise TimelineError(f"{call} is no named failure, such as oom_killed().")
    if name not in functions:
        raise TimelineError(f"{shown(name)} is not a named failure.{close_names(name, functions)}")
    positional = [_value(argument, functions) for argument in tree.args]
    named = {word.arg or "": _value(word.value, functions) for word in tree.keywords}
    try:
        return functions[name](*positional, **named)
    except TypeError as error:
        raise TimelineError(f"{call} cannot be called so: {error}.") from error


def _value(tree: ast.expr, functions: Mapping[str, Callable[..., Failure]]) -> Any:
    if isinstance(tree, ast.Call):
        return _made(tree, functions)
    try:
        return ast.literal_eval(tree)
    except ValueError:
        raise TimelineError(
            f"{cut(ast.unparse(tree), 500)} is no value that could be read."
        ) from None
