"""The items of a map whose task is cached: which need not run, and what the others leave.

Each is found by itself, by its own inputs. Ignorant of rounds, and of what is said of items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import identifier_pb2, literals_pb2

from flyte_testkit import flow
from flyte_testkit.nodes import Array
from flyte_testkit.walk.caching import is_cached, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flyte_testkit.engine.catalogue import Key
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["CachedItems"]


class CachedItems:
    """What the items of one map find, and leave.

    Args:
        site: Where the map stands.
        inputs: What it is given.
        around: The scope that it is in.
        made: Says what an item makes for which these outputs are scripted, by its index.
    """

    def __init__(
        self,
        site: Site,
        inputs: literals_pb2.LiteralMap,
        around: Scope,
        made: Callable[[int, Mapping[str, object]], literals_pb2.LiteralMap],
    ) -> None:
        self._site = site
        self._inputs = inputs
        self._memory = around.company.memory
        self._array = site.node.array_node
        self._task = around.company.task_of(self._array.node)
        self._made = made
        scripted = around.company.cast.nodes.get(site.path)
        self._scripted = scripted.but.cached if isinstance(scripted, Array) else {}
        self._is_on = is_cached(self._array.node, self._task)
        self._mapped = frozenset(flow.sizes(self._array, inputs)) if self._is_on else frozenset()

    def finds(self, index: int) -> literals_pb2.LiteralMap | None:
        """Return what an item finds; None if it has to run."""
        if not self._is_on or self._memory.overwrites:
            return None
        asker, key = self._asker(index), self._key(index)
        found = self._memory.find(asker, key)
        said = self._scripted.get(index)
        if said is not None and (said.outputs or found is None):
            made = self._made(index, said.outputs)
            found = self._memory.hold(asker, key, made, self._source())
        return None if found is None else found.outputs

    def leaves(self, index: int, outputs: literals_pb2.LiteralMap) -> bool:
        """Leave what an item has made; return whether it does."""
        if self._is_on:
            self._memory.store(self._asker(index), self._key(index), outputs, self._source())
        return self._is_on

    def _asker(self, index: int) -> str:
        return f"{self._site.id}-0-n{index}"

    def _key(self, index: int) -> Key:
        given = {
            name: literal.collection.literals[index] if name in self._mapped else literal
            for name, literal in self._inputs.literals.items()
        }
        return key_of(self._array.node, self._task, literals_pb2.LiteralMap(literals=given))

    def _source(self) -> identifier_pb2.TaskExecutionIdentifier:
        made_by = identifier_pb2.TaskExecutionIdentifier(task_id=self._task.id)
        made_by.node_execution_id.CopyFrom(self._site.identifier)
        made_by.node_execution_id.node_id = self._site.node.id
        return made_by
