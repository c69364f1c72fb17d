"""Signals: what a gate waits for. It is ignorant of how executions are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import signal_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.client._connection import Connection
from flyte_testkit.client._fetching import joined
from flyte_testkit.client._writing import literal_of, type_of
from flyte_testkit.client.models import LiteralType, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyteidl.core import types_pb2

__all__ = ["Signaling"]


class Signaling(Connection):
    """The part of a remote that deals with signals."""

    def list_signals(
        self,
        execution_name: str,
        project: str | None = None,
        domain: str | None = None,
        limit: int = 100,
        filters: str | Sequence[str] | None = None,
    ) -> list[Signal]:
        """List what an execution waits for, or has waited for.

        Args:
            execution_name: The execution.
            project: The default project, if left out.
            domain: Likewise.
            limit: How many at most.
            filters: In FlyteAdmin's words; all must hold. (flytekit breaks on them.)
        """
        execution_id = self._execution_id(execution_name, project, domain)
        request = signal_pb2.SignalListRequest(
            workflow_execution_id=execution_id.to_flyte_idl(),
            limit=limit,
            filters=joined(filters),
        )
        return [Signal.from_flyte_idl(pb) for pb in self._rpc("ListSignals", request).signals]

    def set_signal(
        self,
        signal_id: str,
        execution_name: str,
        value: object,
        project: str | None = None,
        domain: str | None = None,
        python_type: object = None,
        literal_type: LiteralType | types_pb2.LiteralType | None = None,
    ) -> None:
        """Give an execution the input it waits for.

        Args:
            signal_id: The name of the gate.
            execution_name: The execution.
            value: A literal, or a Python value.
            project: The default project, if left out.
            domain: Likewise.
            python_type: Not needed here; flytekit has it.
            literal_type: The Flyte type of the value, if that cannot be seen from it.
        """
        del python_type
        if isinstance(literal_type, LiteralType):
            literal_type = literal_type.to_flyte_idl()
        literal = literal_of(value, literal_type or type_of(value))
        execution_id = self._execution_id(execution_name, project, domain)
        signal = identifier_pb2.SignalIdentifier(
            signal_id=signal_id, execution_id=execution_id.to_flyte_idl()
        )
        self._rpc("SetSignal", signal_pb2.SignalSetRequest(id=signal, value=literal))

    set_input = set_signal

    def approve(
        self,
        signal_id: str,
        execution_name: str,
        project: str | None = None,
        domain: str | None = None,
    ) -> None:
        """Let an execution pass the gate it waits at."""
        self.set_signal(signal_id, execution_name, value=True, project=project, domain=domain)

    def reject(
        self,
        signal_id: str,
        execution_name: str,
        project: str | None = None,
        domain: str | None = None,
    ) -> None:
        """Refuse an execution the gate it waits at."""
        self.set_signal(signal_id, execution_name, value=False, project=project, domain=domain)
