"""How nodes print: as the code that makes them, equal ones once.

Ignorant of what the nodes are.
"""

from __future__ import annotations

import keyword
import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["arguments", "attempts", "keywords", "outputs"]

_NUMBERED: Final = re.compile(r"(.*?)(0|[1-9]\d*)", re.DOTALL)
_A_RUN: Final = 3
"""How many equal nodes in a row are worth a shorter form."""


def attempts(codes: Iterable[str]) -> list[str]:
    """Return the arguments that attempts are, those that repeat once.

    Example:
        >>> attempts(["lost", "lost", "lost", "done"])
        ['*[lost] * 3', 'done']
    """
    runs = [(code, len(list(run))) for code, run in groupby(codes)]
    return [code if count == 1 else f"*[{code}] * {count}" for code, count in runs]


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


def arguments(nodes: Mapping[str, object], options: Iterable[str]) -> list[str]:
    """Return the arguments of a node that has others inside, some of which a keyword cannot name.

    Example:
        >>> arguments({"fit": 1, "after": 2}, ["after"])
        ["{'fit': 1, 'after': 2}"]
    """
    if any(name in options for name in nodes):
        return ["{" + ", ".join(f"{name!r}: {node!r}" for name, node in nodes.items()) + "}"]
    return keywords(nodes.items())


def outputs(values: Mapping[str, object]) -> str:
    """Return what stands in ``.succeeds(…)``.

    Example:
        >>> outputs({"auc": 0.9}), outputs({"a-b": 1})
        ('auc=0.9', "{'a-b': 1}")
    """
    if all(map(_is_word, values)):
        return ", ".join(f"{name}={value!r}" for name, value in values.items())
    return repr(dict(values))


def _keyword(name: str, code: str) -> str:
    return f"{name}={code}" if _is_word(name) else f"**{{{name!r}: {code}}}"


def _is_word(name: str) -> bool:
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
