"""The guard against clients that ask for ever and never wait.

A loop without a sleep moves no clock, so nothing it waits for can happen. Two real seconds of it,
and the test is told instead of hanging. Ignorant of what is asked.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flyte_testkit.backend import Backend
    from flyte_testkit.wire.journal import Call

__all__ = ["SpinGuard"]

PATIENCE = 2.0
"""Real seconds of calls on a clock that stands still."""

FEW, LONG = 4, 5.0
"""Repetitions and real seconds after which a clock that nobody waits on is thought forgotten."""

MANY = 200
"""Fewer repetitions than this are no loop, however slow the machine is."""


class SpinGuard:
    """Counts how often each call was repeated since the clock moved last.

    Only the same request makes a loop: a test may well register a thousand things in a row.

    Args:
        backend: Whose clock it looks at, and whose executions are told about.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._seen_at: float | None = None
        self._since = 0.0
        self._counts: Counter[tuple[str, bytes]] = Counter()

    def count(self, call: Call, raw: bytes) -> None:
        """Count a call, and interrupt the code under test if it is one of endlessly many.

        Args:
            call: The call.
            raw: Its request as it travelled.
        """
        if call.at != self._seen_at:
            self._seen_at, self._since = call.at, time.monotonic()
            self._counts.clear()
        self._counts[call.rpc, raw] += 1
        times, clock = self._counts[call.rpc, raw], self._backend.clock
        if times < FEW or clock.limit is None or clock.broken is not None:  # or it is a real clock
            return
        waited = time.monotonic() - self._since
        if clock.deserted and waited > LONG:
            self._tell_deserted(call, times, waited)
        elif times >= MANY and waited > PATIENCE:
            self._tell_spinning(call, times)

    def _tell_deserted(self, call: Call, times: int, waited: float) -> None:
        """The code under test really sleeps: nothing lets it live on the clock."""
        story = (
            f"the same {call.rpc} was asked {times:,} times in {waited:.0f} real seconds, while "
            f"the clock of this FakeFlyteAdmin stood still at {call.at:g} s: the code under test "
            "sleeps for real."
        )
        advice = "Let it live on the clock: with governed_by(admin.clock): … (flyte_testkit.world)."
        self._backend.surprises.add(f"{story}\n{advice}")
        self._backend.clock.interrupt(story, advice)

    def _tell_spinning(self, call: Call, times: int) -> None:
        """The code under test asks for ever and never waits."""
        self._backend.clock.interrupt(
            f"the code under test asked {times:,} times for the same "
            f"{call.rpc} at {call.at:g} s, and never waited in between: so time stood still.",
            "Let the loop sleep between its calls, as it must in production.",
        )
