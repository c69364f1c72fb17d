"""What the compiler found wrong: a set of errors, and how their collection reads (§5, §6).

Ignorant of what is compiled.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CompileError", "CompileErrors"]


class CompileError(NamedTuple):
    """One thing that is wrong, at one node."""

    code: str
    node: str
    description: str

    def __str__(self) -> str:
        return f"Code: {self.code}, Node Id: {self.node}, Description: {self.description}"


class CompileErrors(Exception):  # noqa: N818  it is their collection
    r"""Errors, each counted once; raised at the end of a stage that collected any.

    Example:
        >>> errors = CompileErrors()
        >>> errors.add("NoNodesFound", "start-node", "Can't find any nodes.")
        >>> str(errors).splitlines()[0]
        'Collected Errors: 1'
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: set[CompileError] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, code: str, node: str, description: str) -> None:
        """Note one error."""
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
