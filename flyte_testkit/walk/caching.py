"""A task that declares to be cached: what it finds, what it leaves, and who waits for whom.

A hit is all that is said of a node; a miss is not told. Who reserves what it makes says so when it
runs, and the others wait without running, until they find it, or nobody makes it any more.

Ignorant of attempts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flyteidl.core import catalog_pb2, identifier_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit.engine.catalogue import Key
from flyte_testkit.engine.performance import When
from flyte_testkit.nodes import Cached

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import literals_pb2, tasks_pb2, workflow_pb2

    from flyte_testkit.engine.catalogue import Artifact
    from flyte_testkit.engine.performance import Act, Performance
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["Caching", "is_cached", "key_of"]

_EARLIER = "earlier"
"""What made what a script says to be cached: an execution that is not there any more."""


def is_cached(node: workflow_pb2.Node, task: tasks_pb2.TaskTemplate) -> bool:
    """Whether what a task makes at a node is cached; the node has the last word."""
    if node.metadata.WhichOneof("cacheable_value"):
        return node.metadata.cacheable
    return task.metadata.discoverable


def key_of(
    node: workflow_pb2.Node, task: tasks_pb2.TaskTemplate, inputs: literals_pb2.LiteralMap
) -> Key:
    """Return where the catalogue has what a task makes of these inputs."""
    said = node.metadata.cache_version or task.metadata.discovery_version
    ignored = task.metadata.cache_ignore_input_vars
    return Key.of(task.id, said, task.interface, inputs, ignored)


class Caching:
    """One node that runs a task.

    Args:
        site: Where it stands.
        inputs: What it is given.
        around: The scope that it is in.

    Attributes:
        reserved: Whether it says that it makes what others wait for.
    """

    def __init__(self, site: Site, inputs: literals_pb2.LiteralMap, around: Scope) -> None:
        self._site = site
        self._inputs = inputs
        self._around = around
        self._memory = around.company.memory
        self._task = task = around.company.task_of(site.node)
        self._key = key_of(site.node, task, inputs) if is_cached(site.node, task) else None
        self.reserved = False

    def finds(self) -> Artifact | None:
        """Return what it finds in the catalogue; nothing if it is not cached, or overwrites."""
        if self._key is None or self._memory.overwrites:
            return None
        scripted = self._around.company.cast.nodes.get(self._site.path)
        if not isinstance(scripted, Cached):
            return self._memory.find(self._site.id, self._key)
        found = self._memory.find(self._site.id, self._key)
        if found is not None and not scripted.outputs:
            return found
        declared = self._task.interface.outputs
        outputs = self._around.outputs_of(self._site, scripted.outputs, declared)
        made_by = self._source(0, _EARLIER)
        return self._memory.hold(self._site.id, self._key, outputs, made_by)

    def hit(self, at: datetime, artifact: Artifact) -> Act:
        """Say that it found something, which is all that is said."""
        return self._site.succeeded(
            at,
            artifact.outputs,
            blobs={self._site.place.inputs: self._inputs.SerializeToString(deterministic=True)},
            task_node_metadata=events.TaskNodeMetadata(
                cache_status=catalog_pb2.CACHE_HIT, catalog_key=artifact.told()
            ),
        )

    def waits(self, at: datetime) -> Performance[tuple[Artifact | None, datetime]]:
        """Wait as long as another one makes what it would make; return what it finds then.

        It looks each time before it makes it itself: another one may have, since it was queued.
        """
        key, memory = self._key, self._memory
        if key is None or memory.overwrites or not self._is_serialized:
            return None, at
        while (found := memory.find(self._site.id, key)) is None:
            if memory.reserve(key, self._site.identifier.SerializeToString()):
                self.reserved = True
                break
            at = yield When(partial(memory.is_settled, key))
        return found, at

    def runs(self) -> dict[str, Any]:
        """Return what is said of it besides when it runs."""
        if not self.reserved:
            return {}
        acquired = catalog_pb2.CatalogReservation.RESERVATION_ACQUIRED
        return {"task_node_metadata": events.TaskNodeMetadata(reservation_status=acquired)}

    def populated(
        self, outputs: literals_pb2.LiteralMap, attempt: int, metadata: events.TaskNodeMetadata
    ) -> bool:
        """Leave what it has made for others, if it does, and put into its end what is said then."""
        if self._key is None:
            return False
        source = self._source(attempt, self._site.stage.id.name)
        told = self._memory.store(self._site.id, self._key, outputs, source)
        metadata.cache_status = catalog_pb2.CACHE_POPULATED
        metadata.catalog_key.CopyFrom(told)
        if self.reserved:
            metadata.reservation_status = catalog_pb2.CatalogReservation.RESERVATION_RELEASED
            self.ends()
        return True

    def ends(self) -> None:
        """Let others make what it wanted to make."""
        if self.reserved and self._key is not None:
            self._memory.release(self._key, self._site.identifier.SerializeToString())
            self.reserved = False

    @property
    def _is_serialized(self) -> bool:
        metadata = self._site.node.metadata
        if metadata.WhichOneof("cache_serializable_value"):
            return metadata.cache_serializable
        return self._task.metadata.cache_serializable

    def _source(self, attempt: int, execution: str) -> identifier_pb2.TaskExecutionIdentifier:
        """Return who makes it: by the id that its node has in its workflow, as recorded."""
        made_by = identifier_pb2.TaskExecutionIdentifier(
            task_id=self._task.id, retry_attempt=attempt
        )
        made_by.node_execution_id.node_id = self._site.node.id
        made_by.node_execution_id.execution_id.CopyFrom(self._site.stage.id)
        made_by.node_execution_id.execution_id.name = execution
        return made_by
