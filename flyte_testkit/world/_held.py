"""Where else than in names of modules functions are held, found by asking the garbage collector.

``field(default_factory=time.time)``, ``Column(default=datetime.utcnow)`` and
``self.sleep = time.sleep`` keep a function from before the world, and no patch of ``time.sleep``
reaches them. What can be exchanged and put back exactly is a place (``_places``); the rest is
named, if it is code under test that has it. To ask takes a while, so it is asked again only if
something may have changed: a module was imported, a function is held more or less often than
before, or a method of ``datetime`` was bound.

Ignorant of what stands in for which function.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from collections import deque
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._stacks import innermost, stack
from flyte_testkit.world import _owners
from flyte_testkit.world._bindings import is_a, namespace
from flyte_testkit.world._births import Births
from flyte_testkit.world._places import (
    Attribute,
    Cell,
    ClassAttribute,
    Defaults,
    Item,
    Member,
    Partial,
    Place,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from collections.abc import Set as AbstractSet

__all__ = ["Holdings", "forget", "let_go", "search"]

_HERE = "flyte_testkit.world."
_WRAPPERS = (staticmethod, classmethod)
_CONTAINERS = (dict, list, deque, set, frozenset, tuple)
_CLOSED = (types.FrameType, functools._lru_cache_wrapper)  # noqa: SLF001  it has no other name
_Bound = types.BuiltinMethodType


class Holdings:
    """What a search found.

    Args:
        functions: What is looked for.
        is_bound: Says of a method written in C whether it is looked for, too.
        ours: The ids of what will stand in for them: who holds both is one of us.

    Attributes:
        places: What can be exchanged.
        strays: What cannot: where it is, in words, and what it holds.
    """

    def __init__(
        self, functions: Collection[Any], is_bound: Callable[[Any], bool], ours: AbstractSet[int]
    ) -> None:
        self.bound = [it for it in gc.get_objects() if type(it) is _Bound and is_bound(it)]
        self._wanted = {id(it): it for it in (*functions, *self.bound)}
        self._functions = functions
        self._ours = ours
        self._spaces = {id(namespace(module)) for module in list(sys.modules.values())}
        self._passed: list[Any] = []  # those on the way to whoever has them
        self._lost: list[Any] = []
        self.places: list[Place] = []
        self._look()
        strays = [it for it in self._lost if self._is_stray(it)]
        self.strays = _owners.named(strays, self._wanted)
        self._wanted.clear()
        self._lost.clear()
        self._passed.clear()
        del self._functions

    def _look(self) -> None:
        wanted = list(self._wanted.values())
        ignored = {id(self._wanted), id(wanted), id(self.bound), id(self._functions)}
        holders = [it for it in _owners.referrers(wanted) if id(it) not in ignored]
        running = _running()
        for holder in holders:
            if id(holder) not in running:
                self._examine(holder)
        owners = _owners.referrers(self._passed)
        ignored |= {id(holders), id(self._passed), id(self._lost)} | running
        passed = {id(it): it for it in self._passed}
        owned = self._owned(owners, ignored | {id(passed)}, passed)
        for owner in owners:
            if id(owner) not in ignored:
                self._examine_owner(owner, passed)
        for left in passed.values():
            if id(left) in owned:
                self._contents(left)

    def _owned(self, owners: list[Any], ignored: set[int], passed: dict[int, Any]) -> set[int]:
        """Return the ids of what belongs to somebody: the rest are variables of functions.

        On the way are met the classes that hold a ``staticmethod``.
        """
        owned: set[int] = set()
        between = []
        for owner in owners:
            if id(owner) in ignored:
                continue
            if type(owner) in _CONTAINERS and id(owner) not in self._spaces:
                between.append(owner)
            else:
                owned.update(map(id, gc.get_referents(owner)))
        for owner in _owners.referrers(between):
            if id(owner) not in ignored and owner is not between and owner is not owners:
                owned.update(map(id, gc.get_referents(owner)))
                if is_a(owner, type):
                    self._class(owner, passed)
        for owner in between:
            if id(owner) in owned:
                owned.update(map(id, gc.get_referents(owner)))
        return owned

    def _examine(self, holder: Any) -> None:
        if id(holder) in self._spaces:
            if "__name__" in holder:  # names of functions are looked at elsewhere
                bound = set(map(id, self.bound))
                self.places += (Item(holder, key) for key, v in holder.items() if id(v) in bound)
        elif is_a(holder, (*_CONTAINERS, *_WRAPPERS)):
            self._passed.append(holder)
            self._slots(holder)  # ``defaultdict(time.time)``
        elif is_a(holder, types.CellType):
            self.places.append(Cell(holder))
        elif is_a(holder, functools.partial):
            self.places.append(Partial(holder))
        elif is_a(holder, type):
            self._class(holder, {})
        elif is_a(holder, _CLOSED) or not (self._slots(holder) | self._attributes(holder)):
            self._lost.append(holder)

    def _examine_owner(self, owner: Any, passed: dict[int, Any]) -> None:
        """Look at who has a dict, a tuple or a wrapper that holds what is looked for."""
        if is_a(owner, types.FunctionType):
            if passed.pop(id(owner.__defaults__), None) is not None:
                self.places.append(Defaults(owner))
        elif is_a(owner, functools.partial):
            if passed.pop(id(owner.args), None) is not None:
                self.places.append(Partial(owner))
        elif is_a(owner, type):
            passed.pop(id(gc.get_referents(vars(owner))[0]), None)
            self._class(owner, passed)
        elif is_a(owner, (types.ModuleType, types.FrameType, *_CONTAINERS)):
            return
        elif passed.pop(id(_owners.space_of(owner)), None) is not None:
            self._attributes(owner)

    def _class(self, kind: type, passed: dict[int, Any]) -> None:
        if str(kind.__module__).startswith(_HERE):
            return  # what stands in knows what it stands in for
        for name, value in list(vars(kind).items()):
            inner = value.__func__ if is_a(value, staticmethod) else value
            if self._is_wanted(inner):
                passed.pop(id(value), None)
                self.places.append(ClassAttribute(kind, name))

    def _attributes(self, holder: Any) -> bool:
        space = _owners.space_of(holder) or {}
        names = [name for name, value in list(space.items()) if self._is_wanted(value)]
        self.places += (Attribute(holder, name) for name in names)
        return bool(names)

    def _slots(self, holder: Any) -> bool:
        slots = [
            slot
            for kind in type(holder).__mro__
            for slot in vars(kind).values()
            if is_a(slot, types.MemberDescriptorType)
            and self._is_wanted(value := _in(slot, holder))
            and _takes(slot, holder, value)
        ]
        self.places += (Attribute(holder, slot) for slot in slots)
        return bool(slots)

    def _contents(self, holder: Any) -> None:
        """Find what a container holds that belongs to nothing which was looked at as a whole."""
        if is_a(holder, dict):
            items = list(holder.items())
            self.places += (Item(holder, key) for key, it in items if self._is_wanted(it))
        elif is_a(holder, (list, deque)):
            self.places += (Item(holder, n) for n, it in enumerate(holder) if self._is_wanted(it))
        elif is_a(holder, set):
            self.places += [Member(holder, it) for it in holder if self._is_wanted(it)]
        else:
            self._lost.append(holder)

    def _is_stray(self, holder: Any) -> bool:
        """Whether it holds a function that is looked for: a class it may hold for many reasons."""
        held = {id(it) for it in gc.get_referents(holder) if not is_a(it, type)}
        return not held.isdisjoint(self._wanted) and held.isdisjoint(self._ours)

    def _is_wanted(self, value: object) -> bool:
        return id(value) in self._wanted


def _in(slot: Any, holder: Any) -> Any:
    try:
        return slot.__get__(holder)
    except (AttributeError, TypeError):  # empty, or not to be read
        return None


def _takes(slot: Any, holder: Any, value: Any) -> bool:
    """Whether a slot can be written, tried with what is in it."""
    try:
        slot.__set__(holder, value)
    except (AttributeError, TypeError):
        return False
    return True


def _running() -> set[int]:
    """Return the ids of the frames of functions under way, in all threads."""
    tops = [sys._getframe(1), *innermost().values()]  # noqa: SLF001  never one's own: a circle
    return {id(frame) for top in tops for frame in stack(top)}


class _Known:
    """The last search, and how things stood then. One a process: what it knows is the process's."""

    holdings: Holdings | None = None
    modules: tuple[int, str] = (0, "")
    counts: tuple[int, ...] = ()
    kinds: frozenset[tuple[int, type]] = frozenset()
    births: Births | None = None


