"""What scripts say of a map that nobody registered, besides its task: how many items, and the rest.

Ignorant of the nodes beside it, and of FlyteAdmin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from flyteidl.core import types_pb2, workflow_pb2

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.guesses import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.nodes import Array

__all__ = ["Mapped"]

Said = TypeVar("Said", int, float)


@dataclass(frozen=True)
class Mapped:
    """What is known of a map.

    Attributes:
        sizes: How many items it has, as scripts say it: data may be of another size each time.
        least: How many items something is said of.
        min_success_ratio: Which part of the items has to succeed; None: nobody has said.
        concurrency: How many items run at a time; None: likewise.
    """

    sizes: frozenset[int] = frozenset()
    least: int = 0
    min_success_ratio: float | None = None
    concurrency: int | None = None

    @classmethod
    def of(cls, array: Array) -> Mapped:
        """Return what one script says."""
        return cls(
            sizes=frozenset() if array.size is None else frozenset([array.size]),
            least=1 + max(array.but, default=-1),
            min_success_ratio=array.min_success_ratio,
            concurrency=array.concurrency,
        )

    def joined(self, other: Mapped, whose: str) -> Mapped:
        """Return what two scripts say together.

        Raises:
            TimelineError: They disagree.
        """
        return Mapped(
            self.sizes | other.sizes,
            max(self.least, other.least),
            _one("min_success_ratio", self.min_success_ratio, other.min_success_ratio, whose),
            _one("concurrency", self.concurrency, other.concurrency, whose),
        )

    def numbers(self, whose: str) -> list[int]:
        """Return the list that it maps over if it is given none.

        Raises:
            TimelineError: Scripts disagree about how long that is, or say more than it has.
        """
        if len(self.sizes) > 1:
            told = " and ".join(map(str, sorted(self.sizes)))
            raise TimelineError(
                f"the scripts disagree about how many items {whose} has: {told}."
                "\nA list that is made up is the same in every run: let another node give it,"
                " inputs={'x': nodes.promise('extract.paths')}, or say one size."
            )
        size = next(iter(self.sizes), self.least or 1)
        if size < self.least:
            raise TimelineError(
                f"the scripts disagree about how many items {whose} has: {size}, and one says what"
                f" item {self.least - 1} does.\nItems are counted from 0: say a larger size."
            )
        return list(range(size))

    def outputs(self, items: Mapping[str, Seen]) -> dict[str, types_pb2.LiteralType]:
        """Return the types of the lists that it gives, by what its items give."""
        may_fail = self.min_success_ratio not in {None, 1.0}
        return {
            name: types_pb2.LiteralType(
                collection_type=Seen(seen.kind, seen.nullable or may_fail).type
            )
            for name, seen in items.items()
        }

    def item_of(self, seen: Seen) -> Seen | None:
        """Return what an item gives if the map gives this; None if that is no list."""
        if not seen.kind.HasField("collection_type"):
            return None
        return Seen(seen.kind.collection_type)

    def node(self, node: workflow_pb2.Node, retries: int) -> None:
        """Let a node that runs a task map it instead, as flytekit writes that."""
        array = workflow_pb2.ArrayNode(
            min_success_ratio=1.0 if self.min_success_ratio is None else self.min_success_ratio,
            parallelism=self.concurrency,
        )
        array.node.CopyFrom(node)
        array.node.metadata.retries.retries = retries
        node.array_node.CopyFrom(array)


def _one(option: str, one: Said | None, other: Said | None, whose: str) -> Said | None:
    if one is None or other is None:
        return other if one is None else one
    if one != other:
        raise TimelineError(
            f"the scripts disagree about {option} of {whose}: it is {shown(one)} and"
            f" {shown(other)}.\nA workflow says it once, whatever a run does."
        )
    return one
