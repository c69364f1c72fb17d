"""Every call that reached the server, attempt by attempt.

Clients retry under the hood: flytekit makes four attempts of one failing call, at one instant. The
journal tells attempts from calls: an attempt has the same RPC and the same request as one before,
which failed at this very instant. Messages are kept as they travelled, equal ones once, and parsed
for whoever reads them: a day of polls must not fill the memory. Ignorant of what calls mean.
"""

from __future__ import annotations

import _thread
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock import SystemClock
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.wire.packed import Packer

if TYPE_CHECKING:
    from collections.abc import Callable, MutableSequence, Sequence

    from google.protobuf.message import Message

    from flyte_testkit.clock import Clock
    from flyte_testkit.wire.packed import Packed

    Metadata = tuple[tuple[str, str | bytes], ...]

__all__ = ["ATTEMPTS", "OURS", "Call", "Journal", "blurred"]

ATTEMPTS = 4
"""So many attempts flytekit makes of one failing call; one more is another call."""

OURS = "flyte-testkit"
"""How flyte_testkit.client's requests begin to say whose they are, as their user agent."""

_MOMENT = 0.25
"""Seconds that count as one instant on a real clock: flytekit repeats a failed call sooner."""

_TOLD = 10
"""So many held calls are told of one by one."""

_SETTLED = frozenset({"OK", "DEADLINE_EXCEEDED"})
"""After these flytekit does not try again."""


class Call:
    """One attempt of one RPC, as the server saw it.

    Attributes:
        rpc: The bare name, such as ``"GetExecution"``.
        at: When it arrived, in virtual seconds since the clock's start.
        deadline: The client's deadline in seconds from then on; None if it has none.
        attempt: 1 for the first, more for a retry of the same call.
        turn: Which call of its server this is; all attempts of a call have the same number.
        code: The name of the status it was answered with; None as long as it is not.
        message: The text that came with the code; empty for ``"OK"``.
        ended: When it was answered, in virtual seconds since the clock's start; None as long as it
            is not.
        held_by: What holds its answer back, in words; empty if nothing does.
        metadata: The metadata that came with the request, as pairs of name and value in the order
            of their sending; values are bytes where the name ends in ``-bin``. What gRPC itself
            adds is among them (``user-agent``), and what a governed world adds is not.

    Example:
        >>> from flyteidl.admin.version_pb2 import GetVersionRequest
        >>> from flyteidl.service.admin_pb2_grpc import AdminServiceStub
        >>> from flyte_testkit.server import FakeFlyteAdmin
        >>> with FakeFlyteAdmin() as admin, admin.channel() as channel:
        ...     stub = AdminServiceStub(channel)
        ...     _ = stub.GetVersion(GetVersionRequest(), metadata=[("authorization", "Bearer abc")])
        ...     dict(admin.calls[0].metadata)["authorization"]
        'Bearer abc'
    """

    __slots__ = (
        *("_details", "_reply", "_request", "at", "attempt", "code", "deadline", "ended"),
        *("held_by", "message", "metadata", "rpc", "turn"),
    )

    def __init__(
        self,
        rpc: str,
        request: Packed,
        *,
        at: float,
        deadline: float | None,
        metadata: Metadata = (),
    ) -> None:
        self.rpc = rpc
        self.metadata = metadata
        self.at = at
        self.deadline = deadline
        self.attempt = 1
        self.turn = 0
        self.code: str | None = None
        self.message = ""
        self.ended: float | None = None
        self.held_by = ""
        self._request = request
        self._reply: Packed | None = None
        self._details: tuple[Packed, ...] = ()

    @property
    def request(self) -> Any:
        """The message that was sent: a fresh copy each time."""
        return self._request.message()

    @property
    def reply(self) -> Any:
        """The message it was answered with, a fresh copy each time; None unless it was OK."""
        return None if self._reply is None else self._reply.message()

    @property
    def details(self) -> tuple[Any, ...]:
        """The details of the status it was answered with (``google.rpc.Status``), fresh copies.

        A client finds them in its trailing metadata, ``grpc-status-details-bin``. FlyteAdmin gives
        one to some refusals, such as an ``EventFailureReason``; most have none.
        """
        return tuple(packed.message() for packed in self._details)

    def __repr__(self) -> str:
        attempt = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"<{self.rpc}{attempt} at {self.at:,.10g} s: {self.code or 'unanswered'}>"


