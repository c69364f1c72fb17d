"""Nodes that need not run, since they ended well in the execution that is recovered.

All that is said of such a node is that it is RECOVERED; what it gave is copied. Nothing is below
it, and it has no attempts.

Ignorant of kinds of nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.event import event_pb2 as events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Act
    from flyte_testkit.walk.setting import Old
    from flyte_testkit.walk.site import Site

__all__ = ["WELL", "recovers"]

WELL: Final = frozenset({"SUCCEEDED", "RECOVERED"})
"""The phases of nodes that are recovered."""


def recovers(site: Site, inputs: literals_pb2.LiteralMap, old: Old, at: datetime) -> Iterator[Act]:
    """Say that a node is recovered.

    Args:
        site: Where it stands.
        inputs: What it is given.
        old: What it was.
        at: When it would begin.
    """
    fields: dict[str, Any] = {}
    blobs = {site.place.inputs: inputs.SerializeToString(deterministic=True)}
    if old.outputs is not None:
        fields["output_uri"] = uri = site.place.outputs(0)
        blobs[uri] = old.outputs.SerializeToString(deterministic=True)
    if old.closure.deck_uri:
        fields["deck_uri"] = old.closure.deck_uri
    if site.node.HasField("task_node"):
        known = old.closure.task_node_metadata
        fields["task_node_metadata"] = metadata = events.TaskNodeMetadata(
            cache_status=known.cache_status
        )
        if known.HasField("catalog_key"):
            metadata.catalog_key.CopyFrom(known.catalog_key)
    elif old.closure.HasField("workflow_node_metadata"):
        fields["workflow_node_metadata"] = events.WorkflowNodeMetadata(
            execution_id=old.closure.workflow_node_metadata.executionId
        )
    yield site.event(at, "RECOVERED", blobs=blobs, **fields)
