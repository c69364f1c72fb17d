"""What a test does to gates of a fake FlyteAdmin's executions: approve, refuse, and signal.

A part of :class:`~flyte_testkit.server.FakeFlyteAdmin`. As in life it is FlyteAdmin that is told,
and the engine that hears; who waits for nothing is not signalled, though, which in life goes
unnoticed. Ignorant of what gates do then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyteidl.admin import signal_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2

from flyte_testkit import literals
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.errors import (
    FlyteTestkitError,
    RegistrationError,
    close_names,
    shown,
    suggests_keywords,
)
from flyte_testkit.naming import execution_id
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from flyte_testkit.admin.database.rows import SignalRow
    from flyte_testkit.backend import Backend

__all__ = ["Acting"]


_CASTS: Final = (
    "\nSo does a real FlyteAdmin: an empty list or dict fits no signal, nor does a value for an"
    " Optional. Let it wait for a value of one type, and bring one that is not empty."
)


class Acting:
    """The part of a fake FlyteAdmin that releases gates."""

    project: str
    domain: str
    _backend: Backend

    @suggests_keywords
    def approve(self, execution: object, signal: str) -> None:
        """Approve now what an execution waits for at a gate.

        Args:
            execution: Its name, a :class:`~flyte_testkit.launches.Launch`, or an execution object.
            signal: What the gate is called: the id of its signal.

        Raises:
            FlyteTestkitError: There is no such execution, it waits for no such approval (yet), or
                for a value of another type.

        Example:
            >>> from flyte_testkit import nodes
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     train = admin.add_execution("train", nodes.workflow(ok=nodes.gate()))
            ...     admin.approve(train, "ok")
            ...     train.phase
            'SUCCEEDED'
        """
        _Release(self, f"approve({shown(execution)}, {shown(signal)})", execution, signal).say(
            answer=True
        )

    @suggests_keywords
    def reject(self, execution: object, signal: str) -> None:
        """Refuse now what an execution waits for at a gate, which fails of it.

        Args:
            execution: Its name, a :class:`~flyte_testkit.launches.Launch`, or an execution object.
            signal: What the gate is called: the id of its signal.

        Raises:
            FlyteTestkitError: As of :meth:`approve`.

        Example:
            >>> from flyte_testkit import nodes
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     train = admin.add_execution("train", nodes.workflow(ok=nodes.gate()))
            ...     admin.reject(train, "ok")
            ...     train.phase
            'FAILED'
        """
        _Release(self, f"reject({shown(execution)}, {shown(signal)})", execution, signal).say(
            answer=False
        )

    @suggests_keywords
    def set_signal(self, execution: object, signal: str, value: object) -> None:
        """Give now the value that an execution waits for at a gate.

        Args:
            execution: Its name, a :class:`~flyte_testkit.launches.Launch`, or an execution object.
            signal: What the gate is called: the id of its signal.
            value: The value, which has to be of the type that is waited for.

        Raises:
            FlyteTestkitError: As of :meth:`approve`.

        Example:
            >>> from flyte_testkit import nodes
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     tree = nodes.workflow(rate=nodes.gate(signal=float))
            ...     train = admin.add_execution("train", tree)
            ...     admin.set_signal(train, "rate", 0.5)
            ...     train.nodes["rate"].outputs
            {'o0': 0.5}
        """
        call = f"set_signal({shown(execution)}, {shown(signal)}, {shown(value)})"
        _Release(self, call, execution, signal).bring(value)


class _Release:
    """One signal that somebody sets.

    Args:
        of: The fake.
        call: What was written, for messages.
        execution: The execution.
        signal: The signal's id.
    """

    def __init__(self, of: Acting, call: str, execution: object, signal: str) -> None:
        self._backend = of._backend  # noqa: SLF001  it is a part of it
        self._call = call
        if not isinstance(signal, str):
            raise FlyteTestkitError(
                f"{call}: a signal has an id, which is a text: that of its gate, such as 'go'."
            )
        self._signal = signal
        self._execution = execution_id(execution, of.project, of.domain)

    def say(self, *, answer: bool) -> None:
        """Set a signal that is an answer."""
        kind = self._waited_for().message.type
        if kind.simple != types_pb2.BOOLEAN:
            name = self._execution.name
            raise FlyteTestkitError(
                f"{self._call} is refused: {self._signal!r} waits for a value of type"
                f" {literals.describe(kind)}, not for an approval."
                f"\nWrite set_signal({name!r}, {self._signal!r}, …)."
            )
        literal = literals_pb2.Literal()
        literal.scalar.primitive.boolean = answer
        self._set(literal)

    def bring(self, value: object) -> None:
        """Set a signal that is a value."""
        kind = self._waited_for().message.type
        try:
            literal = literals.literal(value, kind)
        except RegistrationError as error:
            raise FlyteTestkitError(
                f"{self._call} is refused: {self._signal!r} waits for a value of type"
                f" {literals.describe(kind)}: {error}"
            ) from None
        self._set(literal)

    def _set(self, value: literals_pb2.Literal) -> None:
        id_ = identifier_pb2.SignalIdentifier(signal_id=self._signal, execution_id=self._execution)
        try:
            self._backend.answer("SetSignal", signal_pb2.SignalSetRequest(id=id_, value=value))
        except AdminError as refusal:  # somebody was faster, or FlyteAdmin casts it otherwise
            advice = _CASTS if "not castable" in refusal.message else ""
            raise FlyteTestkitError(
                f"{self._call} is refused: {refusal.message}{advice}"
            ) from refusal

    def _waited_for(self) -> SignalRow:
        """Return the signal, if there is one and nobody has set it yet.

        Raises:
            FlyteTestkitError: There is none, or nobody waits for it any more.
        """
        of = self._execution
        with self._backend.moment():
            store = self._backend.store
            execution = store.executions.get(of.project, of.domain, of.name)
            rows = [row for row in store.signals if row.message.id.execution_id == of]
            others = [
                row.execution_name
                for row in store.signals
                if row.signal_id == self._signal
                and not row.message.HasField("value")
                and (run := store.executions.get(*row.key[:3])) is not None
                and run.phase not in OUTCOMES
            ]
            known = [row.execution_name for row in store.executions]
            has_nodes = self._backend.engine.plays_nodes((of.project, of.domain, of.name))
        if execution is None:
            near = close_names(of.name, known)
            raise FlyteTestkitError(
                f"{self._call} is refused: there is no execution {of.name!r} in"
                f" {of.project}/{of.domain}.{near}"
                f"\nLaunch it, or write add_execution({of.name!r}, …) first."
            )
        found = next((row for row in rows if row.signal_id == self._signal), None)
        unset = [row.signal_id for row in rows if not row.message.HasField("value")]
        if found is not None and self._signal in unset and execution.phase not in OUTCOMES:
            return found
        if execution.phase in OUTCOMES:
            truth = f"{of.name!r} has ended {execution.phase}"
            advice = "Do it before it ends: look at its script, and at the clock."
        elif found is not None:
            value = literals.python_value(found.message.value)
            truth = f"{self._signal!r} of {of.name!r} was set already: {shown(value)}"
            advice = f"It waits for {_listed(unset)}." if unset else "Leave one of them out."
        else:
            near = close_names(self._signal, unset)
            truth = f"{of.name!r} waits for no signal {self._signal!r} now"
            advice = f"It waits for {_listed(unset)}.{near}" if unset else "It waits for none."
            advice += f" {_listed(others)} waits for {self._signal!r}." if others else ""
            advice += (
                " A signal exists once its gate is reached: let time pass, clock.advance(…)."
                if has_nodes
                else " A timeline says nothing of gates: let it play nodes.where(…)."
            )
        raise FlyteTestkitError(f"{self._call} is refused: {truth}.\n{advice}")


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
