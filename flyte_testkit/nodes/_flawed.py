"""Nodes that are told of as no engine should, to show what code makes of it.

Ignorant of who tells.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta  # noqa: TC003  Hypothesis resolves hints
from typing import TypeVar

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.nodes._cached import Cached
from flyte_testkit.nodes._dynamic import Dynamic
from flyte_testkit.nodes._flaw import Flaw, refused
from flyte_testkit.nodes._gate import Sleep
from flyte_testkit.nodes._node import Node
from flyte_testkit.nodes._task import Task
from flyte_testkit.timeline import Succeeds, Yields

__all__ = ["flawed"]

NodeT = TypeVar("NodeT", bound=Node)


@suggests_keywords
def flawed(
    node: NodeT,
    /,
    *,
    stays: str = "",
    missing: bool = False,
    data_after: float | timedelta | None = None,
    deck: str = "",
    unnoticed: bool = False,
) -> NodeT:
    """Return a node of which clients are told wrongly; what it does is as it was written.

    Engines lose events, and blobs come late: code that reads trees meets the remains. Whoever comes
    after the node is given its outputs, the execution ends as it would, and only what clients see
    is flawed; but for ``unnoticed``, which is a flaw of the engine itself.

    Args:
        node: A node of any kind, anywhere in a tree.
        stays: The phase in which it stays for good, ``"RUNNING"`` or ``"QUEUED"``, and
            ``"DYNAMIC_RUNNING"`` of what yields: no later event of it arrives, nor the end of its
            last attempt. What is inside of it is told of. One that is never in that phase, as it
            is found in the cache, has no flaw.
        missing: Whether it is in no listing: no event of it arrives, nor of what is inside of it.
            An execution that it launches is there, as one that nobody launched.
        data_after: How many seconds after it has SUCCEEDED its outputs can be read. Until then
            FlyteAdmin answers as if there were none.
        deck: ``"missing"``: its deck has an address, and never comes.
        unnoticed: Whether its engine never notices that it has ended: what comes after it does not
            begin, and what it is inside of runs on until somebody terminates it.

    Raises:
        TimelineError: It is no flaw, none of such a node, or two of which one hides the other.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> nodes.flawed(nodes.task(running(60).succeeds()), stays="RUNNING")
        nodes.flawed(nodes.task(running(60).succeeds()), stays='RUNNING')
    """
    if not isinstance(node, Node):
        raise TimelineError(
            f"nodes.flawed({shown(node)}, …): that is no node."
            "\nWrite nodes.flawed(nodes.task(running(60).succeeds()), stays='RUNNING'), say."
        )
    if node.flaw is not None:
        raise TimelineError(
            f"nodes.flawed({shown(node)}, …): it is flawed already.\nSay all its flaws at once."
        )
    flaw = Flaw(
        stays=stays,
        missing=missing,
        data_after=data_after,  # type: ignore[arg-type]  # it reads a timedelta as seconds
        deck=deck,
        unnoticed=unnoticed,
    )
    _check_fits(node, flaw)
    return replace(node, flaw=flaw)


def _check_fits(node: Node, flaw: Flaw) -> None:
    """Refuse a flaw that a node of this kind never has.

    Raises:
        TimelineError: It has nothing that could be so wrong.
    """
    word, said = node.word, f"{flaw.stays!r}"
    if flaw.stays and isinstance(node, Cached):
        raise refused(f"stays={said}", "what is cached has only one event, its end.")
    if flaw.stays == "DYNAMIC_RUNNING" and not (isinstance(node, Dynamic) and node.nodes):
        raise refused(
            f"stays={said}",
            f"a {word} that yields nothing is never in that phase.\nWrite stays='RUNNING'.",
        )
    if flaw.deck and not isinstance(node, Task):
        raise refused("deck='missing'", f"a {word} has no deck; tasks have.")
    if flaw.deck and isinstance(node, Dynamic) and node.nodes:
        raise refused("deck='missing'", f"a {word} that yields has no deck at its end anyway.")
    if flaw.data_after is not None and not _may_give(node):
        raise refused(
            f"data_after={flaw.data_after:g}", f"this {word} gives nothing that could come late."
        )


def _may_give(node: Node) -> bool:
    """Whether a node may have outputs: it succeeds, as far as that can be told."""
    if isinstance(node, Task) and node.attempts:
        return isinstance(node.attempts[-1].ending, (Succeeds, Yields))
    return not isinstance(node, Sleep)
