"""JSON schemas of Structs as each other's input (§20): the same, or one that promises more.

What follows the source's schema is given where the target's is asked for. The real server asks a
library, whose comparison is its own: it knows nothing of ``additionalProperties`` and passes over
them, takes an ``anyOf`` for equal only when it knows all that is in it, and looks at the bounds of
numbers, but not at those of integers. Where it stumbles, the server panics, and so does this.

Ignorant of literal types, and of what makes a schema one: :mod:`json_schema_forms` knows.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

from google.protobuf import json_format

from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.rules import json_schema_forms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.struct_pb2 import Struct

__all__ = ["fits"]

_Schema = dict[str, Any]
_NO_BOUNDS: _Schema = {"minProperties": 0, "maxProperties": 0}  # how true and false are held


class _Verdict(IntEnum):
    """What a comparison comes to; of several the greatest counts."""

    FITS = 0
    UNKNOWN = 1  # something is asked for that the library does not compare
    DIFFERS = 2


def fits(source: Struct, target: Struct) -> bool:
    """Say whether what follows the source's schema may be given where the target's is asked for.

    The source may have more properties and require more of them; titles do not matter. A text that
    is no schema, an empty one among them, fits only its equal.

    Raises:
        AdminError: INTERNAL, where the real server panics.
    """
    if source == target:
        return True
    try:
        given, wanted = json_format.MessageToDict(source), json_format.MessageToDict(target)
    except (ValueError, json_format.SerializeToJsonError):  # an infinite default is no JSON
        return False
    if not all(map(json_schema_forms.is_document, (given, wanted))):
        return False
    return _Comparison(given, wanted).of(given, wanted) < _Verdict.DIFFERS


class _Comparison:
    """A comparison of two documents, in each of which ``$ref`` points to places."""

    def __init__(self, given: _Schema, wanted: _Schema) -> None:
        self._given = given
        self._wanted = wanted
        self._open: set[tuple[int, int]] = set()

    def of(self, given: object, wanted: object) -> _Verdict:
        """Compare two schemas of the documents."""
        given = json_schema_forms.resolved(given, self._given)
        wanted = json_schema_forms.resolved(wanted, self._wanted)
        pair = (id(given), id(wanted))
        if pair in self._open:  # both are inside themselves
            return _Verdict.FITS
        self._open.add(pair)
        try:
            return max(self._parts(_content(given), _content(wanted)))
        finally:
            self._open.remove(pair)

    def _parts(self, given: _Schema, wanted: _Schema) -> Iterator[_Verdict]:
        types, wanted_types = _types(given), _types(wanted)
        yield _differs(not wanted_types <= types)
        surplus = types - wanted_types
        yield _differs(bool(surplus if wanted_types else surplus - {"object"}))
        if "string" in wanted_types:
            yield from _strings(given, wanted)
        if "number" in wanted_types:
            yield from _numbers(given, wanted)
        if "array" in wanted_types:
            yield from self._arrays(given, wanted)
        if "object" in wanted_types or not wanted_types:
            yield from self._objects(given, wanted)
        for key in ("allOf", "anyOf", "oneOf"):
            yield self._alternatives(given.get(key, ()), wanted.get(key, ()))
        if "const" in wanted:
            yield _differs("const" not in given or not _same(given["const"], wanted["const"]))

    def _arrays(self, given: _Schema, wanted: _Schema) -> Iterator[_Verdict]:
        yield _bounds(given, wanted, "minItems", "maxItems")
        yield _differs(wanted.get("uniqueItems", False) and not given.get("uniqueItems", False))
        items, wanted_items = given.get("items"), wanted.get("items")
        if isinstance(items, list) or isinstance(wanted_items, list):
            yield _Verdict.UNKNOWN
        if wanted_items is None:
            return
        if isinstance(items, list) and isinstance(wanted_items, list):
            yield _differs(len(items) != len(wanted_items))
            yield from map(self.of, items, wanted_items)
        elif items is None or isinstance(items, list) or isinstance(wanted_items, list):
            yield _Verdict.DIFFERS
        else:
            yield self.of(items, wanted_items)

    def _objects(self, given: _Schema, wanted: _Schema) -> Iterator[_Verdict]:
        yield _differs(not set(wanted.get("required", ())) <= set(given.get("required", ())))
        yield _bounds(given, wanted, "minProperties", "maxProperties")
        for schema in (given, wanted):
            unknown = schema.get("additionalProperties", True) is not True or "not" in schema
            unknown |= bool(schema.get("dependencies") or schema.get("patternProperties"))
            yield _Verdict.UNKNOWN if unknown else _Verdict.FITS
        ours, theirs = _conditions(given), _conditions(wanted)
        for key in ours.keys() | theirs.keys():
            both = key in ours and key in theirs
            yield _differs(not both or bool(self._closely(ours[key], theirs[key])))
        properties = given.get("properties", {})
        for name, schema in wanted.get("properties", {}).items():
            known = name in properties
            yield self.of(properties[name], schema) if known else _Verdict.DIFFERS

    def _alternatives(self, given: Any, wanted: Any) -> _Verdict:
        """Compare alternatives: each that is given must be among those that are wanted."""
        if not given or not wanted:
            return _differs(bool(given or wanted))
        found = [any(not self._closely(one, other) for other in wanted) for one in given]
        return _differs(not all(found))

    def _closely(self, given: object, wanted: object) -> _Verdict:
        given = json_schema_forms.resolved(given, self._given)
        wanted = json_schema_forms.resolved(wanted, self._wanted)
        if isinstance(given, bool) or isinstance(wanted, bool):
            return _differs(given is not wanted)
        return self.of(given, wanted)


def _content(schema: Any) -> _Schema:
    return _NO_BOUNDS if isinstance(schema, bool) else schema


def _types(schema: _Schema) -> set[str]:
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)


def _conditions(schema: _Schema) -> _Schema:
    """Return ``if``, ``then`` and ``else``, which count only together."""
    found: _Schema = {key: schema[key] for key in ("if", "then", "else") if key in schema}
    return found if "if" in found and len(found) > 1 else {}


def _strings(given: _Schema, wanted: _Schema) -> Iterator[_Verdict]:
    yield _differs(given.get("format", "") != wanted.get("format", ""))
    yield _bounds(given, wanted, "minLength", "maxLength")
    if "enum" in wanted:
        members = [*wanted["enum"], *given.get("enum", ())]
        if not all(isinstance(member, str) for member in members):
            raise internal("")
        yield _differs(not set(given.get("enum", ())) <= {"", *wanted["enum"]})
    if "pattern" in wanted:
        if "pattern" not in given:
            raise internal("")
        yield _differs(given["pattern"] != wanted["pattern"])


def _numbers(given: _Schema, wanted: _Schema) -> Iterator[_Verdict]:
    yield _bounds(given, wanted, "minimum", "maximum")
    if any(key in either for either in (given, wanted) for key in _EXCLUSIVE):
        yield _Verdict.UNKNOWN
    steps = [either["multipleOf"] for either in (given, wanted) if "multipleOf" in either]
    if not steps:
        return
    if len(steps) < 2 or not int(steps[1]):
        raise internal("")
    yield _differs(int(steps[0]) % int(steps[1]) != 0)
    if not all(step.is_integer() for step in steps):
        yield _Verdict.UNKNOWN


_EXCLUSIVE = ("exclusiveMinimum", "exclusiveMaximum")


def _bounds(given: _Schema, wanted: _Schema, least: str, most: str) -> _Verdict:
    """Compare bounds: those that are wanted must be given, and be at least as tight."""
    low, high = wanted.get(least), wanted.get(most)
    return _differs(
        (low is not None and (least not in given or given[least] < low))
        or (high is not None and (most not in given or given[most] > high))
    )


def _same(given: object, wanted: object) -> bool:
    """Compare constants, which the library does as Go does: lists and objects make it panic."""
    if type(given) is type(wanted) and isinstance(given, (dict, list)):
        raise internal("")
    return type(given) is type(wanted) and bool(given == wanted)


def _differs(does: bool) -> Literal[_Verdict.FITS, _Verdict.DIFFERS]:  # noqa: FBT001  a condition
    return _Verdict.DIFFERS if does else _Verdict.FITS
