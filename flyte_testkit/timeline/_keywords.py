"""How named values print as keyword arguments, equal ones in a row once.

Ignorant of what the values are.
"""

from __future__ import annotations

import keyword
import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["is_word", "keywords"]

_NUMBERED: Final = re.compile(r"(.*?)(0|[1-9]\d*)", re.DOTALL)
_A_RUN: Final = 3
"""How many equal values in a row are worth a shorter form."""


def keywords(nodes: Iterable[tuple[str, object]]) -> list[str]:
    """Return the arguments that named nodes are.

    Example:
        >>> keywords([("extract", 1), ("sleep-gate", 2)])
        ['extract=1', "**{'sleep-gate': 2}"]
        >>> keywords([("n0", 3), ("n1", 3), ("n2", 3), ("n3", 4)])
        ["**{f'n{i}': 3 for i in range(3)}", 'n3=4']
        >>> keywords([("a", 3), ("b", 3), ("c", 3)])
        ["**dict.fromkeys(['a', 'b', 'c'], 3)"]
    """
    said: list[str] = []
    for code, run in groupby(nodes, key=lambda pair: repr(pair[1])):
        names = [name for name, _ in run]
        if len(names) < _A_RUN:
            said += [_keyword(name, code) for name in names]
        elif (numbered := _numbered(names)) is not None:
            said.append(f"**{{{numbered[0]!r}: {code} {numbered[1]}}}".replace("{'", "{f'", 1))
        else:
            said.append(f"**dict.fromkeys({names!r}, {code})")
    return said


def _keyword(name: str, code: str) -> str:
    return f"{name}={code}" if is_word(name) else f"**{{{name!r}: {code}}}"


def is_word(name: str) -> bool:
    """Say whether a name can be a keyword argument."""
    return name.isidentifier() and not keyword.iskeyword(name)


def _numbered(names: Sequence[str]) -> tuple[str, str] | None:
    """Return the name of each for a comprehension, and the comprehension, if they count on."""
    parts = [_NUMBERED.fullmatch(name) for name in names]
    if parts[0] is None:
        return None
    prefix, first = parts[0][1], int(parts[0][2])
    if names != [f"{prefix}{first + number}" for number in range(len(names))]:
        return None
    span = f"{first}, {first + len(names)}" if first else f"{len(names)}"
    return f"{prefix}{{i}}", f"for i in range({span})"
