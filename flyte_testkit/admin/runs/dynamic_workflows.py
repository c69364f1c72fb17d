"""The workflows that dynamic nodes yield: written beside the node's data, read back whole (§9.2).

A workflow is kept under its own name, so another event with the same name replaces it, even one
that is refused afterwards. Ignorant of phases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import compiler_pb2

from flyte_testkit.admin.database import blobs
from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.go import urls as go_urls
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules.validation import given

if TYPE_CHECKING:
    from flyteidl.event.event_pb2 import NodeExecutionEvent
    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import NodeExecutionRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["read", "write"]


def write(store: Store, event: NodeExecutionEvent) -> str:
    """Keep the dynamic workflow that an event carries, and return its URI; "" if there is none.

    Raises:
        AdminError: There is a dynamic workflow, but it has no closure or no place.
    """
    if not event.task_node_metadata.HasField("dynamic_workflow"):
        return ""
    dynamic = event.task_node_metadata.dynamic_workflow
    execution_id, id_ = event.id.execution_id, dynamic.id
    try:
        uri = blobs.reference(
            "metadata",
            "admin",
            execution_id.project,
            execution_id.domain,
            execution_id.name,
            event.id.node_id,
            f"{id_.project}_{id_.domain}_{id_.name}_{id_.version}",
        )
    except go_urls.InvalidUrlError as error:
        raise internal(
            "Failed to produce remote closure data reference for dynamic workflow yielded by "
            f"node id [{_id_of(event)}] with workflow id [{_id_of(dynamic)}]; err: "
            f"Reference is of an invalid format [{blobs.CONTAINER}]: {error}"
        ) from None
    if not dynamic.HasField("compiled_workflow"):
        raise internal(
            f"Failed to upload dynamic workflow closure for node id [{_id_of(event)}] and "
            f"workflow id [{_id_of(dynamic)}] with err: proto: Marshal called with nil"
        )
    store.blobs[blobs.address(uri)] = dynamic.compiled_workflow.SerializeToString(
        deterministic=True
    )
    return uri


def read(store: Store, row: NodeExecutionRow) -> compiler_pb2.CompiledWorkflowClosure | None:
    """Return the dynamic workflow of a node, or None if it never yielded one.

    Raises:
        AdminError: What it yielded is no whole workflow, or is not there any more.
    """
    uri = row.dynamic_workflow_remote_closure_reference
    if not uri:
        return None
    blob = store.blobs.get(blobs.address(uri))
    if blob is None:
        raise internal(
            f"Unable to read WorkflowClosure from location {uri} : path:{uri}: not found"
        )
    closure = compiler_pb2.CompiledWorkflowClosure.FromString(blob)
    if not closure.HasField("primary"):
        raise internal("Empty primary workflow definition in loaded dynamic workflow model.")
    if not closure.primary.HasField("template"):
        raise internal("Empty primary workflow template in loaded dynamic workflow model.")
    return closure


def _id_of(message: Message) -> str:
    return prototext(given(message, "id"))
