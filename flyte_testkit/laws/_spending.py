"""Whether code keeps a budget of RPCs: so many a second, and some more at once.

Ignorant of what the calls are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Stretch", "overspent"]

_EDGE = 0.001  # instants are not told with all their digits
_ROUNDING = 1e-6  # of the sums of many instants


class Stretch(NamedTuple):
    """So many calls from one instant to another."""

    calls: int
    start: float
    end: float

    def condition(self) -> str:
        """Return, as code, whether ``call`` is one of these."""
        return f"{self.start - _EDGE:.10g} <= call.at <= {self.end + _EDGE:.10g}"


def overspent(instants: Iterable[float], *, per_second: float, burst: int) -> Stretch | None:
    """Return the first stretch of time with more calls than allowed, if there is one.

    Allowed are, in any stretch, ``burst`` calls and ``per_second`` more for each of its seconds.

    Args:
        instants: When the calls were, in order.
        per_second: How many a second are allowed.
        burst: How many more in any stretch.

    Example:
        >>> overspent([0, 0, 0, 10], per_second=0.1, burst=2)
        Stretch(calls=3, start=0, end=0)
        >>> overspent([0, 0, 10, 20, 30], per_second=0.1, burst=2) is None
        True
    """
    level, count, start, before = 0.0, 0, 0.0, 0.0
    for at in instants:
        level -= (at - before) * per_second
        if level <= 0:
            level, count, start = 0.0, 0, at
        level, count, before = level + 1, count + 1, at
        if level > burst + _ROUNDING:
            return Stretch(count, start, at)
    return None
