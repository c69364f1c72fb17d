"""What single items of a map do otherwise: their attempts, or that they are cached.

Ignorant of the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.nodes import _text
from flyte_testkit.nodes._cached import Cached
from flyte_testkit.nodes._node import Node
from flyte_testkit.nodes.retries import as_attempts
from flyte_testkit.timeline import Attempt

__all__ = ["Items"]

_WHAT: Final = "nodes.array(…)"


@final
class Items(Mapping[int, tuple[Attempt, ...]]):
    """The attempts of some items, by their index. Equal by value, and hashable.

    Args:
        items: An attempt, or a list of them, or what is cached, by index; or pairs of these, as
            ``dict`` takes them.

    Attributes:
        cached: Those that are cached, which have no attempts.

    Raises:
        TimelineError: An index is none, or stands twice; or no engine would make these attempts.
    """

    __slots__ = ("_items", "cached")

    def __init__(self, items: object = ()) -> None:
        self.cached: dict[int, Cached] = dict(items.cached) if isinstance(items, Items) else {}
        pairs = items.items() if isinstance(items, Mapping) else items
        found: dict[int, tuple[Attempt, ...]] = {}
        for index, script in _pairs(pairs, items):
            if index in found:
                raise TimelineError(
                    f"nodes.array(but=…): item {index} stands twice.\nLeave one of them out; what"
                    f" it does attempt by attempt is a list: but={{{index}: [first, second]}}."
                )
            if isinstance(script, Node) and script.flaw is not None:
                raise TimelineError(
                    f"nodes.array(but={{{index}: {shown(script)}}}): an item is no node of its own"
                    " that could be flawed.\nLet the map be: nodes.flawed(nodes.array(…), …)."
                )
            if isinstance(script, Cached) or index in self.cached:
                found[index] = ()
                if isinstance(script, Cached):
                    self.cached[index] = script
                continue
            found[index] = as_attempts(_several(script), f"{_WHAT}, item {index}")
            if not found[index]:
                raise TimelineError(
                    f"nodes.array(but=…): item {index} has no attempts."
                    f"\nSay what it does, but={{{index}: running(60).succeeds()}}, or leave it out."
                )
        self._items = dict(sorted(found.items()))

    def __getitem__(self, index: int) -> tuple[Attempt, ...]:
        return self._items[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Items):
            return self._items == other._items and self.cached == other.cached
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((tuple(self._items.items()), tuple(self.cached.items())))

    def __repr__(self) -> str:
        said = (f"{index}: {self.cached.get(index) or _code(self[index])}" for index in self)
        return f"{{{', '.join(said)}}}"


def _pairs(pairs: object, items: object) -> Iterator[tuple[int, object]]:
    wrong = TimelineError(
        f"nodes.array(but={shown(items)}): it says by index what some items do otherwise."
        "\nWrite but={4: running(30).fails('no disk')}."
    )
    if not isinstance(pairs, Iterable) or isinstance(pairs, (str, bytes)):
        raise wrong
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise wrong
        index, script = pair
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            raise TimelineError(
                f"nodes.array(but={{{shown(index)}: …}}): items are counted from 0."
                "\nWrite but={4: …} for the fifth."
            )
        yield index, script


def _several(script: object) -> Iterable[object]:
    return script if isinstance(script, (list, tuple)) else (script,)


def _code(attempts: tuple[Attempt, ...]) -> str:
    codes = _text.attempts(attempt.as_argument() for attempt in attempts)
    return codes[0] if len(attempts) == 1 else f"[{', '.join(codes)}]"
