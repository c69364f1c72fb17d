"""What a client of grpcio sees of an answer that came without a socket: grpcio's own classes.

Ignorant of channels, and of who answers.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

import grpc
from grpc import _channel

from flyte_testkit.clock.marks import ON_THE_CLOCK
from flyte_testkit.wire.answers import Answer
from flyte_testkit.wire.statuses import trailers

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.wire.limits import Limits

    Parse = Callable[[bytes], Any] | None

__all__ = ["Future", "Success", "failure", "taken_in"]

_logger = logging.getLogger(_channel.__name__)
_kinds: Any = _channel  # its classes are private, and what interceptors and users know
_State, _Rendezvous = _kinds._RPCState, _kinds._MultiThreadedRendezvous  # noqa: SLF001  as above
_Metadatum = _kinds.cygrpc._Metadatum  # noqa: SLF001  as above
_Failure = _kinds._InactiveRpcError  # noqa: SLF001  as above
_UNREADABLE = Answer("INTERNAL", None, "Exception deserializing response!")
_TWICE = "Internal gRPC call error 8. Please report to https://github.com/grpc/grpc/issues"
_BY_THE_CALLER = "Locally cancelled by application!"


def taken_in(answer: Answer, parse: Parse, limits: Limits) -> tuple[Answer, Any]:
    """Return an answer as its client has it, and the value that it brings if it is OK."""
    raw = answer.raw
    if raw is None:
        return limits.checked(answer, trailers(answer)), None
    if len(raw) > limits.receives:
        return limits.too_long(len(raw)), None
    if parse is None:
        return answer, raw
    try:
        value = parse(raw)
    except Exception:  # whatever a parser dislikes
        _logger.exception("Exception deserializing message!")
        return _UNREADABLE, None
    return (answer, value) if value is not None else (_UNREADABLE, None)


def failure(answer: Answer) -> grpc.RpcError:
    """Return the error that a blocking call raises."""
    state = _State((), (), _trailing(answer), grpc.StatusCode[answer.code], answer.message)
    state.debug_error_string = _debug(answer)
    error: Any = _Failure.__new__(_Failure, state)
    error._state = state  # noqa: SLF001  its ``__init__`` copies it, as what others may change
    failed: grpc.RpcError = error
    return failed


class Success(_Rendezvous):  # type: ignore[misc, valid-type]  # it is private, so nobody knows its type
    """The call that a blocking call gives beside its value; seldom anybody asks it anything.

    Args:
        value: The value.
    """

    __module__, __qualname__ = _Rendezvous.__module__, _Rendezvous.__qualname__
    _deadline = None

    def __init__(self, value: object) -> None:
        self._value = value

    @functools.cached_property
    def _state(self) -> Any:
        state = _State((), (), (), grpc.StatusCode.OK, "")
        state.response, state.debug_error_string, state.callbacks = self._value, "", None
        return state

    def __del__(self) -> None:
        """Do nothing: there is nothing left to cancel."""


Success.__name__ = _Rendezvous.__name__  # it says its name when it is printed


class Future:
    """What a future of grpcio knows of its call, and how it comes to know more.

    Args:
        parse: Makes the value of the reply's bytes.
        limits: How large they may be.
        deadline: When the call ends, as ``time.time`` has it; None if it does not.

    Attributes:
        cancel: Called when the client cancels the call, or nobody has the future any more, before
            it is complete: with whether the client did.
    """

    def __init__(
        self, parse: Parse, limits: Limits, deadline: float | None, *, on_the_clock: bool
    ) -> None:
        self.cancel: Callable[..., object] | None = None
        self._parse, self._limits = parse, limits
        self._state = _State((), None, None, None, None)
        self._deadline = deadline
        if on_the_clock:
            vars(self._state.condition)[ON_THE_CLOCK] = None

    def rendezvous(self) -> Any:
        """Return the future; to be asked for once."""
        return _Rendezvous(self._state, _Cancels(self), self._parse, self._deadline)

    def complete(self, answer: Answer) -> None:
        """Take the answer in, and call back whoever wants to hear of it."""
        answer, value = taken_in(answer, self._parse, self._limits)
        state = self._state
        with state.condition:
            state.initial_metadata, state.trailing_metadata = (), _trailing(answer)
            if state.code is None:
                state.response = value
                state.code = grpc.StatusCode[answer.code]
                state.details = answer.message
                state.debug_error_string = _debug(answer)
            callbacks, state.callbacks = state.callbacks or (), None
            state.condition.notify_all()
        self.cancel = None  # what it would cancel knows the future
        for callback in callbacks:
            try:
                callback()
            except Exception:
                _logger.exception("Exception in callback %r", callback)


class _Cancels:
    """What a future of grpcio cancels."""

    def __init__(self, future: Future) -> None:
        self._future = future

    def cancel(self, _code: object, details: str) -> None:
        if self._future.cancel is not None:
            self._future.cancel(by_the_caller=details == _BY_THE_CALLER)

    def operate(self, *_: object) -> None:
        """Refuse to be asked for more than one answer, in grpcio's own words (error 8)."""
        raise ValueError(_TWICE)


def _trailing(answer: Answer) -> tuple[Any, ...]:
    return tuple(_Metadatum(key, value) for key, value in trailers(answer))


def _debug(answer: Answer) -> str | None:
    """Return what grpcio says for debugging; of what it refuses itself it says nothing."""
    if answer is _UNREADABLE:
        return None
    return "" if answer.code == "OK" else f"{answer.code}:{answer.message}"
