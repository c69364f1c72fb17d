"""Names of nodes: which there can be, and which mean the same.

Node ids become parts of names of pods, so flytekit writes them in lower case, with ``-`` where
Python has ``_``. In a script both spellings mean the same node.

Ignorant of what is called so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.propeller.places import END, START

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FAILURE_NODE", "check_name", "check_names", "same"]

FAILURE_NODE: Final = "fn0"
"""The id of every failure node."""

_POSSIBLE: Final = re.compile(r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_OF_A_MAP: Final = re.compile(rf"({_POSSIBLE.pattern}\.)*{_POSSIBLE.pattern}-arraynode")
"""flytekit calls a map after its module and task: ``flows.map_fit_…-arraynode``."""

_LONGEST: Final = 63  # letters of a Kubernetes name, of which pods' names are made


def same(name: str) -> str:
    """Return the one spelling of a name, whatever it is written with.

    Example:
        >>> same("fit_a") == same("fit-a")
        True
    """
    return name.replace("_", "-")


def check_name(name: object, what: str) -> str:
    """Return a name if a node can have it.

    Args:
        name: The name.
        what: Where it stands, as ``nodes.workflow(…)``.

    Raises:
        TimelineError: No node can be called so, or the engine calls its own ones so.
    """
    if not isinstance(name, str):
        raise TimelineError(
            f"{what}: a node's name is text, not {shown(name)}. Write it in quotes."
        )
    if same(name) in {START, END}:
        raise TimelineError(
            f"{what}: {shown(name)} is what every workflow calls the node at its"
            f" {'start' if same(name) == START else 'end'}; it comes by itself."
            "\nLeave it out, or call yours otherwise."
        )
    if name == FAILURE_NODE:
        raise TimelineError(
            f"{what}: {name!r} is what every failure node is called."
            "\nWrite .on_failure(clean_up=…) for it, or call yours otherwise."
        )
    if not (_POSSIBLE.fullmatch(name) or _OF_A_MAP.fullmatch(name)):
        raise TimelineError(
            f"{what}: no node can be called {shown(name)}: pods are named after it, so it is of the"
            f" letters a-z, digits, '-' and '_', and begins and ends with a letter or digit."
            f"{_possible(name)}"
        )
    if len(name) > _LONGEST:
        raise TimelineError(
            f"{what}: no node can be called {shown(name)}: pods are named after it, and Kubernetes"
            f" has room for {_LONGEST} letters.\nWrite a shorter one."
        )
    return name


def check_names(names: Iterable[object], what: str) -> None:
    """Refuse names that no node can have, and two that mean the same.

    Raises:
        TimelineError: As it says.
    """
    seen: dict[str, str] = {}
    for name in names:
        spelled = check_name(name, what)
        earlier = seen.setdefault(same(spelled), spelled)
        if earlier != spelled:
            raise TimelineError(
                f"{what}: {earlier!r} and {spelled!r} are one name: '_' stands for '-' in ids of"
                " nodes.\nCall one of them otherwise."
            )


def _possible(name: str) -> str:
    if "." in name:
        outer, _, inner = name.partition(".")
        return (
            "\nA node below another is written inside of it:"
            f" {outer}=nodes.subworkflow({inner.replace('.', '_')}=…)."
        )
    letters = re.sub(r"[^-_a-z0-9]+", "-", name.lower()).strip("-_") if name.isascii() else ""
    return f"\nWrite {letters or 'train'!r}, say."
