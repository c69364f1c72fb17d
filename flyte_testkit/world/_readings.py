"""What stands in for the clocks of ``time``.

Who reads is judged by the immediate caller. For code under test these are readings of the clock:

* ``time``: ``time``, ``monotonic``, ``perf_counter`` and ``clock_gettime`` of the clocks that tell
  time, each also in nanoseconds; ``localtime``, ``gmtime``, ``strftime``, ``ctime``, ``asctime``
  without an argument;
* ``datetime.now``, ``utcnow``, ``today``, ``date.today``, also of classes that inherit from them;
* whatever the standard library computes from these for its caller: times of log records,
  ``email.utils.formatdate`` and ``localtime``, ``uuid.uuid1``, ``sched``, times in ``gzip`` and
  ``zipfile``, ages in ``http.cookiejar``;
* looks at what only time will change: ``Thread.is_alive``, ``Event.is_set``, ``Future.done`` and
  such (``_looks``).

Real remain processor time (``process_time``, ``thread_time``, ``clock_gettime`` of processes and
threads, ``os.times``, ``resource``), the times that the operating system keeps (``os.stat``), what
is random (``random.seed()``, ``uuid.uuid4``, ``secrets``), and what machinery reads for itself.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from freezegun import api

from flyte_testkit.world._reins import caller, reader

if TYPE_CHECKING:
    import contextlib

__all__ = ["FUNCTIONS", "let_uuids_read"]

_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_SECOND = 1_000_000
_NANOSECONDS = 1_000_000_000
_OUR_CLIENT = "flyte_testkit.client._time"  # looks once more at its deadline, however exact

_real_ctime = time.ctime
_real_asctime = time.asctime


def _time() -> float:
    reins = reader(_frame(1))
    return api.real_time() if reins is None else reins.read_wall_ns() / _NANOSECONDS


def _time_ns() -> int:
    reins = reader(_frame(1))
    return api.real_time_ns() if reins is None else reins.read_wall_ns()


def _monotonic() -> float:
    frame = _frame(1)
    reins = reader(frame)
    if reins is None:
        return api.real_monotonic()
    exact = frame.f_globals.get("__name__") == _OUR_CLIENT
    return reins.monotonic() if exact else reins.read_monotonic()


def _monotonic_ns() -> int:
    reins = reader(_frame(1))
    return api.real_monotonic_ns() if reins is None else reins.read_monotonic_ns()


def _perf_counter() -> float:
    reins = reader(_frame(1))
    return api.real_perf_counter() if reins is None else reins.read_monotonic()


def _perf_counter_ns() -> int:
    reins = reader(_frame(1))
    return api.real_perf_counter_ns() if reins is None else reins.read_monotonic_ns()


def _localtime(seconds: float | None = None, /) -> time.struct_time:
    reins = reader(_frame(1)) if seconds is None else None
    return api.real_localtime(seconds if reins is None else reins.read() // _SECOND)


def _gmtime(seconds: float | None = None, /) -> time.struct_time:
    reins = reader(_frame(1)) if seconds is None else None
    return api.real_gmtime(seconds if reins is None else reins.read() // _SECOND)


def _strftime(layout: str, parts: Any = None, /) -> str:
    reins = caller(_frame(1)) if parts is None else None
    if reins is not None:
        parts = api.real_localtime(reins.read() // _SECOND)
    return api.real_strftime(layout) if parts is None else api.real_strftime(layout, parts)


def _ctime(seconds: float | None = None, /) -> str:
    reins = caller(_frame(1)) if seconds is None else None
    return _real_ctime(seconds if reins is None else reins.read() // _SECOND)


def _asctime(parts: Any = None, /) -> str:
    reins = caller(_frame(1)) if parts is None else None
    if reins is not None:
        parts = api.real_localtime(reins.read() // _SECOND)
    return _real_asctime() if parts is None else _real_asctime(parts)


FUNCTIONS: dict[str, tuple[Any, Any]] = {  # of ``time``: the real one, and ours
    "time": (api.real_time, _time),
    "time_ns": (api.real_time_ns, _time_ns),
    "monotonic": (api.real_monotonic, _monotonic),
    "monotonic_ns": (api.real_monotonic_ns, _monotonic_ns),
    "perf_counter": (api.real_perf_counter, _perf_counter),
    "perf_counter_ns": (api.real_perf_counter_ns, _perf_counter_ns),
    "localtime": (api.real_localtime, _localtime),
    "gmtime": (api.real_gmtime, _gmtime),
    "strftime": (api.real_strftime, _strftime),
    "ctime": (_real_ctime, _ctime),
    "asctime": (_real_asctime, _asctime),
}

if sys.platform != "win32":
    _WALL = {time.CLOCK_REALTIME, getattr(time, "CLOCK_TAI", None)}
    _MONOTONIC = {
        time.CLOCK_MONOTONIC,
        getattr(time, "CLOCK_MONOTONIC_RAW", None),
        getattr(time, "CLOCK_BOOTTIME", None),
        getattr(time, "CLOCK_UPTIME_RAW", None),
    }
    _real_gettime, _real_gettime_ns = time.clock_gettime, time.clock_gettime_ns

    def _clock_gettime(clock: int, /) -> float:
        reins = reader(_frame(1)) if clock in _WALL or clock in _MONOTONIC else None
        if reins is None:
            return _real_gettime(clock)
        return reins.read_wall_ns() / _NANOSECONDS if clock in _WALL else reins.read_monotonic()

    def _clock_gettime_ns(clock: int, /) -> int:
        reins = reader(_frame(1)) if clock in _WALL or clock in _MONOTONIC else None
        if reins is None:
            return _real_gettime_ns(clock)
        return reins.read_wall_ns() if clock in _WALL else reins.read_monotonic_ns()

    FUNCTIONS["clock_gettime"] = (_real_gettime, _clock_gettime)
    FUNCTIONS["clock_gettime_ns"] = (_real_gettime_ns, _clock_gettime_ns)


def let_uuids_read(undo: contextlib.ExitStack) -> None:
    """Let ``uuid.uuid1`` ask ``time``, and not the operating system, until undone."""
    for name in ("_generate_time_safe", "_UuidCreate", "_last_timestamp"):
        if hasattr(uuid, name):
            undo.callback(setattr, uuid, name, getattr(uuid, name))
            setattr(uuid, name, None)
