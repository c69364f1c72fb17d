"""Which clock governs this process: what world, server and clients agree on without each other.

Ignorant of what is patched, and how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._virtual import VirtualClock

__all__ = ["Governor", "governing_clock", "governors", "heeding_clock"]


class Governor(Protocol):
    """Something by which a clock governs; a world is entered by one.

    Attributes:
        clock: The clock.
        heed: Called by each thread that calls a server without a socket, before it is answered.
    """

    clock: VirtualClock
    heed: Callable[[], object]


governors: list[Governor] = []
"""Those of the one world that is entered, or none."""


def governing_clock() -> VirtualClock | None:
    """Return the clock that governs now; None where time is real.

    Example:
        >>> from flyte_testkit.world import governed_by
        >>> from flyte_testkit import VirtualClock
        >>> with governed_by(VirtualClock()):
        ...     governing_clock()
        <VirtualClock 2024-01-01T00:00:00+00:00, 0 s after its start>
    """
    return governors[-1].clock if governors else None


def heeding_clock() -> VirtualClock | None:
    """Return the clock that governs now; its world is told that the calling thread calls."""
    if not governors:
        return None
    governor = governors[-1]
    governor.heed()
    return governor.clock
