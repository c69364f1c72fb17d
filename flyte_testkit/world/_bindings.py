"""Which names of modules hold the real functions of time: ``from time import sleep`` copies one.

Ignorant of what replaces what, of clocks, and of what is held elsewhere (``_held``).
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
import types
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import is_machinery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["is_a", "is_installed", "loaded_modules", "module_bindings", "namespace"]

_INSTALLED = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_NOT_TO_TOUCH = frozenset({"time", "datetime"})

# An installed module that has as many names as when it was looked at last is not looked at again:
# a look at all of flytekit's 1,400 modules takes 5 ms. The code under test is, always. All of this
# is asked of each module by each test that has a clock, so what is asked most often comes first.
_looked_at: dict[str, tuple[int, int, tuple[str, ...]]] = {}


def is_a(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Whether a value is an instance, without asking it: some lie, and some wake up."""
    return issubclass(type(value), kinds)


def loaded_modules() -> frozenset[str]:
    """Return the names of the modules that are here; some others load when they are first used."""
    lazy = importlib.util._LazyModule  # type: ignore[attr-defined]  # noqa: SLF001  no public name
    return frozenset([name for name, it in list(sys.modules.items()) if type(it) is not lazy])


def namespace(module: object) -> dict[str, Any] | None:
    """Return a module's names, without loading it if it is one that loads when first used."""
    try:
        names = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return None
    return names if is_a(names, dict) else None


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
        space = module.__dict__ if type(module) is types.ModuleType else namespace(module)
        if space is None:
            continue
        known = _looked_at.get(name) if remember else None
        if known is not None and known[0] == id(space) and known[1] == len(space):
            hits = known[2]
        else:
            hits = _hits(name, space, wanted, remember=remember)
        for attribute in hits:
            value = space.get(attribute)
            if id(value) in wanted:
                yield module, attribute, value


def _hits(
    name: str, space: dict[str, Any], wanted: Mapping[int, Any], *, remember: bool
) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    spared = name in _NOT_TO_TOUCH or is_machinery(name)
    if not spared and not wanted.keys().isdisjoint(map(id, list(space.values()))):
        found = tuple(key for key, value in list(space.items()) if id(value) in wanted)
    if remember and (spared or is_installed(space)):
        _looked_at[name] = (id(space), len(space), found)
    return found
