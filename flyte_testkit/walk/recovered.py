"""Nodes that need not run, or not from the beginning: the execution that is recovered had run them.

All that is said of a node that ended well there is that it is RECOVERED; what it gave is copied.
Nothing is below it, and it has no attempts. Of a dynamic one whose task had yielded, and that came
to no good end, the task is spared, and what it yielded is played.

Ignorant of kinds of nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.event import event_pb2 as events

from flyte_testkit.errors import TimelineError
from flyte_testkit.propeller.places import END, START
from flyte_testkit.walk.dynamics import plays_yielded
from flyte_testkit.walk.failing import Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import compiler_pb2, literals_pb2, workflow_pb2

    from flyte_testkit.engine.performance import Act, Performance
    from flyte_testkit.walk.caching import Caching
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.setting import Old
    from flyte_testkit.walk.site import Site

__all__ = ["WELL", "plays_yielded_again", "recovers"]

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
    uri = site.place.outputs(0)
    blobs = {
        site.place.inputs: inputs.SerializeToString(deterministic=True),
        uri: old.outputs.SerializeToString(deterministic=True),
    }
    fields: dict[str, Any] = {}
    if old.closure.deck_uri:
        fields["deck_uri"] = old.closure.deck_uri
    if site.node.HasField("task_node"):
        fields["task_node_metadata"] = _task_metadata(old)
    elif old.closure.HasField("workflow_node_metadata"):
        fields["workflow_node_metadata"] = events.WorkflowNodeMetadata(
            execution_id=old.closure.workflow_node_metadata.executionId
        )
    yield site.event(at, "RECOVERED", blobs=blobs, output_uri=uri, **fields)


def plays_yielded_again(
    site: Site,
    inputs: literals_pb2.LiteralMap,
    yielded: compiler_pb2.CompiledWorkflowClosure,
    around: Scope,
    at: datetime,
    caching: Caching | None = None,
) -> Performance[literals_pb2.LiteralMap]:
    """Play what the task of a dynamic node had yielded, without the task.

    Args:
        site: Where the dynamic node stands.
        inputs: What it is given.
        yielded: What its task had yielded.
        around: The scope that it is in.
        at: When it begins.
        caching: What it leaves for others; None if that is nothing.

    Raises:
        NodeFailed: One of the nodes has, and so has the dynamic one.
        TimelineError: Its script yields other nodes than its task had.
    """
    blobs = {site.place.inputs: inputs.SerializeToString(deterministic=True)}
    said = around.company.cast.yielded.get(site.path)
    if said is not None:  # what its nodes give may be more than those had given that had failed
        _check_same(site, yielded, said)
        yielded = said
    try:
        yield site.event(at, "RUNNING", is_dynamic=True, blobs=blobs)
        return (yield from plays_yielded(site, 0, yielded, around, at, caching))
    except Stopped as stopped:
        yield site.aborted(stopped)
        raise


def _check_same(
    site: Site,
    yielded: compiler_pb2.CompiledWorkflowClosure,
    said: compiler_pb2.CompiledWorkflowClosure,
) -> None:
    had, has = (_told(closure.primary.template) for closure in (yielded, said))
    if had != has:
        name = site.node.metadata.name or site.id
        raise TimelineError(
            f"{name!r} ({site.id}) is recovered, so its task is not run again, and what it had"
            f" yielded is: {', '.join(had)}. Its script yields {', '.join(has)}."
            "\nLet it yield the same nodes, or say nothing of it."
        )


def _told(template: workflow_pb2.WorkflowTemplate) -> list[str]:
    return [
        f"{node.id} {node.metadata.name!r}" if node.metadata.name != node.id else repr(node.id)
        for node in template.nodes
        if node.id not in {START, END}
    ]


def _task_metadata(old: Old) -> events.TaskNodeMetadata:
    known = old.closure.task_node_metadata
    metadata = events.TaskNodeMetadata(cache_status=known.cache_status)
    if known.HasField("catalog_key"):
        metadata.catalog_key.CopyFrom(known.catalog_key)
    if old.yielded is not None:
        metadata.dynamic_workflow.id.CopyFrom(old.yielded.primary.template.id)
        metadata.dynamic_workflow.compiled_workflow.CopyFrom(old.yielded)
    return metadata
