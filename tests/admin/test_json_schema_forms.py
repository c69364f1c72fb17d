from __future__ import annotations

import pytest

from flyte_testkit.admin.rules import json_schema_forms

SEVEN = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    "content",
    [
        {"type": "object"},
        {"$schema": SEVEN, "type": ["object", "null"]},
        {"title": "A", "unheard": 1},
        {"properties": {"x": True, "y": {"items": [{}, False]}}, "required": ["z"]},
        {"additionalProperties": {"type": "string", "format": "date-time"}},
        {"$ref": "#/definitions/A", "definitions": {"A": {"enum": [1, "1", True]}}},
        {"properties": {"x": {"$ref": "#"}, "y": {"$ref": "#/properties/x"}}},
        {"items": {"$ref": "#/definitions/a~1b/anyOf/0"}, "definitions": {"a/b": {"anyOf": [{}]}}},
        {"dependencies": {"x": ["y"], "z": {"minLength": 3.0}}, "multipleOf": 0.5},
    ],
)
def test_what_follows_the_drafts_up_to_seven_is_a_schema(content):
    assert json_schema_forms.is_document(content)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"$schema": "https://json-schema.org/draft/2020-12/schema"},
        {"type": "thing"},
        {"type": []},
        {"type": ["null", "null"]},
        {"title": 1.0},
        {"required": "x"},
        {"required": ["x", "x"]},
        {"properties": {"x": 1.0}},
        {"properties": {"x": {"items": []}}},
        {"minLength": -1.0},
        {"maxItems": 1.5},
        {"multipleOf": 0.0},
        {"minimum": True},
        {"anyOf": []},
        {"enum": []},
        {"enum": ["a", "a"]},
        {"format": "nope"},
        {"uniqueItems": "yes"},
        {"$ref": "#/definitions/A"},
        {"$ref": "elsewhere"},
        {"$ref": "#/type/x", "type": "null"},
        {"properties": {"x": {"$ref": "#/properties/x"}}},
    ],
)
def test_what_does_not_is_none(content):
    assert not json_schema_forms.is_document(content)


def test_a_circle_of_references_leads_nowhere_but_ends():
    document = {"definitions": {"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"}}}
    start = {"$ref": "#/definitions/A"}
    assert json_schema_forms.resolved(start, document)
