"""Faults between a call and its answer, planted by those who write tests.

A fault strikes calls of the code under test, with all the attempts that its client makes of them:
flytekit makes four of one failing call, at once, and would else hide the fault. Faults of one RPC
compose in the order in which they are written: each lets a call pass to the next or answers it.
Time is the clock's: a delay of an hour takes no time, and a call that would outlive its client's
deadline is answered DEADLINE_EXCEEDED when time gets there.

Ignorant of what the calls would do; :mod:`~flyte_testkit.wire.exchange` brings them here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.errors import RouteError, close_names, suggests_keywords
from flyte_testkit.wire import fault_arguments as arguments
from flyte_testkit.wire.answers import Answer, success
from flyte_testkit.wire.fault import Fault, Reach
from flyte_testkit.wire.names import RPCS, Rpc
from flyte_testkit.wire.services import reply_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

    import grpc
    from google.protobuf.message import Message

    from flyte_testkit.admin.errors import Code
    from flyte_testkit.clock import Clock
    from flyte_testkit.wire.exchange import Handler, Hook, Send
    from flyte_testkit.wire.fault import Effect
    from flyte_testkit.wire.journal import Call, Journal

__all__ = ["Fault", "FaultRoute", "Faults"]

CODES = arguments.CODES

_LOST = {"UNAVAILABLE": "Socket closed", "DEADLINE_EXCEEDED": "Deadline Exceeded"}
"""What gRPC itself says where an answer does not arrive."""


class FaultRoute:
    """The faults of one RPC, or of all; made by ``flyte_admin.on("GetExecution")``.

    Making one plants nothing. Each verb plants a fault that strikes every call until it is told
    otherwise, and returns the same route, so that faults read as one story. What limits a fault
    composes: ``times`` and ``attempts``, ``after``, and :meth:`between`. A fault that never strikes
    fails the test, as a script does that is never played; ``strict=False`` forgives it.

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
        return [call for call in list(self._journal.calls) if self.rpc in {None, call.rpc}]

    @suggests_keywords
    def fails_with(
        self,
        code: Code | grpc.StatusCode,
        *,
        times: int | None = None,
        attempts: int | None = None,
        after: int = 0,
        message: str = "",
        strict: bool = True,
    ) -> FaultRoute:
        """Answer calls with this status instead of letting the server see them.

        Args:
            code: A gRPC status code or its name, such as ``"UNAVAILABLE"``.
            times: How many calls of the code under test, each with all its attempts; None for all.
            attempts: How many attempts on the wire, of which flytekit makes four of one failing
                call; None for all.
            after: How many calls pass before.
            message: The text of the status.
            strict: Whether the test fails if nothing is struck.

        Raises:
            RouteError: There is no such code, or a number is none.

        Example:
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin(strict=False) as admin:
            ...     admin.on("GetExecution").fails_with("UNAVAILABLE", times=1)
            <on('GetExecution').fails_with('UNAVAILABLE', times=1): struck 0 times>
        """
        status = arguments.code(code, f"{self.name}.fails_with")
        told = arguments.text(message, f"{self.name}.fails_with(…, message=…)")
        answer = Answer(status, None, told or f"scripted {status}")
        what = f"fails_with({status!r})"

        def fail(_then: Handler, _call: Call, send: Send) -> None:
            send(answer)

        return self._plant(what, fail, times, after, attempts, strict=strict)

    @suggests_keywords
    def delays(
        self,
        seconds: float | timedelta,
        *,
        times: int | None = None,
        attempts: int | None = None,
        after: int = 0,
        strict: bool = True,
    ) -> FaultRoute:
        """Let the server see calls only so much later, on the clock's time.

        Args:
            seconds: How much later, in seconds or as a ``timedelta``.
            times: How many calls of the code under test; None for all.
            attempts: How many attempts on the wire; None for all.
            after: How many calls pass before.
            strict: Whether the test fails if nothing is struck.

        Raises:
            RouteError: The length is negative or endless, or a number is none.
        """
        late = arguments.seconds(seconds, f"{self.name}.delays")
        clock = self._clock

        def delay(then: Handler, call: Call, send: Send) -> None:
            call.held_by += f", which lets go at {clock.elapsed + late:,.10g} s"
            clock.call_later(late, then, call, send)

        return self._plant(f"delays({seconds!r})", delay, times, after, attempts, strict=strict)

    @suggests_keywords
    def hangs(
        self,
        *,
        times: int | None = None,
        attempts: int | None = None,
        after: int = 0,
        strict: bool = True,
    ) -> FaultRoute:
        """Never answer calls: they end at their client's deadline, if it has one.

        Args:
            times: How many calls of the code under test; None for all.
            attempts: How many attempts on the wire; None for all.
            after: How many calls pass before.
            strict: Whether the test fails if nothing is struck.

        Raises:
            RouteError: A number is none.
        """

        def hang(_then: Handler, call: Call, _send: Send) -> None:
            call.held_by += ", which never lets go"  # its deadline is seen to by who holds it

        return self._plant("hangs()", hang, times, after, attempts, strict=strict)

    @suggests_keywords
    def loses_reply(
        self,
        code: Code | grpc.StatusCode = "UNAVAILABLE",
        *,
        times: int | None = None,
        attempts: int | None = None,
        after: int = 0,
        strict: bool = True,
    ) -> FaultRoute:
        """Let the server do what calls ask for, and tell the client something else.

        Args:
            code: What the client is told: UNAVAILABLE where the connection breaks, and
                DEADLINE_EXCEEDED, at once, where the answer is too late for somebody on the way.
            times: How many calls of the code under test, each with all its attempts; None for all.
            attempts: How many attempts on the wire; None for all. With 1, flytekit's own second
                attempt is answered as the server answers it.
            after: How many calls pass before.
            strict: Whether the test fails if nothing is struck.

        Raises:
            RouteError: There is no such code, or a number is none.
        """
        status = arguments.code(code, f"{self.name}.loses_reply")
        lost = Answer(status, None, _LOST.get(status, f"scripted {status}"))

        def lose(then: Handler, call: Call, send: Send) -> None:
            then(call, lambda _: send(lost))

        what = f"loses_reply({'' if status == 'UNAVAILABLE' else repr(status)})"
        return self._plant(what, lose, times, after, attempts, strict=strict)

    @suggests_keywords
    def answers(
        self,
        message: Message,
        *,
        times: int | None = None,
        attempts: int | None = None,
        after: int = 0,
        strict: bool = True,
    ) -> FaultRoute:
        """Answer calls with this message, whatever the server would say.

        Args:
            message: A reply of this RPC.
            times: How many calls of the code under test; None for all.
            attempts: How many attempts on the wire; None for all.
            after: How many calls pass before.
            strict: Whether the test fails if nothing is struck.

        Raises:
            RouteError: The RPC has replies of another kind, or the route is that of every RPC, or a
                number is none.
        """
        expected = reply_class(self.rpc) if self.rpc else None
        told = arguments.reply(message, expected, self.name)

        def reply(_then: Handler, _call: Call, send: Send) -> None:
            send(success(told))

        what = f"answers({type(message).__name__}(…))"
        return self._plant(what, reply, times, after, attempts, strict=strict)

    def between(self, start: float | timedelta, end: float | timedelta) -> FaultRoute:
        """Let the fault written just before strike from ``start`` on and until ``end`` only.

        What else limits it holds within that window: ``times`` calls are struck at most, and
        ``after`` so many have passed. A fault whose window is refused is planted no longer.

        Args:
            start: Seconds since the clock's start, or a ``timedelta``.
            end: Likewise; the first instant that is free again. ``math.inf`` is never.

        Raises:
            RouteError: Nothing was written before, or its window was, or this window is empty.
        """
        if not self.faults:
            raise RouteError(f"{self.name}.between({start!r}, {end!r}) follows no fault to limit.")
        fault = self.faults[-1]
        if fault.reach.window is not None:
            raise RouteError(
                f"{fault.what}.between({start!r}, {end!r}) follows no fault to limit: the one "
                "before has its window.\nFor another window, write the verb once more."
            )
        try:
            window = arguments.window(start, end, fault.what)
        except RouteError:
            self.faults.remove(fault)
            raise
        fault.reach = fault.reach._replace(window=window)
        fault.what += f".between({start!r}, {end!r})"
        return self

    @property
    def name(self) -> str:
        """The route as it is asked for."""
        return f"on({'' if self.rpc is None else repr(self.rpc)})"

    def complaints(self) -> Iterator[str]:
        """Yield what there is to say of faults that never struck."""
        idle = [fault for fault in self.faults if fault.reach.strict and not fault.struck]
        if idle:
            calls = self.calls
            count = max(len(calls), self._journal.count(self.rpc))
            for fault in idle:
                yield fault.complaint(self.rpc, calls, count)

    def _plant(
        self,
        what: str,
        effect: Effect,
        times: int | None,
        after: int,
        attempts: int | None = None,
        *,
        strict: bool = True,
    ) -> FaultRoute:
        reach = Reach(times, attempts, after, strict)
        limits = ", ".join(reach.told())
        if limits:
            what = what.removesuffix(")")
            what += f"{'' if what.endswith('(') else ', '}{limits})"
        fault = Fault(f"{self.name}.{what}", effect, reach)
        reach.check(fault.what)
        self.faults.append(fault)
        return self

    def __repr__(self) -> str:
        if not self.faults:
            return f"<{self.name}: nothing is planted>"
        story = "".join(fault.what.removeprefix(self.name) for fault in self.faults)
        return f"<{self.name}{story}: struck {self.struck} times>"


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
        if rpc is not None and not (isinstance(rpc, str) and rpc in RPCS):
            bare = str(rpc).rpartition("/")[2]
            raise RouteError(
                f"on({rpc!r}): there is no such RPC.{close_names(bare, RPCS)}\n"
                "Without a name, on() is every RPC."
            )
        if rpc not in self._routes:
            self._routes.setdefault(rpc, self._new(rpc))  # of two threads one is first
        return self._routes[rpc]

    def hooks(self, rpc: str) -> Sequence[Hook]:
        """Return the faults that calls of this RPC pass, the RPC's own before those of all."""
        if not self._routes:
            return ()
        routes = [self._routes[name] for name in (rpc, None) if name in self._routes]
        return [fault for route in routes for fault in route.faults]

    def planted(self) -> Iterator[Fault]:
        """Yield all faults, route by route."""
        for route in list(self._routes.values()):
            yield from route.faults

    def complaints(self) -> Iterator[str]:
        """Yield what there is to say of faults that never struck."""
        for route in list(self._routes.values()):
            yield from route.complaints()
