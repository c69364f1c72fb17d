"""What stands in for the clocks of ``time``, and what freezegun's fake classes lack.

freezegun brings classes that pass for ``datetime`` and ``date``, pickle, and count as those in
``isinstance``. Here they learn three things more: to follow the clock of the world, to know local
time as the process does (with its summer time), and to be equal to the real classes, so that a
type check by ``==`` or a registry by type takes either.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import sys
import time
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from freezegun import api

from flyte_testkit.world._reins import caller, reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

__all__ = ["CLASSES", "FUNCTIONS", "class_patches", "utc_naive"]

_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = 1_000_000
_OUR_CLIENT = "flyte_testkit.client._time"  # looks once more at its deadline, however exact

_real_time_ns = api.real_time_ns
_real_ctime = time.ctime
_real_asctime = time.asctime


def _time() -> float:
    reins = reader(_frame(1))
    return api.real_time() if reins is None else reins.read() / _SECOND


def _time_ns() -> int:
    reins = reader(_frame(1))
    return api.real_time_ns() if reins is None else reins.read() * 1000


def _monotonic() -> float:
    frame = _frame(1)
    reins = reader(frame)
    if reins is None:
        return api.real_monotonic()
    exact = frame.f_globals.get("__name__") == _OUR_CLIENT
    return (reins.monotonic() if exact else reins.read_monotonic()) / _SECOND


def _monotonic_ns() -> int:
    reins = reader(_frame(1))
    return api.real_monotonic_ns() if reins is None else reins.read_monotonic() * 1000


def _perf_counter() -> float:
    reins = reader(_frame(1))
    return api.real_perf_counter() if reins is None else reins.read_monotonic() / _SECOND


def _perf_counter_ns() -> int:
    reins = reader(_frame(1))
    return api.real_perf_counter_ns() if reins is None else reins.read_monotonic() * 1000


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
CLASSES: tuple[tuple[Any, Any], ...] = (
    (api.real_datetime, api.FakeDatetime),
    (api.real_date, api.FakeDate),
)


def utc_naive(micros: int) -> datetime:
    """Return the naive UTC datetime that freezegun's factories give."""
    return (_EPOCH + timedelta(microseconds=micros)).replace(tzinfo=None)


def _micros(frame: Any) -> int:
    reins = reader(frame)
    return _real_time_ns() // 1000 if reins is None else reins.read()


def _fake(instant: datetime) -> datetime:
    fake: datetime = api.FakeDatetime(
        *(instant.year, instant.month, instant.day),
        *(instant.hour, instant.minute, instant.second, instant.microsecond),
        instant.tzinfo,
        fold=instant.fold,
    )
    return fake


def _local(micros: int) -> datetime:
    seconds, rest = divmod(micros, _SECOND)
    whole: datetime = api.real_datetime.fromtimestamp(seconds)
    return whole.replace(microsecond=rest)


def _now(_: type, tz: tzinfo | None = None) -> datetime:
    micros = _micros(_frame(1))
    if tz is None:
        return _fake(_local(micros))
    return _fake((_EPOCH + timedelta(microseconds=micros)).astimezone(tz))


def _now_naive(_: type) -> datetime:
    return _fake(_local(_micros(_frame(1))))


def _utcnow(_: type) -> datetime:
    return _fake(utc_naive(_micros(_frame(1))))


def _today(_: type) -> date:
    return api.date_to_fakedate(_local(_micros(_frame(1))))


def _stands_for(cls: object) -> object:
    """Return the real class that a fake one stands for, or the class itself."""
    return next((real for real, fake in CLASSES if cls is fake), cls)


def _same_class(cls: type, other: object) -> bool:
    return _stands_for(cls) is _stands_for(other)


def _hash_of_class(cls: type) -> int:
    return type.__hash__(_stands_for(cls))


def class_patches() -> Iterator[tuple[Any, str, Any]]:
    """Yield class, attribute and value: what the fake classes learn; ``None`` is to unlearn.

    Unlearned, ``fromtimestamp``, ``timestamp`` and ``astimezone`` are the real ones, which know
    the time zone of the process.
    """
    yield api.FakeDateMeta, "__eq__", _same_class
    yield api.FakeDateMeta, "__hash__", _hash_of_class
    yield api.FakeDate, "today", classmethod(_today)
    yield api.FakeDatetime, "now", classmethod(_now)
    yield api.FakeDatetime, "today", classmethod(_now_naive)
    yield api.FakeDatetime, "utcnow", classmethod(_utcnow)
    yield api.FakeDatetime, "fromtimestamp", None
    yield api.FakeDatetime, "timestamp", None
    yield api.FakeDatetime, "astimezone", None
