"""What the nodes of a workflow ask of each other's outputs.

Ignorant of values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import compiler_pb2, workflow_pb2

__all__ = ["Demand", "demands"]


@dataclass(frozen=True)
class Demand:
    """What consumers ask of one output."""


def demands(
    template: workflow_pb2.WorkflowTemplate, closure: compiler_pb2.CompiledWorkflowClosure
) -> Mapping[str, Mapping[str, Demand]]:
    """Return what is asked of each node's outputs, by the node's id."""
    return {}
