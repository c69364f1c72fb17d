"""Blobs that are written after the news of them, if need be when all else is over.

Ignorant of whose they are.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from flyte_testkit.engine.nursery import AnyOf
from flyte_testkit.engine.performance import Act, Terminated, Until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from flyte_testkit.engine.performance import Performance

__all__ = ["Late", "lately", "written"]


class Late:
    """The blobs of one execution that are still to come."""

    def __init__(self) -> None:
        self._agenda: list[tuple[datetime, int, Mapping[str, bytes]]] = []
        self._numbers = count()

    @property
    def due(self) -> datetime | None:
        """When the next of them comes; None if none is."""
        return self._agenda[0][0] if self._agenda else None

    def expect(self, at: datetime, blobs: Mapping[str, bytes]) -> None:
        """Let blobs come at an instant."""
        heapq.heappush(self._agenda, (at, next(self._numbers), blobs))

    def come(self, now: datetime) -> Iterator[Act]:
        """Yield the writing of all that are there by now."""
        while self._agenda and self._agenda[0][0] <= now:
            at, _, blobs = heapq.heappop(self._agenda)
            yield written(at, blobs)


def written(at: datetime, blobs: Mapping[str, bytes]) -> Act:
    """Return the writing of blobs of which nobody is told."""
    return Act(at, "", Empty(), blobs=blobs)


def lately(performance: Performance[None], late: Late) -> Performance[None]:
    """Perform, and write what comes late; what is due at one instant is written before all else.

    Args:
        performance: What is performed.
        late: What comes late, as far as the performance has said it by then.
    """
    try:
        told = next(performance)
        while True:
            due = late.due
            try:
                if isinstance(told, Act) or due is None:
                    told = performance.send((yield told))
                    continue
                now = yield AnyOf(min(due, told.at or due), [told])
                yield from late.come(now)
            except Terminated as terminated:
                told = performance.throw(terminated)
            else:
                if told.is_over(now):
                    told = performance.send(now)
    except StopIteration:
        pass
    while (due := late.due) is not None:
        now = yield Until(due)
        yield from late.come(now)
