"""What one execution does: a generator that acts, waits, and is told how late it is.

A performance yields :class:`Act`, which is sent at once, and :class:`Wait`; it is resumed with the
time at which the act was sent or the wait ended. Waits are *level-triggered*: whenever something
happens to the execution its wait is asked whether it is over, so nothing that happened is missed,
and waits can stand inside each other. A termination is thrown in.

Ignorant of what is performed, and of who sends acts and tells the time.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core
    from flyteidl.core import literals_pb2
    from google.protobuf.message import Message

__all__ = [
    "PATIENCE",
    "Act",
    "Audience",
    "End",
    "Looks",
    "Performance",
    "Signalled",
    "Terminated",
    "Until",
    "Wait",
    "When",
]


PATIENCE: Final = timedelta(hours=1)
"""How long, after the last look, a script that waits for looks counts as going to go on."""


class Act(NamedTuple):
    """One request of the engine to FlyteAdmin.

    Attributes:
        at: When it is sent; also what the event says of itself.
        rpc: The RPC it is sent by; empty if only blobs are written.
        request: The message.
        principal: On whose behalf; only terminations have somebody.
        blobs: What the engine writes to the object store just before.
        script: What the execution plays that it launches; None if others say so.
        is_orphan: Whether FlyteAdmin is not told who launches it.
    """

    at: datetime
    rpc: str
    request: Message
    principal: str = ""
    blobs: Mapping[str, bytes] = MappingProxyType({})
    script: object | None = None
    is_orphan: bool = False


class Wait:
    """Nothing happens before this is over; by itself it never is.

    Attributes:
        at: When it is over by itself; None if it is not.
    """

    __slots__ = ("at",)

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at

    def is_over(self, now: datetime) -> bool:
        """Whether it is over: its time has come, or what it waits for is there."""
        return self.at is not None and self.at <= now

    def looks(self) -> Iterator[Looks]:
        """Yield what it waits for that is a number of looks."""
        yield from ()

    def signals(self) -> Iterator[Signalled]:
        """Yield what it waits for that is a signal."""
        yield from ()


class Until(Wait):
    """Nothing happens before an instant.

    Attributes:
        later: When more happens by itself after that, as far as it is known.
    """

    __slots__ = ("later",)

    def __init__(self, at: datetime, later: tuple[datetime, ...] = ()) -> None:
        super().__init__(at)
        self.later = later


class When(Wait):
    """Nothing happens before something is true, or before an instant if there is one."""

    __slots__ = ("_ready",)

    def __init__(self, ready: Callable[[], bool], at: datetime | None = None) -> None:
        super().__init__(at)
        self._ready = ready

    def is_over(self, now: datetime) -> bool:
        """Ask."""
        return self._ready() or super().is_over(now)


@dataclass(frozen=True)
class End:
    """How an execution has ended that another one launched.

    Attributes:
        name: Its name.
        phase: How; empty if it never was.
        error: Why, if that is known.
        outputs: What it gives.
        refusal: Why it never was.
    """

    name: str
    phase: str = ""
    error: core.ExecutionError | None = None
    outputs: literals_pb2.LiteralMap | None = None
    refusal: str = ""


class Audience:
    """Who is around an execution: who looks and signals, and which children have ended.

    Attributes:
        seen: How often somebody has looked.
        ends: How the executions have ended that it has launched, in the order in which they have;
            another tuple each time.
        signals: The values of the signals that were set, by their ids; another mapping each time.
        has_stopped: Whether somebody has terminated it. The performance hears of that later, but
            FlyteAdmin takes nothing of what is ABORTING but an end.

    Example:
        >>> audience = Audience()
        >>> wait = Looks(audience, 2)
        >>> audience.seen += 1
        >>> str(wait)
        '1 of 2'
    """

    def __init__(self) -> None:
        self.seen = 0
        self.ends: tuple[End, ...] = ()
        self.signals: Mapping[str, literals_pb2.Literal] = {}
        self.has_stopped = False

    def end_of(self, name: str) -> End | None:
        """Return how an execution has ended that it launched; None if it has not."""
        return next((end for end in self.ends if end.name == name), None)

    def hears_of(self, end: End) -> None:
        """Take down that an execution has ended that it launched."""
        self.ends = (*self.ends, end)

    def hears(self, signal: str, value: literals_pb2.Literal) -> None:
        """Take down that somebody has set a signal."""
        self.signals = {**self.signals, signal: value}


class Looks(Wait):
    """Nothing happens before somebody has looked so often from now on."""

    __slots__ = ("_audience", "_from", "polls")

    def __init__(self, audience: Audience, polls: int) -> None:
        super().__init__()
        self._audience = audience
        self._from = audience.seen
        self.polls = polls

    def __str__(self) -> str:
        return f"{self._audience.seen - self._from} of {self.polls}"

    def is_over(self, now: datetime) -> bool:  # noqa: ARG002  looks are no matter of time
        """Whether they have."""
        return self._audience.seen - self._from >= self.polls

    def looks(self) -> Iterator[Looks]:
        """Yield itself."""
        yield self


class Signalled(Wait):
    """Nothing happens before somebody has set a signal, has looked, or before an instant.

    Attributes:
        signal: The id of the signal.
    """

    __slots__ = ("_audience", "_looks", "signal")

    def __init__(
        self,
        audience: Audience,
        signal: str,
        at: datetime | None = None,
        looks: Looks | None = None,
    ) -> None:
        super().__init__(at)
        self._audience = audience
        self._looks = looks
        self.signal = signal

    def is_over(self, now: datetime) -> bool:
        """Whether the signal was set, or what else ends it has come."""
        looked = self._looks is not None and self._looks.is_over(now)
        return self.signal in self._audience.signals or looked or super().is_over(now)

    def looks(self) -> Iterator[Looks]:
        """Yield the looks that end it as well."""
        if self._looks is not None:
            yield self._looks

    def signals(self) -> Iterator[Signalled]:
        """Yield itself."""
        yield self


class Terminated(Exception):  # noqa: N818  it is news, not an error
    """Thrown into a performance when the engine hears that its execution was terminated.

    Attributes:
        at: When it hears it.
    """

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


ResultT = TypeVar("ResultT")

Performance = Generator[Act | Wait, "datetime", ResultT]
"""What is performed: acts and waits, each answered by a time; at the end there may be a result."""
