"""Import what is installed in the real world, even if it is imported first in a frozen one.

An extension written in C looks at the size of the classes it builds on: pandas, imported under
freezegun's ``datetime``, takes the process down. A registry by type would keep the fake classes for
ever, and what inherits from one would never be rid of it.

Ignorant of what is frozen, and how.
"""

from __future__ import annotations

import sys
import threading
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._bindings import is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["UnfrozenImports"]


class UnfrozenImports(MetaPathFinder):
    """A finder that thaws while a module is made and executed that is no code under test.

    Args:
        thaw: Called before the first of them begins.
        freeze: Called when none of them goes on any more, with the names of all that were executed.
    """

    def __init__(
        self, thaw: Callable[[], object], freeze: Callable[[Collection[str]], object]
    ) -> None:
        self._thaw = thaw
        self._freeze = freeze
        self._going_on = 0
        self._executed: set[str] = set()
        self._lock = threading.Lock()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as Python would, and arrange for it to be executed in the real world."""
        spec = self._found_by_others(fullname, path, target)
        loader: Any = spec and spec.loader
        if spec is None or loader is None:
            return None
        if isinstance(loader, ExtensionFileLoader) or is_installed({"__file__": spec.origin}):
            for step in ("create_module", "exec_module"):
                if hasattr(loader, step) and hasattr(loader, "__dict__"):
                    self._arrange(loader, step, fullname)
        elif self._going_on:  # code under test that something installed imports
            self._executed.add(fullname)
        return spec

    def _found_by_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(fullname, path, target) for finder in others)
        return next((spec for spec in found if spec is not None), None)

    def _arrange(self, loader: Any, step: str, name: str) -> None:
        """Let a step of a loader happen thawed, once: a spec may outlive the frozen world."""
        take = getattr(loader, step)

        def taken_thawed(subject: object) -> object:
            vars(loader).pop(step, None)
            with self._lock:
                self._executed.add(name)
                self._going_on += 1
                if self._going_on == 1:
                    self._thaw()
            try:
                return take(subject)
            finally:
                with self._lock:
                    self._going_on -= 1
                    if not self._going_on:
                        self._freeze(self._executed)
                        self._executed.clear()

        setattr(loader, step, taken_thawed)
