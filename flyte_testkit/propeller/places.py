"""Where an engine writes the data of executions and nodes, in recorded runs and here.

Ignorant of what is written there.
"""

from __future__ import annotations

from typing import Final, Protocol

from flyte_testkit.propeller import names

__all__ = ["END", "PRODUCER", "START", "STORE", "Place", "checkpoint", "root_of"]

START: Final = "start-node"
END: Final = "end-node"

PRODUCER: Final = "propeller"
"""What a real engine calls itself unless it is configured otherwise."""

STORE: Final = "s3://my-s3-bucket"
"""What every address begins with."""


class _Named(Protocol):
    """An execution's identifier."""

    project: str
    domain: str
    name: str


def root_of(execution: _Named) -> str:
    """Return the address below which the engine keeps an execution's data.

    Example:
        >>> from types import SimpleNamespace
        >>> root_of(SimpleNamespace(project="flytesnacks", domain="development", name="nightly-1"))
        's3://my-s3-bucket/metadata/propeller/flytesnacks-development-nightly-1'
    """
    return f"{STORE}/metadata/propeller/{execution.project}-{execution.domain}-{execution.name}"


def checkpoint(pod: str) -> str:
    """Return the address of a pod's checkpoints; the folder before it is random in life."""
    return f"{STORE}/data/7k/{pod}/_flytecheckpoints"


class Place:
    """Where a node stands in its execution.

    Attributes:
        root: The address of the scope's data: the execution's, or the parent's of this attempt.
        node_id: The unique id.
        spec_id: The id in the workflow.
        retry_group: The parent's attempt as text; empty at the top.

    Example:
        >>> end = Place("s3://b/run", END)
        >>> end.inputs, end.outputs()
        ('s3://b/run/end-node/data/inputs.pb', 's3://b/run/end-node/data/0/outputs.pb')
        >>> child = Place("s3://b/run", "n0").below("n1", attempt=2)
        >>> child.node_id, child.outputs()
        ('n0-2-n1', 's3://b/run/n0/data/2/n1/0/outputs.pb')
    """

    def __init__(
        self, root: str, spec_id: str, node_id: str | None = None, retry_group: str = ""
    ) -> None:
        self.root = root
        self.spec_id = spec_id
        self.node_id = spec_id if node_id is None else node_id
        self.retry_group = retry_group

    @property
    def inputs(self) -> str:
        """The address of the inputs. At the top they lie in a folder of their own."""
        return f"{self._folder}/inputs.pb"

    def data(self, attempt: int) -> str:
        """Return the folder of an attempt."""
        return f"{self._folder}/{attempt}"

    def outputs(self, attempt: int = 0) -> str:
        """Return the address of an attempt's outputs."""
        return f"{self.data(attempt)}/outputs.pb"

    def below(self, spec_id: str, attempt: int = 0) -> Place:
        """Return the place of a child."""
        name = names.node_id(self.node_id, attempt, spec_id)
        return Place(self.data(attempt), spec_id, name, str(attempt))

    @property
    def _folder(self) -> str:
        return f"{self.root}/{self.spec_id}{'' if self.retry_group else '/data'}"
