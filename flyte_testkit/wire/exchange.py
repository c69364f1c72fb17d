"""What happens to every call, from its bytes to its answer, whatever the RPC.

A call is written down, passes the hooks of its RPC, is answered by the service and written down
again. While a hook holds a call back no thread waits for it: it is answered when somebody says so,
at its deadline, or when its client is gone.

Ignorant of how calls are carried, of rules, of scripts and of what hooks do.
"""

from __future__ import annotations

import traceback
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.wire.answers import Answer, refusal, success
from flyte_testkit.wire.guard import SpinGuard
from flyte_testkit.wire.services import unimplemented

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message

    from flyte_testkit.clock import Clock
    from flyte_testkit.clock._types import Handle
    from flyte_testkit.errors import HopelessWait
    from flyte_testkit.wire.journal import Call, Journal, Metadata
    from flyte_testkit.wire.service import Service
    from flyte_testkit.wire.services import Method

    Send = Callable[[Answer], None]
    Handler = Callable[[Call, Send], None]

__all__ = ["Caller", "Exchange", "Hook"]

_LATE = Answer("DEADLINE_EXCEEDED", None, "Deadline Exceeded")
_GONE = Answer("CANCELLED", None, "the client went away")


class Hook(Protocol):
    """Something that stands between a call and its answer."""

    def __call__(self, then: Handler, call: Call, send: Send) -> None:
        """Answer a call with ``send``, now or later; ``then(call, send)`` lets it pass."""


class Caller(Protocol):
    """Who carries one call: what came with the request, and the way back."""

    @property
    def call(self) -> object:
        """The id by which the clock knows who stands in the call."""

    def held(self) -> object:
        """Hear that the answer comes later; return the id by which the call is held back."""

    @property
    def deadline(self) -> float | None:
        """In seconds, as the client meant it; None if it has none."""

    @property
    def repeats(self) -> bool:
        """Whether its client may make another attempt of a failed call at once."""

    @property
    def metadata(self) -> Metadata:
        """What its client sent besides the request."""

    def send(self, answer: Answer) -> None:
        """Take the answer back; said once, by any thread."""

    def when_gone(self, told: Callable[[], None]) -> bool:
        """Call a function once the client waits no longer; False if it is gone already."""


class Exchange:
    """Answers the calls to one service, whoever carries them.

    Args:
        service: What answers.
        journal: Where calls are written down.
        hooks: Which hooks the calls of an RPC pass, in order.

    Attributes:
        methods: What may be called, by path.
        hooks: Which hooks a call passes, to be asked once for each; without any it is answered
            before :meth:`take` returns.
    """

    def __init__(
        self, service: Service, journal: Journal, hooks: Callable[[str], Sequence[Hook]]
    ) -> None:
        self.methods = service.methods
        self.hooks = hooks
        self._service = service
        self._journal = journal
        self._spin = SpinGuard(service)

    def unknown(self, path: str) -> Answer:
        """Return the answer to a call of none of the methods, which nobody hears of."""
        return Answer("UNIMPLEMENTED", None, unimplemented(path, self.methods))

    def take(
        self, method: Method, raw: bytes, caller: Caller, hooks: Sequence[Hook] | None = None
    ) -> None:
        """Answer a call, now or later.

        Args:
            method: What is called.
            raw: The request as it travelled.
            caller: Who carries it, and takes the answer back.
            hooks: What the call passes, if its carrier has asked already.
        """
        try:
            request = method.request.FromString(raw)
        except Exception as error:  # noqa: BLE001  whatever the parser dislikes
            caller.send(Answer("INTERNAL", None, _unmarshalling(error)))
            return
        if hooks is None:
            hooks = self.hooks(method.rpc)
        clock = self._service.clock
        call = self._journal.begin(
            method.rpc,
            request,
            raw=raw,
            at=clock.elapsed,
            deadline=caller.deadline,
            repeats=caller.repeats,
            metadata=caller.metadata,
        )
        struck = self._spin.count(call, raw, caller)
        lost = struck or clock.broken
        if lost is not None:
            self._finish(call, request, caller.send, _gave_up(lost))
        elif hooks:
            self._pass(method, request, call, caller, hooks)
        else:
            self._finish(call, request, caller.send, self._answer(method, request))

    def _pass(
        self, method: Method, request: Message, call: Call, caller: Caller, hooks: Sequence[Hook]
    ) -> None:
        """Let a call pass its hooks, which may answer it, now or later."""
        passing = _Passing(self, method, request, call, caller)
        handler: Handler = passing.arrive
        for hook in reversed(hooks):
            handler = partial(hook, handler)
        try:
            handler(call, passing.finish)
        except Exception:  # noqa: BLE001  a hook of the test's own that raises is told below
            passing.finish(self._bug(method))
        if call.code is None:
            passing.hold(self._service.clock, caller)

    def _finish(self, call: Call, request: Any, send: Send, answer: Answer) -> None:
        """Answer a call, unless it is answered already."""
        code, reply, message, details, raw = answer
        now = self._service.clock.elapsed
        if self._journal.end(call, code, reply, message, raw=raw, at=now, details=details):
            if code == "OK" and call.rpc == "GetExecution":  # before the client goes on
                self._service.looked_at(request.id)
            send(answer)

    def _answer(self, method: Method, request: Message) -> Answer:
        if method.rpc not in self._service.rpcs:
            return self._not_faked(method)
        try:
            return success(self._service.answer(method.rpc, request))
        except AdminError as error:
            return refusal(error, service=method.service)
        except Exception:  # noqa: BLE001  a bug of ours must not look like FlyteAdmin's UNKNOWN
            return self._bug(method)

    def _bug(self, method: Method) -> Answer:
        text = f"{method.rpc} raised an exception in the fake server:\n{traceback.format_exc()}"
        self._service.unforeseen(text)
        return Answer("INTERNAL", None, text[-2000:])

    def _not_faked(self, method: Method) -> Answer:
        text = (
            f"{method.service}.{method.rpc} was called, and it is not faked.\n"
            f"{len(self._service.rpcs)} RPCs are; this one answers UNIMPLEMENTED."
        )
        self._service.unforeseen(text)
        return Answer("UNIMPLEMENTED", None, text)


