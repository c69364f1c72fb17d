"""Which node is meant by what the code under test says: an id, a name, a path, a client's object.

There are several true answers to "which node?", and laws take all of them: what a client calls it,
what the workflow calls it, the way to it from the top, with the execution in front or without it.
Ignorant of which nodes there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyte_testkit.errors import FlyteTestkitError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Meant", "Step", "identity_of", "meant", "names_like", "spelled", "spellings"]

_BETWEEN: Final = re.compile(r"\s*(?:->|[./>:»→\s])+\s*")  # what stands between the parts of a path
_ITEM: Final = re.compile(r"\[(\d+)\]$")


@dataclass(frozen=True)
class Meant:
    """What an answer means.

    Attributes:
        text: The id, name or path, as :func:`spelled` spells it; empty for a client's object.
        identity: The execution's name and the unique id, of a client's object.
        item: The index of an item, as in ``"fit[4]"``; None if it names none.
    """

    text: str = ""
    identity: tuple[str, str] | None = None
    item: int | None = None


@dataclass(frozen=True)
class Step:
    """One node on the way from the top of an execution to a node.

    Attributes:
        execution: The name of the execution that it is in.
        id: The unique id, as ``"n0-0-n1"``.
        spec_id: The id in its workflow, as ``"n1"``.
        name: The name, as ``"fit"``.
        full_name: The name with all that stands before it, as ``"flows.fit"``.
    """

    execution: str
    id: str
    spec_id: str
    name: str
    full_name: str


def spelled(text: str) -> str:
    """Return a name in the one spelling in which names compare.

    Example:
        >>> spelled("train / my_fit"), spelled("n1 -> n0-0-n1")
        ('train.my-fit', 'n1.n0-0-n1')
    """
    return _BETWEEN.sub(".", text.strip()).replace("_", "-").strip(".")


def spellings(way: Sequence[Step]) -> frozenset[str]:
    """Return all that a node may be called.

    Args:
        way: How one comes to it, from the top; the node itself is last.
    """
    return frozenset(_in_one_spelling(parts) for parts in _ways_of(way).values())


def names_like(
    said: Sequence[Any], ways: Sequence[Sequence[Step]], among: Sequence[Sequence[Step]]
) -> list[Any]:
    """Return what code would have called some nodes that calls others so.

    Args:
        said: What it said, texts or sequences of texts.
        ways: How one comes to the nodes.
        among: How one comes to all nodes that there are.
    """
    sample = said[0] if said else ""
    between = _BETWEEN.search(sample) if isinstance(sample, str) else None
    forms = set(_ways_of(ways[0]))
    for each in said:
        text = _in_one_spelling([each] if isinstance(each, str) else each)
        known = [_ways_of(way) for way in among]
        of_it = {form for it in known for form in it if _in_one_spelling(it[form]) == text}
        forms = (forms & of_it) or forms
    taken = {each if isinstance(each, str) else tuple(each) for each in said}
    found: set[Any] = set()
    for way in ways:
        for form in forms:
            parts = _ways_of(way)[form]
            found.add(
                (between[0] if between else ".").join(parts) if isinstance(sample, str) else parts
            )
    names = sorted(found - taken) or sorted(found)
    return [list(name) for name in names] if isinstance(sample, list) else names


def _in_one_spelling(parts: Sequence[str]) -> str:
    return spelled(".".join(parts))


def _ways_of(way: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """Return all that a node may be called, in parts, by the form of the name."""
    here = way[-1]
    within = [step for step in way if step.execution == here.execution]
    found = {
        "id": (here.id,),
        "name": (here.name,),
        "full_name": (here.full_name,),
        "id in its execution": (here.execution, here.id),
    }
    for part in ("id", "spec_id", "name", "full_name"):
        from_the_top = tuple(str(getattr(step, part)) for step in way)
        found[f"way by {part}"] = from_the_top
        found[f"way by {part} from the execution"] = (way[0].execution, *from_the_top)
        inside = (str(getattr(step, part)) for step in within)
        found[f"way by {part} in its execution"] = (here.execution, *inside)
    return found


def meant(answer: object) -> Meant | None:
    """Return what an answer means; None if it names no node.

    Args:
        answer: A text; a node or an identifier of a client's; several of these, from the top.

    Raises:
        FlyteTestkitError: It is none of these.
    """
    if answer is None or (isinstance(answer, (str, list, tuple)) and not answer):
        return None
    if isinstance(answer, (list, tuple)) and all(isinstance(part, str) for part in answer):
        answer = ".".join(answer)
    if isinstance(answer, str):
        item = _ITEM.search(answer.strip())
        text = answer.strip()[: item.start()] if item else answer
        return Meant(spelled(text), item=int(item[1]) if item else None)
    if (identity := identity_of(answer)) is not None:
        return Meant(identity=identity)
    raise FlyteTestkitError(
        f"{' '.join(shown(answer).split())} names no node. Return its unique id as 'n0-0-n1', its "
        "name, its path as 'train.fit', or the client's node execution."
    )


def identity_of(answer: Any) -> tuple[str, str] | None:
    """Return the execution's name and the unique id that an object of a client's has."""
    for found in (answer, getattr(answer, "id", None)):
        found = getattr(found, "node_execution_id", found)  # noqa: PLW2901  of an attempt
        node_id = getattr(found, "node_id", None)
        execution = getattr(getattr(found, "execution_id", None), "name", None)
        if isinstance(node_id, str) and isinstance(execution, str):
            return execution, node_id
    return None
