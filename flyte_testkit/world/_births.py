"""Whether an object of a kind was made since a moment, without looking at all there are.

What is young is in the collector's two young generations, and few; it grows old when the second of
them is collected. So whoever waits for a birth looks at the young just before they grow old, and
once more at the end. After many looks it costs less to look at everything once.

Ignorant of what kinds are asked for, and of why.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Births"]

_LOOKS = 64  # a look takes a quarter of a millisecond, to look at everything some twenty
_YOUNG_GROW_OLD = sys.version_info < (3, 14)  # later collectors have other generations


class Births:
    """Watches for what is made.

    Args:
        is_wanted: Says of an object whether it is to be told. Called in the collector's callbacks.
    """

    def __init__(self, is_wanted: Callable[[Any], bool]) -> None:
        self._is_wanted = is_wanted
        self._looks_left = 0
        self._seen = False
        self._grown = _grown()

    def watch(self) -> None:
        """Begin: what is there now is not told."""
        self.stop()
        self._seen, self._looks_left, self._grown = False, _LOOKS, _grown()
        gc.callbacks.append(self._collecting)

    def stop(self) -> None:
        """End, for good or until asked again."""
        if self._collecting in gc.callbacks:
            gc.callbacks.remove(self._collecting)

    def any(self) -> bool:
        """Whether one was made since, as far as it is still there."""
        if self._seen:
            return True
        if not _YOUNG_GROW_OLD or _grown() != self._grown:
            return any(map(self._is_wanted, gc.get_objects()))
        return self._among_the_young()

    def _collecting(self, phase: str, info: Mapping[str, int]) -> None:
        if phase != "start" or info["generation"] < 1 or self._seen or not self._looks_left:
            return
        self._looks_left -= 1
        self._grown += 1
        self._seen = self._among_the_young()

    def _among_the_young(self) -> bool:
        young = gc.get_objects(generation=0) + gc.get_objects(generation=1)
        return any(map(self._is_wanted, young))


def _grown() -> int:
    """Return how often the young have grown old in this process."""
    return sum(generation["collections"] for generation in gc.get_stats()[1:])
