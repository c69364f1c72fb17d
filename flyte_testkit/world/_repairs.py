"""Let what holds the real functions of time from before the world hold those of the world.

Ignorant of where things can be held (``_held``, ``_places``) and of how the clock moves.
"""

from __future__ import annotations

import sys
import types
import warnings
from datetime import date
from typing import TYPE_CHECKING, Any

from flyte_testkit.world import _held
from flyte_testkit.world._datetimes import READINGS, bound
from flyte_testkit.world._owners import on_the_stack

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Mapping

__all__ = ["forget", "repair"]

_METHODS = frozenset(name for _, name, _ in READINGS)
_frame = sys._getframe  # noqa: SLF001  whose variables hold what nobody can exchange
_told: set[str] = set()  # by this process: a stray is told once, not in each test


def repair(undo: contextlib.ExitStack, twins: Mapping[int, tuple[Any, Any]]) -> tuple[str, ...]:
    """Exchange what is held, until undone; warn of what cannot be exchanged, once.

    Args:
        undo: Where to say what is to be undone.
        twins: Real function and ours, by the id of the real one.

    Returns:
        Where strays are, in words.
    """

    def twin(value: Any) -> Any:
        if id(value) in twins:
            return twins[id(value)][1]
        return bound(value.__self__, value.__name__) if _is_reading(value) else value

    functions = tuple(real for real, _ in twins.values())
    ours = {id(stand_in) for _, stand_in in twins.values()}
    holdings = _held.search(functions, _reads, ours)
    undo.callback(_held.let_go)
    for place in holdings.places:
        place.exchange(twin, undo)
    for where, what in holdings.strays:
        if where not in _told:
            _told.add(where)
            _tell(where, what)
    # Whoever enters a world sees his own variables; they are no reason to warn.
    variables = on_the_stack(_frame(2), lambda it: id(it) in twins or _is_reading(it))
    return tuple(where for where, _ in (*holdings.strays, *variables))


def forget() -> None:
    """Search anew, and tell anew."""
    _held.forget()
    _told.clear()


def _is_reading(value: Any) -> bool:
    return type(value) is types.BuiltinMethodType and _reads(value)


def _reads(method: Any) -> bool:
    """Whether a method written in C is ``datetime.now`` or its like, of whichever class."""
    owner = method.__self__
    return method.__name__ in _METHODS and isinstance(owner, type) and issubclass(owner, date)


def _tell(where: str, what: Any) -> None:
    owner = getattr(what, "__self__", None)
    name = f"{owner.__name__ if isinstance(owner, type) else what.__module__}.{what.__name__}"
    warnings.warn(
        f"{where} has held {name} since before the world was entered, so its time is real. "
        f"Look {name} up when it is called: lambda: {name}(...).",
        RuntimeWarning,
        stacklevel=5,
    )
