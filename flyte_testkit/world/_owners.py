"""Who has an object, as its author would say it: ``jobs.PAIR[0]``, ``jobs.Loop.hooks['sleep'][1]``.

Only code under test is named: what is installed or machinery nobody can mend in a test.

Ignorant of why it is asked.
"""

from __future__ import annotations

import gc
import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.clock._stacks import undisturbed
from flyte_testkit.world._bindings import is_a, is_installed, namespace
from flyte_testkit.world._reins import is_machinery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["Stray", "named", "of_code_under_test", "on_the_stack", "referrers", "space_of"]

_STEPS = 3  # from an object to a name; further away nobody would recognise it
_MARK = object()
_SUSPENDED = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_KEY = re.compile(r"^\['(\w+)'\]")
_Trail = tuple[str, Any]  # what is appended to the name of an owner, and what is named


class Stray(NamedTuple):
    """Where something is held, and what."""

    where: str
    what: Any


def named(holders: Collection[Any], wanted: Mapping[int, Any]) -> tuple[Stray, ...]:
    """Return where the holders of wanted objects are; those without a name are left out."""
    spaces = {id(namespace(module)): name for name, module in list(sys.modules.items())}
    trails: dict[int, tuple[Any, list[_Trail]]] = {}
    for holder in holders:
        trails[id(holder)] = (holder, list(_first(holder, wanted)))
    found: dict[str, Any] = {}
    for _ in range(_STEPS):
        trails = _step(trails, spaces, found)
        if not trails:
            break
    return tuple(Stray(where, what) for where, what in found.items())


def referrers(objects: Collection[Any]) -> list[Any]:
    """Return who refers to any of the objects, but for the call that asks.

    Python 3.13 tells of the arguments of the call, too; a mark among them gives them away.
    """
    if not objects:
        return []
    found = gc.get_referrers(*objects, _MARK)
    return [it for it in found if not (type(it) is tuple and it and it[-1] is _MARK)]


def _first(holder: Any, wanted: Mapping[int, Any]) -> Iterator[_Trail]:
    """Yield how a holder holds what is wanted."""
    if is_a(holder, tuple):
        fields = getattr(type(holder), "_fields", None)
        for index, value in enumerate(holder):
            if id(value) in wanted:
                yield (f".{fields[index]}" if fields else f"[{index}]"), wanted[id(value)]
        return
    for value in gc.get_referents(holder):
        if id(value) in wanted:
            yield f" (a {type(holder).__name__})", wanted[id(value)]


def _step(
    trails: dict[int, tuple[Any, list[_Trail]]], spaces: Mapping[int, str], found: dict[str, Any]
) -> dict[int, tuple[Any, list[_Trail]]]:
    """Go from objects to their owners; what has a name is found, and the others are returned."""
    for it, trail in list(trails.values()):
        if is_a(it, _SUSPENDED):
            for _, what in trail:
                _name_frame(it, what, found)
            del trails[id(it)]
    objects = [it for it, _ in trails.values()]
    ignored = {id(trails), id(objects), *map(id, trails.values())}
    further: dict[int, tuple[Any, list[_Trail]]] = {}
    for owner in referrers(objects):
        if id(owner) in ignored or is_a(owner, types.FrameType):
            continue
        name = spaces.get(id(owner))
        if name is None:
            name = _name_of(owner)
        elif not of_code_under_test(owner):
            name = ""
        steps = [
            (step + suffix if step is not None else _KEY.sub(r".\1", suffix), what)
            for step, value in _steps(owner, is_space=id(owner) in spaces)
            for suffix, what in trails.get(id(value), (None, ()))[1]
        ]
        if name is None:
            further.setdefault(id(owner), (owner, []))[1].extend(steps)
        elif name:
            found.update((name + step, what) for step, what in steps)
    return further


def _steps(owner: Any, *, is_space: bool) -> Iterator[tuple[str | None, Any]]:
    """Yield how an owner has what it has; ``None`` for a namespace, whose keys are attributes."""
    if is_space:
        yield from ((f".{key}", value) for key, value in list(owner.items()))
    elif is_a(owner, dict):
        yield from ((f"[{key!r}]", value) for key, value in list(owner.items()))
    elif is_a(owner, (list, tuple)):
        yield from ((f"[{index}]", value) for index, value in enumerate(owner))
    elif is_a(owner, type):
        yield None, gc.get_referents(vars(owner))[0]
    else:
        space = space_of(owner) or {}
        yield None, space
        yield from ((f".{key}", value) for key, value in list(space.items()))
        known = {id(space), *map(id, space.values())}
        yield from (("", value) for value in gc.get_referents(owner) if id(value) not in known)


def _name_of(owner: Any) -> str | None:
    """Return the name of an owner that has one; empty if it is nobody's whom we tell."""
    if is_a(owner, (dict, list, tuple, set, frozenset, types.CellType, *_SUSPENDED)):
        return None
    named_itself = is_a(owner, (type, types.FunctionType))
    module = (owner if named_itself else type(owner)).__module__
    if module == "builtins" or not is_a(module, str):
        return None
    space = namespace(sys.modules.get(module))
    if space is None or not of_code_under_test(space):
        return ""
    if named_itself:
        return f"{module}.{owner.__qualname__}"
    return f"an object of {module}.{type(owner).__qualname__}: "


def space_of(holder: Any) -> dict[str, Any] | None:
    """Return the namespace of an instance, without waking what loads when it is first used."""
    try:
        space = object.__getattribute__(holder, "__dict__")
    except (AttributeError, TypeError):
        return None
    return space if is_a(space, dict) else None


def of_code_under_test(space: Mapping[str, Any]) -> bool:
    """Whether a module's names are neither machinery's nor an installed package's."""
    name = str(space.get("__name__"))
    standard = name.partition(".")[0] in sys.stdlib_module_names and name != "__main__"
    return not (standard or is_machinery(name) or is_installed(space))


def _name_frame(suspended: Any, what: Any, found: dict[str, Any]) -> None:
    """Say which variable of a function that waits for its next step holds something."""
    for prefix in ("gi", "cr", "ag"):
        frame = undisturbed(getattr, suspended, f"{prefix}_frame", None)
        if frame is not None and of_code_under_test(frame.f_globals):
            for name in _variables(frame, what):
                where = f"{frame.f_globals.get('__name__')}.{suspended.__qualname__}"
                found.setdefault(f"the variable {name!r} of {where}, which is suspended,", what)


def _variables(frame: types.FrameType, what: Any) -> list[str]:
    variables = undisturbed(getattr, frame, "f_locals")
    return [name for name, value in variables.items() if value is what]


def on_the_stack(frame: types.FrameType | None, wanted: Any) -> Iterator[Stray]:
    """Yield the variables of functions under way that hold what is wanted.

    Args:
        frame: The innermost of them.
        wanted: Says of a value whether it is.
    """
    while frame is not None:
        optimized = frame.f_code.co_flags & 0x1  # else its variables are names of a module
        if optimized and of_code_under_test(frame.f_globals):
            where = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
            for name, value in frame.f_locals.items():
                if wanted(value):
                    yield Stray(f"the variable {name!r} of {where}", value)
        frame = frame.f_back
