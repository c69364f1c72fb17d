"""What is to happen when: an agenda of callbacks and wake-ups, ordered, in whole microseconds.

Ignorant of threads and of clocks: its owner brings the lock and knows what time it is.
"""

from __future__ import annotations

import _thread
import functools
import heapq
import math
import operator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import ClockError

if TYPE_CHECKING:
    from collections.abc import Callable

    _Todo = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]

__all__ = [
    "LONGEST",
    "Agenda",
    "Callback",
    "Entry",
    "aware_micros",
    "from_micros",
    "micros",
    "to_micros",
    "wait_micros",
]

LONGEST = 9_223_372_036
"""Seconds that a wait may be given at most: ``threading.TIMEOUT_MAX``, 292 years, wherever."""


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def micros(length: float | timedelta, what: str = "sleep length") -> int:
    """Return a length of time as whole microseconds; the shortest positive length is one.

    Args:
        length: Seconds, or a ``timedelta``.
        what: How an error calls the length.

    Raises:
        TypeError: It is no length at all.
        ValueError: It is negative (worded as ``time.sleep`` words it) or not a number.
        OverflowError: It is infinite.

    Example:
        >>> micros(0.25)
        250000
    """
    if isinstance(length, timedelta):
        exact = length // _MICROSECOND
    elif hasattr(length, "__index__"):  # an int, or what stands for one
        exact = operator.index(length) * 1_000_000
    elif not hasattr(length, "__float__"):
        raise TypeError(f"{what} must be a number of seconds or a timedelta, not {length!r}")
    elif math.isnan(length):
        raise ValueError(f"{what} must be a number, not {length!r}")
    elif math.isinf(length):
        raise OverflowError(f"{what} must be finite, not {length!r}")
    else:
        exact = round(length * 1_000_000) or (length > 0) - (length < 0)
    if exact < 0:
        raise ValueError(f"{what} must be non-negative")
    return exact


def wait_micros(length: float | timedelta) -> int:
    """Do as ``micros`` for a wait, which Python lets be no longer than ``LONGEST``.

    Raises:
        ValueError: As there.
        OverflowError: It is infinite, or longer; a ``timedelta`` may be.
    """
    exact = micros(length)
    if exact > LONGEST * 1_000_000 and not isinstance(length, timedelta):
        raise OverflowError(f"sleep length is too large: {length!r} s, of at most {LONGEST:,} s")
    return exact


def to_micros(instant: datetime) -> int:
    """Return the microseconds from the epoch to an aware instant, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def aware_micros(instant: datetime, call: str) -> int:
    """Return an aware instant in microseconds since the epoch.

    Raises:
        ClockError: It is no datetime or has no time zone; ``call`` says how it was written.
    """
    if not isinstance(instant, datetime):
        raise ClockError(f"{call.format(repr(instant))} is no datetime. Give an aware datetime.")
    if instant.tzinfo is None:
        raise ClockError(
            f"{call.format(repr(instant.isoformat()))} has no time zone. Say which: "
            "instant.replace(tzinfo=timezone.utc)."
        )
    return to_micros(instant)


@functools.lru_cache(maxsize=256)  # whatever happens at an instant asks how late it is
def from_micros(instant: int) -> datetime:
    """Return the aware UTC datetime of so many microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=instant)


class Entry:
    """Something that is due at an instant.

    At one instant callbacks come first, so that whoever wakes sees what they did; then the
    sleepers, in the order in which their threads joined; last the end of an ``advance``.
    """

    __slots__ = ("cancelled", "order", "rank", "when")

    CALLBACK, SLEEPER, MOVER = range(3)

    def __init__(self, when: int, rank: int, order: int = 0) -> None:
        self.when = when
        self.rank = rank
        self.order = order
        self.cancelled = False


class Callback(Entry):
    """A function that is called at an instant; what ``call_at`` and ``call_later`` return."""

    __slots__ = ("_agenda", "_todo")

    def __init__(
        self,
        agenda: Agenda,
        when: int,
        function: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(when, Entry.CALLBACK)
        self._agenda = agenda
        self._todo: _Todo | None = (function, args, kwargs or {})

    def cancel(self) -> None:
        """Let it not happen. Nothing happens if it has happened, or is cancelled, already."""
        self._agenda.cancel(self)
        self._todo = None  # it may hold much, and an agenda holds on until an instant is past

    def run(self) -> None:
        """Call the function, unless it was cancelled at the last moment."""
        todo, self._todo = self._todo, None
        if todo is not None:
            function, args, kwargs = todo
            function(*args, **kwargs)

    def __repr__(self) -> str:
        name = "what is over" if self._todo is None else _named(self._todo[0])
        return f"<{name} at {from_micros(self.when).isoformat()}>"


def _named(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", None) or repr(function)


class Agenda:
    """Entries by instant, rank, order of their threads, and order of arrival."""

    __slots__ = ("_arrivals", "_heap", "_lock", "callbacks")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, int, Entry]] = []
        self._arrivals = 0
        # Callbacks are cancelled from any thread, and by what Python's collector runs in between.
        self._lock = _thread.RLock()
        self.callbacks = 0  # how many are neither run nor cancelled

    def add(self, entry: Entry) -> None:
        """Put an entry in its place."""
        with self._lock:
            self._arrivals += 1
            key = (entry.when, entry.rank, entry.order, self._arrivals, entry)
            heapq.heappush(self._heap, key)
            self.callbacks += entry.rank == Entry.CALLBACK

    def first(self) -> Entry | None:
        """Return the entry that is due first, or ``None`` if there is none."""
        heap = self._heap
        while heap:
            entry = heap[0][4]
            if not entry.cancelled:
                return entry
            heapq.heappop(heap)
        return None

    def cancel(self, entry: Entry) -> None:
        """Take an entry out; it counts as cancelled, also after it has happened."""
        with self._lock:
            if not entry.cancelled:
                entry.cancelled = True
                self.callbacks -= entry.rank == Entry.CALLBACK
