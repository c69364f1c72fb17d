"""JSON schemas of Structs as each other's input (§20): the same, or one that promises more.

Ignorant of literal types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

__all__ = ["fits"]

_SAYS_NOTHING = frozenset({"title", "description", "default", "examples", "$schema"})


def fits(source: Struct, target: Struct) -> bool:
    """Say whether what follows the source's schema may be given where the target's is asked for.

    The source may have more properties and require more of them; titles do not matter.
    """
    return source == target or _promises(
        json_format.MessageToDict(source), json_format.MessageToDict(target)
    )


def _promises(source: Any, target: Any) -> bool:
    if isinstance(source, list) and isinstance(target, list):
        return len(source) == len(target) and all(map(_promises, source, target))
    if not isinstance(source, dict) or not isinstance(target, dict):
        return bool(source == target)
    ours, theirs = _content(source), _content(target)
    properties, wanted = _take(ours, "properties", dict), _take(theirs, "properties", dict)
    required, demanded = _take(ours, "required", list), _take(theirs, "required", list)
    return (
        all(name in required for name in demanded)
        and all(
            name in properties and _promises(properties[name], schema)
            for name, schema in wanted.items()
        )
        and ours.keys() == theirs.keys()
        and all(_promises(ours[key], theirs[key]) for key in ours)
    )


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _SAYS_NOTHING}


def _take(schema: dict[str, Any], key: str, kind: type) -> Any:
    return schema.pop(key) if isinstance(schema.get(key), kind) else kind()
