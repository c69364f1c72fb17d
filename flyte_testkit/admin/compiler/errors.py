"""What the compiler found wrong: a set of errors, and how their collection reads (§5, §6).

Ignorant of what is compiled.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CompileError", "CompileErrors", "RequirementErrors"]


class CompileError(NamedTuple):
    """One thing that is wrong, at one node."""

    code: str
    node: str
    description: str

    def __str__(self) -> str:
        return f"Code: {self.code}, Node Id: {self.node}, Description: {self.description}"


class CompileErrors(Exception):  # noqa: N818  it is their collection
    r"""Errors, each kept once; raised at the end of a stage that collected any.

    Attributes:
        count: How often one was noted, so that a step can tell whether it went well.

    Example:
        >>> errors = CompileErrors()
        >>> errors.add("NoNodesFound", "start-node", "Can't find any nodes.")
        >>> str(errors).splitlines()[0]
        'Collected Errors: 1'
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: set[CompileError] = set()
        self.count = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, code: str, node: str, description: str) -> None:
        """Note one error; :attr:`count` grows even if it was noted before."""
        self.count += 1
        self._found.add(CompileError(code, node, description))

    def raise_if_any(self) -> None:
        """End the stage.

        Raises:
            CompileErrors: There are errors.
        """
        if self._found:
            raise self

    def __str__(self) -> str:
        ordered = sorted(self._found, key=lambda error: (error.code, str(error)))
        lines = (f"\tError {number}: {error}\n" for number, error in enumerate(ordered))
        return f"Collected Errors: {len(ordered)}\n{''.join(lines)}"


class RequirementErrors(CompileErrors):
    """Errors that keep the compiler from finding out what a workflow refers to."""

    def __str__(self) -> str:
        return f"failed to get workflow requirements with err {super().__str__()}"