def search(
    functions: Collection[Any], is_bound: Callable[[Any], bool], ours: AbstractSet[int]
) -> Holdings:
    """Return where functions are held now, from the last search if nothing has changed since."""
    modules = (len(sys.modules), next(reversed(sys.modules)))
    counts = tuple(sys.getrefcount(it) for it in functions if not is_a(it, type))
    known, births = _Known.holdings, _Known.births
    if (
        known is None
        or births is None
        or counts != _Known.counts
        or any(place.forsaken for place in known.places)
        or births.any()
        or (modules != _Known.modules and _who_has_kinds(functions) != _Known.kinds)
    ):
        forget()
        known = None  # or it would be found among those who have things
        _Known.holdings = known = Holdings(functions, is_bound, ours)
        _Known.kinds = _who_has_kinds(functions)
        seen = frozenset(map(id, known.bound))
        _Known.births = births = Births(
            lambda it: type(it) is _Bound and id(it) not in seen and is_bound(it)
        )
    _Known.modules, _Known.counts = modules, counts
    births.stop()
    return known


def _who_has_kinds(functions: Collection[Any]) -> frozenset[tuple[int, type]]:
    """Return who has a class that is looked for: each of its objects counts as a reference."""
    kinds = [it for it in functions if is_a(it, type)]
    holders = _owners.referrers(kinds)
    return frozenset(
        (id(it), type(it))
        for it in holders
        if it is not kinds and it is not functions and type(it) not in (*kinds, types.FrameType)
    )


def let_go() -> None:
    """Say that a world was left: keep no object alive that nobody else has any more.

    Only from now on methods of the real ``datetime`` can be bound again.
    """
    known = _Known.holdings
    if known is not None and any(place.forsaken for place in known.places):
        forget()
    elif _Known.births is not None:
        _Known.births.watch()


def forget() -> None:
    """Let the next search be a new one."""
    if _Known.births is not None:
        _Known.births.stop()
    _Known.holdings = _Known.births = None