class _Passing:
    """A call that passes hooks: what holds it back until it is answered, at once or later.

    A clock keeps what is due on it, though the call may be over by then: so this knows neither its
    server nor its clock for good nor, once it is answered, who carries it.

    Args:
        exchange: What answers it.
        method: What is called.
        request: What was sent.
        call: As it is written down.
        caller: Who carries it.
    """

    _clock: weakref.ref[Clock]
    _deadline: Handle | None = None
    _hold: object = None

    def __init__(
        self, exchange: Exchange, method: Method, request: Message, call: Call, caller: Caller
    ) -> None:
        self._exchange = weakref.ref(exchange)
        self._method = method
        self._request = request
        self._call = call
        self._caller = caller

    def arrive(self, _: Call, send: Send) -> None:
        """Have passed all hooks."""
        if (exchange := self._exchange()) is not None:
            send(exchange._answer(self._method, self._request))  # noqa: SLF001  a class of this module

    def finish(self, answer: Answer) -> None:
        """Be answered, unless it is already."""
        if (exchange := self._exchange()) is not None:
            exchange._finish(self._call, self._request, self._send, answer)  # noqa: SLF001  likewise

    def hold(self, clock: Clock, caller: Caller) -> None:
        """End at the deadline on virtual time, or when the client goes away.

        Only when all that may answer the call is on the clock's agenda does it count as held: time
        would pass over what comes later.
        """
        self._clock, call = weakref.ref(clock), self._call
        if call.deadline is not None:
            self._deadline = clock.call_later(call.deadline, self.finish, _LATE)
        if not caller.when_gone(partial(self.finish, _GONE)):
            self.finish(_GONE)
        clock.when_broken(self._give_up)
        clock.hold(call.rpc, caller.held(), keep=self._keep)
        if call.code is not None:  # answered meanwhile
            self._let_go()

    def _keep(self, hold: object) -> None:
        self._hold = hold

    def _give_up(self) -> None:
        if (clock := self._clock()) is not None:
            self.finish(_gave_up(clock.broken))

    def _send(self, answer: Answer) -> None:
        self._let_go()  # first: the client runs as soon as it is answered
        caller = self._caller
        del self._caller  # it is answered once; each knows the other, and both are to go
        caller.send(answer)

    def _let_go(self) -> None:
        """Undo what holds it; another thread may do so, too, or hold it still."""
        if (deadline := self._deadline) is not None:
            deadline.cancel()
            self._deadline = None
        if self._hold is not None and (clock := self._clock()) is not None:
            clock.forget(self._give_up)
            clock.release(self._hold)


def _gave_up(lost: HopelessWait | None) -> Answer:
    """Say it to the caller, too: it may live in a process of its own."""
    return Answer("INTERNAL", None, f"flyte-testkit gave up:\n{lost}")


def _unmarshalling(error: Exception) -> str:
    """Say of bytes that are no such message what Go's gRPC says (§1.1)."""
    inner = "string field contains invalid UTF-8"
    if "utf-8" not in str(error).lower():
        inner = "proto: cannot parse invalid wire-format data"
    return f"grpc: error unmarshalling request: {inner}"
