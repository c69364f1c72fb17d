"""The guard against clients that ask for ever while nobody waits on the clock.

Such a loop moves no clock, so nothing it waits for can happen. Calls are counted, never seconds: a
slow machine, a debugger's pause and real work between two calls make no loop. Who is struck is
told, and the server goes on: whatever is asked next is answered.

Ignorant of what is asked.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Protocol

from flyte_testkit.clock import VirtualClock, governing_clock

if TYPE_CHECKING:
    from datetime import datetime

    from flyte_testkit.clock import Clock
    from flyte_testkit.errors import HopelessWait
    from flyte_testkit.wire.journal import Call
    from flyte_testkit.wire.service import Service

__all__ = ["MANY", "SpinGuard"]

MANY = 2000
"""So many equal calls on a clock that stands still are a loop: two real seconds of one that does
nothing else, and more than any crowd of threads asks at one instant."""

_ADVICE = (
    "Only waiting on the clock moves it: time.sleep, asyncio.sleep, Event.wait and their like, in "
    "this process. Other processes keep real time, and so do uvloop, trio, C code and a time.sleep "
    "that a mock replaced."
)
_NOBODY = (
    "No thread lives on the clock of this FakeFlyteAdmin: with governed_by(admin.clock): … "
    "(flyte_testkit.world) lets the code under test wait on it."
)


class Caller(Protocol):
    """What the guard asks of who carries a call: only if it strikes."""

    @property
    def call(self) -> object:
        """The id by which the clock knows who stands in the call."""


class SpinGuard:
    """Counts how often each call was repeated since the clock moved, or anything was changed.

    Only the same request makes a loop: a test may well register a thousand things in a row. Nor do
    looks make one that a script waits for: ``running(polls(5000))``.

    Args:
        service: Whose clock it looks at, and whose executions are told about.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stranger = _Stranger(service.clock)
        self._seen_at: float | None = None
        self._counts: dict[tuple[str, bytes], int] = {}

    def count(self, call: Call, raw: bytes, caller: Caller | None = None) -> HopelessWait | None:
        """Count a call; if it is one of endlessly many, stop the code under test and say why.

        Args:
            call: The call.
            raw: Its request as it travelled.
            caller: Who carries the call, and knows by which id the clock knows who stands in it.
        """
        asked = call.rpc, raw
        if call.at != self._seen_at:
            self._seen_at = call.at
            self._counts = {}
            self._stranger.meet()
        elif not call.rpc.startswith(("Get", "List")):  # it may change what the others see
            self._counts = {asked: self._counts.get(asked, 0)}
        counts = self._counts
        count = counts[asked] = counts.get(asked, 0) + 1
        if count > 1:
            self._stranger.look(call)
        if count < MANY:
            return None
        clock = self._service.clock
        if clock.limit is None or clock.broken is not None:
            return None  # a real clock has no limit
        times = self._counts.pop(asked, 0)  # whoever goes on is counted anew
        if not times or self._service.counts(call.rpc, call.request):
            return None  # another call of this very loop was struck, or it is none
        due = self._service.engine.next_due()
        return clock.strike(
            f"{call.rpc} was asked {times:,} times with one and the same request, and nothing "
            f"waited on the clock in between: it stands still at {call.at:g} s, and {_never(due)}",
            f"{_ADVICE}\n{_NOBODY}" if clock.deserted else _ADVICE,
            call=None if caller is None else caller.call,
        )


class _Stranger:
    """Tells of a server that has a clock of its own, in a world where another one governs.

    Whoever waits and asks again then sees nothing change. It is told in what the clock of the world
    says of a hopeless wait, and as a warning, for a wait may end by its time-out before.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moves = 0
        self._told = not isinstance(clock, VirtualClock)  # real time passes by itself
        self._text = ""

    def meet(self) -> None:
        """Remember where the world is, when this clock has moved."""
        governing = governing_clock()
        self._moves = governing.moves if governing is not None else 0

    def look(self, call: Call) -> None:
        """See whether the clock of the world has moved, and this one has not."""
        governing = governing_clock()
        if self._told or governing in (None, self._clock) or governing.moves <= self._moves:
            return
        self._told = True
        self._text = (
            f"{call.rpc} is asked of a FakeFlyteAdmin that has a clock of its own, and that stands "
            f"still at {call.at:g} s: waiting moves the clock of the world. Give it none, and it "
            "takes the world's."
        )
        governing.watch(self)
        with contextlib.suppress(RuntimeWarning):  # as an error it would be the server's
            warnings.warn(self._text, RuntimeWarning, stacklevel=2)

    def next_due(self) -> None:
        """Nothing of it happens in the time of the world."""

    def story(self) -> str:
        """Return what was told."""
        return self._text


def _never(due: datetime | None) -> str:
    if due is None:
        return "nothing is scheduled."
    return f"what is scheduled for {due.isoformat()} cannot happen."
