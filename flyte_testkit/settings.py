"""What new executions meet: the one catalogue there is, and the nodes of the run that they recover.

Ignorant of who plays them, and how.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flyteidl.admin import execution_pb2
from flyteidl.core.execution_pb2 import NodeExecution

from flyte_testkit.admin.database import enums
from flyte_testkit.admin.database.blobs import read_literals
from flyte_testkit.admin.runs import dynamic_workflows
from flyte_testkit.engine.catalogue import Catalogue
from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.nodes import Array, Cached
from flyte_testkit.walk import Old, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.walk import Cast

__all__ = ["Settings"]


class Settings:
    """Says what the executions of one FlyteAdmin meet.

    Args:
        store: What FlyteAdmin remembers.
        stirred: Told when executions may go on that wait for others.
    """

    def __init__(self, store: Store, stirred: Callable[[], object]) -> None:
        self._store = store
        self._catalogue = Catalogue(stirred)

    def of(self, row: ExecutionRow, cast: Cast) -> Setting:
        """Return what a new execution meets that plays this.

        Raises:
            TimelineError: It overwrites the cache, so nothing that it runs is cached.
        """
        spec = row.message.spec
        for path, node in cast.nodes.items() if row.overwrite_cache else ():
            cached = [*node.but.cached.values()] if isinstance(node, Array) else [node]
            if any(isinstance(one, Cached) for one in cached):
                raise TimelineError(
                    f"{'.'.join(path)!r} is {shown(node)}, but this launch overwrites the cache: it"
                    " runs all tasks.\nScript what the task does, nodes.task(…), or launch without"
                    " overwrite_cache."
                )
        metadata, old = spec.metadata, None
        is_recovery = metadata.mode == execution_pb2.ExecutionMetadata.RECOVERED
        if is_recovery and metadata.HasField("reference_execution"):
            old = partial(self._old, metadata.reference_execution)
        return Setting(self._catalogue, row.overwrite_cache, spec.max_parallelism, old)

    def _old(self, execution: WorkflowExecutionIdentifier, node_id: str) -> Old | None:
        """Return a node as it is now in the execution that is recovered."""
        key = execution.project, execution.domain, execution.name, node_id
        row = self._store.node_executions.get(*key)
        if row is None:
            return None
        closure = row.message.closure
        phase = enums.column(NodeExecution.Phase, closure.phase)
        outputs = read_literals(self._store, closure.output_uri)
        return Old(phase, closure, outputs, dynamic_workflows.read(self._store, row))
