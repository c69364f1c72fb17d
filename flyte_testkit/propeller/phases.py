"""Phases by name: which of them nothing leaves, and what an engine ends with after which.

There are three kinds of things that have phases: executions, their nodes, and the attempts of a
node's task. Ignorant of messages and of scripts.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALWAYS_RAN",
    "ENDS_WITH",
    "NEVER_RAN",
    "NODE_OUTCOMES",
    "OUTCOMES",
    "TASK_OUTCOMES",
    "Outcome",
]

Outcome = Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
"""The phases of an execution that nothing leaves, the commonest first."""

NODE_OUTCOMES: Final = frozenset({*OUTCOMES, "SKIPPED", "RECOVERED"})
"""Those of a node; it is SKIPPED or RECOVERED without having run."""

TASK_OUTCOMES: Final = frozenset({"SUCCEEDED", "FAILED", "ABORTED"})
"""Those of an attempt of a task; RETRYABLE_FAILED is none of them."""

ENDS_WITH: Final[Mapping[str, Outcome]] = MappingProxyType(
    {"SUCCEEDING": "SUCCEEDED", "FAILING": "FAILED", "ABORTING": "ABORTED"}
)
"""What an engine ends an execution with that is in such a phase, unless it is terminated."""

NEVER_RAN: Final = frozenset({"UNDEFINED", "QUEUED"})
"""The phases in which no execution has a start."""

ALWAYS_RAN: Final = frozenset({"RUNNING", "SUCCEEDING", "SUCCEEDED"})
"""Those in which every execution has one; the others come from both."""
