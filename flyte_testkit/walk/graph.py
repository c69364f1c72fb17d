"""Who waits for whom in one compiled workflow, and who is next when somebody has ended.

Ignorant of what nodes are, and of time.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from flyte_testkit.propeller.places import END, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyteidl.core import compiler_pb2, workflow_pb2

__all__ = ["Graph"]


class Graph:
    """The nodes of one compiled workflow, some of which have ended.

    Args:
        workflow: The workflow.

    Attributes:
        nodes: The nodes at its top, by their ids.
    """

    def __init__(self, workflow: compiler_pb2.CompiledWorkflow) -> None:
        self.nodes: Mapping[str, workflow_pb2.Node] = {
            node.id: node for node in workflow.template.nodes
        }
        edges = workflow.connections
        self._after = {
            id_: [one for one in dict.fromkeys(ids.ids) if one in self.nodes]
            for id_, ids in edges.downstream.items()
        }
        self._open = {
            id_: len({one for one in edges.upstream[id_].ids if one in self.nodes} - {START})
            for id_ in self.nodes
            if id_ != START and id_ in edges.upstream
        }
        self._in_vain: set[str] = set()  # those of whose upstream nodes one will never give

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """Where each node comes on the way from the start, depth first."""
        found: dict[str, int] = {}
        todo = [START]
        while todo:
            id_ = todo.pop()
            if id_ not in found:
                found[id_] = len(found)
                todo += reversed(self._after.get(id_, []))
        return found

    def first(self) -> Iterator[str]:
        """Yield the nodes that wait for none."""
        for id_ in self._after.get(START, ()):
            if not self._open[id_] and id_ != END:
                yield id_

    def ended(self, id_: str, *, well: bool = True) -> Iterator[tuple[str, bool]]:
        """Yield who has nobody to wait for any more after a node, and whether it can run.

        A node cannot if one of those before it failed or was skipped itself.
        """
        for later in self._after.get(id_, ()):
            if not well:
                self._in_vain.add(later)
            self._open[later] -= 1
            if not self._open[later]:
                yield later, later not in self._in_vain

    def last_failed(self, failed: Mapping[str, Exception]) -> Exception:
        """Return why all of it failed: of several failures an engine tells the last that it meets.

        It goes down from the start, one after another, and no further than to what has failed.
        """
        found: dict[str, Exception | None] = {}
        todo = [START]
        while todo:
            id_ = todo[-1]
            below = [] if id_ in failed else self._after.get(id_, [])
            unknown = [one for one in below if one not in found]
            if unknown:
                todo += unknown
                continue
            todo.pop()
            met = [failure for one in below if (failure := found[one]) is not None]
            found[id_] = failed.get(id_) or (met[-1] if met else None)
        top = found[START]
        return top if top is not None else next(iter(failed.values()))
