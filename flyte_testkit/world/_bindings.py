"""Where the real functions of time are held: names in modules, defaults, attributes of classes.

``from time import sleep`` copies a binding, and ``def poll(sleep=time.sleep)`` another; a patch of
``time.sleep`` reaches neither. What can be put back exactly is replaced; the rest is named.

Ignorant of what replaces what, and of clocks.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import sys
import sysconfig
import types
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import is_machinery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Hidden", "loaded_modules", "module_bindings"]

_INSTALLED = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_NOT_TO_TOUCH = frozenset({"time", "datetime"})

# An installed module that has as many names as when it was looked at last is not looked at again:
# a look at all of flytekit's 1,400 modules takes 5 ms. The code under test is, always.
_looked_at: dict[str, tuple[int, int, tuple[tuple[str, Any], ...]]] = {}


def loaded_modules() -> frozenset[str]:
    """Return the names of the modules that are here; some others load when they are first used."""
    lazy = importlib.util._LazyModule  # type: ignore[attr-defined]  # noqa: SLF001  no public name
    return frozenset(name for name, it in list(sys.modules.items()) if not isinstance(it, lazy))


def _namespace(module: object) -> dict[str, Any] | None:
    """Return a module's names, without loading it if it is one that loads when first used."""
    try:
        names = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return None
    return names if isinstance(names, dict) else None


def is_installed(space: Mapping[str, Any]) -> bool:
    """Whether a module's names belong to the standard library or to an installed package."""
    return str(space.get("__file__") or "").startswith(_INSTALLED)


def module_bindings(
    wanted: Mapping[int, Any], names: Iterable[str], *, remember: bool
) -> Iterator[tuple[Any, str, Any]]:
    """Yield module, attribute and value wherever code under test names a wanted object.

    Args:
        wanted: The objects, by ``id``.
        names: The modules to look at.
        remember: Whether to use the cache, which knows one set of wanted objects only.
    """
    for name in names:
        module = sys.modules.get(name)
        space = _namespace(module)
        if space is None or name in _NOT_TO_TOUCH or is_machinery(name):
            continue
        for attribute, value in _hits(name, space, wanted, remember=remember):
            if space.get(attribute) is value:
                yield module, attribute, value


def _hits(
    name: str, space: dict[str, Any], wanted: Mapping[int, Any], *, remember: bool
) -> tuple[tuple[str, Any], ...]:
    if remember:
        known = _looked_at.get(name)
        if known is not None and known[0] == id(space) and known[1] == len(space):
            return known[2]
    found: tuple[tuple[str, Any], ...] = ()
    if not wanted.keys().isdisjoint(map(id, list(space.values()))):
        found = tuple((key, value) for key, value in list(space.items()) if id(value) in wanted)
    if remember and is_installed(space):
        _looked_at[name] = (id(space), len(space), found)
    return found


class Hidden:
    """Where else functions are held: found by asking the garbage collector, which takes a while.

    Args:
        wanted: The functions, by ``id``.

    Attributes:
        places: Owner and attribute of what can be replaced: ``__defaults__`` and
            ``__kwdefaults__`` of functions, cells of closures, attributes of classes and instances.
        unreachable: What cannot, in words, and the function that it holds.
    """

    def __init__(self, wanted: Mapping[int, Any]) -> None:
        self._wanted = wanted
        self.places: list[tuple[Any, str]] = []
        self.unreachable: list[tuple[str, Any]] = []
        modules = {id(_namespace(module)) for module in list(sys.modules.values())}
        holders = [
            holder
            for holder in gc.get_referrers(*wanted.values())
            if id(holder) not in modules and not isinstance(holder, types.FrameType)
        ]
        wrapped = [holder for holder in holders if isinstance(holder, staticmethod)]
        holders += gc.get_referrers(*wrapped) if wrapped else []
        owners = gc.get_referrers(*holders) if holders else []
        for owner in (*owners, *holders):
            self._examine(owner)

    def _examine(self, owner: Any) -> None:
        if isinstance(owner, types.FunctionType):
            if is_machinery(owner.__module__ or ""):
                return
            if any(map(self._is_wanted, owner.__defaults__ or ())):
                self.places.append((owner, "__defaults__"))
            if any(map(self._is_wanted, (owner.__kwdefaults__ or {}).values())):
                self.places.append((owner, "__kwdefaults__"))
        elif isinstance(owner, types.CellType):
            if self._is_wanted(_content(owner)):
                self.places.append((owner, "cell_contents"))
        elif isinstance(owner, functools.partial):
            where = _name_of(owner) if self._is_wanted(owner.func) else None
            if where is not None:
                self.unreachable.append((f"{where} = {owner!r}", owner.func))
        elif not isinstance(owner, (dict, tuple, list, types.ModuleType, types.FrameType)):
            self._examine_attributes(owner)

    def _examine_attributes(self, owner: Any) -> None:
        space = getattr(owner, "__dict__", None)
        kind = owner if isinstance(owner, type) else type(owner)
        if space is None or is_machinery(kind.__module__):
            return
        for attribute, value in list(space.items()):
            inner = value.__func__ if isinstance(value, staticmethod) else value
            if self._is_wanted(inner):
                self.places.append((owner, attribute))

    def _is_wanted(self, value: object) -> bool:
        return id(value) in self._wanted


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # still empty
        return None


def _name_of(value: object) -> str | None:
    """Return how the code under test calls a value, if it is a global of it."""
    for space in gc.get_referrers(value):
        name = space.get("__name__") if isinstance(space, dict) else None
        if name in sys.modules and not is_machinery(name) and not is_installed(space):
            for key, bound in space.items():
                if bound is value:
                    return f"{name}.{key}"
    return None
