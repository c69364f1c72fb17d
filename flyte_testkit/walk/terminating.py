"""A performance that somebody terminates at an instant, as a script says.

It goes on until the engine hears of it, and may be over by then. Ignorant of what is performed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.engine.performance import Act, Terminated, Wait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from flyte_testkit.engine.performance import Looks, Performance, Signalled

__all__ = ["terminating"]


def terminating(performance: Performance[None], act: Act, deaf: timedelta) -> Performance[None]:
    """Perform, and terminate at an instant; what is due at this very instant happens before.

    Args:
        performance: What is performed.
        act: The termination.
        deaf: How long it takes until the performance hears of it.
    """
    due: datetime | None = act.at
    has_acted = False
    try:
        told = next(performance)
        while True:
            try:
                now = yield told if isinstance(told, Act) else _Before(told, due)
                if not isinstance(told, Act) and not told.is_over(now):
                    if has_acted:
                        raise Terminated(now)  # noqa: TRY301  it hears it as if from outside
                    has_acted = True
                    now = yield act
                    due = now + deaf
                    continue
            except Terminated as terminated:
                due = None
                told = performance.throw(terminated)
            else:
                told = performance.send(now)
    except StopIteration:
        return


class _Before(Wait):
    """Over once another wait is, or before it at an instant."""

    __slots__ = ("_other",)

    def __init__(self, other: Wait, due: datetime | None) -> None:
        super().__init__(min((one for one in (other.at, due) if one is not None), default=None))
        self._other = other

    def is_over(self, now: datetime) -> bool:
        """Ask the other one."""
        return self._other.is_over(now) or super().is_over(now)

    def looks(self) -> Iterator[Looks]:
        """Yield the looks that it waits for."""
        yield from self._other.looks()

    def signals(self) -> Iterator[Signalled]:
        """Yield the signals that it waits for."""
        yield from self._other.signals()
