"""Where a node stands, and what all that is said of it has in common.

Fields follow the recorded runs of a real flytepropeller: ABORTED says next to nothing, and an end
or start is never named.

Ignorant of what a node does, and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.core import identifier_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit.engine.stage import error_of
from flyte_testkit.propeller import names, places, wording
from flyte_testkit.propeller.places import END, START, Place

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core
    from flyteidl.core import literals_pb2, workflow_pb2

    from flyte_testkit.engine.performance import Act
    from flyte_testkit.engine.stage import Stage
    from flyte_testkit.failures import Failure
    from flyte_testkit.walk.failing import Stopped

__all__ = ["Site"]

_EDGES = frozenset({START, END})


@dataclass(frozen=True, eq=False)
class Site:
    """Where one node of an execution stands.

    Attributes:
        stage: The execution.
        node: The node as it was compiled.
        place: Its ids, and where its data lie.
        path: Its path of ids in the workflow.
        parent: The unique id of the node that it is below; empty at the top.
        target: The task or launch plan that it runs, if it does.
        is_parent: Whether all that is said of it says that others are below it.
        is_yielded: Whether it is below a dynamic node, at whatever depth.
    """

    stage: Stage
    node: workflow_pb2.Node
    place: Place
    path: tuple[str, ...]
    parent: str = ""
    target: identifier_pb2.Identifier | None = None
    is_parent: bool = False
    is_yielded: bool = False

    @property
    def id(self) -> str:
        """The unique id."""
        return self.place.node_id

    @property
    def identifier(self) -> identifier_pb2.NodeExecutionIdentifier:
        """The unique id, and the execution's."""
        return identifier_pb2.NodeExecutionIdentifier(
            node_id=self.place.node_id, execution_id=self.stage.id
        )

    def pod(self, attempt: int) -> str:
        """Return the name of an attempt's pod."""
        return names.pod_name(self.stage.id.name, self.place.node_id, attempt)

    def error(self, failure: Failure, at: datetime, attempt: int) -> core.ExecutionError:
        """Return a failure of an attempt as a message, with all names filled in."""
        return self.stage.error(failure, at, node_id=self.id, attempt=attempt)

    def checkpoint(self, attempt: int) -> events.TaskNodeMetadata:
        """Return what is said of a node whose last attempt ended by itself."""
        return events.TaskNodeMetadata(checkpoint_uri=places.checkpoint(self.pod(attempt)))

    def deck(self, attempt: int) -> str:
        """Return the address of an attempt's deck."""
        return f"{self.place.data(attempt)}/deck.html"

    def queued(self, at: datetime, inputs: literals_pb2.LiteralMap) -> Act:
        """Say that it is going to begin, with these inputs."""
        return self.event(
            at, "QUEUED", blobs={self.place.inputs: inputs.SerializeToString(deterministic=True)}
        )

    def succeeded(
        self,
        at: datetime,
        outputs: literals_pb2.LiteralMap | None,
        attempt: int = 0,
        *,
        blobs: dict[str, bytes] | None = None,
        **fields: Any,
    ) -> Act:
        """Say that it has ended well; None is of what never has outputs."""
        if outputs is None:
            return self.event(at, "SUCCEEDED", blobs=blobs, **fields)
        uri = self.place.outputs(attempt)
        written = {**(blobs or {}), uri: outputs.SerializeToString(deterministic=True)}
        return self.event(at, "SUCCEEDED", blobs=written, output_uri=uri, **fields)

    def aborted(self, stopped: Stopped) -> Act:
        """Say that it was stopped."""
        error = error_of(wording.node_aborted(stopped.reason), stopped.at)
        return self._act(stopped.at, {}, phase="ABORTED", error=error)

    def event(
        self,
        at: datetime,
        phase: str,
        *,
        error: core.ExecutionError | None = None,
        blobs: dict[str, bytes] | None = None,
        **fields: Any,
    ) -> Act:
        """Say anything of it but that it was stopped.

        Args:
            at: When.
            phase: Its phase.
            error: Why it has failed.
            blobs: What is written to the object store just before.
            **fields: Other fields of the event.
        """
        node = self.node
        if node.id != START:
            fields["input_uri"] = self.place.inputs
        if node.id not in _EDGES:
            fields["node_name"] = node.metadata.name
        if self.parent:
            fields["parent_node_metadata"] = events.ParentNodeExecutionMetadata(node_id=self.parent)
            fields["retry_group"] = self.place.retry_group
        if self.is_parent:
            fields["is_parent"] = True
        if node.HasField("array_node"):
            fields["is_array"] = True
        said = {"phase": phase, "event_version": 1, "spec_node_id": node.id, "error": error}
        return self._act(at, blobs or {}, **said, **fields)

    def _act(self, at: datetime, blobs: dict[str, bytes], **fields: Any) -> Act:
        whose = {"is_in_dynamic_chain": self.is_yielded, "target_entity": self.target}
        return self.stage.node_event(at, self.place.node_id, blobs, **whose, **fields)
