"""Which execution launched which, and how a parent hears of the end of a child.

A child is an execution as any other: whoever ends it, its parent hears of that at the same instant.
One that was there before, of the same name, is taken for the child, as in life.

Ignorant of what an execution does with the news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2

from flyte_testkit.admin.database.blobs import read_literals
from flyte_testkit.engine.performance import End
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.admin import execution_pb2
    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

    from flyte_testkit.admin.database.rows import ExecutionRow, Key
    from flyte_testkit.admin.errors import AdminError
    from flyte_testkit.admin.executions.executor import Told
    from flyte_testkit.engine.performance import Audience

__all__ = ["Families"]


class Families:
    """The parents and children among the executions of one engine.

    Args:
        admin: Gives the FlyteAdmin that has them.
        audiences: Gives what an execution hears, by its key; None of what nobody plays.
        poke: Lets an execution look, at an instant, whether it can go on.
    """

    def __init__(
        self,
        admin: Callable[[], Told],
        audiences: Callable[[Key], Audience | None],
        poke: Callable[[Key, datetime], None],
    ) -> None:
        self._admin = admin
        self._audiences = audiences
        self._poke = poke
        self._parents: dict[Key, list[Key]] = {}
        self._members: set[Key] = set()

    def __contains__(self, key: Key) -> bool:
        return key in self._members

    def launched(
        self,
        request: execution_pb2.ExecutionCreateRequest,
        refusal: AdminError | None,
    ) -> None:
        """Take down that an execution has launched another, or was not allowed to."""
        parent = key_of(request.spec.metadata.parent_node_execution.execution_id)
        child = request.project, request.domain, request.name
        audience = self._audiences(parent)
        if audience is None:
            return
        if refusal is not None and refusal.code != "ALREADY_EXISTS":
            audience.hears_of(End(request.name, refusal=refusal.message))
            return
        self._members.update((parent, child))
        row = self._admin().store.executions.get(*child)
        assert row is not None  # noqa: S101  it is there, or was there before
        if row.phase in OUTCOMES:
            audience.hears_of(self._end(row))
        else:
            self._parents.setdefault(child, []).append(parent)

    def changed(self, row: ExecutionRow, at: datetime) -> None:
        """Let those hear of it who have launched what has changed, if it has ended."""
        if row.key not in self._parents or row.phase not in OUTCOMES:
            return
        end = self._end(row)
        for parent in self._parents.pop(row.key):
            audience = self._audiences(parent)
            if audience is not None:
                audience.hears_of(end)
                self._poke(parent, at)

    def _end(self, row: ExecutionRow) -> End:
        closure, outputs = row.message.closure, literals_pb2.LiteralMap()
        if row.phase == "SUCCEEDED":
            outputs = read_literals(self._admin().store, closure.outputs.uri)
        error = closure.error if closure.HasField("error") else None
        return End(row.message.id.name, row.phase, error, outputs)


def key_of(id_: WorkflowExecutionIdentifier) -> Key:
    """Return the key of an execution."""
    return id_.project, id_.domain, id_.name
