"""Locks and queues older than the world, as far as modules, classes and their objects name them.

Nobody notices who waits for a lock that is written in C. So while the world lasts, the names by
which code under test knows such a lock lead to one that guards the old one: its waiters sleep, and
whoever has the old one still has it.

Ignorant of when a world begins and ends.
"""

from __future__ import annotations

import functools
import queue
import sys
import types
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._bindings import is_installed, loaded_modules
from flyte_testkit.world._locks import REAL_QUEUE, Lock, RLock, SimpleQueue
from flyte_testkit.world._reins import is_machinery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["guarded_locks"]

_LOCK: type = Lock.__kind__
_RLOCK: type = RLock.__kind__
_KINDS: frozenset[type] = frozenset({_LOCK, _RLOCK, REAL_QUEUE})
_FUNCTION = types.FunctionType


class GuardedRLock:
    """An older ``RLock``, and one before it whose waiters sleep."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._outer: Any = type.__call__(RLock)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  as the real one
        """Take both."""
        if not self._outer.acquire(blocking, timeout):
            return False
        if self._inner.acquire(blocking):
            return True
        self._outer.release()
        return False

    __enter__ = acquire

    def release(self) -> None:
        """Release both."""
        self._inner.release()
        self._outer.release()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _release_save(self) -> tuple[Any, Any]:
        return self._inner._release_save(), self._outer._release_save()  # noqa: SLF001  as a Condition does

    def _acquire_restore(self, state: tuple[Any, Any]) -> None:
        self._outer._acquire_restore(state[1])  # noqa: SLF001  as a Condition does
        self._inner._acquire_restore(state[0])  # noqa: SLF001  as a Condition does

    def _is_owned(self) -> bool:
        return bool(self._inner._is_owned())  # noqa: SLF001  as a Condition does


class GuardedQueue(SimpleQueue):
    """An older ``SimpleQueue``; who waits for an item sleeps."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self._inner = inner

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002  as the real one
        """Put an item into the old one, and tell who waits."""
        self._inner.put(item, block, timeout)
        self._count.release()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002  as the real one
        """Take an item out of the old one."""
        while True:
            try:
                item = self._inner.get(False)
            except queue.Empty:
                if not self._count.acquire(block, timeout):
                    raise
            else:
                self._count.acquire(False)
                return item

    def empty(self) -> bool:
        """Whether the old one is."""
        return bool(self._inner.empty())

    def qsize(self) -> int:
        """How many items the old one has."""
        return int(self._inner.qsize())


def guarded_locks() -> Iterator[tuple[Any, str, Any]]:
    """Yield owner, attribute and what shall be there, wherever code under test names one."""
    guards: dict[int, Any] = {}
    names = _under_test(len(sys.modules), next(reversed(sys.modules)))
    for cell, value in list(_cells_in_sight(names)):
        yield cell, "cell_contents", guards.setdefault(id(value), _guard(value))
    for name in names:
        module = sys.modules.get(name)
        for owner in () if module is None else _owners(module, name):
            space = _space(owner)
            if _KINDS.isdisjoint(map(type, list(space.values()))):
                continue
            for attribute, value in list(space.items()):
                if type(value) in _KINDS:
                    yield owner, attribute, guards.setdefault(id(value), _guard(value))


def _cells_in_sight(names: tuple[str, ...]) -> Iterator[tuple[types.CellType, Any]]:
    """Yield the cells that hold a lock, of functions known to those who now enter the world.

    A test that makes a lock, and a function that takes it, names neither in a module.
    """
    seen: set[int] = set()
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001  who enters is on the stack
    while frame is not None:
        if frame.f_globals.get("__name__") in names:
            known = [value for value in frame.f_locals.values() if type(value) is _FUNCTION]
            while known:
                for cell in known.pop().__closure__ or ():
                    if id(cell) not in seen:
                        seen.add(id(cell))
                        value = _contents(cell)
                        if type(value) is _FUNCTION:
                            known.append(value)
                        elif type(value) in _KINDS:
                            yield cell, value
        frame = frame.f_back


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None


def _guard(value: Any) -> Any:
    if type(value) is _LOCK:
        return type.__call__(Lock, value)
    return GuardedRLock(value) if type(value) is _RLOCK else type.__call__(GuardedQueue, value)


def _owners(module: Any, name: str) -> Iterator[Any]:
    """Yield a module, its classes, and the objects of its classes that it names."""
    yield module
    values = list(_space(module).values())
    classes, own = set(), set()
    for kind in set(map(type, values)):  # they are few, and the values many
        if issubclass(kind, type):
            classes.add(kind)
        elif kind.__module__ == name:
            own.add(kind)
    for value in values if classes or own else ():
        kind = type(value)
        if kind in own or (kind in classes and value.__module__ == name):
            yield value


def _space(owner: Any) -> Mapping[str, Any]:
    """Return the attributes of an object without running code of its own."""
    try:
        space = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return {}
    return space if isinstance(space, (dict, types.MappingProxyType)) else {}


@functools.lru_cache(maxsize=1)
def _under_test(_number: int, _latest: str) -> tuple[str, ...]:
    """Return the names of the modules that are neither installed nor machinery."""
    return tuple(
        name
        for name in sorted(loaded_modules())
        if not is_machinery(name)
        and (space := _space(sys.modules.get(name))).get("__file__")
        and not is_installed(space)
    )
