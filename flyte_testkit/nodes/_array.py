"""A node that maps a task over a list: what the attempts of each item do, and of some of them.

Ignorant of the nodes beside it, and of the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.nodes import _text
from flyte_testkit.nodes._items import Items
from flyte_testkit.nodes._node import After, Node, check_of, named_after
from flyte_testkit.nodes._promise import promised
from flyte_testkit.nodes._values import Values
from flyte_testkit.nodes.retries import Script, as_attempts, check_attempts, least_retries
from flyte_testkit.timeline import Attempt, Fails, Succeeds

if TYPE_CHECKING:
    from flyte_testkit.nodes._promise import Promise

__all__ = ["Array", "Items", "array"]

_WHAT: Final = "nodes.array(…)"
_MOST: Final = 10_000
"""How many items there may be: nobody means more, and a test would wait for them for ever."""
_NUMBERED: Final = re.compile(r"\[\d+\]: ")


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Array(Node):
    """A node that maps a task over a list; :func:`array` makes it.

    Attributes:
        attempts: What the attempts of each item do; empty: what ``.others(…)`` says.
        but: What the attempts of some items do instead, by their index.
        size: How many items there are; None: as many as the data have.
        min_success_ratio: Which part of the items has to succeed; None: all.
        concurrency: How many items run at a time; None: all.
        retries: What the task says of retries; None: as many as the attempts need.
        inputs: What it is given, values and promises; empty for what a registered one is bound to.
        of: The name of the registered task that it maps, below a dynamic task; empty if that is
            made up.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    attempts: tuple[Attempt, ...] = ()
    but: Items = field(default_factory=Items)
    size: int | None = None
    min_success_ratio: float | None = None
    concurrency: int | None = None
    retries: int | None = None
    inputs: Values = field(default_factory=lambda: Values({}))
    of: str = ""

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, _WHAT))
        keep(self, "attempts", as_attempts(_one_by_one(self.attempts), _WHAT))
        keep(self, "but", Items(self.but))
        keep(self, "inputs", Values(self.inputs, "nodes.array(inputs=…)"))
        _check_whole("size", self.size, 0, "how many items there are")
        _check_many(max(self.size or 0, 1 + max(self.but, default=-1)))
        _check_whole("retries", self.retries, 0, "how often an item is tried again")
        _check_whole("concurrency", self.concurrency, 1, "how many items run at a time")
        keep(self, "min_success_ratio", _ratio(self.min_success_ratio))
        self._check_attempts(self.attempts, _WHAT)
        for index, attempts in self.but.items():
            self._check_attempts(attempts, f"{_WHAT}, item {index}")
        check_of(self.of, self.word, [] if self.retries is None else [f"retries={self.retries}"])
        if not self.of:  # of a registered task only itself says what is mapped over
            _check_lists(self)
        _check_outputs(self)
        self.check_size(self.size, f"nodes.array(size={self.size})")

    def check_size(self, size: int | None, what: str) -> None:
        """Refuse a number of items that does not fit what is said of them.

        Args:
            size: How many there are; None if that is not known.
            what: Where they are, for the error.

        Raises:
            TimelineError: There are not as many as ``size=`` says, or as ``but=`` needs.
        """
        if size is None:
            return
        if self.size is not None and self.size != size:
            raise TimelineError(
                f"{what} has {_counted(size)}, and the script says size={self.size}."
                "\nGive it as many, or leave size= out: the data say it."
            )
        if beyond := [index for index in self.but if index >= size]:
            known = f"They are 0 to {size - 1}" if size else "There is nothing to say of them"
            raise TimelineError(
                f"{what} has {_counted(size)}, and but= says what item {beyond[0]} does."
                f"\n{known}: an index counts from 0."
            )

    def _check_attempts(self, attempts: tuple[Attempt, ...], what: str) -> None:
        check_attempts(attempts, self.retries, what)
        for attempt in attempts:
            ending = attempt.ending
            if isinstance(ending, Fails) and _NUMBERED.match(ending.failure.message):
                raise TimelineError(
                    f"{what}: {shown(ending.failure)} is what a map says of its items; an item says"
                    " what its task does.\nWrite .fails('two is bad'), say."
                )

    def script_of(self, index: int) -> tuple[Attempt, ...]:
        """Return what the attempts of one item do; empty: what ``.others(…)`` says."""
        return self.but.get(index, self.attempts)

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.array"

    @property
    def scripts(self) -> tuple[tuple[Attempt, ...], ...]:
        """All attempts that are scripted, those of each item first."""
        return tuple(attempts for attempts in (self.attempts, *self.but.values()) if attempts)

    @property
    def outputs(self) -> tuple[Mapping[str, object], ...]:
        """What items give that are scripted and succeed, or are cached."""
        endings = [attempts[-1].ending for attempts in self.scripts]
        made = [one.outputs for one in endings if isinstance(one, Succeeds)]
        cached = [one.outputs for one in self.but.cached.values()]
        return tuple(outputs for outputs in (*made, *cached) if outputs)

    def promises(self) -> Iterator[Promise]:
        """Yield what nodes beside it shall give to it."""
        yield from promised(self.inputs)

    @property
    def least_retries(self) -> int:
        """What the task says of retries, or else how many the attempts of an item need."""
        if self.retries is not None:
            return self.retries
        return max((least_retries(attempts) for attempts in self.scripts), default=0)

    @property
    def defines(self) -> list[str]:
        """What is said here that a registered map says itself."""
        options = ("min_success_ratio", "concurrency", "retries")
        said = [f"{name}={told!r}" for name in options if (told := getattr(self, name)) is not None]
        said += [f"inputs={self.inputs!r}"] if self.inputs else []
        return said + ([f"of={self.of!r}"] if self.of else [])

    def _as_code(self) -> str:
        said = _text.attempts(attempt.as_argument() for attempt in self.attempts)
        said += [] if self.size is None else [f"size={self.size}"]
        said += [f"but={self.but!r}"] if self.but else []
        return f"nodes.array({', '.join([*said, *self.defines, *self._after_as_code()])})"


