"""Whether the whole process rests: what real time may be asked, where it matters.

To look at one thread alone would be wrong: on a busy machine it may well wait for another that
starves. So all threads are looked at, but those that only look.

Ignorant of why it is asked.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CAN_LOOK",
    "RESTING",
    "RESTING_ELSEWHERE",
    "TICK",
    "Rest",
    "at_work",
    "process",
    "watches",
]

TICK = 0.02
"""Real seconds between two looks."""
RESTING = 3
"""Looks that find the whole process at rest."""
RESTING_ELSEWHERE = 25
"""Looks, where a process cannot be looked at."""
_PATIENCE = 500  # looks at most, while others are at work
_LITTLE = 4_000_000  # nanoseconds of processor time between two looks: others look, too

_TASKS = "/proc/self/task"
CAN_LOOK = sys.platform.startswith("linux") and os.path.isdir(_TASKS)  # noqa: PTH112  no Path needed
watches: set[str] = set()
"""Native ids of threads that look: each would never see the process at rest for the others."""


class Rest:
    """Whether the process rests, but for the thread that asks, again and again.

    A server that looks up a hundred times a second does so, too.
    """

    def __init__(self) -> None:
        self._before: dict[str, bytes] | None = None
        self._looks = 0

    def has_come(self) -> bool:
        """Look once more; say whether nothing stirs for a while, to look again after ``TICK``."""
        if not CAN_LOOK:
            self._looks += 1
            return self._looks >= RESTING_ELSEWHERE
        seen = process(but=str(threading.get_native_id()))
        before, self._before = self._before, seen
        rests = seen is not None and before is not None and _spent(seen) - _spent(before) < _LITTLE
        self._looks = self._looks + 1 if rests else 0
        return self._looks >= RESTING


def at_work() -> Iterator[None]:
    """Go on as long as others are at work; whoever asks waits for ``TICK`` between two looks."""
    rest = Rest()
    for _ in range(_PATIENCE):
        if rest.has_come():
            return
        yield


def _spent(seen: dict[str, bytes]) -> int:
    """Return what all threads have had of the processor, in nanoseconds."""
    return sum(int(had.split(maxsplit=1)[0]) for had in seen.values())


def process(but: str = "") -> dict[str, bytes] | None:
    """Return what all threads but watches have had of the processor; None if one runs now."""
    seen = {}
    try:
        for task in os.listdir(_TASKS):  # noqa: PTH208  fifty times a second
            if task in watches or task == but:
                continue
            with open(f"{_TASKS}/{task}/stat", "rb") as file:  # noqa: PTH123  fifty times a second
                state = file.read().rpartition(b")")[2].split(maxsplit=1)[0]
            if state == b"R":
                return None
            with open(f"{_TASKS}/{task}/schedstat", "rb") as file:  # noqa: PTH123  as above
                seen[task] = file.read()
    except OSError:  # it ended a moment ago
        return None
    return seen
