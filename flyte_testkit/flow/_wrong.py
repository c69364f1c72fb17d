"""What goes wrong in the data of a run, in an engine's own words.

Ignorant of who failed and what becomes of it: whoever walks a graph puts these words into an error.
"""

from __future__ import annotations

__all__ = ["UndecidedError", "UnresolvedError"]


class UnresolvedError(Exception):
    """A binding asks for what is not there.

    Attributes:
        upstream: The node that was asked; ``start-node`` for the inputs of the scope.
        variable: The input that was to be bound.
        cause: What is missing, as flytepropeller words it.
    """

    def __init__(self, upstream: str, variable: str, cause: str) -> None:
        super().__init__(f"{variable!r} asks {upstream!r} for what it does not have: {cause}")
        self.upstream = upstream
        self.variable = variable
        self.cause = cause


class UndecidedError(Exception):
    """A branch cannot be decided: its condition asks for what values cannot say.

    Attributes:
        cause: Why, as flytepropeller words it.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
