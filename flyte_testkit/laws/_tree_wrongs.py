"""A wrong answer to what is asked of a tree: what is wrong with it, and how a test checks that.

Ignorant of the questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.errors import cut
from flyte_testkit.laws._tree_names import identity_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyte_testkit.laws._tree_truth import TrueNode

__all__ = ["Wrong", "because", "is_number", "named_so", "short"]

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


def named_so(name: str, sample: object, nodes: Sequence[TrueNode]) -> str:
    """Return, as code, that a name means one of these nodes.

    Args:
        name: What is compared.
        sample: A name that the code under test has given: it is compared as such are.
        nodes: The nodes.
    """
    if isinstance(sample, str):
        called = {spelled for node in nodes for spelled in (node.id, node.name, node.path)}
        return f"{name} in {sorted(called)!r}"
    ids = sorted({(node.way[-1].execution, node.id) for node in nodes})
    if isinstance(sample, (list, tuple)):
        return f"{name}[-1] in {[node_id for _, node_id in ids]!r}"
    ways = ("", "id.", "node_execution_id.", "id.node_execution_id.")
    way = next((way for way in ways if _is_there(sample, f"{way}node_id")), "id.")
    found = f"({name}.{way}execution_id.name, {name}.{way}node_id)"
    return f"{found} == {ids[0]!r}" if len(ids) == 1 else f"{found} in {ids!r}"


def _is_there(sample: object, way: str) -> bool:
    for part in way.split("."):
        sample = getattr(sample, part, None)
    return isinstance(sample, str)
