"""The guard against clients that ask for ever while nobody waits on the clock.

Such a loop moves no clock, so nothing it waits for can happen. Calls are counted, never seconds: a
slow machine, a debugger's pause and real work between two calls make no loop. Who is struck is
told, and the server goes on: whatever is asked next is answered.

Ignorant of what is asked.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flyte_testkit.backend import Backend
    from flyte_testkit.errors import HopelessWait
    from flyte_testkit.wire.journal import Call

__all__ = ["MANY", "SpinGuard"]

MANY = 2000
"""So many equal calls on a clock that stands still are a loop: two real seconds of one that does
nothing else, and more than any crowd of threads asks at one instant."""

_ADVICE = (
    "Only waiting on the clock moves it: time.sleep, Event.wait and their like, in this process. "
    "Other processes keep real time, and so do asyncio, C code and a time.sleep that a mock "
    "replaced."
)
_NOBODY = (
    "No thread lives on the clock of this FakeFlyteAdmin: with governed_by(admin.clock): … "
    "(flyte_testkit.world) lets the code under test wait on it."
)


class SpinGuard:
    """Counts how often each call was repeated since the clock moved, or anything was changed.

    Only the same request makes a loop: a test may well register a thousand things in a row. Nor do
    looks make one that a script waits for: ``running(polls(5000))``.

    Args:
        backend: Whose clock it looks at, and whose executions are told about.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._seen_at: float | None = None
        self._counts: Counter[tuple[str, bytes]] = Counter()

    def count(self, call: Call, raw: bytes, caller: object = None) -> HopelessWait | None:
        """Count a call; if it is one of endlessly many, stop the code under test and say why.

        Args:
            call: The call.
            raw: Its request as it travelled.
            caller: The id by which the clock knows who stands in the call, if it does.
        """
        asked = call.rpc, raw
        if call.at != self._seen_at:
            self._seen_at = call.at
            self._counts.clear()
        elif not call.rpc.startswith(("Get", "List")):  # it may change what the others see
            self._counts = Counter({asked: self._counts[asked]})
        self._counts[asked] += 1
        clock = self._backend.clock
        if self._counts[asked] < MANY or clock.limit is None or clock.broken is not None:
            return None  # a real clock has no limit
        times = self._counts.pop(asked)  # whoever goes on is counted anew
        if self._backend.counts(call.rpc, call.request):
            return None
        due = self._backend.engine.next_due()
        return clock.strike(
            f"{call.rpc} was asked {times:,} times with one and the same request, and nothing "
            f"waited on the clock in between: it stands still at {call.at:g} s, and {_never(due)}",
            f"{_ADVICE}\n{_NOBODY}" if clock.deserted else _ADVICE,
            call=caller,
        )


def _never(due: datetime | None) -> str:
    if due is None:
        return "nothing is scheduled."
    return f"what is scheduled for {due.isoformat()} cannot happen."
