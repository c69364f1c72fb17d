"""Every exception of flyte-testkit, and nothing else.

::

    Exception
    └── FlyteTestkitError
        ├── TimelineError (ValueError)     a script that cannot be played as it is written
        ├── ClockError (RuntimeError)      a clock that was asked for what time cannot do
        ├── NestedFreezeError              two tools that both want to govern time
        ├── RegistrationError (ValueError) an interface or a name that cannot be registered
        ├── RouteError (ValueError)        a route that cannot be planted as it is written
        ├── MissingFlytekit (ImportError)  flytekit is asked for and not installed
        ├── NoSuchNode (KeyError)          a node that is asked for inside a run, and is not there
        ├── BrokenLaw (AssertionError)     the code under test breaks one of flyte_testkit.laws
        └── UnexpectedUse                  the code under test did what no script foresaw
    BaseException
    └── HopelessWait                       nothing will ever happen again, yet somebody waits

``HopelessWait`` is no ``Exception`` on purpose: a retry loop that swallows every ``Exception``
would swallow the news that it loops for ever. pytest's own outcomes do the same.

This module is ignorant of everything else in the package.
"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

__all__ = [
    "BrokenLaw",
    "ClockError",
    "FlyteTestkitError",
    "HopelessWait",
    "MissingFlytekit",
    "NestedFreezeError",
    "NoSuchNode",
    "RegistrationError",
    "RouteError",
    "TimelineError",
    "UnexpectedUse",
    "close_names",
    "cut",
    "no_such_name",
    "shown",
    "suggests_keywords",
]

Verb = TypeVar("Verb", bound="Callable[..., Any]")


class FlyteTestkitError(Exception):
    """The root of what flyte-testkit raises at those who write tests."""


class TimelineError(FlyteTestkitError, ValueError):
    """A script that cannot be played as it is written."""


class ClockError(FlyteTestkitError, RuntimeError):
    """A clock was asked for something that time cannot do."""


class NestedFreezeError(FlyteTestkitError):
    """Two tools want to govern time at once."""


class RegistrationError(FlyteTestkitError, ValueError):
    """A name, type or interface that cannot be registered."""


class RouteError(FlyteTestkitError, ValueError):
    """A route that cannot be planted as it is written."""


class NoSuchNode(FlyteTestkitError, KeyError):  # noqa: N818  it names what is missing
    """A node that is asked for inside an execution, and is not there."""

    __str__ = Exception.__str__  # a KeyError's would be a repr on one line


class MissingFlytekit(FlyteTestkitError, ImportError):  # noqa: N818  it names what is missing
    """Flytekit is asked for and not installed."""


class BrokenLaw(FlyteTestkitError, AssertionError):  # noqa: N818  it names what is broken
    """The code under test breaks a law that it promises to keep."""


class UnexpectedUse(FlyteTestkitError):  # noqa: N818  pytest prints the name above the story
    """The code under test did something that no script foresaw."""


class _Heard(type):
    """Lets an error learn that somebody asked whether it is a hopeless wait, by that name."""

    heard: bool

    def __subclasscheck__(cls, subclass: type) -> bool:
        """``assertRaises`` and ``suppress`` ask so, and ``isinstance`` below."""
        found = super().__subclasscheck__(subclass)
        if found and subclass is not cls and isinstance(subclass, _Heard):
            subclass.heard = True
        return found

    def __instancecheck__(cls, instance: Any) -> bool:
        """``pytest.raises`` asks so."""
        return cls.__subclasscheck__(type(instance))


class HopelessWait(BaseException, metaclass=_Heard):
    """Nothing is scheduled any more, and the code under test waits all the same.

    It fails the test from wherever it was raised: in a thread, in a job of a pool, swallowed by
    ``except:``. A test that expects one catches it by its name, as in
    ``pytest.raises(HopelessWait)`` or ``except HopelessWait``; then it passes.
    """

    heard = False


def close_names(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for a near miss among the known names, else nothing.

    Example:
        >>> close_names("nightyl", ["nightly", "hourly"])
        " Did you mean 'nightly'?"
    """
    found = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


def no_such_name(
    module: str, name: str, known: Iterable[str], asker: FrameType
) -> AttributeError | ImportError:
    """Return the error for a word that a module does not have, with the one that was meant.

    An import statement would drop the words of an ``AttributeError``, so it gets an
    ``ImportError``.

    Args:
        module: The module.
        name: The word.
        known: What the module has, besides its submodules.
        asker: The frame that asked for it.
    """
    import opcode  # noqa: PLC0415  only a mistake pays for it
    import sys  # noqa: PLC0415  likewise
    from pkgutil import iter_modules  # noqa: PLC0415  likewise

    below = [found.name for found in iter_modules(getattr(sys.modules[module], "__path__", ()))]
    there = [*known, *(one for one in below if not one.startswith("_"))]
    hint = close_names(name, there)
    if not hint and there and not name.startswith("_"):
        hint = f"\nIt has {', '.join(sorted(set(there), key=str.lower))}."
    if opcode.opname[asker.f_code.co_code[asker.f_lasti]] == "IMPORT_FROM":
        return ImportError(f"cannot import name {name!r} from {module!r}.{hint}", name=module)
    return AttributeError(f"module {module!r} has no attribute {name!r}.{hint}")


def shown(value: object, limit: int = 200) -> str:
    """Return the ``repr`` of a value as a message may hold it: a long one without its middle.

    Values are users' own, and may be megabytes.

    Args:
        value: Anything; one whose ``repr`` raises is named by its class.
        limit: How many letters there may be, about.

    Example:
        >>> shown("x" * 3_000_000, limit=16)
        "'xxxxxxx…xxxxxxx' (3,000,002 letters)"
    """
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  whatever it is, it is not what is to be told
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return cut(text, limit)


def cut(text: str, limit: int) -> str:
    """Return a text without its middle if it is longer than so many letters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}…{text[-half:]} ({len(text):,} letters)"


def suggests_keywords(function: Verb) -> Verb:
    """Let a verb that is called with a keyword it has not name the one that was meant.

    Example:
        >>> @suggests_keywords
        ... def fails(message: str, *, kind: str = "USER") -> None: ...
        >>> fails("boom", knd="SYSTEM")
        Traceback (most recent call last):
        TypeError: fails() got an unexpected keyword argument 'knd'. Did you mean 'kind'?
        It takes kind=, message=.
    """

    @functools.wraps(function)
    def verb(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise  # the verb's own, or its callee's
            import inspect  # noqa: PLC0415  only a mistake pays for it

            taken = inspect.signature(function).parameters
            keywords = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
            named = sorted(n for n, p in taken.items() if p.kind in keywords and n != "self")
            unknown = [name for name in kwargs if name not in named]
            if not unknown and "positional arguments but" in str(error):  # too many
                only = sorted(n for n, p in taken.items() if p.kind is p.KEYWORD_ONLY)
                if only:
                    given = ", ".join(f"{n}=" for n in only)
                    raise TypeError(f"{error}.\nGive it by its name: {given}.") from None
            if not unknown or any(p.kind is p.VAR_KEYWORD for p in taken.values()):
                raise
            called = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]
            raise TypeError(
                f"{called}() got an unexpected keyword argument {unknown[0]!r}."
                f"{close_names(unknown[0], named)}\nIt takes {', '.join(f'{n}=' for n in named)}."
            ) from None

    return cast("Verb", verb)
