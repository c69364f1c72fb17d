"""How many tasks and launch plans of an execution run at once, and who is next.

Whoever waits has told nothing yet. As an engine goes through a workflow again and again, from the
start and depth first, the first of those who wait on that way is next.

Ignorant of what they do.
"""

from __future__ import annotations

import heapq
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from flyte_testkit.engine.performance import When

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.core import workflow_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.walk.site import Site

__all__ = ["Line", "Rank", "Slots", "takes_a_slot"]

ResultT = TypeVar("ResultT")

Rank: TypeAlias = "tuple[int, ...]"
"""Where a node comes on the way through all nodes."""


def takes_a_slot(node: workflow_pb2.Node) -> bool:
    """Whether a node counts: it runs a task or a launch plan."""
    target: str | None = node.WhichOneof("target")
    if target == "workflow_node":
        target = node.workflow_node.WhichOneof("reference")
    return target in {"task_node", "launchplan_ref"}


class Slots:
    """The slots of one execution.

    Args:
        most: How many there are; 0 for any number.

    Example:
        >>> slots = Slots(1)
        >>> slots.enter("n0"), slots.enter("n1")
        (True, False)
        >>> slots.wait((1,), "n1")
        >>> slots.leave("n0")
        >>> slots.is_next("n1")
        True
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: set[str] = set()
        self._waiting: dict[str, Rank] = {}
        self._line: list[tuple[Rank, str]] = []

    def enter(self, id_: str) -> bool:
        """Take a slot if one is free for which nobody waits; return whether that is so."""
        if id_ in self._inside:
            return True
        if self._most and (self._waiting or len(self._inside) >= self._most):
            return False
        self._inside.add(id_)
        return True

    def wait(self, rank: Rank, id_: str) -> None:
        """Wait for a slot."""
        self._waiting[id_] = rank
        heapq.heappush(self._line, (rank, id_))

    def is_next(self, id_: str) -> bool:
        """Whether a slot is free, and who waits can take it now."""
        if len(self._inside) >= self._most:
            return False
        while self._line and self._line[0][1] not in self._waiting:
            heapq.heappop(self._line)
        return bool(self._line) and self._line[0][1] == id_

    def take(self, id_: str) -> None:
        """Take the slot that was waited for."""
        del self._waiting[id_]
        self._inside.add(id_)

    def leave(self, id_: str) -> None:
        """Let others have the slot, or wait no longer; who has none does not care."""
        self._inside.discard(id_)
        self._waiting.pop(id_, None)

    def turn(self, rank: Rank, id_: str, at: datetime) -> Performance[datetime]:
        """Take a slot as soon as it is one's turn; return when that is."""
        if self.enter(id_):
            return at
        self.wait(rank, id_)
        try:
            at = yield When(partial(self.is_next, id_))
        except BaseException:
            self.leave(id_)
            raise
        self.take(id_)
        return at

    def during(self, id_: str, performance: Performance[ResultT]) -> Performance[ResultT]:
        """Perform in a slot, and leave it however that ends."""
        try:
            return (yield from performance)
        finally:
            self.leave(id_)


class Line:
    """Those of one scope who wait for a slot: one performance lets them in, however many there are.

    Args:
        slots: The slots of the execution.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._held: list[tuple[Rank, str, Site]] = []
        self._is_open = False

    def hold(self, rank: Rank, site: Site) -> bool:
        """Let a node wait; return whether somebody has to let it in from now on."""
        self._slots.wait(rank, site.id)
        heapq.heappush(self._held, (rank, site.id, site))
        was_open, self._is_open = self._is_open, True
        return not was_open

    def lets_in(self, start: Callable[[Site, datetime], None]) -> Performance[None]:
        """Let those begin who wait, one after another, each in its turn."""
        try:
            while self._held:
                at = yield When(self._may_begin)
                _, id_, site = heapq.heappop(self._held)
                self._slots.take(id_)
                start(site, at)
        finally:
            self._is_open = False
            for _, id_, _ in self._held:
                self._slots.leave(id_)
            self._held.clear()

    def _may_begin(self) -> bool:
        return self._slots.is_next(self._held[0][1])
