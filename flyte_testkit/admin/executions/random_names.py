"""Names that FlyteAdmin invents: letters and digits that spell no word and are not mixed up.

Ignorant of what is named.
"""

from __future__ import annotations

from functools import cached_property
from random import Random

__all__ = ["Chance", "invented"]

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Chance:
    """What names are drawn from: of one seed always the same ones.

    Seeding takes as long as a row, and most servers invent no name: it waits for the first.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def random(self) -> Random:
        """Where they come from."""
        return Random(self._seed)  # noqa: S311  names, not secrets


def invented(random: Random, length: int) -> str:
    """Return a name of this many letters.

    Example:
        >>> from random import Random
        >>> len(invented(Random(0), 20))
        20
    """
    return "".join(random.choices(_LETTERS, k=length))
