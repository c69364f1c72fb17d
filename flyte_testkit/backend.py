"""One backend behind one lock: the clock is read once, the engine hands over, FlyteAdmin answers.

Everything that reads or changes state comes through :meth:`Backend.answer`, or stands inside
:meth:`Backend.moment` or :meth:`Backend.still`, so calls are atomic and each sees one instant; what
is handed out is a copy. It is a :class:`~flyte_testkit.wire.service.Service`. Ignorant of the
network.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakMethod

from flyteidl.admin.execution_pb2 import (
    Execution,
    ExecutionCreateRequest,
    ExecutionTerminateRequest,
    WorkflowExecutionGetRequest,
)

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executions.asked import LOOK_UPS, shown_by
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.admissions import Admissions
from flyte_testkit.engine import Engine
from flyte_testkit.engine.history import History
from flyte_testkit.errors import FlyteTestkitError, close_names
from flyte_testkit.inferred import REGISTRATIONS, Inferred
from flyte_testkit.launches import Routes
from flyte_testkit.lives import Lives
from flyte_testkit.misfits import not_added
from flyte_testkit.unforeseen import Unforeseen
from flyte_testkit.weak import weakly
from flyte_testkit.wire.services import methods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
    from flyteidl.core.literals_pb2 import LiteralMap
    from google.protobuf.message import Message

    from flyte_testkit.admin.data.signing import Signer
    from flyte_testkit.admin.database.rows import ExecutionRow, Key
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.executions.executor import Admission
    from flyte_testkit.clock import Clock
    from flyte_testkit.engine.history import Change
    from flyte_testkit.glances import Glance, Origin
    from flyte_testkit.launches import Launch, Planting, Played

__all__ = ["Backend"]


_PATIENCE = 1.0
"""Real seconds for whoever holds the lock, before somebody reads without it."""


class Backend:
    """FlyteAdmin, an engine and a clock, joined.

    Args:
        clock: What says how late it is.
        strict: Whether launches without a script are refused and remembered as unforeseen.
        seed: What generated execution names are drawn from.
        scripted: Told of scripts before a launch route is given them.
        doubt: Says why scripts could not be planted any more, if so.

    Attributes:
        complaints: What to ask, at the end, what was planted and never used.
        methods: The methods of a FlyteAdmin, by path.
        rpcs: Which of them are answered.
        keeper: Whom clients hold by this while it serves them.
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
        self._lock = threading.RLock()
        self.clock = clock
        self.unforeseen_so_far = Unforeseen()
        self.routes = Routes(scripted, doubt)
        still = weakly(self._patiently)
        self.engine = Engine(weakly(self._admit), clock.now, weakly(self._fake), still=still)
        self.admin = FlyteAdmin(executor=self.engine, seed=seed)
        self.methods = methods()
        self.rpcs = self.admin.handlers.keys()
        self.inferred = Inferred(self.admin)
        self._admissions = Admissions(
            self.admin.store,
            self.inferred,
            self.routes,
            self.unforeseen_so_far,
            strict=strict,
            look=WeakMethod(self.look),
            ask=WeakMethod(self.read),
            stirred=self.engine.stirred,
        )
        self.engine.given = weakly(self._admissions.child)
        self.history = History()
        self._lives = Lives(self._lock, clock, self.engine, self.admin, self.history)
        self.admin.on_change(weakly(self._changed))
        self.keeper: object = None
        self.complaints: list[Callable[[], Iterator[str]]] = [self.routes.complaints]

    @contextmanager
    def moment(self) -> Iterator[datetime]:
        """Hold everything still at one instant, all that is due by then handed over."""
        with self._lock:
            now = self.clock.now()
            self.engine.hand_over(now)
            yield now

    @contextmanager
    def glimpse(self, *shown: Key) -> Iterator[datetime]:
        """Hold everything still at one instant, for who looks at no other executions than these."""
        with self._lock:
            now = self.clock.now()
            self.engine.hand_over_to(shown, now)
            yield now

    def still(self) -> AbstractContextManager[object]:
        """Hold everything still as it is, whatever is due: for who reads what is registered."""
        return self._lock

    @contextmanager
    def _patiently(self) -> Iterator[bool]:
        """Hold everything still, and after a while do without; yield whether it does.

        The clock asks what is under way when nothing moves, and that may be because somebody waits
        with the lock held: a script function, say.
        """
        held = self._lock.acquire(timeout=_PATIENCE)
        try:
            yield held
        finally:
            if held:
                self._lock.release()

    def _arrive_to_answer(self, rpc: str, request: Message) -> datetime:
        """Read the clock and hand over what is due by now, as far as an RPC shows it."""
        now = self.clock.now()
        if self.engine.reach(now):
            shown = shown_by(rpc, request)
            if shown is None:
                self.engine.hand_over(now)
            else:
                self.engine.hand_over_to(shown, now)
        return now

    def _fake(self) -> FlyteAdmin:
        return self.admin

    def _admit(self, row: ExecutionRow, inputs: LiteralMap) -> Admission:
        return self._admissions.admit(row, inputs)

    def _changed(self, row: ExecutionRow, at: datetime) -> None:
        self.history.note(row, at)
        self.engine.families.changed(row, at)

    def look(self, execution: WorkflowExecutionIdentifier) -> Execution:
        """Return an execution as a client would read it now."""
        asked = WorkflowExecutionGetRequest(id=execution)
        return cast("Execution", self.read("GetExecution", asked))

    def read(self, rpc: str, request: Message) -> Message:
        """Answer an RPC now that changes nothing, for whoever is no client: nothing notes it.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        with self._lock:
            return self.admin.answer(rpc, request, self._arrive_to_answer(rpc, request))

    def looked_at(self, execution: WorkflowExecutionIdentifier) -> None:
        """Tell the engine that a client was answered how an execution is."""
        with self._lock:
            key, now = (execution.project, execution.domain, execution.name), self.clock.now()
            if self.engine.reach(now):
                self.engine.hand_over_to((key,), now)
            self.engine.looked_at(key, now)

    def counts(self, rpc: str, request: Message) -> bool:
        """Whether a script waits for calls like this one, and goes on after some more of them."""
        if rpc != "GetExecution":
            return False
        execution = cast("WorkflowExecutionGetRequest", request).id
        with self._lock:
            return self.engine.counts((execution.project, execution.domain, execution.name))

    @property
    def store(self) -> Store:
        """All that FlyteAdmin remembers; to be read and changed in a :meth:`moment`."""
        return self.admin.store

    def signs(self, signer: Signer) -> None:
        """Let URLs of objects be signed by whoever serves them."""
        self.admin.data_proxy.signer = signer

    def unforeseen(self, text: str) -> None:
        """Remember what should not have happened, for the end of the test."""
        self.unforeseen_so_far.add(text)

    def add(
        self,
        request: ExecutionCreateRequest,
        script: Played,
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

        with self.glimpse() as now, self.admin.acting_as(principal):
            if created_at is not None and created_at > now:
                raise FlyteTestkitError(
                    f"{request.name!r} would be created at {created_at}, but it is only {now}.\n"
                    "Name an earlier time, or add it with clock.call_at(…)."
                )
            try:
                self.admin.create_execution(request, created_at or now, admit)
            except AdminError as refusal:
                row = self.store.executions.get(request.project, request.domain, request.name)
                raise FlyteTestkitError(not_added(request.name, row, refusal.message)) from refusal
            self.engine.hand_over_to((), now)
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
            with self.still():
                known = [row.execution_name for row in self.admin.store.executions]
            hint = close_names(execution.name, known)
            if refusal.code != "NOT_FOUND":
                hint = " Terminate it before it ends: look at its script, and at the clock."
            raise FlyteTestkitError(
                f"terminate({execution.name!r}) is refused: {refusal.message}.{hint}"
            ) from refusal

    def unforeseen_at_the_end(self) -> Unforeseen:
        """Return what was unforeseen, those of what was planted and never used among them."""
        with self._lock:
            for ask in self.complaints:
                for complaint in ask():
                    self.unforeseen_so_far.add(complaint)
        return self.unforeseen_so_far

    def lives(self) -> Iterator[tuple[ExecutionRow, Sequence[Change], Origin]]:
        """Yield every execution with its changes of phase and what it was launched with.

        All as of the moment in which the first is asked for; meanwhile anything may be called.
        """
        with self.moment() as now:
            lives = self._lives.glances({}, now)
        for life in lives:
            yield life.row, life.changes, life.origin

    def life(self, key: Key) -> Sequence[Change]:
        """Return the changes of phase of one execution until now, whatever becomes of others."""
        with self.glimpse(key):
            return tuple(self.history.lives().get(key, ()))

    def glances(self) -> list[Glance]:
        """Return every execution as now, for pictures: what nobody looks at is not played.

        As many as there may be, that takes no longer than to tell their phases.
        """
        with self._lock:
            now = self.clock.now()
            return self._lives.glances(self.engine.glance(now), now)

    def answer(self, rpc: str, request: Message, *, principal: str = "") -> Message:
        """Answer one RPC now, on behalf of somebody.

        Raises:
            AdminError: FlyteAdmin refuses.
        """
        with self._lock:  # every RPC comes by here, so it spells out what moment() does
            now = self._arrive_to_answer(rpc, request)
            if rpc in REGISTRATIONS:
                return self._register(rpc, request, now)
            if rpc in LOOK_UPS:
                self._look_up(request)
            if rpc == "SetSignal":
                return self._set_signal(request, now)
            if not principal:
                return self.admin.answer(rpc, request, now)
            with self.admin.acting_as(principal):
                return self.admin.answer(rpc, request, now)

    def _look_up(self, request: Any) -> None:
        """Take down what a client may have seen: its default has served, its stub is known."""
        if request.id.name:
            self.routes.looked_for(request.id.name)
        self.inferred.looked_at(request.id.project, request.id.domain, request.id.name)

    def _set_signal(self, request: Any, now: datetime) -> Message:
        """Let a client set a signal, for which an engine may wait: it looks at that instant."""
        answer = self.admin.answer("SetSignal", request, now)
        of = request.id.execution_id
        key = (of.project, of.domain, of.name)
        self.engine.signalled(key, request.id.signal_id, request.value, now)
        return answer

    def _register(self, rpc: str, request: Any, now: datetime) -> Message:
        """Let a client register something, for which what was only inferred steps aside."""
        with self.inferred.stepping_aside(request.id):
            return self.admin.answer(rpc, request, now)
