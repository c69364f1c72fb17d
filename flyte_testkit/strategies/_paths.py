"""Where an engine writes the data of executions and nodes.

Ignorant of Hypothesis; what stands here is the same for every example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyte_testkit import engine_names

if TYPE_CHECKING:
    from flyteidl.core import identifier_pb2

__all__ = ["END", "START", "Place", "checkpoint", "root_of"]

START: Final = "start-node"
END: Final = "end-node"

_STORE: Final = "s3://my-s3-bucket"


def root_of(execution: identifier_pb2.WorkflowExecutionIdentifier) -> str:
    """Return the address below which the engine keeps an execution's data."""
    name = f"{execution.project}-{execution.domain}-{execution.name}"
    return f"{_STORE}/metadata/propeller/{name}"


def checkpoint(pod: str) -> str:
    """Return the address of a pod's checkpoints."""
    return f"{_STORE}/data/7k/{pod}/_flytecheckpoints"


class Place:
    """Where a node stands in its execution.

    Attributes:
        root: The address of the scope's data: the execution's, or the parent's of this attempt.
        node_id: The unique id.
        spec_id: The id in the workflow.
        retry_group: The parent's attempt as text; empty at the top.
    """

    def __init__(self, root: str, spec_id: str, node_id: str, retry_group: str = "") -> None:
        self.root = root
        self.spec_id = spec_id
        self.node_id = node_id
        self.retry_group = retry_group

    @property
    def inputs(self) -> str:
        """The address of the inputs. At the top they lie in a folder of their own."""
        folder = "" if self.retry_group else "data/"
        return f"{self.root}/{self.spec_id}/{folder}inputs.pb"

    def data(self, attempt: int) -> str:
        """Return the folder of an attempt."""
        folder = "" if self.retry_group else "data/"
        return f"{self.root}/{self.spec_id}/{folder}{attempt}"

    def outputs(self, attempt: int = 0) -> str:
        """Return the address of an attempt's outputs."""
        return f"{self.data(attempt)}/outputs.pb"

    def below(self, spec_id: str, attempt: int = 0) -> Place:
        """Return the place of a child."""
        name = engine_names.node_id(self.node_id, attempt, spec_id)
        return Place(self.data(attempt), spec_id, name, str(attempt))
