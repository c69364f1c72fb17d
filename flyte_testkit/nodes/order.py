"""In which order nodes run: what each of them waits for.

A node comes after all that is written before it, unless ``after=`` says otherwise; and always after
those whose outputs are promised to it. Written out, that is quadratic; what is needed of it, the
transitive reduction, is nearly a line. So one helper for each node stands for "all before me", and
sets of nodes are whole numbers, a bit for each.

Ignorant of what nodes do.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from flyte_testkit.errors import TimelineError, close_names, cut, shown
from flyte_testkit.nodes._names import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["check_order", "last_of", "upstream"]

_SHOWN: Final = 8
"""How many nodes of a circle a message names."""


def upstream(
    after: Mapping[str, Sequence[str] | None], given: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return which nodes each of them waits for, none that another one waits for already.

    Args:
        after: The nodes in the order they are written in, each with what its ``after=`` says; None
            is all before it.
        given: For each node, those whose outputs are promised to it.

    Raises:
        TimelineError: There is a circle, or no such node.

    Example:
        >>> upstream({"extract": None, "a": ["extract"], "b": ["extract"], "report": None})
        {'extract': (), 'a': ('extract',), 'b': ('extract',), 'report': ('a', 'b')}
    """
    graph = _Graph(after, given or {})
    order = graph.sorted()
    above = graph.above(order)
    names, found = list(after), {}
    covered = 0  # what those before have waited for
    for number, name in enumerate(names):
        told = graph.told[number]
        wanted, known = (0, 0) if not graph.all_before[number] else ((1 << number) - 1, covered)
        for one in told:
            wanted |= 1 << one
            known |= above[one]
        found[name] = tuple(names[one] for one in _bits(wanted & ~known))
        covered |= above[number]
    return found


def check_order(
    after: Mapping[str, Sequence[str] | None],
    given: Mapping[str, Sequence[str]] | None = None,
    what: str = "",
) -> None:
    """Refuse an order in which somebody would never begin; the arguments are those of above.

    Raises:
        TimelineError: There is a circle, or no such node.
    """
    _Graph(after, given or {}, what).sorted()


def last_of(found: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the nodes that nobody waits for, of what :func:`upstream` returned.

    Example:
        >>> last_of({"extract": (), "a": ("extract",), "b": ("extract",)})
        ('a', 'b')
    """
    waited_for = {one for names in found.values() for one in names}
    return tuple(name for name in found if name not in waited_for)


class _Graph:
    """Who waits for whom; numbers from ``size`` on are helpers: all nodes before one."""

    def __init__(
        self,
        after: Mapping[str, Sequence[str] | None],
        given: Mapping[str, Sequence[str]],
        what: str = "",
    ) -> None:
        self._names = list(after)
        self._what = what and f"{what}: "
        self._numbers = {same(name): number for number, name in enumerate(self._names)}
        self.size = len(self._names)
        self.all_before = [said is None for said in after.values()]
        self.told = [
            [
                *(self._number(name, other, "comes after") for other in said or ()),
                *(
                    self._number(name, other, "is given outputs of")
                    for other in given.get(name, ())
                ),
            ]
            for name, said in after.items()
        ]

    def sorted(self) -> list[int]:
        """Return all, each after what it waits for."""
        if all(one < number for number, told in enumerate(self.told) for one in told):
            # As they are written: there is nothing to sort, as nearly always.
            return [one for number in range(self.size) for one in (self.size + number, number)]
        edges: dict[int, list[int]] = {}
        for number in range(self.size):
            before = [self.size + number] if self.all_before[number] else []
            edges[number] = [*before, *self.told[number]]
            edges[self.size + number] = [number - 1, self.size + number - 1] if number else []
        try:
            return list(TopologicalSorter(edges).static_order())
        except CycleError as error:
            raise TimelineError(self._circle(error.args[1])) from None

    def above(self, order: Sequence[int]) -> list[int]:
        """Return, for each, the nodes it waits for, directly or not."""
        found = [0] * (2 * self.size)
        for number in order:
            if number < self.size:
                before = [self.size + number] if self.all_before[number] else []
                waits_for = [*before, *self.told[number]]
            else:
                waits_for = [number - self.size - 1, number - 1] if number > self.size else []
            for one in waits_for:
                found[number] |= found[one] | (1 << one if one < self.size else 0)
        return found

    def _number(self, name: str, other: str, how: str) -> int:
        number = self._numbers.get(same(other))
        if number is None:
            near = close_names(other, self._names)
            raise TimelineError(
                f"{self._what}{name!r} {how} {shown(other)}, which is none of the nodes beside it."
                f"{near}\nThey are {cut(', '.join(map(repr, self._names)), 300)}."
            )
        if self._names[number] == name:
            raise TimelineError(
                f"{self._what}{name!r} {how} itself, so it would never begin."
                "\nName another node, or write after=() for one that waits for nobody."
            )
        return number

    def _circle(self, numbers: Sequence[int]) -> str:
        names = [self._names[number] for number in reversed(numbers) if number < self.size]
        if names[0] != names[-1]:
            names.append(names[0])
        told = names if len(names) <= _SHOWN else [*names[: _SHOWN - 1], "…", names[-1]]
        return (
            f"{self._what}{' after '.join(told)}: nobody of these would ever begin."
            "\nA node comes after all that is written before it. Say after=… where that is not"
            " meant, or write them in the order they run in."
        )


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
