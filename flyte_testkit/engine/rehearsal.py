"""When a performance will go on by itself, before it does: a rehearsal of it tells.

An engine acts only when it is asked, so a performance may have been due long ago, and somebody
wants to know what is to come of it. A rehearsal performs the same from the beginning: it hears the
same times, as far as that has happened, and then each of its waits is answered by its own time. It
sends nothing, shares nothing with the performance, and looks at nothing but what was taken down.

Ignorant of what is performed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyte_testkit.engine.performance import PATIENCE, Act, Audience, Terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from flyte_testkit.engine.performance import Performance, Wait

__all__ = ["Rehearsed"]


class Rehearsed:
    """A performance that can tell what is to come of it.

    Args:
        begin: Begins it, for an audience.
        audience: Who really looks at it.
    """

    def __init__(self, begin: Callable[[Audience], Performance[None]], audience: Audience) -> None:
        self._begin = begin
        self._audience = audience
        self._heard: list[tuple[datetime, int]] = []  # how late it was, and how many had looked
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
            else:
                self._heard.append((at, self._audience.seen))
                step, value = performance.send, at

    def to_come(self) -> Sequence[datetime]:
        """Return when it goes on by itself from now on, as far as that can be known."""
        heard = len(self._heard)
        number, known = self._known
        if number != heard:
            known = list(self._rehearse(heard))
            self._known = heard, known
        return known

    def _rehearse(self, heard: int) -> Iterator[datetime]:
        audience = Audience()
        performance = self._begin(audience)
        at = None
        try:
            told = next(performance)
            for at, audience.seen in self._heard[:heard]:
                told = performance.send(at)
            while True:
                if isinstance(told, Act):
                    at = told.at
                elif told.at is not None:
                    at = told.at if at is None else max(at, told.at)
                    yield at
                elif at is None or not told.is_over(at):
                    if at is not None and any(True for _ in told.looks()):
                        yield at + PATIENCE
                    return
                told = performance.send(at)
        except StopIteration:
            return
