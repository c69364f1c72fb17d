"""From bytes to an answer: what happens to every call, whatever the RPC.

A call is written down, passes the hooks of its RPC, is answered by the backend and written down
again. While a hook holds a call back no thread waits for it: the handler has returned, and answers
when it is told to. In grpcio only a stream handler may do so; for the client of a unary method the
two look the same. It costs a quarter more, so calls that no hook can hold are answered plainly.

Ignorant of rules, of scripts and of what hooks do.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

import grpc

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.clock.marks import CALL_ID, EXACT_TIMEOUT, UNMARKED
from flyte_testkit.wire.answers import Answer, refusal, set_status
from flyte_testkit.wire.guard import SpinGuard
from flyte_testkit.wire.journal import blurred
from flyte_testkit.wire.services import methods, unimplemented

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyteidl.admin.execution_pb2 import WorkflowExecutionGetRequest
    from google.protobuf.message import Message

    from flyte_testkit.backend import Backend
    from flyte_testkit.errors import HopelessWait
    from flyte_testkit.wire.journal import Call, Journal
    from flyte_testkit.wire.services import Method

    RpcMethodHandler = grpc.RpcMethodHandler[bytes, bytes]
    Send = Callable[[Answer], None]
    Handler = Callable[[Call, Send], None]

__all__ = ["Hook", "Wire"]


_OURS = "flyte-testkit"
"""How flyte_testkit.client's requests say whose they are."""


class Hook(Protocol):
    """Something that stands between a call and its answer."""

    def __call__(self, then: Handler, call: Call, send: Send) -> None:
        """Answer a call with ``send``, now or later; ``then(call, send)`` lets it pass."""


