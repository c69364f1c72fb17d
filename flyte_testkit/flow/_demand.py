"""What consumers ask of one value: which parts, and of what types. A value.

Ignorant of graphs, and of how a value is made that has these parts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from flyteidl.core import types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EACH", "Demand", "Path"]

EACH: Final = None
"""The step of a path that leads to every element of a list, of which there is one at least."""

Step = int | str | None
Path = tuple[Step, ...]

_LONGEST: Final = 10_000  # a list that nobody can have meant would cost more than the test is worth


class _Ask(NamedTuple):
    """One part that is asked for, and of what type: a serialized message, empty if unknown."""

    path: Path
    kind: bytes


@dataclass(frozen=True)
class Demand:
    """What consumers ask of a value: parts of it, by index and by key, and the types they take.

    Hashable; demands of several consumers are joined by ``|``.
    """

    asked: frozenset[_Ask] = frozenset()

    @classmethod
    def of(cls, kind: types_pb2.LiteralType | None = None, path: Path = ()) -> Demand:
        """Return the demand for a part, or for the whole, of a type."""
        message = b"" if kind is None else kind.SerializeToString(deterministic=True)
        return cls(frozenset([_Ask(path, message)]))

    def __or__(self, other: Demand) -> Demand:
        """Return what both ask."""
        if not other.asked:
            return self
        return Demand(self.asked | other.asked) if self.asked else other

    def under(self, path: Path) -> Demand:
        """Return what is asked of the value that a path leads into."""
        if not path:
            return self
        if not self.asked:
            return Demand.of(path=path)
        return Demand(frozenset(_Ask((*path, *ask.path), ask.kind) for ask in self.asked))

    def part(self, step: Step) -> Demand:
        """Return what is asked of one part."""
        found = {
            _Ask(ask.path[1:], ask.kind)
            for ask in self.asked
            if ask.path and ask.path[0] in (step, EACH)
        }
        for kind in self.kinds:
            inner = _inside(kind, step)
            if inner is not None:
                found.add(_Ask((), inner.SerializeToString(deterministic=True)))
        return Demand(frozenset(found))

    @property
    def elements(self) -> list[Demand]:
        """What is asked of each element of a list that is as long as it has to be."""
        each, alone = self.part(EACH), defaultdict(set)
        for ask in self.asked:
            if ask.path and isinstance(ask.path[0], int):
                alone[ask.path[0]].add(_Ask(ask.path[1:], ask.kind))
        return [each | Demand(frozenset(alone[index])) for index in range(self.size)]

    @property
    def keys(self) -> list[str]:
        """The keys that are asked for, in order."""
        return sorted({head for head in self._heads if isinstance(head, str)})

    @property
    def _heads(self) -> list[Step]:
        return [ask.path[0] for ask in self.asked if ask.path]

    @property
    def size(self) -> int:
        """How many elements a list has to have, within reason."""
        sizes = [
            1 if head is EACH else head + 1 for head in self._heads if not isinstance(head, str)
        ]
        longest = max(sizes, default=0)
        return longest if 0 <= longest <= _LONGEST else 0

    @property
    def kinds(self) -> list[types_pb2.LiteralType]:
        """The types that consumers of the whole take, unions opened, in a fixed order."""
        messages = sorted({ask.kind for ask in self.asked if ask.kind and not ask.path})
        return [
            variant
            for message in messages
            for variant in _variants(types_pb2.LiteralType.FromString(message))
        ]


def _variants(kind: types_pb2.LiteralType) -> Iterator[types_pb2.LiteralType]:
    """Return what a union may be, unions inside it opened; any other type is itself."""
    if not kind.HasField("union_type"):
        yield kind
    for variant in kind.union_type.variants:
        yield from _variants(variant)


def _inside(kind: types_pb2.LiteralType, step: Step) -> types_pb2.LiteralType | None:
    """Return the type of a part, if the type of the whole says it."""
    if not isinstance(step, str):
        return kind.collection_type if kind.HasField("collection_type") else None
    if kind.HasField("map_value_type"):
        return kind.map_value_type
    fields = kind.structure.dataclass_type
    return fields.get(step)
