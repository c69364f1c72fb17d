"""Waiting, done right: a budget, a rhythm of looks, and patience with what heals.

The promises, each tested by itself:

* time is measured on a monotonic clock, so neither summer time nor an NTP step changes a budget;
* no sleep goes beyond the budget (by a hundredth of a second at most, rounding), and there is one
  more look when it ends;
* a look is bounded by what is left of the budget; the last by ``LAST_LOOK`` seconds;
* a look that fails in a way that heals is repeated after a growing pause, until the budget ends;
* a look that fails in another way fails the wait at once.

This module is ignorant of Flyte and of gRPC: what is looked at, and what heals, it is told.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from flyte_testkit.client import _time
from flyte_testkit.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LAST_LOOK", "Budget", "GaveUp", "seconds_of", "wait_until"]

LAST_LOOK = 1.0
"""Seconds that an RPC of the last look may take: nothing is left of the budget by then."""


class Budget:
    """How much time there is, counted from now on.

    Args:
        seconds: ``None`` for no end.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._started = _time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return _time.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds until the end; none or less when it is over."""
        return math.inf if self.seconds is None else self.seconds - self.spent


class GaveUp(Exception):  # noqa: N818  it says what happened; the caller puts it in words
    """The budget ended.

    Attributes:
        looks: How many there were.
        failed: How many of them failed.
        failure: The last failure, if any.
    """

    def __init__(self, looks: int, failed: int, failure: Exception | None) -> None:
        super().__init__(looks, failed, failure)
        self.looks = looks
        self.failed = failed
        self.failure = failure


def wait_until(
    look: Callable[[Callable[[], float]], bool],
    *,
    budget: Budget,
    poll_interval: float,
    heals: Callable[[Exception], bool],
    pauses: Callable[[], Iterator[float]],
) -> None:
    """Look until there is nothing to wait for any more.

    Args:
        look: Looks once and says whether it is over. It is given a function that returns how
            many seconds the next RPC may take.
        budget: How much time there is.
        poll_interval: Seconds between looks.
        heals: Says of an exception of ``look`` whether to look again.
        pauses: Starts a new series of pauses, for looks that fail one after the other.

    Raises:
        GaveUp: The budget ended first.
    """
    looks = failed = 0
    failure: Exception | None = None
    outage = pauses()
    try:
        while True:
            last = budget.left <= 0
            looks += 1
            try:
                if look(lambda last=last: LAST_LOOK if last else max(budget.left, 0)):  # type: ignore[misc]  # bound now, called soon
                    return
                pause = poll_interval
                outage = pauses()
            except Exception as error:
                if not heals(error):
                    raise
                failed, failure = failed + 1, error
                pause = next(outage)
            if last:
                raise GaveUp(looks, failed, failure)
            _nap(min(pause, budget.left))
    finally:
        failure = None  # else it and this frame would hold each other


def _nap(seconds: float) -> None:
    """Sleep, rounded up to a hundredth, so that the budget has ended when it should have."""
    if seconds > 0:
        _time.sleep(math.ceil(seconds * 100) / 100)


def seconds_of(value: object, name: str) -> float | None:
    """Return a duration in seconds; ``None`` stays ``None``.

    Raises:
        TypeError: It is neither a number nor a ``timedelta``.
        ValueError: It is negative or not a number.
        OverflowError: It is infinite.

    Example:
        >>> seconds_of(timedelta(minutes=1), "timeout")
        60.0
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, (int, float)):
        seconds = float(value)
    else:
        raise TypeError(
            f"{name}={shown(value)} is no duration: give seconds or a timedelta, not a "
            f"{type(value).__name__}."
        )
    if math.isinf(seconds):
        raise OverflowError(f"{name}={shown(value)} is infinite: leave it out to have no limit.")
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{name}={shown(value)} is no duration: it must not be below 0.")
    return seconds
