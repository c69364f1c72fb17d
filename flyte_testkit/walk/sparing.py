"""Whether a node need run at all: what it would make is cached, or was made in the run recovered.

The catalogue is asked first, as recorded.

Ignorant of what nodes do that run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.walk.caching import Caching, is_cached
from flyte_testkit.walk.recovered import WELL, plays_yielded_again, recovers

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.walk.company import Play
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["may_be_spared", "unless_spared"]


def may_be_spared(site: Site, around: Scope) -> bool:
    """Whether a node may have no need to run."""
    return around.company.memory.recovers or _is_cached(site, around)


def unless_spared(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime, play: Play
) -> Performance[literals_pb2.LiteralMap]:
    """Play a node unless it need not run; the arguments are those of any node.

    Args:
        site: Where it stands.
        inputs: What it is given.
        around: The scope that it is in.
        at: When it begins.
        play: Plays it.
    """
    caching = Caching(site, inputs, around) if _is_cached(site, around) else None
    if caching is not None and (found := caching.finds()) is not None:
        yield caching.hit(at, found)
        return found.outputs
    old = around.company.memory.old(site.id)
    if old is not None and old.phase in WELL:
        yield from recovers(site, inputs, old, at)
        return old.outputs
    if old is not None and old.yielded is not None:
        around.company.slots.leave(site.id)
        again = plays_yielded_again(site, inputs, old.yielded, around, at, caching)
        return (yield from again)
    return (yield from play(site, inputs, around, at))


def _is_cached(site: Site, around: Scope) -> bool:
    node = site.node
    return node.HasField("task_node") and is_cached(node, around.company.task_of(node))
