"""One backend behind one lock: the clock is read once, the engine hands over, FlyteAdmin answers.

Everything that reads or changes state comes through :meth:`Backend.answer` or stands inside
:meth:`Backend.moment`, so calls are atomic and each sees one instant. Ignorant of the network.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, cast

from flyteidl.admin.execution_pb2 import (
    Execution,
    ExecutionCreateRequest,
    ExecutionTerminateRequest,
    WorkflowExecutionGetRequest,
)

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.engine import Engine
from flyte_testkit.engine.history import History
from flyte_testkit.errors import FlyteTestkitError, close_names, shown
from flyte_testkit.launches import Routes
from flyte_testkit.surprises import Surprises

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
    from google.protobuf.message import Message

    from flyte_testkit.admin.rows import ExecutionRow
    from flyte_testkit.clock import Clock
    from flyte_testkit.engine.history import Change
    from flyte_testkit.launches import Launch, LaunchRoute
    from flyte_testkit.timeline import Timeline

__all__ = ["Backend"]


class Backend:
    """FlyteAdmin, an engine and a clock, joined.

    Args:
        clock: What says how late it is.
        strict: Whether launches without a script are refused and remembered as surprises.
        seed: What generated execution names are drawn from.
        scripted: Told of a launch route each time it is given scripts.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        strict: bool,
        seed: int,
        scripted: Callable[[LaunchRoute], None],
    ) -> None:
        self.clock = clock
        self.surprises = Surprises()
        self.routes = Routes(scripted)
        self.engine = Engine(self.routes, self.surprises, strict=strict)
        self.admin = FlyteAdmin(executor=self.engine, seed=seed)
        self.engine.admin = self.admin
        self.engine.look = self.look
        self.engine.now = clock.now
        self.history = self.engine.history = History(clock.now())
        self.admin.store.executions.on_change = self.history.note
        self._lock = threading.RLock()

    @contextmanager
    def moment(self) -> Iterator[datetime]:
        """Hold everything still at one instant, all that is due by then handed over."""
        with self._lock:
            yield self._arrive()

    def _arrive(self) -> datetime:
        """Read the clock and hand over all that is due by now; only with the lock held."""
        now = self.clock.now()
        self.engine.hand_over(now)
        self.history.instant = now
        return now

    def look(self, execution: WorkflowExecutionIdentifier) -> Execution:
        """Return an execution as a client would read it now."""
        request = WorkflowExecutionGetRequest(id=execution)
        return cast("Execution", self.answer("GetExecution", request))

    def looked_at(self, execution: WorkflowExecutionIdentifier) -> None:
        """Tell the engine that a client was answered how an execution is."""
        with self._lock:
            key = (execution.project, execution.domain, execution.name)
            self.engine.looked_at(key, self._arrive())

    def add(
        self,
        request: ExecutionCreateRequest,
        script: Timeline,
        *,
        principal: str,
        created_at: datetime | None,
    ) -> Launch:
        """Create an execution that plays this script, whatever the routes say.

        Raises:
            FlyteTestkitError: FlyteAdmin refuses it, or it would be created in the future.
        """
        if created_at is not None and (
            not isinstance(created_at, datetime) or created_at.utcoffset() is None
        ):
            raise FlyteTestkitError(
                f"add_execution({request.name!r}, created_at={shown(created_at)}): that is no "
                "instant, for it has no time zone.\nWrite datetime(…, tzinfo=timezone.utc), or "
                "count back from the clock: flyte_clock.now() - timedelta(hours=1)."
            )
        with self.moment() as now, self.admin.acting_as(principal):
            if created_at is not None and created_at > now:
                raise FlyteTestkitError(
                    f"{request.name!r} would be created at {created_at}, but it is only {now}.\n"
                    "Name an earlier time, or add it with clock.call_at(…)."
                )
            self.engine.give(script)
            try:
                self.history.instant = created_at or now
                self.admin.answer("CreateExecution", request, created_at or now)
            except AdminError as refusal:
                raise FlyteTestkitError(
                    f"add_execution({request.name!r}, …) is refused: {refusal.message}\n"
                    "A name is lower-case letters, digits and dashes, and taken once and for all."
                ) from refusal
            finally:
                self.engine.give(None)
            self.engine.hand_over(now)
            assert self.engine.last is not None  # noqa: S101  it was admitted just now
            return self.engine.last

    def terminate(
        self, execution: WorkflowExecutionIdentifier, cause: str, *, principal: str
    ) -> None:
        """Terminate an execution now.

        Raises:
            FlyteTestkitError: FlyteAdmin refuses: there is none of this name, or it has ended.
        """
        request = ExecutionTerminateRequest(id=execution, cause=cause)
        try:
            self.answer("TerminateExecution", request, principal=principal)
        except AdminError as refusal:
            known = [row.execution_name for row in self.admin.store.executions]
            hint = close_names(execution.name, known)
            if refusal.code != "NOT_FOUND":
                hint = " Terminate it before it ends: look at its script, and at the clock."
            raise FlyteTestkitError(
                f"terminate({execution.name!r}) is refused: {refusal.message}.{hint}"
            ) from refusal

    def surprised(self) -> Surprises:
        """Return the surprises, those of scripts that were never played among them."""
        for complaint in self.routes.complaints():
            self.surprises.add(complaint)
        return self.surprises

    def lives(self) -> Iterator[tuple[ExecutionRow, Sequence[Change], str]]:
        """Yield every execution with its changes of phase and its script."""
        with self.moment():
            for key, changes in self.history.lives().items():
                row = self.admin.store.executions.get(*key)
                if row is not None:
                    yield row, changes, self.engine.script_of(key)

    def answer(self, rpc: str, request: Message, *, principal: str = "") -> Message:
        """Answer one RPC now, on behalf of somebody.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        with self._lock:  # every RPC comes by here, so it spells out what moment() does
            now = self._arrive()
            if not principal:
                return self.admin.answer(rpc, request, now)
            with self.admin.acting_as(principal):
                return self.admin.answer(rpc, request, now)
