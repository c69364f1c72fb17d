"""Local time: a process that lives in another time zone for a while.

Ignorant of clocks: which instant it is, and who says so, does not matter here.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["local_time"]


@contextmanager
def local_time(zone: str) -> Iterator[None]:
    """Let this process live in another time zone.

    What Python calls local time follows: ``datetime.now()``, ``time.localtime()``, naive datetimes.
    The zone is the process's own, of all its threads; on leaving it is again what it was.

    Args:
        zone: As the variable ``TZ`` has it: ``"Europe/Berlin"`` where the machine has a table of
            zones, or the rules themselves, ``"CET-1CEST,M3.5.0,M10.5.0/3"``.

    Raises:
        NotImplementedError: The platform cannot change the time zone of a process (Windows).

    Example:
        >>> import time
        >>> with local_time("CET-1CEST,M3.5.0,M10.5.0/3"):
        ...     time.localtime(0).tm_hour
        1
    """
    if not hasattr(time, "tzset"):
        raise NotImplementedError(
            f"local_time({zone!r}) needs time.tzset(), which this platform does not have."
        )
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        # Without tzset() the C library would stay in the zone, whatever the variable says.
        if before is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = before
        time.tzset()
