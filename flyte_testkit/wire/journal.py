"""Every call that reached the server, attempt by attempt.

Clients retry under the hood: flytekit makes four of one failing call. The journal tells attempts
from calls: an attempt has the same RPC and the same request as one before, which failed at the
same instant. Ignorant of what calls mean.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

__all__ = ["Call", "Journal", "blurred"]


@dataclass(eq=False)
class Call:
    """One attempt of one RPC, as the server saw it.

    Attributes:
        rpc: The bare name, such as ``"GetExecution"``.
        request: The message that was sent.
        at: When it arrived, in virtual seconds since the clock's start.
        deadline: The client's deadline in seconds from then on; None if it has none.
        attempt: 1 for the first, more for a retry of the same call.
        code: The name of the status it was answered with; None as long as it is not.
        reply: The message it was answered with; None unless the code is ``"OK"``.
        message: The text that came with the code; empty for ``"OK"``.
    """

    rpc: str
    request: Message
    at: float
    deadline: float | None
    attempt: int = 1
    code: str | None = None
    reply: Message | None = None
    message: str = ""

    def __repr__(self) -> str:
        attempt = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"<{self.rpc}{attempt} at {self.at:g} s: {self.code or 'unanswered'}>"


class Journal:
    """The calls of one server, in the order of their arrival.

    Attributes:
        calls: All of them.
        listeners: Told of each call as it arrives, before it is answered.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.listeners: list[Callable[[Call], object]] = []
        self._failed: dict[str, Call] = {}
        self._lock = threading.Lock()

    def begin(self, rpc: str, request: Message, *, at: float, deadline: float | None) -> Call:
        """Write down that a call arrived."""
        call = Call(rpc, request, at, deadline)
        before = self._failed.get(rpc)
        if before is not None and before.at == at and before.request == request:
            call.attempt = before.attempt + 1
        self.calls.append(call)
        for listener in self.listeners:
            listener(call)
        return call

    def end(self, call: Call, code: str, reply: Message | None, message: str) -> bool:
        """Write down how a call was answered; False if it had been answered already."""
        with self._lock:  # a held call may be answered and cancelled at once
            if call.code is not None:
                return False
            call.code, call.reply, call.message = code, reply, message
        if code == "OK":
            self._failed.pop(call.rpc, None)
        else:
            self._failed[call.rpc] = call
        return True


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
