"""What no script foresaw: collected while a test runs, told when it ends.

A client may swallow the refusal of a surplus launch, so the refusal alone proves nothing; the
surprise is kept here and fails the test all the same. Ignorant of where surprises come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.errors import UnexpectedUse

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Surprises"]

_MOST = 10
"""So many stories are told at once: who reads them mends one at a time."""


class Surprises:
    """The unexpected uses of one fake FlyteAdmin, each told once.

    Example:
        >>> surprises = Surprises()
        >>> surprises.add("launch plan 'nightly' was launched, but nothing is scripted for it")
        >>> surprises.raise_if_any()
        Traceback (most recent call last):
        flyte_testkit.errors.UnexpectedUse: launch plan 'nightly' was launched, but nothing is ...
    """

    def __init__(self) -> None:
        self._stories: dict[str, None] = {}  # a set that keeps the order
        self._told: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._stories)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._stories))

    def add(self, story: str) -> None:
        """Keep a story; flytekit sends a failing call four times, and telling it once is enough."""
        if story not in self._told:
            self._stories[story] = None

    def take(self) -> tuple[str, ...]:
        """Return the stories that were not told yet; now they are. Of very many some are told."""
        there = tuple(self._stories)
        self._told.update(there)
        # Each by itself: others may add some, or take them, meanwhile.
        stories = tuple(story for story in there if self._stories.pop(story, story) is None)
        more = len(stories) - _MOST
        return (*stories[:_MOST], f"… and {more:,} more like these.") if more > 0 else stories

    def raise_if_any(self) -> None:
        """Tell the stories that were not told yet.

        Raises:
            UnexpectedUse: There are some.
        """
        if stories := self.take():
            raise UnexpectedUse("\n\n".join(stories))
