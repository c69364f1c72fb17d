"""Import a package in real time, even if it is first imported under a frozen one.

A package that keeps a registry by type would keep the fake classes in it for ever.

Ignorant of which package, and of what freezes.
"""

from __future__ import annotations

from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["UnfrozenImport"]


class UnfrozenImport(MetaPathFinder):
    """A finder that thaws time while one package is executed.

    Args:
        package: The name of the package.
        thaw: Called before it is executed.
        freeze: Called afterwards.
    """

    def __init__(
        self, package: str, thaw: Callable[[], object], freeze: Callable[[], object]
    ) -> None:
        self._package = package
        self._thaw = thaw
        self._freeze = freeze

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the package as Python would, and arrange for it to be executed in real time."""
        if fullname != self._package:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def execute_thawed(module: ModuleType) -> None:
            del loader.exec_module
            self._thaw()
            try:
                execute(module)
            finally:
                self._freeze()

        loader.exec_module = execute_thawed
        return spec