@suggests_keywords
def array(
    *attempts: Script,
    size: int | None = None,
    but: Mapping[int, Script | Iterable[Script]] | None = None,
    min_success_ratio: float | None = None,
    concurrency: int | None = None,
    retries: int | None = None,
    inputs: Mapping[str, object] | None = None,
    of: str = "",
    after: After = None,
) -> Array:
    """Return a node that maps a task over a list, with what the attempts of its items do.

    Args:
        *attempts: What the attempts of *each* item do, one after another, as those of
            :func:`task <flyte_testkit.nodes.task>`.
        size: How many items there are. A registered map has as many as the data; said all the same,
            it is checked.
        but: What some items do instead, by their index from 0: an attempt, or a list of them; or
            :func:`cached <flyte_testkit.nodes.cached>`, of an item that need not run.
        min_success_ratio: Which part of the items has to succeed, from 0 to 1. Left out, all.
        concurrency: How many items run at a time. Left out, all.
        retries: What the task says of retries of an item. Left out, as many as its attempts need.
        inputs: What it is given, by name: values, and :func:`promises <promise>`. Lists are mapped
            over, anything else is the same for all items. Left out, a list of numbers.
        of: The name of the registered task that it maps, for what a dynamic task yields: that one
            says what it takes and gives, and its retries. Left out, the task is made up.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from flyte_testkit import running
        >>> bad = running(30).fails("no disk")
        >>> array(running(60).succeeds(o0=1.5), size=20, but={4: bad}, min_success_ratio=0.9)
        nodes.array(running(60).succeeds(o0=1.5), size=20, but={4: running(30).fails('no disk')}, min_success_ratio=0.9)
    """  # noqa: E501  a line of output
    return Array(
        attempts=attempts,  # type: ignore[arg-type]  # it reads timelines as attempts
        size=size,
        but=Items({} if but is None else but),
        min_success_ratio=min_success_ratio,
        concurrency=concurrency,
        retries=retries,
        inputs=Values({} if inputs is None else inputs, "nodes.array(inputs=…)"),
        of=of,
        after=after,  # type: ignore[arg-type]  # it reads a name as several
    )


def _one_by_one(attempts: Iterable[object]) -> Iterable[object]:
    for attempt in attempts:
        if isinstance(attempt, (list, tuple, Mapping)):
            raise TimelineError(
                f"{_WHAT}: {shown(attempt)} is no attempt.\nAttempts of each item stand one by one:"
                " nodes.array(first, second); what single items do is but={4: [first, second]}."
            )
        yield attempt


def _check_whole(option: str, value: Any, least: int, meaning: str) -> None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= least):
        return
    raise TimelineError(
        f"nodes.array({option}={shown(value)}): {meaning} is a whole number from {least} on."
        f"\nWrite {option}={max(least, 2)}, or leave it out."
    )


def _check_many(size: int) -> None:
    if size > _MOST:
        raise TimelineError(
            f"{_WHAT}: it has {size:,} items; a test has {_MOST:,} of them at most."
            "\nA few show what many do: write size=20."
        )


def _ratio(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise TimelineError(
        f"nodes.array(min_success_ratio={shown(value)}): it is the part of the items that has to"
        " succeed, from 0 to 1.\nWrite min_success_ratio=0.9 for nine of ten."
    )


def _check_lists(array: Array) -> None:
    """Refuse lists to map over that are not of one length."""
    known = {name: len(one) for name, one in array.inputs.items() if isinstance(one, (list, tuple))}
    if array.size is not None:
        known["size"] = array.size
    if len(set(known.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in known.items())
        raise TimelineError(
            f"nodes.array(inputs=…): what is mapped over has an element for each item, but there"
            f" are {told}.\nLet them be of one length."
        )


def _check_outputs(array: Array) -> None:
    """Refuse items of one task that give several things."""
    told = list({frozenset(given): list(given) for given in array.outputs}.values())
    if len(told) > 1:
        one, other = (", ".join(map(repr, names)) for names in told[:2])
        raise TimelineError(
            f"{_WHAT}: one item gives {one}, and another one {other}."
            "\nAll items run one task: script the same outputs, or none."
        )


def _counted(size: int) -> str:
    return "1 item" if size == 1 else f"{size} items"
