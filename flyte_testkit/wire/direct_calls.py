"""One call without a socket: who stands in it, or has sent it, and how it is answered.

The calling thread lets itself be answered. Only when a fault holds the call back it waits, as in a
call over TCP: the clock knows it by an id, and time may pass. A future is answered at once, too, or
when its fault lets go.

Ignorant of channels, of bytes, and of what answers.
"""

from __future__ import annotations

import _thread
import itertools
import os
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock import governing_clock
from flyte_testkit.clock.marks import UNMARKED
from flyte_testkit.wire.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._calls import Calls
    from flyte_testkit.clock._members import Member
    from flyte_testkit.wire.journal import Metadata

__all__ = ["DirectCall", "Sent", "Standing", "calls_here"]

_numbers = itertools.count(1)
_GONE = Answer("CANCELLED", None, "CANCELLED")
_CANCELLED = Answer("CANCELLED", None, "Locally cancelled by application!")


def calls_here() -> Calls | None:
    """Return the calls of the world if the calling thread takes part in it."""
    governing = governing_clock()
    if governing is None or governing.mover.members.here() is None:
        return None
    return governing.mover.calls


class DirectCall:
    """What both kinds have in common: a :class:`~flyte_testkit.wire.exchange.Caller`.

    Args:
        owner: The channel, which says whether its client may make another attempt at once.
        deadline: In seconds; None if there is none.
        metadata: What came with the request.
        pending: Where it stands while it is held back, with its owner.

    Attributes:
        answer: The answer, once there is one.
        member: Who stands in the call, as far as the clock was told.
        is_held: Whether it is answered later.
    """

    answer: Answer | None = None
    member: Member | None = None
    is_held = False
    _call: object = None
    _calls: Calls | None = None
    _gone: Callable[[], None] | None = None
    _instead: Answer | None = None

    def __init__(
        self,
        owner: Any,
        deadline: float | None,
        metadata: Metadata,
        pending: dict[Any, Any],
    ) -> None:
        self._owner = owner
        self.deadline = deadline
        self.metadata = metadata
        self.repeats: bool = owner.repeats
        self._pending = pending

    @property
    def call(self) -> object:
        """The id by which the clock knows that the calling thread stands in the call."""
        if self._call is None:
            self._calls = calls_here()
            self._call = UNMARKED
            if self._calls is not None:
                self._call = _fresh()
                self.member = self._calls.enter(self._call)
        return self._call

    def when_gone(self, told: Callable[[], None]) -> bool:
        """Call a function once the client waits no longer."""
        self._gone = told
        return True

    def abandon(self, told: Answer = _GONE) -> None:
        """Go away, and take this for the answer; nothing happens if there is one already."""
        self._instead = told
        if self._gone is not None:
            self._gone()

    def leave(self) -> None:
        """Stand in the call no longer.

        Raises:
            HopelessWait: The clock has said so of whoever stands in it.
        """
        if self.member is not None and self._calls is not None:
            member, self.member = self.member, None
            self._calls.leave(self._call, member)


class Standing(DirectCall):
    """A call in which the calling thread stands until it is answered."""

    _bell: _thread.LockType | None = None

    def held(self) -> object:
        """Hear that the answer comes later; return the id by which the call is held back."""
        self._bell = _thread.allocate_lock()
        self._bell.acquire()
        self.is_held = True
        self._pending[self] = self._owner
        return self.call

    def send(self, answer: Answer) -> None:
        """Take the answer in."""
        self.answer = self._instead or answer
        if self._bell is not None:
            self._bell.release()

    def wait(self) -> Answer:
        """Wait for the answer.

        Raises:
            HopelessWait: The clock has said so of whoever stands in the call.
        """
        try:
            if self.answer is None and self._bell is not None:
                if self._calls is None:
                    self._bell.acquire()
                else:
                    self._calls.wait(self._bell)
        except BaseException:  # ^C, say
            self.abandon()
            raise
        finally:
            self._pending.pop(self, None)
            self.leave()
        assert self.answer is not None  # noqa: S101  whoever answers rings
        return self.answer


class Sent(DirectCall):
    """A call in which nobody stands: a future.

    Args:
        complete: Called with the answer.
    """

    def __init__(self, complete: Callable[[Answer], None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._complete = complete

    def held(self) -> object:
        """Hear that the answer comes later; return the id by which the call is held back."""
        self.leave()
        self._calls = calls_here()
        self._call = UNMARKED
        if self._calls is not None:
            self._call = _fresh()
            self._calls.fly(self._call)
        self.is_held = True
        self._pending[self] = self._owner
        return self._call

    def send(self, answer: Answer) -> None:
        """Take the answer in; who hears of it may wait, so not on the thread that moves time."""
        self.answer = self._instead or answer
        if self.is_held:
            _thread.start_new_thread(self._land, (self.answer,))
        else:
            self._complete(self.answer)

    def cancel(self, *, by_the_caller: bool) -> None:
        """Be cancelled: the client wants it, or has the future no more.

        The latter is said while garbage is collected, whatever locks are held then.
        """
        if by_the_caller:
            self.abandon(_CANCELLED)
        else:
            _thread.start_new_thread(self.abandon, ())

    def _land(self, answer: Answer) -> None:
        self._pending.pop(self, None)
        if self._calls is None:
            self._complete(answer)
            return
        with self._calls.landing(self._call):
            self._complete(answer)


def _fresh() -> str:
    return f"{os.getpid()}-direct-{next(_numbers)}"
