"""One fault: which calls it strikes, and what it says if it never struck.

Ignorant of what it does to a call, and of how faults are written.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple, Protocol

from flyte_testkit.errors import RouteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flyte_testkit.wire.exchange import Handler, Send
    from flyte_testkit.wire.journal import Call

__all__ = ["Effect", "Fault", "Reach"]


class Effect(Protocol):
    """What a fault does to a call that it strikes."""

    def __call__(self, then: Handler, call: Call, send: Send, /) -> None:
        """Answer the call with ``send``, or let it pass with ``then(call, send)``."""


class Reach(NamedTuple):
    """Which calls a fault strikes: those that all of this allows.

    Attributes:
        times: How many calls at most, each with all its attempts; None for all.
        attempts: How many attempts at most, whatever calls they are of; None for all.
        after: How many calls pass before.
        strict: Whether it is an error if nothing is struck.
        window: From when to when, in seconds since the clock's start; None is always.
    """

    times: int | None = None
    attempts: int | None = None
    after: int = 0
    strict: bool = True
    window: tuple[float, float] | None = None

    def told(self) -> Iterator[str]:
        """Yield the limits that were given, as keywords."""
        for name in ("times", "attempts", "after"):
            value = getattr(self, name)
            if value != Reach._field_defaults[name]:
                yield f"{name}={value!r}"

    def check(self, what: str) -> None:
        """Check that numbers are numbers.

        Raises:
            RouteError: One is not.
        """
        for name, least in (("times", 1), ("attempts", 1), ("after", 0)):
            value = getattr(self, name)
            if value is None and name != "after":
                continue
            if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
                unlimited = "" if name == "after" else ", or None for all"
                raise RouteError(
                    f"{what}: {name} is {least} or more{unlimited}, a whole number; "
                    f"{value!r} is not."
                )
        if not isinstance(self.strict, bool):
            raise RouteError(f"{what}: strict is True or False; {self.strict!r} is neither.")


@dataclass(eq=False)
class Fault:
    """One fault, and how often it struck.

    Attributes:
        what: How it was written.
        effect: What it does.
        reach: Which calls it strikes.
        met: How many attempts came by.
        struck: How many of them it struck.
    """

    what: str
    effect: Effect
    reach: Reach
    met: int = 0
    struck: int = 0
    _passed: int = 0  # calls in its window that were let pass, as ``after`` wants it
    _chosen: int = 0  # calls that it strikes
    _verdicts: dict[int, bool] = field(default_factory=dict)  # by the turn of a call
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, then: Handler, call: Call, send: Send) -> None:
        """Strike the call if it is one of those to be struck, else let it pass."""
        with self._lock:  # two calls may come at once
            strikes = self._strikes(call)
            self.met += 1
            self.struck += strikes
        if not strikes:
            then(call, send)
            return
        held_by, call.held_by = call.held_by, self.what

        def passes_on(call: Call, send: Send) -> None:
            call.held_by = held_by
            then(call, send)

        self.effect(passes_on, call, send)

    def _strikes(self, call: Call) -> bool:
        reach = self.reach
        if reach.window is not None and not reach.window[0] <= call.at < reach.window[1]:
            return False
        if reach.attempts is not None and self.struck >= reach.attempts:
            return False
        if call.turn not in self._verdicts:
            self._verdicts[call.turn] = self._chooses()
        return self._verdicts[call.turn]

    def _chooses(self) -> bool:
        """Say whether a call is one to be struck, and count it."""
        if self._passed < self.reach.after:
            self._passed += 1
            return False
        if self.reach.times is not None and self._chosen >= self.reach.times:
            return False
        self._chosen += 1
        return True

    def complaint(self, rpc: str | None, calls: Sequence[Call], count: int) -> str:
        """Say that it never struck, what is true instead, and what to do.

        Args:
            rpc: The RPC that it is for; None is every RPC.
            calls: The calls of that RPC that are remembered.
            count: How many there were.
        """
        truth = self._truth(rpc or "Nothing", calls, count)
        return (
            f"{self.what} was planted, and never struck. {truth}\n"
            "Take the fault out, or find out why the code under test made no such call; "
            "strict=False lets a fault be that may never strike."
        )

    def _truth(self, name: str, calls: Sequence[Call], count: int) -> str:
        if not count:
            return f"{name} was {'' if name == 'Nothing' else 'not '}called at all."
        times = "once" if count == 1 else f"{count:,} times"
        counted = f"{'The server' if name == 'Nothing' else name} was called {times}"
        if not calls:
            return f"{counted}."
        counted += f", the last time at {calls[-1].at:,.10g} s"
        if not self.met:
            return f"{counted}, before this was written or answered by the faults before it."
        start, end = self.reach.window or (0, 0)
        if self.reach.window and not any(start <= call.at < end for call in calls):
            return f"{counted}, and never from {start:,.10g} s until {end:,.10g} s."
        return f"{counted}, and after={self.reach.after!r} lets calls pass before."
