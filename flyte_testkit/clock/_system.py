"""Real time, with a virtual clock's manners: for a server that people watch.

Ignorant of everything virtual.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._schedule import Agenda, Callback, from_micros, micros, to_micros
from flyte_testkit.errors import ClockError, HopelessWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from flyte_testkit.clock._types import Source

__all__ = ["SystemClock"]

_real_sleep = time.sleep
_real_time_ns = time.time_ns
_real_monotonic = time.monotonic


class SystemClock:
    """The computer's own clock. Its callbacks run on one daemon thread, which ``close`` ends.

    Nothing moves it but time, so no wait on it is hopeless and it has no limit.

    Example:
        >>> with SystemClock() as clock:
        ...     clock.advance(60)
        Traceback (most recent call last):
            ...
        flyte_testkit.errors.ClockError: advance(60) cannot move real time. Use a VirtualClock.
    """

    limit: timedelta | None = None
    moves = 0

    def __init__(self) -> None:
        self._start = _real_monotonic()
        self._agenda = Agenda()
        self._changed = threading.Condition()
        self._sources: list[Source] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self._broken: HopelessWait | None = None
        self._farewells: dict[Callable[[], object], None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget all callbacks and end the thread that runs them."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return from_micros(_real_time_ns() // 1000)

    @property
    def elapsed(self) -> float:
        """Seconds since this object was made."""
        return _real_monotonic() - self._start

    @property
    def pending(self) -> bool:
        """Whether anything is scheduled."""
        return bool(self._agenda.callbacks) or any(
            source.next_due() is not None for source in self._sources
        )

    @property
    def broken(self) -> HopelessWait | None:
        """Why somebody gave up on this clock, or ``None``."""
        return self._broken

    def sleep(self, seconds: float | timedelta) -> None:
        """Wait, really."""
        _real_sleep(micros(seconds) / 1_000_000)

    def advance(self, seconds: float | timedelta) -> None:
        """Raise a ``ClockError``: nobody can."""
        raise ClockError(f"advance({seconds!r}) cannot move real time. Use a VirtualClock.")

    def move_to(self, instant: datetime) -> None:
        """Raise a ``ClockError``: nobody can."""
        raise ClockError(
            f"move_to({instant.isoformat()}) cannot move real time. Use a VirtualClock."
        )

    def call_at(
        self, when: datetime, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> Callback:
        """Call a function at an instant; at once if it is past."""
        return self._schedule(to_micros(when.astimezone(timezone.utc)), function, args, kwargs)

    def call_later(
        self, delay: float | timedelta, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> Callback:
        """Call a function after a delay, in seconds or as a ``timedelta``."""
        when = _real_time_ns() // 1000 + micros(delay, "delay")
        return self._schedule(when, function, args, kwargs)

    def watch(self, source: Source) -> None:
        """Ask a source, from now on, whether anything is scheduled."""
        self._sources.append(source)

    def unwatch(self, source: Source) -> None:
        """Forget a source."""
        self._sources = [known for known in self._sources if known is not source]

    def stir(self) -> None:
        """Do nothing: no wait is hopeless here."""

    @property
    def deserted(self) -> bool:
        """Time passes by itself."""
        return False

    def hold(
        self,
        what: str = "a call",  # noqa: ARG002  as VirtualClock has it
        call: object = None,  # noqa: ARG002  as VirtualClock has it
        *,
        keep: Callable[[object], object] | None = None,
    ) -> object:
        """Return a token: time passes anyway."""
        hold = object()
        if keep is not None:
            keep(hold)
        return hold

    def release(self, hold: object) -> None:
        """Do nothing: time passes anyway."""

    def when_broken(self, function: Callable[[], object]) -> None:
        """Call a function once somebody gives up on this clock."""
        self._farewells[function] = None

    def forget(self, function: Callable[[], object]) -> None:
        """Take back what was said by ``when_broken``; nothing happens if nothing was."""
        self._farewells.pop(function, None)

    def give_up(self, reason: str, advice: str = "") -> HopelessWait:
        """Remember that nothing will happen any more; returns what the caller should raise."""
        self._broken = HopelessWait("\n".join(filter(None, (reason, advice))))
        farewells, self._farewells = self._farewells, {}
        for farewell in list(farewells):
            farewell()
        return self._broken

    def interrupt(self, reason: str, advice: str = "") -> HopelessWait:
        """Do as ``give_up``: the threads that live in real time are not ours to interrupt."""
        return self.give_up(reason, advice)

    def strike(self, reason: str, advice: str = "", *, call: object = None) -> HopelessWait:  # noqa: ARG002  as VirtualClock has it
        """Do nothing but word it: time passes by itself, and those who ask in it are not ours."""
        return HopelessWait("\n".join(filter(None, (reason, advice))))

    def verify(self) -> None:
        """Do nothing: no wait is hopeless here."""

    def unheard(self) -> HopelessWait | None:
        """Return ``None``: no wait is hopeless here."""
        return None

    def _schedule(
        self,
        when: int,
        function: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Callback:
        callback = Callback(self._agenda, when, function, args, kwargs)
        with self._changed:
            if self._closed:
                raise ClockError("this SystemClock is closed and calls nothing any more.")
            self._agenda.add(callback)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="flyte-testkit clock", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return callback

    def _run(self) -> None:
        while True:
            with self._changed:
                first = self._agenda.first()
                wait = None if first is None else (first.when - _real_time_ns() // 1000) / 1_000_000
                if self._closed:
                    return
                if first is None or (wait is not None and wait > 0):
                    self._changed.wait(wait)
                    continue
                self._agenda.cancel(first)
            if isinstance(first, Callback):
                first.run()
