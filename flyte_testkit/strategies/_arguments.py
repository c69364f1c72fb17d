"""What the strategies check of their arguments, at once and not when an example is drawn.

Errors are Hypothesis's own ``InvalidArgument``: what was passed, what is true, what to write. This
module is ignorant of what is generated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import close_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

__all__ = [
    "Phases",
    "at_least",
    "check_bool",
    "check_name",
    "check_strategy",
    "choose",
]


@dataclass(frozen=True)
class Phases:
    """The phases of one kind of thing.

    Attributes:
        of: What has these phases, as ``a node``.
        enum: Their numbers and names.
        unsent: Those that no engine sends, with what to say about each.
    """

    of: str
    enum: EnumTypeWrapper
    unsent: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of their numbers."""
        return tuple(sorted(self.enum.keys(), key=self.enum.Value))

    def choose(self, call: str, phase: str | int | None, *, legal: bool) -> tuple[str, ...]:
        """Return the phases to draw from.

        Raises:
            InvalidArgument: There is no such phase, or it is not to be had with ``legal``.
        """
        check_bool(call, "legal", legal)
        if phase is None:
            return tuple(name for name in self.names if not legal or name not in self.unsent)
        name = self._name(call, phase)
        if legal and name in self.unsent:
            raise InvalidArgument(
                f"{call}(phase={phase!r}): no engine sends {name} for {self.of}."
                f"\nFor what only a broken server shows, add legal=False."
            )
        return (name,)

    def _name(self, call: str, phase: str | int) -> str:
        if isinstance(phase, int) and not isinstance(phase, bool) and phase in self.enum.values():
            return self.enum.Name(phase)
        near = ""
        if isinstance(phase, str):
            if phase in self.names:
                return phase
            near = close_names(phase.upper(), self.names)
        raise InvalidArgument(
            f"{call}(phase={phase!r}): {self.of} has no such phase.{near}"
            f"\nPhases are {', '.join(self.names)}; leave it out to draw any of them."
        )


def check_bool(call: str, name: str, value: object) -> None:
    """Refuse what is neither True nor False.

    Raises:
        InvalidArgument: It is something else.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(f"{call}({name}={value!r}): {name} is True or False. Write one.")


def at_least(call: str, name: str, value: object, least: float, *, whole: bool = True) -> None:
    """Refuse a bound that is no number, or too small.

    Raises:
        InvalidArgument: It is.
    """
    kind = int if whole else Real
    if not isinstance(value, kind) or isinstance(value, bool) or math.isnan(value):
        wanted = "a whole number" if whole else "a number"
        raise InvalidArgument(f"{call}({name}={value!r}): {name} is {wanted}, such as {least}.")
    if value < least:
        raise InvalidArgument(
            f"{call}({name}={value!r}): {name} is at least {least}. Write {name}={least} or more."
        )


def choose(call: str, name: str, values: Any, known: Iterable[Any]) -> tuple[Any, ...]:
    """Return which of the known values are asked for, in the order in which they are known.

    Raises:
        InvalidArgument: There are none, or an unknown one is among them.
    """
    known = tuple(known)
    listed = ", ".join(map(repr, known))
    if isinstance(values, str):
        raise InvalidArgument(
            f"{call}({name}={values!r}): {name} is a collection, and this is a single text."
            f"\nWrite {name}=[{values!r}]."
        )
    try:
        wanted = list(values)
    except TypeError:
        raise InvalidArgument(
            f"{call}({name}={values!r}): {name} is a collection of some of {listed}."
        ) from None
    for value in wanted:
        if value not in known:
            near = close_names(str(value).upper(), [text for text in known if text])
            raise InvalidArgument(
                f"{call}({name}={values!r}): {value!r} is none of {listed}.{near}"
            )
    if not wanted:
        raise InvalidArgument(
            f"{call}({name}={values!r}): with none of them there is nothing to draw."
            f"\nName some of {listed}, or leave {name} out."
        )
    return tuple(value for value in known if value in wanted)


def check_name(call: str, name: str, value: object) -> None:
    """Refuse what is no text, or an empty one.

    Raises:
        InvalidArgument: It is.
    """
    if not isinstance(value, str) or not value:
        raise InvalidArgument(
            f"{call}({name}={value!r}): {name} is a text that is not empty."
            f"\nLeave it out to draw one."
        )


def check_strategy(call: str, name: str, value: object, example: str) -> None:
    """Refuse what is no strategy.

    Raises:
        InvalidArgument: It is something else.
    """
    if not isinstance(value, st.SearchStrategy):
        raise InvalidArgument(
            f"{call}({name}={value!r}): {name} is a strategy, not a value. Write {name}={example}."
        )
