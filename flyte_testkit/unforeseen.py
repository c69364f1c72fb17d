"""What no script foresaw: collected while a test runs, told when it ends.

A client may swallow the refusal of a surplus launch, so the refusal alone proves nothing; the
finding is kept here and fails the test all the same. Ignorant of where findings come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.errors import UnexpectedUse

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unforeseen"]

_MOST = 10
"""So many texts are told at once: who reads them mends one at a time."""


class Unforeseen:
    """The unexpected uses of one fake FlyteAdmin, each told once.

    Example:
        >>> unforeseen = Unforeseen()
        >>> unforeseen.add("launch plan 'nightly' was launched, but nothing is scripted for it")
        >>> unforeseen.raise_if_any()
        Traceback (most recent call last):
        flyte_testkit.errors.UnexpectedUse: launch plan 'nightly' was launched, but nothing is ...
    """

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}  # a set that keeps the order
        self._told: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._texts))

    def add(self, text: str) -> None:
        """Keep a text; flytekit sends a failing call four times, and telling it once is enough."""
        if text not in self._told:
            self._texts[text] = None

    def take(self) -> tuple[str, ...]:
        """Return the texts that were not told yet; now they are. Of very many some are told."""
        there = tuple(self._texts)
        self._told.update(there)
        # Each by itself: others may add some, or take them, meanwhile.
        texts = tuple(text for text in there if self._texts.pop(text, text) is None)
        more = len(texts) - _MOST
        return (*texts[:_MOST], f"… and {more:,} more like these.") if more > 0 else texts

    def raise_if_any(self) -> None:
        """Tell the texts that were not told yet.

        Raises:
            UnexpectedUse: There are some.
        """
        if texts := self.take():
            raise UnexpectedUse("\n\n".join(texts))
