"""What the strategies of executions, nodes and tasks share in how they draw.

Hypothesis takes the example with the fewest choices for the simplest. So that examples shrink to
the ordinary, these strategies never draw less for what is odd: often a choice is drawn and then not
used. Ignorant of Flyte, but for the word ``closure``.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from hypothesis import strategies as st

__all__ = ["EITHER", "MOSTLY", "RARELY", "among", "closures_of", "whole_numbers"]

EITHER: Final = st.booleans()
"""One time in two; shrinks to False."""

MOSTLY: Final = st.sampled_from((True, True, True, False))
"""Three times in four; shrinks to True."""

RARELY: Final = st.sampled_from((False, False, False, True))
"""One time in four; shrinks to False."""


@functools.lru_cache(maxsize=500, typed=True)  # Hypothesis looks each new strategy over
def among(*values: Any) -> st.SearchStrategy[Any]:
    """Generate one of these values; shrinks to the first."""
    return st.sampled_from(values)


@functools.lru_cache(maxsize=500)  # likewise
def whole_numbers(least: int, most: int) -> st.SearchStrategy[int]:
    """Generate whole numbers between two, both included; shrinks to the first."""
    return st.integers(least, most)


@st.composite
def closures_of(draw: st.DrawFn, whole: st.SearchStrategy[Any]) -> Any:
    """Generate the closures of what has one.

    Not by ``.map``: Hypothesis would print the call of its lambda, and not the message.
    """
    return draw(whole).closure