class Wire(grpc.GenericRpcHandler):
    """Serves FlyteAdmin's services over one backend.

    Args:
        backend: What answers.
        journal: Where calls are written down.
        hooks: Which hooks the calls of an RPC pass, in order; asked once for each call.
    """

    def __init__(
        self, backend: Backend, journal: Journal, hooks: Callable[[str], Sequence[Hook]]
    ) -> None:
        self.backend = backend
        self.journal = journal
        self.hooks = hooks
        self._paths = methods()
        self._plain: dict[str, RpcMethodHandler] = {
            path: grpc.unary_unary_rpc_method_handler(partial(self._at_once, method))
            for path, method in self._paths.items()
        }
        self._spin = SpinGuard(backend)

    def service(self, details: grpc.HandlerCallDetails) -> RpcMethodHandler:
        """Return what handles a call to this path."""
        method = self._paths.get(details.method)
        if method is None:
            return grpc.unary_unary_rpc_method_handler(partial(_unserved, details.method))
        hooks = self.hooks(method.rpc)
        if not hooks:
            return self._plain[details.method]
        later = partial(self._later, method, hooks)
        later.experimental_non_blocking = True  # type: ignore[attr-defined]  # how grpcio is told
        return grpc.unary_stream_rpc_method_handler(later)

    def _at_once(self, method: Method, raw: bytes, context: grpc.ServicerContext) -> bytes:
        answers: list[Answer] = []
        self._handle(method, (), raw, _Caller(context), answers.append)
        return _bytes_of(answers[0], context)

    def _later(
        self,
        method: Method,
        hooks: Sequence[Hook],
        raw: bytes,
        context: grpc.ServicerContext,
        respond: Callable[[bytes | None], None],
    ) -> None:
        holds: list[Callable[[], object]] = []

        def let_go() -> None:
            for undo in holds:
                undo()

        def send(answer: Answer) -> None:
            let_go()  # first: the client runs as soon as it is answered
            if answer.code == "OK" and answer.reply is not None:
                respond(answer.reply.SerializeToString())
            else:
                set_status(context, answer)
            respond(None)

        caller = _Caller(context)
        call = self._handle(method, hooks, raw, caller, send)
        if call is not None and call.code is None:
            holds += self._hold(call, caller, send)
            if call.code is not None:  # answered meanwhile
                let_go()

    def _hold(self, call: Call, caller: _Caller, send: Send) -> list[Callable[[], object]]:
        """Let a held call end at its deadline on virtual time, or when its client goes away.

        Returns what undoes it. Only when all that may answer the call is on the clock's agenda does
        it count as held: time would pass over what comes later.
        """
        clock = self.backend.clock
        holds: list[Callable[[], object]] = []
        ends = Answer("DEADLINE_EXCEEDED", None, "Deadline Exceeded")
        if call.deadline is not None:
            holds.append(clock.call_later(call.deadline, self._finish, call, send, ends).cancel)
        gone = Answer("CANCELLED", None, "the client went away")
        if not caller.when_gone(lambda: self._finish(call, send, gone)):
            self._finish(call, send, gone)
        clock.when_broken(lambda: self._finish(call, send, self._gave_up(None)))
        holds.append(partial(clock.release, clock.hold(call.rpc, caller.call)))
        return holds

    def _finish(self, call: Call, send: Send, answer: Answer) -> None:
        """Answer a call, unless it is answered already."""
        now = self.backend.clock.elapsed
        if self.journal.end(call, answer.code, answer.reply, answer.message, at=now):
            if call.rpc == "GetExecution" and answer.code == "OK":  # before the client goes on
                self.backend.looked_at(cast("WorkflowExecutionGetRequest", call.request).id)
            send(answer)

    def _handle(
        self, method: Method, hooks: Sequence[Hook], raw: bytes, caller: _Caller, send: Send
    ) -> Call | None:
        try:
            request = method.request.FromString(raw)
        except Exception as error:  # noqa: BLE001  whatever the parser dislikes
            send(Answer("INTERNAL", None, _unmarshalling(error)))
            return None
        clock = self.backend.clock
        call = self.journal.begin(
            method.rpc,
            request,
            at=clock.elapsed,
            deadline=caller.deadline,
            repeats=caller.repeats,
        )
        finish = partial(self._finish, call, send)
        struck = self._spin.count(call, raw, caller.call)
        if struck is not None or clock.broken is not None:
            finish(self._gave_up(struck))
            return call
        handler: Handler = partial(self._answer, method, request)
        for hook in reversed(hooks):
            handler = partial(hook, handler)
        try:
            handler(call, finish)
        except Exception:  # noqa: BLE001  a hook of the test's own that raises is told below
            finish(self._bug(method))
        return call

    def _answer(self, method: Method, request: Message, _: Call, send: Send) -> None:
        if method.rpc not in self.backend.admin.handlers:
            send(self._not_faked(method))
            return
        try:
            answer = Answer("OK", self.backend.answer(method.rpc, request))
        except AdminError as error:
            answer = refusal(error, service=method.service)
        except Exception:  # noqa: BLE001  a bug of ours must not look like FlyteAdmin's UNKNOWN
            answer = self._bug(method)
        send(answer)

    def _gave_up(self, struck: HopelessWait | None) -> Answer:
        """Say it to the caller, too: it may live in a process of its own."""
        lost = struck or self.backend.clock.broken
        return Answer("INTERNAL", None, f"flyte-testkit gave up:\n{lost}")

    def _bug(self, method: Method) -> Answer:
        story = f"{method.rpc} raised an exception in the fake server:\n{traceback.format_exc()}"
        self.backend.surprises.add(story)
        return Answer("INTERNAL", None, story[-2000:])

    def _not_faked(self, method: Method) -> Answer:
        story = (
            f"{method.service}.{method.rpc} was called, and it is not faked.\n"
            f"{len(self.backend.admin.handlers)} RPCs are; this one answers UNIMPLEMENTED."
        )
        self.backend.surprises.add(story)
        return Answer("UNIMPLEMENTED", None, story)


class _Caller:
    """What a client in this process tells of a call, besides the request.

    Attributes:
        call: The id by which the clock knows who stands in the call.
        deadline: In seconds, exactly as the client meant it if it says so.
        repeats: Whether its client may make another attempt at once; ours pauses first.
    """

    def __init__(self, context: grpc.ServicerContext) -> None:
        told = dict(context.invocation_metadata() or ())
        self.call = told.get(CALL_ID, UNMARKED)
        exact = told.get(EXACT_TIMEOUT)
        self.deadline = blurred(context.time_remaining()) if exact is None else float(exact)
        self.repeats = not str(told.get("user-agent", "")).startswith(_OURS)
        self.when_gone = context.add_callback


def _unserved(path: str, _: bytes, context: grpc.ServicerContext) -> bytes:
    return _bytes_of(Answer("UNIMPLEMENTED", None, unimplemented(path)), context)


def _bytes_of(answer: Answer, context: grpc.ServicerContext) -> bytes:
    """Return what a plain handler returns; a status that is not OK leaves by an exception."""
    if answer.code == "OK" and answer.reply is not None:
        return answer.reply.SerializeToString()
    set_status(context, answer)
    context.abort(grpc.StatusCode[answer.code], answer.message)
    raise AssertionError("unreachable")  # abort raises


def _unmarshalling(error: Exception) -> str:
    """Say of bytes that are no such message what Go's gRPC says (§1.1)."""
    inner = "string field contains invalid UTF-8"
    if "utf-8" not in str(error).lower():
        inner = "proto: cannot parse invalid wire-format data"
    return f"grpc: error unmarshalling request: {inner}"
