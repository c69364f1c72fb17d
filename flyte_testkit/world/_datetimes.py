"""What ``datetime.now`` and its kin give in a world, and how the real classes learn to.

A reading is exact: the clock's own microseconds. But in life two readings differ, and flytekit
waits while ``now() < deadline`` and looks a last time only if ``now() > deadline``. So a reading
carries its place in the order of readings, hidden: where values are equal, ``<`` and ``>`` go by
it. It survives adding and subtracting a ``timedelta``, changing the time zone (``astimezone``,
``replace(tzinfo=...)``) and copying; it is lost where the value becomes another (other fields
replaced, ``timestamp()``, a pickle, a difference of two readings). A datetime without a place is
neither before nor after a reading that it equals.

The classes ``datetime`` and ``date`` stay what they are: their own ``now``, ``utcnow`` and
``today`` are exchanged, in their own namespaces. So it does not matter who holds the classes, since
when, or who inherited from them; no class made in a world differs from one made outside.

Ignorant of how time moves.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import itertools
import sys
import types
from datetime import timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, SupportsIndex

from freezegun import api

from flyte_testkit.world._reins import caller, reader

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from typing_extensions import Self
else:  # the real ones, even if freezegun is at work while this is imported
    date, datetime = api.real_date, api.real_datetime

__all__ = ["READINGS", "Reading", "bound", "teach"]

_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = 1_000_000
_places = itertools.count(1)  # of all worlds: those of one are comparable, and that is all


class _AsReal(type):
    """What makes a class pass for ``datetime`` in checks of type, and in registries by type."""

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is datetime

    def __hash__(cls) -> int:
        return hash(datetime)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, datetime)


def _in_order(kind: str) -> Callable[[Any, Any], Any]:
    """Return a comparison that goes by the hidden place if values are equal."""
    compare, equal = getattr(datetime, kind), datetime.__eq__
    by_place = getattr(int, kind)

    @functools.wraps(compare)
    def compared(self: Any, other: Any) -> Any:
        if type(other) is Reading and equal(self, other) is True:
            mine, theirs = _place(self), _place(other)
            if mine and theirs:
                return by_place(mine, theirs)
        return compare(self, other)

    return compared


def _carrying(name: str) -> Callable[..., Any]:
    """Return a method of ``datetime`` that gives its result the place of the reading."""
    made_by = getattr(datetime, name)

    @functools.wraps(made_by)
    def carried(self: Any, *args: Any) -> Any:
        return _placed(made_by(self, *args), _place(self))

    return carried


class Reading(datetime, metaclass=_AsReal):
    """A datetime that was read from the clock: exact, and after every reading before it.

    What ``fromtimestamp`` makes is of this class, too (``type(one) is type(other)``, as in life),
    but has no place among the readings.
    """

    __slots__ = ("_place",)
    _place: int

    __lt__ = _in_order("__lt__")
    __le__ = _in_order("__le__")
    __gt__ = _in_order("__gt__")
    __ge__ = _in_order("__ge__")
    __add__ = _carrying("__add__")
    __radd__ = _carrying("__radd__")
    __sub__ = _carrying("__sub__")
    astimezone = _carrying("astimezone")

    def replace(self, *args: Any, **changes: Any) -> Any:
        made = datetime.replace(self, *args, **changes)
        return _placed(made, 0 if args or changes.keys() - {"tzinfo", "fold"} else _place(self))

    __replace__ = replace

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return _plain(self).__reduce_ex__(protocol)

    def __reduce__(self) -> Any:
        return _plain(self).__reduce__()

    def __repr__(self) -> str:
        return repr(_plain(self))


for _name in ("__name__", "__qualname__", "__module__"):  # it passes for the real one
    setattr(Reading, _name, getattr(datetime, _name))


def _place(value: Any) -> int:
    """Return the hidden place of a reading; 0 is none."""
    return getattr(value, "_place", 0)


def _placed(value: Any, place: int) -> Any:
    if place and type(value) is Reading:
        value._place = place  # noqa: SLF001  a function of its own module
    return value


def _plain(reading: datetime) -> Any:
    """Return a real datetime of a reading's value."""
    return _as(datetime, reading)


