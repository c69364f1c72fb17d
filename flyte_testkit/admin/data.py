"""The answer of the three Get…Data calls: literals in full, and URLs that stay empty (§10.4).

Ignorant of what ran: it is given two places in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.admin.blobs import read_literals

if TYPE_CHECKING:
    from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2

    from flyte_testkit.admin.store import Store

    _Reply = (
        execution_pb2.WorkflowExecutionGetDataResponse
        | node_execution_pb2.NodeExecutionGetDataResponse
        | task_execution_pb2.TaskExecutionGetDataResponse
    )

__all__ = ["fill"]


def fill(reply: _Reply, store: Store, *, inputs_uri: str, outputs_uri: str) -> None:
    """Put the literals at two places into a reply.

    Everything is present even when there is nothing: URLs are signed only by servers that are
    configured to, and what cannot be read is empty.
    """
    reply.inputs.SetInParent()
    reply.outputs.SetInParent()
    reply.full_inputs.CopyFrom(read_literals(store, inputs_uri))
    reply.full_outputs.CopyFrom(read_literals(store, outputs_uri))
