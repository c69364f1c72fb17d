"""Faults between a call and its answer, planted by those who write tests.

A fault strikes attempts on the wire, of which flytekit makes four for one failing call. Faults of
one RPC compose in the order in which they are written: each lets a call pass to the next or
answers it. Time is the clock's: a delay of an hour takes no time, and a call that would outlive its
client's deadline is answered DEADLINE_EXCEEDED when time gets there.

Ignorant of what the calls would do; :mod:`~flyte_testkit.wire.handler` brings them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, get_args

from flyte_testkit.admin.errors import Code
from flyte_testkit.errors import RouteError, close_names
from flyte_testkit.wire.answers import Answer
from flyte_testkit.wire.names import RPCS, Rpc
from flyte_testkit.wire.services import reply_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message

    from flyte_testkit.clock import Clock
    from flyte_testkit.wire.handler import Handler, Hook, Send
    from flyte_testkit.wire.journal import Call, Journal

__all__ = ["Fault", "FaultRoute", "Faults"]

CODES = frozenset(get_args(Code))

_LOST = {"UNAVAILABLE": "Socket closed", "DEADLINE_EXCEEDED": "Deadline Exceeded"}
"""What gRPC itself says where an answer does not arrive."""


class Effect(Protocol):
    """What a fault does to a call that it strikes."""

    def __call__(self, then: Handler, call: Call, send: Send) -> None:
        """Answer the call with ``send``, or let it pass with ``then(call, send)``."""


@dataclass(eq=False)
class Fault:
    """One fault, and how often it struck.

    Attributes:
        what: How it was written.
        effect: What it does.
        times: How many attempts it strikes; None for all.
        after: How many attempts it lets pass before.
        window: From when to when it strikes, in seconds since the clock's start.
        seen: How many attempts it has met.
        struck: How many of them it struck.
    """

    what: str
    effect: Effect
    times: int | None
    after: int
    window: tuple[float, float] | None = None
    seen: int = 0
    struck: int = 0

    def __call__(self, then: Handler, call: Call, send: Send) -> None:
        """Strike the call if it is one of those to be struck, else let it pass."""
        if self._strikes(call):
            self.struck += 1
            self.effect(then, call, send)
        else:
            then(call, send)

    def _strikes(self, call: Call) -> bool:
        if self.window is not None and not self.window[0] <= call.at < self.window[1]:
            return False
        self.seen += 1
        return self.seen > self.after and (self.times is None or self.struck < self.times)


class FaultRoute:
    """The faults of one RPC, or of all; made by ``flyte_admin.on("GetExecution")``.

    Making one plants nothing. Each verb returns the same route, so that faults read as one story.

    Attributes:
        faults: What was planted here, in the order of writing.
    """

    def __init__(self, rpc: str | None, clock: Clock, journal: Journal) -> None:
        self.rpc = rpc
        self.faults: list[Fault] = []
        self._clock = clock
        self._journal = journal

    @property
    def struck(self) -> int:
        """How many attempts were struck here, by all faults together."""
        return sum(fault.struck for fault in self.faults)

    @property
    def calls(self) -> list[Call]:
        """The calls of this RPC, attempt by attempt, struck or not."""
        return [call for call in self._journal.calls if self.rpc in {None, call.rpc}]

    def fails_with(
        self, code: Code, *, times: int | None = 1, after: int = 0, message: str = ""
    ) -> FaultRoute:
        """Answer attempts with this status instead of letting the server see them.

        Args:
            code: The name of a gRPC status code, such as ``"UNAVAILABLE"``.
            times: How many attempts; None for all. flytekit makes four of one failing call.
            after: How many attempts pass before.
            message: The text of the status.

        Raises:
            RouteError: There is no such code, or a number is negative.

        Example:
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     admin.on("GetExecution").fails_with("UNAVAILABLE", times=4)
            <on('GetExecution').fails_with('UNAVAILABLE', times=4): struck 0 times>
        """
        answer = _status(code, message or f"scripted {code}")
        what = f"fails_with({code!r}{_counts(times, after, 1)})"
        return self._plant(what, lambda _then, _call, send: send(answer), times, after)

    def delays(
        self, seconds: float | timedelta, *, times: int | None = None, after: int = 0
    ) -> FaultRoute:
        """Let the server see attempts only so much later, on the clock's time.

        Args:
            seconds: How much later, in seconds or as a ``timedelta``.
            times: How many attempts; None for all.
            after: How many attempts pass before.

        Raises:
            RouteError: The length is negative.
        """
        late = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        if not late >= 0:
            raise RouteError(f"delays({seconds!r}): a call cannot be answered before it came.")

        def delay(then: Handler, call: Call, send: Send) -> None:
            self._clock.call_later(late, then, call, send)

        return self._plant(f"delays({seconds!r}{_counts(times, after, None)})", delay, times, after)

    def hangs(self, *, times: int | None = None, after: int = 0) -> FaultRoute:
        """Never answer attempts: they end at their client's deadline, if it has one.

        Args:
            times: How many attempts; None for all.
            after: How many attempts pass before.
        """
        what = f"hangs({_counts(times, after, None).removeprefix(', ')})"
        return self._plant(what, lambda _then, _call, _send: None, times, after)

    def loses_reply(
        self, code: Code = "UNAVAILABLE", *, times: int | None = 1, after: int = 0
    ) -> FaultRoute:
        """Let the server do what attempts ask for, and tell the client something else.

        Args:
            code: What the client is told: UNAVAILABLE where the connection breaks, and
                DEADLINE_EXCEEDED, at once, where the answer is too late for somebody on the way.
            times: How many attempts; None for all.
            after: How many attempts pass before.

        Raises:
            RouteError: There is no such code, or a number is negative.

        Example:
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     admin.on("CreateExecution").loses_reply("DEADLINE_EXCEEDED", times=2)
            <on('CreateExecution').loses_reply('DEADLINE_EXCEEDED', times=2): struck 0 times>
        """
        lost = _status(code, _LOST.get(code, f"scripted {code}"))

        def lose(then: Handler, call: Call, send: Send) -> None:
            then(call, lambda _: send(lost))

        told = "" if code == "UNAVAILABLE" else repr(code)
        what = f"loses_reply({(told + _counts(times, after, 1)).removeprefix(', ')})"
        return self._plant(what, lose, times, after)

    def answers(self, message: Message, *, times: int | None = None, after: int = 0) -> FaultRoute:
        """Answer attempts with this message, whatever the server would say.

        Args:
            message: A reply of this RPC.
            times: How many attempts; None for all.
            after: How many attempts pass before.

        Raises:
            RouteError: The RPC has replies of another kind, or the route is that of every RPC.
        """
        expected = reply_class(self.rpc) if self.rpc else None
        if expected is None or not isinstance(message, expected):
            kind = f"replies {expected.__name__}" if expected else "stands for every RPC"
            raise RouteError(f"{self!r} {kind}, not {type(message).__name__}.")
        answer = Answer("OK", message)
        what = f"answers({type(message).__name__}(…){_counts(times, after, None)})"
        return self._plant(what, lambda _then, _call, send: send(answer), times, after)

    def between(self, start: float, end: float) -> FaultRoute:
        """Let the fault written just before strike from ``start`` on and until ``end``.

        All attempts in that window are struck, however many, and none outside it.

        Args:
            start: Seconds since the clock's start.
            end: Likewise; the first instant that is free again.

        Raises:
            RouteError: Nothing was written before, or the window is empty.
        """
        if not self.faults or self.faults[-1].window is not None:
            raise RouteError(f"{self!r}.between({start!r}, {end!r}) follows no fault to limit.")
        if not start < end:
            raise RouteError(f"between({start!r}, {end!r}) ends before it begins.")
        fault = self.faults[-1]
        fault.window, fault.times, fault.after = (start, end), None, 0
        fault.what += f".between({start!r}, {end!r})"
        return self

    def _plant(self, what: str, effect: Effect, times: int | None, after: int) -> FaultRoute:
        if after < 0 or (times is not None and times < 1):
            raise RouteError(
                f"{what}: times is 1 or more (or None for all), and after is 0 or more."
            )
        self.faults.append(Fault(what, effect, times, after))
        return self

    def __repr__(self) -> str:
        name = "" if self.rpc is None else repr(self.rpc)
        story = ".".join([f"on({name})", *(fault.what for fault in self.faults)])
        return f"<{story}: struck {self.struck} times>"


class Faults:
    """All fault routes of one server.

    Args:
        clock: Whose time delays and windows are in.
        journal: What the routes' calls are read from.
    """

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._new: Callable[[str | None], FaultRoute] = lambda rpc: FaultRoute(rpc, clock, journal)
        self._routes: dict[str | None, FaultRoute] = {}

    def on(self, rpc: Rpc | None) -> FaultRoute:
        """Return the route of this RPC, the same one each time; None is every RPC.

        Raises:
            RouteError: There is no such RPC.
        """
        if rpc is not None and rpc not in RPCS:
            raise RouteError(
                f"on({rpc!r}): there is no such RPC.{close_names(str(rpc), RPCS)}\n"
                "Without a name, on() is every RPC."
            )
        if rpc not in self._routes:
            self._routes[rpc] = self._new(rpc)
        return self._routes[rpc]

    def hooks(self, rpc: str) -> Sequence[Hook]:
        """Return the faults that calls of this RPC pass, the RPC's own before those of all."""
        routes = [self._routes[name] for name in (rpc, None) if name in self._routes]
        return [fault for route in routes for fault in route.faults]


def _status(code: Code, message: str) -> Answer:
    if code not in CODES:
        raise RouteError(f"{code!r} is no gRPC status code.{close_names(str(code).upper(), CODES)}")
    return Answer(code, None, message)


def _counts(times: int | None, after: int, usual: int | None) -> str:
    said = "" if times == usual else f", times={times!r}"
    return said + (f", after={after!r}" if after else "")
