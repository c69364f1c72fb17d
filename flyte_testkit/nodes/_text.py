"""How nodes print: as the code that makes them, equal ones once.

Ignorant of what the nodes are.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from flyte_testkit.timeline._keywords import is_word, keywords

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["arguments", "attempts", "keywords", "outputs"]


def attempts(codes: Iterable[str]) -> list[str]:
    """Return the arguments that attempts are, those that repeat once.

    Example:
        >>> attempts(["lost", "lost", "lost", "done"])
        ['*[lost] * 3', 'done']
    """
    runs = [(code, len(list(run))) for code, run in groupby(codes)]
    return [code if count == 1 else f"*[{code}] * {count}" for code, count in runs]


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
    if all(map(is_word, values)):
        return ", ".join(f"{name}={value!r}" for name, value in values.items())
    return repr(dict(values))
