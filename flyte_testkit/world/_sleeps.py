"""What stands in for ``time.sleep``.

It is the same function in every world and acts as the real one outside of any, so one that was kept
(as a default argument, say) does no harm later.

Ignorant of how it comes to stand there.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

from flyte_testkit.world._reins import caller, waits_for_ever

__all__ = ["REAL_SLEEP", "sleep"]

REAL_SLEEP = time.sleep
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say

_ENDLESS = (
    "the code under test waits for an execution and has no timeout, and nothing is scheduled.",
    "Script an ending, or give the wait a timeout.",
)


def sleep(seconds: float, /) -> None:
    """Sleep on the clock of the world, or really if the machinery asks."""
    reins = caller(_frame(1))
    if reins is None or isinstance(seconds, timedelta) or not seconds:
        REAL_SLEEP(seconds)  # a timedelta is refused, and zero lets other threads run
    if reins is not None:
        if waits_for_ever(_frame(1)):
            reins.clock.give_up_if_idle(*_ENDLESS)
        reins.clock.sleep(reins.landing(seconds))
