"""The answer of the three Get…Data calls: literals in full, or where they are too large for that.

A FlyteAdmin that is configured to signs a URL of all data (§10.4); one as it is shipped signs none,
and lets its clients read nothing at all of what is too large. Here only that gets a URL.

Ignorant of what ran: it is given two places in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.admin.database.blobs import read_literals, size_if_too_large

if TYPE_CHECKING:
    from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2

    from flyte_testkit.admin.database.store import Store

    _Reply = (
        execution_pb2.WorkflowExecutionGetDataResponse
        | node_execution_pb2.NodeExecutionGetDataResponse
        | task_execution_pb2.TaskExecutionGetDataResponse
    )

__all__ = ["fill"]


def fill(reply: _Reply, store: Store, *, inputs_uri: str, outputs_uri: str) -> None:
    """Put the literals at two places into a reply.

    Everything is present even when there is nothing: what cannot be read is empty, and of what is
    too large there is the URI, for whoever can to make a URL of it.
    """
    for part, full, uri in (
        (reply.inputs, reply.full_inputs, inputs_uri),
        (reply.outputs, reply.full_outputs, outputs_uri),
    ):
        part.SetInParent()
        full.SetInParent()
        if not uri:  # as outputs are before the end
            continue
        if size := size_if_too_large(store, uri):
            part.url, part.bytes = uri, size
        else:
            full.CopyFrom(read_literals(store, uri))