def _as(cls: type[datetime], instant: datetime) -> Any:
    return cls(
        *(instant.year, instant.month, instant.day),
        *(instant.hour, instant.minute, instant.second, instant.microsecond),
        instant.tzinfo,
        **({"fold": 1} if instant.fold else {}),
    )


def _reading(cls: type[datetime], instant: datetime) -> Any:
    """Return an instant as the class gives it that was asked."""
    if cls is datetime or cls is Reading:
        return _placed(_as(Reading, instant), next(_places))
    return _as(cls, instant)


def _local(micros: int) -> datetime:
    seconds, rest = divmod(micros, _SECOND)
    return datetime.fromtimestamp(seconds).replace(microsecond=rest)


def _utc(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


_real_now, _real_utcnow = vars(datetime)["now"], vars(datetime)["utcnow"]
_real_today, _real_from = vars(date)["today"], vars(datetime)["fromtimestamp"]


def _now(cls: type[datetime], tz: tzinfo | None = None) -> Any:
    reins = reader(_frame(1))
    if reins is None or not (tz is None or isinstance(tz, tzinfo)):  # what is none is refused
        return _real_now.__get__(None, cls)(tz)
    micros = reins.read()
    return _reading(cls, _local(micros) if tz is None else _utc(micros).astimezone(tz))


def _utcnow(cls: type[datetime]) -> Any:
    reins = reader(_frame(1))
    if reins is None:
        return _real_utcnow.__get__(None, cls)()
    return _reading(cls, _utc(reins.read()).replace(tzinfo=None))


def _today(cls: type[date]) -> Any:
    reins = reader(_frame(1))
    if reins is None:
        return _real_today.__get__(None, cls)()
    today = _local(reins.read())
    if issubclass(cls, datetime):
        return _reading(cls, today)
    return cls(today.year, today.month, today.day)


def _fromtimestamp(cls: type[datetime], timestamp: float, tz: tzinfo | None = None) -> Any:
    made = _real_from.__get__(None, cls)(timestamp, tz)
    return made if cls is not datetime or caller(_frame(1)) is None else _as(Reading, made)


READINGS: tuple[tuple[Any, str, Any], ...] = (
    (datetime, "now", classmethod(_now)),
    (datetime, "utcnow", classmethod(_utcnow)),
    (date, "today", classmethod(_today)),
)
"""Class, name, and what stands there in a world."""

_EXCHANGED = (*READINGS, (datetime, "fromtimestamp", classmethod(_fromtimestamp)))


def bound(cls: type, name: str) -> Any:
    """Return what ``cls.now`` (or ``utcnow``, ``today``) gives in a world; it may be kept."""
    ours = next(function for _, known, function in READINGS if known == name)
    return types.MethodType(ours.__func__, cls)


def teach(undo: contextlib.ExitStack) -> None:
    """Let the real classes read the clock of the world, until undone.

    A class written in C refuses ``setattr``; its namespace does not, if it is told afterwards. What
    is exchanged is never freed, here nor there: Python's caches of methods do not keep it alive.
    """
    spaces: dict[type, dict[str, Any]] = {
        owner: gc.get_referents(vars(owner))[0] for owner in (date, datetime)
    }
    undo.callback(_exchange, spaces, [(it, name, vars(it)[name]) for it, name, _ in _EXCHANGED])
    _exchange(spaces, _EXCHANGED)


def _exchange(spaces: dict[type, dict[str, Any]], methods: Iterable[tuple[type, str, Any]]) -> None:
    """Put methods in their places, and let Python look them up anew, also in what inherits."""
    try:
        for owner, name, method in methods:
            spaces[owner][name] = method
    finally:
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(date))
