"""Places that hold a function and can be made to hold another: how each kind is read and written.

A place does not keep alive what it is in, where Python allows that, and what it exchanged it puts
back only if nobody has put something else there.

Ignorant of which functions these are, and of how places are found.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import contextlib
    import types
    from collections.abc import Callable

__all__ = ["Attribute", "Cell", "ClassAttribute", "Defaults", "Item", "Member", "Partial", "Place"]

_NOTHING: Any = object()


class Place:
    """A place in an object. Those that hold several functions are one place.

    Args:
        holder: The object.
        key: Where in it, if that needs to be said.
    """

    __slots__ = ("_holder", "key")

    def __init__(self, holder: Any, key: Any = None) -> None:
        self.key = key
        try:
            self._holder: Callable[[], Any] = weakref.ref(holder)
        except TypeError:  # a dict, a list, a cell
            self._holder = functools.partial(_given, holder)

    @property
    def forsaken(self) -> bool:
        """Whether nobody has the object any more, but for this place."""
        holder = self._holder()
        if holder is None:
            return True
        kept = not isinstance(self._holder, weakref.ref)
        return kept and sys.getrefcount(holder) <= 3  # the variable, the argument, this place

    def exchange(self, twin: Callable[[Any], Any], undo: contextlib.ExitStack) -> None:
        """Let the place hold what ``twin`` says, until undone; nothing if that is what it holds."""
        holder = self._holder()
        if holder is None:
            return
        old = self._read(holder)
        new = old if old is _NOTHING else self._twin(old, twin)
        if not self._same(new, old):
            try:
                self._write(holder, new)
            except (AttributeError, TypeError):  # a class that refuses
                return
            undo.callback(self._put_back, new, old)

    def _put_back(self, new: Any, old: Any) -> None:
        holder = self._holder()
        if holder is not None and self._same(self._read(holder), new):
            self._write(holder, old)

    def _twin(self, old: Any, twin: Callable[[Any], Any]) -> Any:
        return twin(old)

    def _same(self, one: Any, other: Any) -> bool:
        return one is other

    def _read(self, holder: Any) -> Any:
        raise NotImplementedError

    def _write(self, holder: Any, value: Any) -> None:
        raise NotImplementedError


class Item(Place):
    """A value of a dict, a list or a deque, under a key or an index."""

    __slots__ = ()

    def _read(self, holder: Any) -> Any:
        try:
            return holder[self.key]
        except (KeyError, IndexError):
            return _NOTHING

    def _write(self, holder: Any, value: Any) -> None:
        if isinstance(holder, dict):
            dict.__setitem__(holder, self.key, value)
        else:
            holder[self.key] = value

    def _put_back(self, new: Any, old: Any) -> None:
        holder = self._holder()
        if isinstance(holder, (list, deque)):  # it may have moved
            for index, value in enumerate(holder):
                if value is new:
                    holder[index] = old
        else:
            super()._put_back(new, old)


class Member(Place):
    """A member of a set; the key is the function."""

    __slots__ = ()

    def _read(self, holder: Any) -> Any:
        return self.key if self.key in holder else _NOTHING

    def _write(self, holder: Any, value: Any) -> None:
        holder.discard(self.key)
        holder.add(value)
        self.key = value


class Cell(Place):
    """What a closure closes over."""

    __slots__ = ()

    def _read(self, holder: types.CellType) -> Any:
        try:
            return holder.cell_contents
        except ValueError:  # empty
            return _NOTHING

    def _write(self, holder: types.CellType, value: Any) -> None:
        holder.cell_contents = value


class Attribute(Place):
    """What an instance holds: in its namespace, or in a slot, whose descriptor is the key then."""

    __slots__ = ()

    def _read(self, holder: Any) -> Any:
        if isinstance(self.key, str):
            return object.__getattribute__(holder, "__dict__").get(self.key, _NOTHING)
        try:
            return self.key.__get__(holder)
        except AttributeError:  # empty
            return _NOTHING

    def _write(self, holder: Any, value: Any) -> None:
        if isinstance(self.key, str):  # also if the class is frozen
            object.__getattribute__(holder, "__dict__")[self.key] = value
        else:
            self.key.__set__(holder, value)


class ClassAttribute(Place):
    """What a class holds, plainly or as a ``staticmethod``."""

    __slots__ = ()

    def _read(self, holder: type) -> Any:
        return vars(holder).get(self.key, _NOTHING)

    def _twin(self, old: Any, twin: Callable[[Any], Any]) -> Any:
        inner = old.__func__ if isinstance(old, staticmethod) else old
        new = twin(inner)
        return old if new is inner else staticmethod(new)  # a function in Python would bind

    def _write(self, holder: type, value: Any) -> None:
        type.__setattr__(holder, self.key, value)


class Defaults(Place):
    """The default arguments of a function."""

    __slots__ = ()

    def _read(self, holder: types.FunctionType) -> Any:
        return holder.__defaults__ or ()

    def _twin(self, old: tuple[Any, ...], twin: Callable[[Any], Any]) -> Any:
        new = tuple(map(twin, old))
        return old if all(map(_is, new, old)) else new

    def _write(self, holder: types.FunctionType, value: Any) -> None:
        holder.__defaults__ = value


class Partial(Place):
    """The function and the arguments of a ``functools.partial``."""

    __slots__ = ()

    def _read(self, holder: functools.partial[Any]) -> Any:
        return (holder.func, *holder.args)

    def _twin(self, old: tuple[Any, ...], twin: Callable[[Any], Any]) -> Any:
        return tuple(map(twin, old))

    def _same(self, one: Any, other: Any) -> bool:
        return one is other or (len(one) == len(other) and all(map(_is, one, other)))

    def _write(self, holder: Any, value: Any) -> None:
        function, *args = value
        holder.__setstate__((function, tuple(args), holder.keywords, vars(holder) or None))


def _given(value: Any) -> Any:
    return value


def _is(one: object, other: object) -> bool:
    return one is other
