"""What tasks have made that declare to be cached: a catalogue of one server.

A task made something for inputs; whoever runs it with the same inputs again finds that here. Which
runs are the same is told by a key: the task's project, domain and name, its cache version with its
interface, and the inputs that count. As in recorded runs, the first who stores something is the one
whose artifact is found, and whoever overwrites it keeps its id.

Ignorant of who runs tasks, and of time.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flyteidl.core import catalog_pb2, identifier_pb2, literals_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flyteidl.core import interface_pb2
    from google.protobuf.message import Message

__all__ = ["Artifact", "Catalogue", "Key"]

_SHORT: Final = 8
"""How many letters of the hash of an interface stand in a version."""


@dataclass(frozen=True)
class Key:
    """What tells the artifacts of a catalogue apart.

    Attributes:
        project: That of the task.
        domain: That of the task.
        name: What the task's artifacts are called.
        version: The cache version, with the interface.
        tag: What stands for the inputs.
    """

    project: str
    domain: str
    name: str
    version: str
    tag: str

    @classmethod
    def of(
        cls,
        task: identifier_pb2.Identifier,
        cache_version: str,
        interface: interface_pb2.TypedInterface,
        inputs: literals_pb2.LiteralMap,
        ignored: Collection[str] = (),
    ) -> Key:
        """Return the key of a run of a task.

        The task's own version is no part of it.

        Args:
            task: The task.
            cache_version: What it says of itself.
            interface: What it takes and gives.
            inputs: What it is given; of what brings a hash of its own that alone counts.
            ignored: The names of inputs that do not count.

        Example:
            >>> task = identifier_pb2.Identifier(project="p", domain="d", name="etl.extract")
            >>> from flyteidl.core import interface_pb2
            >>> key = Key.of(task, "1.0", interface_pb2.TypedInterface(), literals_pb2.LiteralMap())
            >>> key.name, key.version
            ('flyte_task-etl.extract', '1.0-47DEQpj8-47DEQpj8')
        """
        counting = literals_pb2.LiteralMap(
            literals={
                name: _hashed(literal)
                for name, literal in inputs.literals.items()
                if name not in ignored
            }
        )
        sides = (_hash(side)[:_SHORT] for side in (interface.inputs, interface.outputs))
        return cls(
            task.project,
            task.domain,
            f"flyte_task-{task.name}",
            "-".join((cache_version, *sides)),
            f"flyte_cached-{_hash(counting)}",
        )


@dataclass(frozen=True)
class Artifact:
    """What a task has made.

    Attributes:
        key: Where it is found.
        id: What tells it from others.
        outputs: What was made.
        source: Who made it.
    """

    key: Key
    id: str
    outputs: literals_pb2.LiteralMap
    source: identifier_pb2.TaskExecutionIdentifier | None = None

    def told(self, *, with_source: bool = True) -> catalog_pb2.CatalogMetadata:
        """Return what an event says of it."""
        key = self.key
        return catalog_pb2.CatalogMetadata(
            dataset_id=identifier_pb2.Identifier(
                resource_type=identifier_pb2.DATASET,
                project=key.project,
                domain=key.domain,
                name=key.name,
                version=key.version,
            ),
            artifact_tag=catalog_pb2.CatalogArtifactTag(artifact_id=self.id, name=key.tag),
            source_task_execution=self.source if with_source else None,
        )


class Catalogue:
    """All artifacts of one server, and who is about to make one.

    Args:
        stirred: Told when those may go on who wait for something here.

    Example:
        >>> catalogue, key = Catalogue(), Key("p", "d", "flyte_task-etl", "1", "flyte_cached-0")
        >>> told = catalogue.store(key, literals_pb2.LiteralMap(), None)
        >>> catalogue.find(key).id == told.artifact_tag.artifact_id
        True
    """

    def __init__(self, stirred: Callable[[], object] = bool) -> None:
        self._stirred = stirred
        self._artifacts: dict[Key, Artifact] = {}
        self._reserved: dict[Key, object] = {}
        self._made = 0

    def find(self, key: Key) -> Artifact | None:
        """Return what was made; None if nobody has."""
        return self._artifacts.get(key)

    def store(
        self,
        key: Key,
        outputs: literals_pb2.LiteralMap,
        source: identifier_pb2.TaskExecutionIdentifier | None,
        *,
        overwrites: bool = False,
    ) -> catalog_pb2.CatalogMetadata:
        """Keep what a task has made, and return what is told of it.

        Of two who did not find it the first one's is kept; the other one's has an id, and is lost.
        """
        known = self._artifacts.get(key)
        if known is not None and overwrites:
            self._artifacts[key] = replace(known, outputs=outputs, source=source)
            return self._artifacts[key].told()
        made = Artifact(key, self._new_id(key), outputs, source)
        self._artifacts.setdefault(key, made)
        self._stirred()
        return made.told(with_source=False)

    def hold(
        self,
        key: Key,
        outputs: literals_pb2.LiteralMap,
        source: identifier_pb2.TaskExecutionIdentifier,
    ) -> Artifact:
        """Let something have been made before, and return it."""
        known = self._artifacts.get(key)
        if known is None or known.outputs != outputs:
            self._artifacts[key] = Artifact(key, self._new_id(key), outputs, source)
            self._stirred()
        return self._artifacts[key]

    def reserve(self, key: Key, owner: object) -> bool:
        """Let one make it, and the others wait; return whether this is the one."""
        return self._reserved.setdefault(key, owner) == owner

    def is_reserved(self, key: Key, owner: object = None) -> bool:
        """Whether somebody is about to make it, this one aside."""
        return self._reserved.get(key, owner) != owner

    def release(self, key: Key, owner: object) -> None:
        """Let others make it, unless it was another one's."""
        if self._reserved.get(key) == owner:
            del self._reserved[key]
            self._stirred()

    def _new_id(self, key: Key) -> str:
        self._made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{key} {self._made}"))


def _hash(message: Message) -> str:
    digest = hashlib.sha256(message.SerializeToString(deterministic=True)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hashed(literal: literals_pb2.Literal) -> literals_pb2.Literal:
    """Return what stands for a literal: the hash that it brings, wherever it brings one."""
    if literal.hash:
        return literals_pb2.Literal(hash=literal.hash)
    if literal.HasField("collection"):
        elements = [_hashed(one) for one in literal.collection.literals]
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=elements))
    if literal.HasField("map"):
        entries = {key: _hashed(one) for key, one in literal.map.literals.items()}
        return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=entries))
    return literal
