"""What is a JSON schema, in the eyes of the library that the real server compares them with (§20).

That is draft 7 and older; whoever names another draft, or an unknown format, wrote no schema.
Ignorant of what a schema says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_document", "resolved"]

_DRAFTS = frozenset(
    "http://json-schema.org/" + draft
    for draft in ("schema#", "draft-07/schema#", "draft-06/schema#", "draft-04/schema#")
)
_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
_FORMATS = frozenset(
    (
        *("date-time", "date", "time", "hostname", "email", "ip-address", "ipv4", "ipv6", "uri"),
        *("iri", "uri-reference", "uriref", "iri-reference", "uri-template", "regex"),
        *("json-pointer", "relative-json-pointer", "format", "encoding", "mediatype"),
    )
)


def is_document(content: dict[str, Any]) -> bool:
    """Say whether an object is a whole schema, all of whose references lead somewhere.

    An empty one is none: FlyteAdmin writes it as ``null``.

    Example:
        >>> is_document({"type": "object"}), is_document({"type": "thing"}), is_document({})
        (True, False, False)
    """
    if not content or content.get("$schema", "http://json-schema.org/schema#") not in _DRAFTS:
        return False
    return _is_schema(content) and _leads_somewhere(content, content, [])


def resolved(schema: object, document: dict[str, Any]) -> Any:
    """Return what a schema of a document refers to, or itself; what else it says does not count."""
    followed: list[Any] = []
    while isinstance(schema, dict) and "$ref" in schema and schema not in followed:
        followed.append(schema)
        schema = _at(document, schema["$ref"])
    return schema


def _at(document: object, reference: str) -> Any:
    """Return what is at a reference; None if there is nothing."""
    if reference in ("", "#", "#/"):
        return document
    if not reference.startswith("#/"):
        return None
    for name in reference[2:].split("/"):
        key = unquote(name.replace("~1", "/").replace("~0", "~"))
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


def _leads_somewhere(schema: object, document: dict[str, Any], seen: list[Any]) -> bool:
    """Follow a schema into all that the library reads of it."""
    if not isinstance(schema, dict) or any(schema is known for known in seen):
        return True
    seen.append(schema)
    if "$ref" in schema:
        target = _at(document, schema["$ref"])
        return (
            target is not schema and _is_schema(target) and _leads_somewhere(target, document, seen)
        )
    return all(_leads_somewhere(inner, document, seen) for inner in _inner(schema))


def _inner(schema: dict[str, Any]) -> list[Any]:
    found = [schema[key] for key in _SCHEMAS if key in schema]
    for key in ("allOf", "anyOf", "oneOf"):
        found += schema.get(key, ())
    for key in ("properties", "patternProperties", "dependencies"):
        found += schema.get(key, {}).values()
    items = schema.get("items", ())
    return found + (items if isinstance(items, list) else [items])


def _is_schema(value: object) -> bool:
    if not isinstance(value, dict):
        return isinstance(value, bool)
    return all(_FORMS[key](part) for key, part in value.items() if key in _FORMS)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, float)


def _is_count(value: object) -> bool:
    return isinstance(value, float) and value.is_integer() and value >= 0


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _are_schemas(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


def _are_named(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_dependencies(value: object) -> bool:
    return isinstance(value, dict) and all(
        _is_schema(part) or _are_texts(part) for part in value.values()
    )


def _are_members(value: object) -> bool:
    return isinstance(value, list) and bool(value) and len(set(map(repr, value))) == len(value)


def _is_type(value: Any) -> bool:
    named = [value] if isinstance(value, str) else value
    return _are_texts(named) and bool(named) and _TYPES.issuperset(named)


_SCHEMAS = (
    *("additionalItems", "additionalProperties", "contains", "propertyNames", "not"),
    *("if", "then", "else"),
)
_BY_FORM: dict[Callable[[Any], bool], tuple[str, ...]] = {
    _is_schema: _SCHEMAS,
    _is_text: ("$id", "$schema", "$ref", "$comment", "title", "description", "pattern"),
    _is_flag: ("readOnly", "uniqueItems"),
    _is_number: ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"),
    _is_count: tuple(
        bound + what for bound in ("min", "max") for what in ("Length", "Items", "Properties")
    ),
    _is_list: ("examples",),
    _are_texts: ("required",),
    _are_named: ("definitions", "properties", "patternProperties"),
    _are_dependencies: ("dependencies",),
    _are_members: ("enum",),
    _are_schemas: ("allOf", "anyOf", "oneOf"),
    _is_type: ("type",),
    lambda value: _is_number(value) and value > 0: ("multipleOf",),
    lambda value: _is_schema(value) or _are_schemas(value): ("items",),
    lambda value: _is_text(value) and value in _FORMATS: ("format",),
}
_FORMS = {key: form for form, keys in _BY_FORM.items() for key in keys}
