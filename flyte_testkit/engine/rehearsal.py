"""When a performance will go on by itself, before it does: a rehearsal of it tells.

An engine acts only when it is asked, so a performance may have been due long ago, and somebody
wants to know what is to come of it. A rehearsal performs the same from the beginning: it hears the
same times, as far as that has happened, and then each of its waits is answered by its own time. It
sends nothing, shares nothing with the performance, and looks at nothing but what was taken down.

Ignorant of what is performed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.engine.performance import PATIENCE, Act, Audience, Terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from flyteidl.core.literals_pb2 import Literal

    from flyte_testkit.engine.performance import End, Performance, Wait

__all__ = ["Rehearsal", "Rehearsed", "rehearse"]


class Rehearsed:
    """A performance that can tell what is to come of it.

    Args:
        begin: Begins it, for an audience.
        audience: Who really looks at it.
    """

    def __init__(self, begin: Callable[[Audience], Performance[None]], audience: Audience) -> None:
        self._begin = begin
        self._audience = audience
        self._heard: list[_Heard] = []
        self._known: tuple[int, list[datetime]] = (-1, [])

    def perform(self) -> Performance[None]:
        """Perform, and take down what is heard."""
        performance = self._begin(self._audience)
        step: Callable[[Any], Act | Wait] = performance.send
        value: object = None
        while True:
            try:
                told = step(value)
            except StopIteration:
                return
            try:
                at = yield told
            except Terminated as terminated:
                step, value = performance.throw, terminated
                self._hears(terminated.at, terminated=True)
            else:
                step, value = performance.send, at
                self._hears(at)

    def _hears(self, at: datetime, *, terminated: bool = False) -> None:
        audience = self._audience
        self._heard.append(_Heard(at, audience.seen, audience.ends, audience.signals, terminated))

    def to_come(self) -> Sequence[datetime]:
        """Return when it goes on by itself from now on, as far as that can be known."""
        heard = len(self._heard)
        number, known = self._known
        if number != heard:
            known = self._rehearse(heard)
            self._known = heard, known
        return known

    def _rehearse(self, heard: int) -> list[datetime]:
        audience = Audience()
        performance = self._begin(audience)
        at = None
        try:
            told = next(performance)
            for at, audience.seen, audience.ends, audience.signals, is_end in self._heard[:heard]:
                told = performance.throw(Terminated(at)) if is_end else performance.send(at)
            found = rehearse(performance, told, at)
        except Exception:  # noqa: BLE001  whoever performs it is told, not who asks what is to come
            return []
        if found.at is not None and found.waits_for_others:
            found.instants.append(found.at + PATIENCE)
        return found.instants


class _Heard(NamedTuple):
    """What a performance has heard at one time.

    Attributes:
        at: How late it was.
        seen: How often somebody had looked by then.
        ends: How the executions had ended by then that it has launched.
        signals: What was signalled by then.
        terminated: Whether it heard that it was terminated.
    """

    at: datetime
    seen: int
    ends: tuple[End, ...]
    signals: Mapping[str, Literal]
    terminated: bool


class Rehearsal(NamedTuple):
    """What became of a performance to which nothing but time came.

    Attributes:
        instants: When it went on.
        at: How late it was at the end, if anything has told that.
        wait: What it waits for then; None if it has ended.
        launches: Whether it has launched others, of which nothing can be known before it does so.
    """

    instants: list[datetime]
    at: datetime | None
    wait: Wait | None
    launches: bool = False

    @property
    def waits_for_looks(self) -> bool:
        """Whether it goes on once somebody has looked."""
        return self.wait is not None and any(True for _ in self.wait.looks())

    @property
    def waits_for_others(self) -> bool:
        """Whether it goes on once somebody has looked, or one has ended that is yet to begin."""
        return self.waits_for_looks or (self.launches and self.wait is not None)


def rehearse(
    performance: Performance[None], told: Act | Wait, at: datetime | None = None
) -> Rehearsal:
    """Go through a performance as if nothing but time came to it.

    Args:
        performance: It.
        told: What it has told last.
        at: How late it is, if that is known.
    """
    instants: list[datetime] = []
    launches = False
    while True:
        if isinstance(told, Act):
            at = told.at
            launches = launches or told.rpc == "CreateExecution"
        elif told.at is not None:
            at = told.at if at is None else max(at, told.at)
            instants.append(at)
        elif at is None or not told.is_over(at):
            return Rehearsal(instants, at, told, launches)
        try:
            told = performance.send(at)
        except StopIteration:
            return Rehearsal(instants, at, None, launches)
