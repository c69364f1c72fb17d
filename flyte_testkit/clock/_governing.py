"""Which clock governs this process: what world, server and clients agree on without each other.

Ignorant of what is patched, and how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from flyte_testkit.clock._virtual import VirtualClock

__all__ = ["Governor", "governing_clock", "governors"]


class Governor(Protocol):
    """Something by which a clock governs; a world is entered by one."""

    clock: VirtualClock


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
