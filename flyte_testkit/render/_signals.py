"""What may help where a client set a signal in vain.

The real server would have refused it in the same words, which do not say why. Ignorant of gates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit import literals
from flyte_testkit.errors import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flyte_testkit.wire.journal import Call

__all__ = ["refused_signals"]

_LETTERS = 100  # of a value


def refused_signals(calls: Iterable[Call]) -> Iterator[str]:
    """Say of signals that were refused what the server's words mean."""
    for call in calls:
        if call.rpc != "SetSignal" or call.code != "INVALID_ARGUMENT":
            continue
        signal, name = call.request.id.signal_id, call.request.id.execution_id.name
        told = f"SetSignal of {signal!r} in {name!r} at {call.at:g} s"
        if "signal does not exist" in call.message:
            yield (
                f"{told} came too early, or is misspelt: a signal exists once its gate is reached."
                "\nWait until list_signals shows it, as with a real FlyteAdmin."
            )
        elif "is not castable" in call.message:
            value = cut(repr(literals.python_value(call.request.value)), _LETTERS)
            yield (
                f"{told} brought {value}, which is of another type than its gate waits for."
                "\nlist_signals shows the type."
            )
