"""Nodes that wait: gates, which somebody releases by a signal, and sleeps.

A signal exists once its gate is reached, and not before; of two gates with one signal, the second
is released along with the first. Whoever sets it is heard at that instant, a script as well as a
client. A gate that waits too long fails, however often it might be tried again.

Ignorant of who sets signals, and of what other nodes do.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flyteidl.admin import signal_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration

from flyte_testkit.admin.go import durations
from flyte_testkit.engine.performance import Act, Looks, Signalled, Until
from flyte_testkit.engine.stage import error_of
from flyte_testkit.nodes import Gate
from flyte_testkit.propeller import wording
from flyte_testkit.timeline import Polls, Succeeds, TimesOut
from flyte_testkit.walk.failing import NodeFailed, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core
    from flyteidl.core import workflow_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.nodes import Node
    from flyte_testkit.propeller.wording import Worded
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["plays_gate", "plays_sleep", "time_limit", "waits_for_approval"]


def plays_sleep(
    site: Site,
    inputs: literals_pb2.LiteralMap,
    around: Scope,  # noqa: ARG001  whoever plays a node is given it
    at: datetime,
) -> Performance[literals_pb2.LiteralMap]:
    """Play a sleep, which is as long as its workflow says; the arguments are those of any node.

    flytekit gives every sleep an hour, and an engine lets no node take longer than it may.
    """
    try:
        yield site.queued(at, inputs)
        at = yield Until(at)
        yield site.event(at, "RUNNING")
        lasts = site.node.gate_node.sleep.duration.ToTimedelta()
        limit = time_limit(site.node)
        if limit is not None and limit < lasts:
            at = yield Until(at + limit)
            raise NodeFailed((yield from _fails(site, at, _too_late(limit))))
        at = yield Until(at + lasts)
        yield site.succeeded(at, None)
    except Stopped as stopped:
        yield site.aborted(stopped)
        raise
    return literals_pb2.LiteralMap()


def plays_gate(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a gate; the arguments are those of any node."""
    return _Gate(site, inputs, around).plays(at)


class _Gate:
    """One gate, and the signal that it waits for."""

    def __init__(self, site: Site, inputs: literals_pb2.LiteralMap, around: Scope) -> None:
        self.site = site
        self.inputs = inputs
        self.around = around
        self.audience = site.stage.audience
        scripted = around.company.cast.nodes.get(site.path)
        self.script = scripted.script if isinstance(scripted, Gate) else None
        condition = site.node.gate_node
        self.is_approval = condition.HasField("approve")
        said = condition.approve if self.is_approval else condition.signal
        self.id = identifier_pb2.SignalIdentifier(
            signal_id=said.signal_id, execution_id=site.stage.id
        )
        self.limit = time_limit(site.node)

    def plays(self, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        try:
            yield self.site.queued(at, self.inputs)
            at = yield Until(at)
            yield self._asks(at)
            yield self.site.event(at, "RUNNING")
            at = yield from self._waits(at)
            if (value := self._value) is None:
                raise NodeFailed((yield from _fails(self.site, at, _too_late(self._limit()))))
            if self.is_approval and not value.scalar.primitive.boolean:
                refused = wording.approval_refused()
                raise NodeFailed((yield from _fails(self.site, at, refused)))
            outputs = self.inputs if self.is_approval else self._brought(value)
            yield self.site.succeeded(at, outputs)
        except Stopped as stopped:
            yield self.site.aborted(stopped)
            raise
        return outputs

    def _waits(self, at: datetime) -> Performance[datetime]:
        """Wait until it is released, by whoever is first, or its time is up."""
        begun, until = at, None
        looks: Looks | None = None
        for step in () if self.script is None else self.script.steps:
            if isinstance(step.duration, Polls):
                looks = Looks(self.audience, step.duration.count)
            else:
                until = at + timedelta(seconds=step.duration or 0)
        if self.script is not None and not self.script.steps:
            until = at
        limit = None if self.limit is None else begun + self.limit
        first = min((one for one in (until, limit) if one is not None), default=None)
        at = yield Signalled(self.audience, self.id.signal_id, first, looks)
        scripted = first is not None and first == until and at >= first
        looked = looks is not None and looks.is_over(at)
        if self._value is None and self.script is not None and (scripted or looked):
            yield from self._releases(at)
        return at

    def _releases(self, at: datetime) -> Iterator[Act]:
        """Do what the script says: set the signal, as somebody would; or let it be too late."""
        assert self.script is not None  # noqa: S101  for type checkers
        ending = self.script.ending
        if isinstance(ending, TimesOut):
            return
        value = literals_pb2.Literal()
        if self.is_approval:
            value.scalar.primitive.boolean = isinstance(ending, Succeeds)
        else:
            said = ending.outputs if isinstance(ending, Succeeds) else {}
            value.CopyFrom(self._made(dict(said)))
        yield Act(at, "SetSignal", signal_pb2.SignalSetRequest(id=self.id, value=value))
        self.audience.hears(self.id.signal_id, value)

    def _made(self, said: dict[str, Any]) -> literals_pb2.Literal:
        """Return the value that a script lets come, or one that is accepted."""
        signal = self.site.node.gate_node.signal
        variable = interface_pb2.Variable(type=signal.type)
        declared = interface_pb2.VariableMap(variables={signal.output_variable_name: variable})
        outputs = self.around.outputs_of(self.site, said, declared)
        return outputs.literals[signal.output_variable_name]

    def _asks(self, at: datetime) -> Act:
        """Let the signal exist from now on."""
        kind = types_pb2.LiteralType(simple=types_pb2.BOOLEAN)
        if not self.is_approval:
            kind = self.site.node.gate_node.signal.type
        request = signal_pb2.SignalGetOrCreateRequest(id=self.id, type=kind)
        return Act(at, "GetOrCreateSignal", request)

    def _limit(self) -> timedelta:
        """Return how long it may wait; where nobody says so, that is what the script says."""
        if self.limit is not None:
            return self.limit
        lasts = None if self.script is None else self.script.seconds
        return timedelta(seconds=lasts or 0)

    @property
    def _value(self) -> literals_pb2.Literal | None:
        return self.audience.signals.get(self.id.signal_id)

    def _brought(self, value: literals_pb2.Literal) -> literals_pb2.LiteralMap:
        name = self.site.node.gate_node.signal.output_variable_name
        return literals_pb2.LiteralMap(literals={name: value})


def waits_for_approval(site: Site, scripted: Node | None) -> bool:
    """Whether a node is a gate that waits until somebody else approves."""
    by_script = isinstance(scripted, Gate) and scripted.script is not None
    return site.node.gate_node.HasField("approve") and not by_script


def _fails(site: Site, at: datetime, worded: Worded) -> Performance[core.ExecutionError]:
    error = error_of(worded, at)
    yield site.event(at, "FAILED", error=error)
    return error


def _too_late(limit: timedelta) -> Worded:
    length = Duration()
    length.FromTimedelta(limit)
    told = durations.text(durations.nanoseconds(length))
    return wording.exhausted(wording.timeout_expired(told), 1)


def time_limit(node: workflow_pb2.Node) -> timedelta | None:
    """Return how long a node may wait; None if it may for ever."""
    limit = node.metadata.timeout.ToTimedelta()
    return limit or None
