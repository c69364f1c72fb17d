"""What an execution meets that it did not bring along: a catalogue, and the run that it recovers.

A performance is rehearsed to find out what is to come of it, and a rehearsal may not change what
others meet. So what the real one was answered is taken down, and a rehearsal is answered the same;
what it stores itself only it finds.

Ignorant of what nodes make of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flyte_testkit.engine.catalogue import Artifact, Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from flyteidl.admin import node_execution_pb2
    from flyteidl.core import catalog_pb2, compiler_pb2, identifier_pb2, literals_pb2

    from flyte_testkit.engine.catalogue import Key

__all__ = ["Memory", "Old", "Setting"]


AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class Old:
    """A node of the execution that is recovered, as it was.

    Attributes:
        phase: Its phase, by name.
        closure: All that was told of it.
        outputs: What it gave.
        yielded: What its task has yielded; None if that was nothing.
    """

    phase: str
    closure: node_execution_pb2.NodeExecutionClosure
    outputs: literals_pb2.LiteralMap
    yielded: compiler_pb2.CompiledWorkflowClosure | None = None


@dataclass(frozen=True, eq=False)
class Setting:
    """What one execution meets.

    Attributes:
        catalogue: What tasks have made that are cached.
        overwrites: Whether it runs what is cached, and lets that be found from then on.
        most_at_once: How many tasks and launch plans may run in it at once; 0 for any number.
        old: Finds a node of the execution that it recovers by its unique id; None if it recovers
            none.
    """

    catalogue: Catalogue = field(default_factory=Catalogue)
    overwrites: bool = False
    most_at_once: int = 0
    old: Callable[[str], Old | None] | None = None


class Memory:
    """What one performance of an execution finds there, and leaves.

    Args:
        setting: What it meets.
        answers: What the real performance was answered.
        rehearses: Whether it only tells what is to come.
    """

    def __init__(
        self,
        setting: Setting,
        answers: MutableMapping[tuple[str, str], Any],
        *,
        rehearses: bool,
    ) -> None:
        self._setting = setting
        self._catalogue = setting.catalogue
        self._answers = answers
        self._rehearses = rehearses
        self._own: dict[Key, Artifact] = {}  # what a rehearsal stores
        self.overwrites = setting.overwrites
        self.recovers = setting.old is not None

    def old(self, asker: str) -> Old | None:
        """Return what a node was in the execution that is recovered; None if it was not there."""
        find = self._setting.old
        return None if find is None else self._once("old", asker, lambda: find(asker))

    def find(self, asker: str, key: Key) -> Artifact | None:
        """Return what a node finds in the catalogue."""
        return self._once("find", asker, lambda: self._own.get(key) or self._catalogue.find(key))

    def store(
        self,
        asker: str,
        key: Key,
        outputs: literals_pb2.LiteralMap,
        source: identifier_pb2.TaskExecutionIdentifier,
    ) -> catalog_pb2.CatalogMetadata:
        """Leave what a node has made in the catalogue, and return what is told of it."""

        def answer() -> catalog_pb2.CatalogMetadata:
            if self._rehearses:
                made = self._own.setdefault(key, Artifact(key, "", outputs, source))
                return made.told()
            return self._catalogue.store(key, outputs, source, overwrites=self.overwrites)

        return self._once("store", asker, answer)

    def hold(
        self,
        asker: str,
        key: Key,
        outputs: literals_pb2.LiteralMap,
        source: identifier_pb2.TaskExecutionIdentifier,
    ) -> Artifact:
        """Let something be in the catalogue that a node finds."""

        def answer() -> Artifact:
            if self._rehearses:
                return Artifact(key, "", outputs, source)
            return self._catalogue.hold(key, outputs, source)

        return self._once("hold", asker, answer)

    def reserve(self, key: Key, owner: object) -> bool:
        """Let a node make what others wait for; return whether it is the one."""
        if self._rehearses:
            return not self._catalogue.is_reserved(key, owner)
        return self._catalogue.reserve(key, owner)

    def is_settled(self, key: Key) -> bool:
        """Whether nobody need wait for what is being made any more."""
        return self._catalogue.find(key) is not None or not self._catalogue.is_reserved(key)

    def release(self, key: Key, owner: object) -> None:
        """Let others make what a node wanted to make."""
        if not self._rehearses:
            self._catalogue.release(key, owner)

    def _once(self, what: str, asker: str, ask: Callable[[], AnswerT]) -> AnswerT:
        if self._rehearses and (what, asker) in self._answers:
            return cast("AnswerT", self._answers[what, asker])
        answer = ask()
        if not self._rehearses:
            self._answers[what, asker] = answer
        return answer