class Journal:
    """The calls of one server, in the order of their arrival.

    Args:
        keep: How many of the latest calls are remembered; None for all.
        blur: How many seconds count as one instant: none on a virtual clock, a moment on a real
            one.

    Attributes:
        calls: Those that are remembered.
        counts: How many calls there were of each RPC and code, those that are forgotten too.
        listeners: Told of each call as it arrives, before it is answered.
        answered: Told of each call once it is answered.
    """

    def __init__(self, *, keep: int | None = None, blur: float = 0) -> None:
        self.calls: MutableSequence[Call] = [] if keep is None else deque(maxlen=keep)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.listeners: list[Callable[[Call], object]] = []
        self.answered: list[Callable[[Call], object]] = []
        self._remembers = keep != 0
        self._blur = blur
        self._packer = Packer(shared=keep is None)
        self._sent: dict[Metadata, Metadata] | None = {} if keep is None else None
        self._turns = 0
        self._failed: dict[tuple[str, bytes], Call] = {}  # within an instant
        self._failed_before: dict[tuple[str, bytes], Call] = {}  # in the one before, if it is near
        self._instant = 0.0
        self._lock = _thread.allocate_lock()

    @classmethod
    def on(cls, clock: Clock, *, keep: int | None) -> Journal:
        """Return the journal of a server that lives on this clock.

        Raises:
            FlyteTestkitError: ``keep`` is no number of calls.
        """
        if keep is not None and (type(keep) is not int or keep < 0):
            raise FlyteTestkitError(
                f"keep_calls={keep!r}: how many calls to remember is 0 or more, or None for all."
            )
        return cls(keep=keep, blur=_MOMENT if isinstance(clock, SystemClock) else 0)

    def begin(
        self,
        rpc: str,
        request: Message,
        *,
        at: float,
        deadline: float | None,
        raw: bytes | None = None,
        repeats: bool = True,
        metadata: Metadata = (),
    ) -> Call:
        """Write down that a call arrived.

        Args:
            rpc: The bare name of the RPC.
            request: The message that was sent.
            at: When, in virtual seconds since the clock's start.
            deadline: The client's deadline in seconds from then on; None if it has none.
            raw: The message as it travelled, if it is known.
            repeats: Whether its client may repeat a failed call at once, so that this may be an
                attempt of one before.
            metadata: What the client sent besides the request.
        """
        packed = self._packer.pack(request, raw)
        if self._sent is not None:
            metadata = self._sent.setdefault(metadata, metadata)  # equal ones once, as messages
        call = Call(rpc, packed, at=at, deadline=deadline, metadata=metadata)
        with self._lock:
            before = None
            if self._failed or self._failed_before:
                before = self._attempt_before(call, packed, repeats=repeats)
            if before is not None:
                call.turn, call.attempt = before.turn, before.attempt + 1
            else:
                self._turns += 1
                call.turn = self._turns
            self.calls.append(call)
        for listener in self.listeners:
            listener(call)
        return call

    def end(
        self,
        call: Call,
        code: str,
        reply: Message | None,
        message: str,
        *,
        raw: bytes | None = None,
        at: float | None = None,
        details: Sequence[Message] = (),
    ) -> bool:
        """Write down how a call was answered; False if it had been answered already.

        Args:
            call: The call.
            code: The name of its status.
            reply: The message it is answered with, if the code is ``"OK"``.
            message: The text that comes with any other code.
            raw: The reply as it travels, if it is known.
            at: When, in virtual seconds since the clock's start; by default when it arrived.
            details: The typed details of a status that is not OK.
        """
        packed = None if reply is None or not self._remembers else self._packer.pack(reply, raw)
        with self._lock:  # a held call may be answered and cancelled at once
            if call.code is not None:
                return False
            call.message, call._reply = message, packed  # noqa: SLF001  a class of this module
            if details and self._remembers:
                call._details = tuple(map(self._packer.pack, details))  # noqa: SLF001  likewise
            call.ended = call.at if at is None else at
            call.code = code  # last: who sees it sees the others
            self.counts[call.rpc, code] += 1
            if code not in _SETTLED and call.attempt < ATTEMPTS:
                self._forget_failures(call.ended)
                self._failed[call.rpc, call._request.raw] = call  # noqa: SLF001  likewise
        for listener in self.answered:
            listener(call)
        return True

    def count(self, rpc: str | None) -> int:
        """Return how many calls of an RPC were answered, those that are forgotten too; None: all.

        They may come and go meanwhile.
        """
        with self._lock:
            return sum(count for (each, _), count in self.counts.items() if rpc in {None, each})

    def next_due(self) -> None:
        """Return that nothing will happen by itself: a journal only tells of what is held."""

    def story(self) -> str:
        """Tell of the calls that faults hold back: by which, since when, and until when."""
        held = [call for call in list(self.calls) if call.code is None and call.held_by]
        lines = [
            f"  {call.rpc} is held since {call.at:,.10g} s by {call.held_by}, and {_ends(call)}"
            for call in held[:_TOLD]
        ]
        more = len(held) - _TOLD
        return "\n".join([*lines, f"  and {more:,} more calls are held"] if more > 0 else lines)

    def _attempt_before(self, call: Call, request: Packed, *, repeats: bool) -> Call | None:
        """Return the attempt that a call repeats, if it does; only with the lock."""
        self._forget_failures(call.at)
        if not repeats:
            return None
        key = (call.rpc, request.raw)
        before = self._failed.pop(key, None) or self._failed_before.pop(key, None)
        lately = before is not None and call.at - (before.ended or 0) <= self._blur
        return before if lately else None

    def _forget_failures(self, now: float) -> None:
        """Forget what failed too long ago to be tried again at once; only with the lock."""
        passed = now - self._instant
        if passed > self._blur:
            self._failed_before = self._failed if passed <= 2 * self._blur else {}
            self._failed, self._instant = {}, now


def _ends(call: Call) -> str:
    if call.deadline is None:
        return "has no deadline"
    return f"its deadline is at {call.at + call.deadline:,.10g} s"


def blurred(remaining: float | None) -> float | None:
    """Return a deadline as the client meant it: gRPC rounds it up on its way, 60 s to 60.0998.

    Promises half a second up to 100 s, and one per cent beyond.

    Example:
        >>> blurred(60.0998)
        60.0
    """
    if remaining is None or remaining > 10**8:  # gRPC's way of saying that there is none
        return None
    return round(remaining * 2) / 2
