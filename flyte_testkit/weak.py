"""Back doors: how the parts of something call their whole, which goes once nobody else holds it.

A whole that its parts hold is a cycle, for which Python's collector has to look; property tests
make and drop hundreds of servers. Ignorant of what is called.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["weakly"]

P = ParamSpec("P")
ReturnT = TypeVar("ReturnT")


def weakly(method: Callable[P, ReturnT]) -> Callable[P, ReturnT]:
    """Return a function that calls a bound method, and does not hold its object.

    It is for parts that are asked as long as their whole is there; once it is gone, the function
    does nothing, and returns None.

    Example:
        >>> class Whole:
        ...     def __init__(self):
        ...         self.part = weakly(self.name)
        ...     def name(self, greeting):
        ...         return f"{greeting}, whole"
        >>> whole = Whole()
        >>> part = whole.part
        >>> part("hello")
        'hello, whole'
        >>> del whole
        >>> part("hello")
    """
    bound: Any = method
    held, function = weakref.ref(bound.__self__), bound.__func__

    def call(*args: P.args, **kwargs: P.kwargs) -> ReturnT:
        whole = held()
        return None if whole is None else function(whole, *args, **kwargs)  # type: ignore[return-value]  # nobody is there who asked

    return call
