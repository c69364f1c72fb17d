"""One backend behind one lock: the clock is read once, the engine hands over, FlyteAdmin answers.

Everything that reads or changes state comes through :meth:`Backend.answer` or stands inside
:meth:`Backend.moment`, so calls are atomic and each sees one instant. Ignorant of the network.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from flyteidl.admin.execution_pb2 import (
    Execution,
    ExecutionCreateRequest,
    ExecutionTerminateRequest,
    WorkflowExecutionGetRequest,
)

from flyte_testkit.admin.database.blobs import read_literals
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.admissions import Admissions
from flyte_testkit.engine import Engine
from flyte_testkit.engine.history import History
from flyte_testkit.errors import FlyteTestkitError, close_names
from flyte_testkit.inferred import REGISTRATIONS, Inferred
from flyte_testkit.launches import Routes
from flyte_testkit.surprises import Surprises

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
    from flyteidl.core.literals_pb2 import LiteralMap
    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.admin.executions.executor import Admission
    from flyte_testkit.clock import Clock
    from flyte_testkit.engine.history import Change
    from flyte_testkit.launches import Launch, Planting
    from flyte_testkit.timeline import Timeline

__all__ = ["Backend", "Origin"]


class Origin(NamedTuple):
    """What an execution was launched with: read when somebody asks, for it may be long.

    Attributes:
        script: Its script as code; empty if it plays none.
        inputs: Its inputs, those of the launch plan among them.
    """

    script: Callable[[], str]
    inputs: Callable[[], LiteralMap]


_LOOK_UPS = frozenset(
    {
        *("GetLaunchPlan", "GetActiveLaunchPlan", "GetWorkflow", "GetTask", "GetNamedEntity"),
        *("ListLaunchPlans", "ListWorkflows", "ListTasks", "UpdateLaunchPlan", "UpdateNamedEntity"),
    }
)
"""The RPCs that ask for something that could be launched."""


class Backend:
    """FlyteAdmin, an engine and a clock, joined.

    Args:
        clock: What says how late it is.
        strict: Whether launches without a script are refused and remembered as surprises.
        seed: What generated execution names are drawn from.
        scripted: Told of scripts before a launch route is given them.
        doubt: Says why scripts could not be planted any more, if so.

    Attributes:
        complaints: What to ask, at the end, what was planted and never used.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        strict: bool,
        seed: int,
        scripted: Callable[[Planting], None],
        doubt: Callable[[Planting], str],
    ) -> None:
        self.clock = clock
        self.surprises = Surprises()
        self.routes = Routes(scripted, doubt)
        self.engine = Engine(self._admit, clock.now)
        self.admin = FlyteAdmin(executor=self.engine, seed=seed)
        self.engine.admin = self.admin
        self.inferred = Inferred(self.admin)
        self._admissions = Admissions(
            self.admin.store,
            self.inferred,
            self.routes,
            self.surprises,
            strict=strict,
            look=self.look,
        )
        self.history = History()
        self.admin.on_change(self.history.note)
        self.complaints: list[Callable[[], Iterator[str]]] = [self.routes.complaints]
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
        return now

    def _admit(self, row: ExecutionRow, inputs: LiteralMap) -> Admission:
        return self._admissions.admit(row, inputs)

    def look(self, execution: WorkflowExecutionIdentifier) -> Execution:
        """Return an execution as a client would read it now."""
        request = WorkflowExecutionGetRequest(id=execution)
        return cast("Execution", self.answer("GetExecution", request))

    def looked_at(self, execution: WorkflowExecutionIdentifier) -> None:
        """Tell the engine that a client was answered how an execution is."""
        with self._lock:
            key = (execution.project, execution.domain, execution.name)
            self.engine.looked_at(key, self._arrive())

    def counts(self, rpc: str, request: Message) -> bool:
        """Whether a script waits for calls like this one, and goes on after some more of them."""
        if rpc != "GetExecution":
            return False
        execution = cast("WorkflowExecutionGetRequest", request).id
        return self.engine.counts((execution.project, execution.domain, execution.name))

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
        launches: list[Launch] = []

        def admit(row: ExecutionRow, inputs: LiteralMap) -> Admission:
            launches.append(self._admissions.launch(row, inputs))
            return self._admissions.given(launches[-1], row, inputs, script)

        with self.moment() as now, self.admin.acting_as(principal):
            if created_at is not None and created_at > now:
                raise FlyteTestkitError(
                    f"{request.name!r} would be created at {created_at}, but it is only {now}.\n"
                    "Name an earlier time, or add it with clock.call_at(…)."
                )
            try:
                self.admin.create_execution(request, created_at or now, admit)
            except AdminError as refusal:
                raise FlyteTestkitError(
                    f"add_execution({request.name!r}, …) is refused: {refusal.message}\n"
                    "A name is lower-case letters, digits and dashes, and taken once and for all."
                ) from refusal
            self.engine.hand_over(now)
        return launches[-1]

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
        """Return the surprises, those of what was planted and never used among them."""
        for complain in self.complaints:
            for complaint in complain():
                self.surprises.add(complaint)
        return self.surprises

    def lives(self) -> Iterator[tuple[ExecutionRow, Sequence[Change], Origin]]:
        """Yield every execution with its changes of phase and what it was launched with."""
        with self.moment():
            for key, changes in self.history.lives().items():
                row = self.admin.store.executions.get(*key)
                if row is not None:
                    inputs = partial(read_literals, self.admin.store, row.inputs_uri)
                    yield row, changes, Origin(partial(self.engine.script_of, key), inputs)

    def answer(self, rpc: str, request: Message, *, principal: str = "") -> Message:
        """Answer one RPC now, on behalf of somebody.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        with self._lock:  # every RPC comes by here, so it spells out what moment() does
            now = self._arrive()
            if rpc in REGISTRATIONS:
                return self._register(rpc, request, now)
            if rpc in _LOOK_UPS:
                self._look_up(request)
            if not principal:
                return self.admin.answer(rpc, request, now)
            with self.admin.acting_as(principal):
                return self.admin.answer(rpc, request, now)

    def _look_up(self, request: Any) -> None:
        """Take down what a client may have seen: its default has served, its stub is known."""
        if request.id.name:
            self.routes.looked_for(request.id.name)
        self.inferred.looked_at(request.id.project, request.id.domain, request.id.name)

    def _register(self, rpc: str, request: Any, now: datetime) -> Message:
        """Let a client register something, for which what was only inferred steps aside."""
        with self.inferred.stepping_aside(request.id):
            return self.admin.answer(rpc, request, now)
