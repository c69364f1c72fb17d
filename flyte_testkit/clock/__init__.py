"""Clocks that server, scripts and code under test share.

:class:`VirtualClock` moves when everybody waits, and only then; :class:`SystemClock` is the same
thing for a server that lives in real time; :class:`Clock` is what both are. Ignorant of Flyte, and
of how ``time.sleep`` comes to call a clock: :mod:`flyte_testkit.world` does that.
"""

from flyte_testkit.clock._governing import governing_clock
from flyte_testkit.clock._system import SystemClock
from flyte_testkit.clock._types import Clock, Handle, Source
from flyte_testkit.clock._virtual import Sleeper, VirtualClock

__all__ = [
    "Clock",
    "Handle",
    "Sleeper",
    "Source",
    "SystemClock",
    "VirtualClock",
    "governing_clock",
]
