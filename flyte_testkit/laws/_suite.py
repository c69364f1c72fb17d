"""What makes a class of laws a test suite: each law becomes a test of its own for each subclass.

Hypothesis refuses one inherited test under two classes, so tests are made anew whenever a class is
derived. They are ordinary functions of that class: they can be marked, overridden and called with
``super()``. What a suite promises is checked when it is defined, not when it runs.

Ignorant of what laws there are, and of what can be promised.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit import scene
from flyte_testkit.laws._promises import Promises, check_promises

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flyte_testkit.laws._report import Breach

    Check = Callable[[Any, Any], Breach | None]
    Stories = Callable[[Any], st.SearchStrategy[Any]]

__all__ = ["Law", "Laws", "check_method", "law"]

_SELDOM = 200
"""How often what is young grows old before all is looked through, where Python's own is 10."""

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


class Law:
    """A law as it stands in its suite: a test that is made anew for each class and instance.

    Args:
        check: The method that returns how the law is broken, if it is.
        stories: Gives, for a class, the strategy of what the method is called with.
    """

    def __init__(self, check: Check, stories: Stories) -> None:
        self._check = check
        self._stories = stories
        self.__doc__ = check.__doc__

    def __get__(self, suite: Laws | None, owner: type[Laws]) -> Callable[..., None]:
        test = self.made_for(owner)
        return test if suite is None else test.__get__(suite, owner)

    def made_for(self, suite: type[Laws]) -> Callable[..., None]:
        """Return a test function of this class alone."""
        check = self._check

        def test(self: Laws, story: Any) -> None:
            if breach := check(self, story):
                raise breach.told(suite.__name__, check.__name__)

        test.__name__ = check.__name__
        test.__module__ = suite.__module__
        test.__doc__ = check.__doc__
        made: Any = given(story=self._stories(suite))(test)  # deferred, each example would pay
        made = _on_one_scene(_settings(suite)(made))
        made.__qualname__ = f"{suite.__qualname__}.{check.__name__}"
        made.flyte_testkit_law = self
        return made  # type: ignore[no-any-return]  # Hypothesis keeps the signature to itself


def _on_one_scene(made: Callable[..., None]) -> Callable[..., None]:
    """Let all examples of a test play on one scene, which is entered once."""

    @functools.wraps(made)  # Hypothesis and pytest know a property test by its attributes
    def played(*args: Any, **kwargs: Any) -> None:
        with _seldom_looked_through(), scene.shared():
            made(*args, **kwargs)

    return played


@contextlib.contextmanager
def _seldom_looked_through() -> Iterator[None]:
    """Let Python's collector look through all there is more seldom, for a while.

    Examples drop so much that it would do so again and again, for a tenth of the time that they
    take, and find little: what is young is looked through as ever.
    """
    usual = gc.get_threshold()
    seldom = (*usual[:2], max(usual[2], _SELDOM))
    gc.set_threshold(*seldom)
    try:
        yield
    finally:
        if gc.get_threshold() == seldom:  # else the code under test has said how often
            gc.set_threshold(*usual)


def _settings(suite: type[Laws]) -> hypothesis_settings:
    """Return the settings of a suite's tests: no deadline in real time, no lines of our own."""
    base = suite.settings or hypothesis_settings()
    phases = [phase for phase in base.phases if phase is not Phase.explain]
    return hypothesis_settings(base, deadline=None, phases=phases)


def law(stories: Stories) -> Callable[[Check], Law]:
    """Turn a method ``(self, story)`` into a law, tested with these stories."""
    return lambda check: Law(check, stories)


class Laws(Promises):
    """What all suites of laws have in common."""

    _adapter: ClassVar[str] = ""
    _takes: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check what the class promises, and make its tests."""
        super().__init_subclass__(**kwargs)
        if "_adapter" in vars(cls):  # one of our own suites, not yet anybody's
            return
        check_promises(cls)
        _bound_by_a_timeout(cls, cls._adapter, cls._takes)
        check_method(cls, cls._adapter, cls._takes)
        for name, found in _laws_of(cls):
            made: Any = found.flyte_testkit_law.made_for(cls) if _is_test(found) else None
            made = made or found.made_for(cls)
            if marks := getattr(found, "pytestmark", None):
                made.pytestmark = list(marks)
            setattr(cls, name, made)


def _is_test(found: Any) -> bool:
    return isinstance(getattr(found, "flyte_testkit_law", None), Law)


def _laws_of(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each law, as a base of the class or the class itself has it."""
    for name in dir(cls):
        found = inspect.getattr_static(cls, name)
        if isinstance(found, Law) or _is_test(found):
            yield name, found


def _bound_by_a_timeout(cls: type[Laws], name: str, takes: tuple[str, ...]) -> None:
    """Let a coroutine that has no time-out of its own be given up when its time is up."""
    found = inspect.getattr_static(cls, name)
    method = getattr(object.__new__(cls), name)
    if takes[-1:] != ("timeout",) or not inspect.iscoroutinefunction(method):
        return
    if _fits(method, takes) or not _fits(method, takes[:-1]):
        return

    async def bounded(self: Laws, *args: Any) -> Any:
        *others, timeout = args
        ours = found.__get__(self, type(self)) if hasattr(found, "__get__") else found
        return await asyncio.wait_for(ours(*others), timeout)

    functools.update_wrapper(bounded, method)
    parameters = [inspect.Parameter(it, _POSITIONAL) for it in ("self", *takes)]
    bounded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    setattr(cls, name, bounded)


def _fits(method: Callable[..., Any], takes: Sequence[str]) -> bool:
    """Whether a method can be called with so many arguments."""
    try:
        inspect.signature(method).bind(*takes)
    except TypeError:
        return False
    return True


def check_method(cls: type[Laws], name: str, takes: tuple[str, ...]) -> None:
    """Refuse a method that the laws could not call; none of its own makes a class a base."""
    suite = next(base for base in cls.__mro__ if "_adapter" in vars(base))
    if inspect.getattr_static(cls, name) is inspect.getattr_static(suite, name):
        return
    method = getattr(object.__new__(cls), name)
    awaits = "async " if inspect.iscoroutinefunction(method) else ""
    wanted = f"{awaits}def {name}(self, {', '.join(takes)})"
    if not callable(method):
        raise InvalidArgument(f"{cls.__name__}.{name} = {method!r} is no method. Write {wanted}.")
    try:
        inspect.signature(method).bind(*takes)
    except TypeError as error:
        given_ = f"{name}{inspect.signature(method)}"
        raise InvalidArgument(
            f"{cls.__name__}.{given_} cannot be called with {', '.join(takes)}: {error}.\n"
            f"Write {wanted}."
        ) from None
