"""Gates and sleeps: what of a script fits a registered one, and how a made-up one is compiled.

Ignorant of the nodes beside them, and of who releases gates.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flyteidl.core import interface_pb2, workflow_pb2

from flyte_testkit import flow, literals
from flyte_testkit.errors import RegistrationError, TimelineError
from flyte_testkit.guesses import Seen
from flyte_testkit.nodes import Gate, Sleep
from flyte_testkit.nodes._gate import SIGNALLED
from flyte_testkit.timeline import Fails, TimesOut
from flyte_testkit.timeline import _durations as durations
from flyte_testkit.walk.gates import time_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import types_pb2

__all__ = ["check_gate", "check_sleep", "lasting", "seen_of", "sleeping", "waiting"]

_LATE: Final = timedelta(seconds=1)
"""How much later than it should an engine may notice that somebody's time is up."""


def check_gate(what: str, found: workflow_pb2.Node, gate: Gate) -> None:
    """Refuse a script that a registered gate cannot play.

    Args:
        what: Which gate, for messages.
        found: The gate as it was compiled.
        gate: The script.

    Raises:
        TimelineError: It waits for something else, or its time is up before that.
        RegistrationError: The value is of another type.
    """
    script = gate.script
    if script is None:
        return
    condition = found.gate_node
    told = script.as_argument()
    if condition.HasField("approve") and gate.values:
        raise TimelineError(
            f"{what} waits for an approval, which brings no value: nodes.gate({told})."
            "\nWrite .succeeds(), which approves."
        )
    if condition.HasField("signal"):
        if isinstance(script.ending, Fails):
            raise TimelineError(
                f"{what} waits for a signal, which brings a value; only an approval is refused:"
                f" nodes.gate({told}).\nLet it bring one, .succeeds(o0=…), or write .times_out()."
            )
        _check_value(what, condition.signal, gate.values)
    limit = time_limit(found)
    lasts = script.seconds
    if limit is None or lasts is None:
        return
    late = _LATE if isinstance(script.ending, TimesOut) else timedelta(0)
    if timedelta(seconds=lasts) > limit + late:
        seconds = durations.code(limit.total_seconds())
        raise TimelineError(
            f"{what} may wait {seconds} s, so its time is up before that: nodes.gate({told})."
            f"\nLet it wait for less, or write running({seconds}).times_out()."
        )


def check_sleep(what: str, found: workflow_pb2.Node, sleep: Sleep) -> None:
    """Refuse a sleep that is not as long as the registered one.

    Raises:
        TimelineError: It is not.
    """
    seconds = found.gate_node.sleep.duration.ToTimedelta().total_seconds()
    if sleep.seconds != seconds:
        raise TimelineError(
            f"{what} sleeps {durations.code(seconds)} s, as the registered workflow says:"
            f" {sleep!r}.\nWrite nodes.sleep({durations.code(seconds)}), or leave it out."
        )


def seen_of(gate: Gate, whose: str) -> Mapping[str, Seen]:
    """Return what is seen of the value that a made-up gate waits for; nothing of an approval.

    Raises:
        RegistrationError: Flyte has no type for it, or it is not of the type that is said.
    """
    try:
        found = {name: Seen.of(value) for name, value in gate.values.items()}
        if gate.signal is None:
            return found
        kind = literals.literal_type(gate.signal)
        for value in gate.values.values():
            literals.literal(value, kind)
    except RegistrationError as error:
        raise RegistrationError(f"{whose}: {gate!r}: {error}") from None
    return {SIGNALLED: Seen(kind)}


def lasting(node: Gate | Sleep) -> float | None:
    """Return how long a made-up sleep is, or how long a gate may wait; None: for ever."""
    return node.seconds if isinstance(node, Sleep) else node.timeout


def waiting(
    node: workflow_pb2.Node, name: str, given: Mapping[str, Seen], lasts: float | None
) -> Mapping[str, types_pb2.LiteralType]:
    """Make a node a gate; return what it gives.

    Args:
        node: The node, which is changed.
        name: Its name, which is that of its signal.
        given: What is known of what it gives; nothing of an approval.
        lasts: How long it may wait; None: for ever.
    """
    if lasts is not None:
        node.metadata.timeout.FromTimedelta(timedelta(seconds=lasts))
    if SIGNALLED not in given:
        node.gate_node.approve.signal_id = name
        return {}
    kind = given[SIGNALLED].type
    signal = node.gate_node.signal
    signal.signal_id, signal.output_variable_name = name, SIGNALLED
    signal.type.CopyFrom(kind)
    return {SIGNALLED: kind}


def sleeping(node: workflow_pb2.Node, lasts: float) -> None:
    """Make a node sleep for so many seconds."""
    node.gate_node.sleep.duration.FromTimedelta(timedelta(seconds=lasts))


def _check_value(
    what: str, signal: workflow_pb2.SignalCondition, values: Mapping[str, object]
) -> None:
    if not values:
        return
    variable = interface_pb2.Variable(type=signal.type)
    declared = interface_pb2.VariableMap(variables={signal.output_variable_name: variable})
    try:
        flow.outputs(values, declared, name=signal.signal_id)
    except RegistrationError as error:
        raise RegistrationError(f"{what}: {error}") from None
