"""Names that FlyteAdmin invents: letters and digits that spell no word and are not mixed up.

Ignorant of what is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["invented"]

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def invented(random: Random, length: int) -> str:
    """Return a name of this many letters.

    Example:
        >>> from random import Random
        >>> len(invented(Random(0), 20))
        20
    """
    return "".join(random.choices(_LETTERS, k=length))
