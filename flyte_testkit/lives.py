"""What is known of all executions at one moment, and of each what it was launched with.

Ignorant of which moment that is, and of who asks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flyte_testkit.admin.database.blobs import read_literals
from flyte_testkit.glances import Glance, Origin, with_foretold
from flyte_testkit.inside import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow, Key
    from flyte_testkit.admin.flyte_admin import FlyteAdmin
    from flyte_testkit.clock import Clock
    from flyte_testkit.engine import Engine
    from flyte_testkit.engine.history import History

__all__ = ["Lives"]


class Lives:
    """The executions of one FlyteAdmin, and who plays them.

    Args:
        lock: What everybody holds who reads or changes them.
        clock: What says how late it is.
        engine: Who plays them.
        admin: Who remembers them.
        history: How they have changed.
    """

    def __init__(
        self,
        lock: AbstractContextManager[object],
        clock: Clock,
        engine: Engine,
        admin: FlyteAdmin,
        history: History,
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._engine = engine
        self._admin = admin
        self._history = history

    def glances(
        self, foretold: Mapping[Key, list[tuple[datetime, str]]], now: datetime
    ) -> list[Glance]:
        """Return every execution as it is at a moment; only with the lock held.

        Args:
            foretold: The phases of those that were not played until now.
            now: The moment.
        """
        executions = self._admin.store.executions
        return [
            Glance(row, with_foretold(changes, foretold.get(key, ())), self._origin(row, now))
            for key, changes in self._history.lives().items()
            if (row := executions.get(*key)) is not None
        ]

    def _origin(self, row: ExecutionRow, now: datetime) -> Origin:
        key = row.key
        return Origin(
            partial(self._script_of, key),
            partial(read_literals, self._admin.store, row.inputs_uri),
            Reader(row.message.id, self._read_as_it_is),
            self._engine.plays_nodes(key),
            partial(self._brought_up, key, now),
        )

    def _read_as_it_is(self, rpc: str, request: Message) -> Message:
        """Answer an RPC that changes nothing, whatever is due by now.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        with self._lock:
            return self._admin.answer(rpc, request, self._clock.now())

    def _brought_up(self, key: Key, now: datetime) -> ExecutionRow:
        with self._lock:
            self._engine.bring_up(key, now)
            row = self._admin.store.executions.get(*key)
        assert row is not None  # noqa: S101  FlyteAdmin forgets none
        return row

    def _script_of(self, key: Key) -> str:
        with self._lock:
            return self._engine.script_of(key)
