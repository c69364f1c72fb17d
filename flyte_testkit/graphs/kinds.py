"""The types of what nodes give and are given, where promises stand for values.

Ignorant of graphs, and of what is bound to what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from flyteidl.core import types_pb2

from flyte_testkit.guesses import Seen
from flyte_testkit.nodes import Promise
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes.facts import promised

__all__ = ["Types", "type_of"]

Types: TypeAlias = Mapping[str, Mapping[str, types_pb2.LiteralType]]
"""The type of each output, by node, spelled with ``-``, and by output."""

_Type = types_pb2.LiteralType


def type_of(value: object, types: Types) -> types_pb2.LiteralType:
    """Return the type of a value that may be, or hold, promises.

    Raises:
        RegistrationError: Flyte has no type for it.
    """
    if isinstance(value, Promise):
        return _part(types[same(value.node)][value.output], value.path)
    if not any(promised(value)):
        return Seen.of(value).type
    if isinstance(value, Mapping):
        return _Type(map_value_type=_common([type_of(one, types) for one in value.values()]))
    assert isinstance(value, (list, tuple))  # noqa: S101  nothing else holds promises
    return _Type(collection_type=_common([type_of(one, types) for one in value]))


def _part(kind: types_pb2.LiteralType, path: tuple[str | int, ...]) -> types_pb2.LiteralType:
    """Follow a path into what is promised, as FlyteAdmin's compiler does."""
    for step in path:
        if kind.HasField("collection_type"):
            kind = kind.collection_type
        elif kind.HasField("map_value_type"):
            kind = kind.map_value_type
        elif isinstance(step, str) and step in kind.structure.dataclass_type:
            kind = kind.structure.dataclass_type[step]
    return kind


def _common(kinds: list[types_pb2.LiteralType]) -> types_pb2.LiteralType:
    """Return the one type of the elements of a list: the first, unless one holds all."""
    seen = Seen(kinds[0])
    for kind in kinds[1:]:
        seen = seen.joined(Seen(kind)) or seen
    return seen.type
