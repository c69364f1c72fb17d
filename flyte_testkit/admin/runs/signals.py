"""Signals, which gates wait for: made by the engine, listed and set by clients (§17).

Ignorant of gates: setting a signal moves no node here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import signal_pb2

from flyte_testkit.admin.database.rows import SignalRow
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import AdminError, already_exists, invalid_argument, missing
from flyte_testkit.admin.go.bytes import go_bytes
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.rules.castability import castable, type_of
from flyte_testkit.admin.rules.validation import given

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import identifier_pb2

    from flyte_testkit.admin.database.store import Store

__all__ = ["SignalManager"]

_LIST = Listing("signal", "ListSignals")


class SignalManager:
    """Answers the RPCs of SignalService over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_or_create_signal(
        self, request: signal_pb2.SignalGetOrCreateRequest, now: datetime
    ) -> signal_pb2.Signal:
        """Return the signal of this id and type; make it if there is none of this id.

        The execution need not exist.

        Raises:
            AdminError: The id or the type is missing, or the signal has another type.
        """
        _check_id(given(request, "id"))
        if not request.HasField("type"):
            raise missing("type")
        storable(*_key(request.id))
        type_ = go_bytes(request.type)
        known = self._store.signals.get(*_key(request.id))
        if known is not None and known.type != type_:
            raise already_exists("signals_pkey")
        return (known or self._create(request, type_, now)).message

    def _create(
        self, request: signal_pb2.SignalGetOrCreateRequest, type_: bytes, now: datetime
    ) -> SignalRow:
        project, domain, name, signal_id = _key(request.id)
        message = signal_pb2.Signal(id=request.id)
        message.id.execution_id.ClearField("org")  # there is no column for it
        if type_:
            message.type.CopyFrom(request.type)
        return self._store.signals.insert(
            SignalRow(
                execution_project=project,
                execution_domain=domain,
                execution_name=name,
                signal_id=signal_id,
                type=type_,
                message=message,
                created_at=now,
                updated_at=now,
            )
        )

    def list_signals(
        self, request: signal_pb2.SignalListRequest, now: datetime
    ) -> signal_pb2.SignalList:
        """Return a page of the signals of an execution, which need not exist.

        Raises:
            AdminError: The execution's id or the limit is missing, or a filter, the sort or the
                token is refused.
        """
        execution_id = request.workflow_execution_id
        try:
            validation.workflow_execution_identifier(given(request, "workflow_execution_id"))
        except AdminError:
            raise missing("execution_id") from None
        validation.limit(request.limit)
        page = _LIST.page(
            self._store,
            request,
            where={
                "execution_project": execution_id.project,
                "execution_domain": execution_id.domain,
                "execution_name": execution_id.name,
            },
            now=now,
        )
        return signal_pb2.SignalList(signals=[row.message for row in page.rows], token=page.token)

    def set_signal(
        self, request: signal_pb2.SignalSetRequest, now: datetime
    ) -> signal_pb2.SignalSetResponse:
        """Give a signal a value; it may have one already.

        Raises:
            AdminError: The id or the value is missing, there is no such signal, or its type does
                not take the value.
        """
        _check_id(given(request, "id"))
        if not request.HasField("value"):
            raise missing("value")
        row = self._known(request.id)
        # A signal without a type would end the real server here: it casts from nothing.
        if not castable(row.message.type, type_of(request.value, "")) or not row.type:
            printed = " ".join(map(str, row.type))
            raise invalid_argument(
                f"requested signal value [{prototext(request.value)}] "
                f"is not castable to existing signal type [[{printed}]]"
            )
        message = signal_pb2.Signal()
        message.CopyFrom(row.message)
        message.value.CopyFrom(request.value)
        self._store.signals.update(
            row.changed(value=go_bytes(request.value), message=message, updated_at=now)
        )
        return signal_pb2.SignalSetResponse()

    def _known(self, id_: identifier_pb2.SignalIdentifier) -> SignalRow:
        """Return the signal of this id.

        Raises:
            AdminError: There is none, or can be none.
        """
        key = _key(id_)
        problem = "signal does not exist"
        try:
            storable(*key)
        except AdminError as error:
            problem = error.message
        row = self._store.signals.get(*key)
        if row is None:
            project, domain, name, signal_id = key
            raise invalid_argument(
                f"failed to validate that signal [{{{{{project} {domain} {name}}} {signal_id}}}] "
                f"exists, err: [{problem}]"
            )
        return row


def _check_id(id_: identifier_pb2.SignalIdentifier | None) -> None:
    if id_ is None:
        raise missing("id")
    if not id_.HasField("execution_id"):
        raise missing("execution_id")
    if not id_.signal_id:
        raise missing("signal_id")
    validation.workflow_execution_identifier(id_.execution_id)


def _key(id_: identifier_pb2.SignalIdentifier) -> tuple[str, str, str, str]:
    execution_id = id_.execution_id
    return (execution_id.project, execution_id.domain, execution_id.name, id_.signal_id)
