"""A wrong answer to what is asked of a tree: what is wrong with it, and how a test checks that.

Ignorant of the questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.errors import cut
from flyte_testkit.laws._tree_names import identity_of, names_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyte_testkit.laws._tree_truth import TrueNode

__all__ = ["Wrong", "because", "is_number", "named_as", "named_so", "short"]

_LETTERS = 80


class Wrong(NamedTuple):
    """What is wrong with an answer.

    Attributes:
        what: What was said, and what is true.
        check: What a test asserts of ``said``.
    """

    what: str
    check: str


def is_number(value: object) -> bool:
    """Whether a value is a whole number, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def short(answer: object) -> str:
    """Return an answer on one line, or most of it; what a client's object is about."""
    if (identity := identity_of(answer)) is not None:
        return f"{type(answer).__name__} {identity[1]!r} of {identity[0]!r}"
    return cut(" ".join(repr(answer).split()), _LETTERS)


def because(node: TrueNode) -> str:
    """Return what a node says of its failure, as a sentence that follows another."""
    messages = sorted(node.messages, key=len) or sorted(node.codes, key=len)
    return f" It says {short(messages[0])}." if messages else ""


def named_as(name: str, said: object, node: TrueNode) -> str:
    """Return, as code, that a name is what the code under test has called a node.

    Args:
        name: What is compared.
        said: What it was called.
        node: The node.
    """
    if isinstance(said, (str, list, tuple)):
        return f"{name} == {said!r}"
    return _is_the_same(name, said, [node])


def named_so(
    name: str, said: Sequence[object], nodes: Sequence[TrueNode], among: Sequence[TrueNode]
) -> str:
    """Return, as code, that a name means one of these nodes.

    Args:
        name: What is compared.
        said: Names that the code under test has given: it is compared as such are.
        nodes: The nodes.
        among: All nodes that there are.
    """
    sample = said[0] if said else ""
    if not isinstance(sample, (str, list, tuple)):
        return _is_the_same(name, sample, nodes)
    called = names_like(said, [node.way for node in nodes], [node.way for node in among])
    return f"{name} in {called!r}"


def _is_the_same(name: str, sample: object, nodes: Sequence[TrueNode]) -> str:
    ids = sorted({(node.way[-1].execution, node.id) for node in nodes})
    ways = ("", "id.", "node_execution_id.", "id.node_execution_id.")
    way = next((way for way in ways if _is_there(sample, f"{way}node_id")), "id.")
    found = f"({name}.{way}execution_id.name, {name}.{way}node_id)"
    return f"{found} == {ids[0]!r}" if len(ids) == 1 else f"{found} in {ids!r}"


def _is_there(sample: object, way: str) -> bool:
    for part in way.split("."):
        sample = getattr(sample, part, None)
    return isinstance(sample, str)
