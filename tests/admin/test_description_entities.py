from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, NUL, identifier
from definition_builders import LAUNCH_PLAN, TASK, WORKFLOW, refusal
from flyteidl.admin import common_pb2, description_entity_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.definitions.description_entities import DescriptionEntityManager, keep

LONG = description_entity_pb2.Description(value="long **md**", icon_link="http://icon")
SAID = description_entity_pb2.DescriptionEntity(
    id=identifier(TASK, "ignored"),
    short_description="short",
    long_description=LONG,
    source_code=description_entity_pb2.SourceCode(link="http://src"),
    tags=["a", "b"],
)


@pytest.fixture
def descriptions(store):
    return DescriptionEntityManager(store)


def get(descriptions, id_):
    return descriptions.get_description_entity(common_pb2.ObjectGetRequest(id=id_), NOW)


def listed(descriptions, kind=TASK, name="t", **fields):
    asked = description_entity_pb2.DescriptionEntityListRequest(
        resource_type=kind,
        id=common_pb2.NamedEntityIdentifier(project="p", domain="development", name=name),
        **{"limit": 9, **fields},
    )
    found = descriptions.list_description_entities(asked, NOW)
    return [(said.id.resource_type, said.id.version) for said in found.descriptionEntities]


def test_shows_what_was_said_under_the_id_of_the_entity_but_no_tags(store, descriptions):
    keep(store, identifier(TASK, "t"), SAID, NOW)
    expected = description_entity_pb2.DescriptionEntity()
    expected.CopyFrom(SAID)
    expected.ClearField("tags")
    expected.id.CopyFrom(identifier(TASK, "t"))
    assert get(descriptions, identifier(TASK, "t")) == expected


def test_keeps_an_empty_description_but_not_none(store, descriptions):
    keep(store, identifier(TASK, "a"), description_entity_pb2.DescriptionEntity(), NOW)
    keep(store, identifier(TASK, "b"), None, NOW)
    shown = get(descriptions, identifier(TASK, "a"))
    assert shown.HasField("long_description")
    assert shown.HasField("source_code")
    missing = refusal(
        descriptions.get_description_entity,
        common_pb2.ObjectGetRequest(id=identifier(TASK, "b")),
    )
    assert (missing.code, missing.message) == ("NOT_FOUND", "entry not found")


@pytest.mark.parametrize("kind", [TASK, LAUNCH_PLAN, 77, identifier_pb2.UNSPECIFIED])
def test_the_description_of_a_workflow_answers_to_any_kind(store, descriptions, kind):
    keep(store, identifier(WORKFLOW, "w"), SAID, NOW)
    assert get(descriptions, identifier(kind, "w")).id == identifier(WORKFLOW, "w")


def test_wants_an_id_and_every_part_of_it(descriptions):
    asked = common_pb2.ObjectGetRequest()
    assert refusal(descriptions.get_description_entity, asked).message == (
        "invalid value for resource_type"
    )
    asked.id.SetInParent()
    for part in ("project", "domain", "name", "version"):
        assert refusal(descriptions.get_description_entity, asked).message == f"missing {part}"
        setattr(asked.id, part, "x\0")
    refused = refusal(descriptions.get_description_entity, asked)
    assert (refused.code, refused.message) == NUL


def test_lists_descriptions_of_every_kind_under_one_name(store, descriptions):
    keep(store, identifier(TASK, "t"), SAID, NOW)
    keep(store, identifier(WORKFLOW, "t", version="v2"), SAID, NOW + timedelta(seconds=1))
    keep(store, identifier(TASK, "other"), SAID, NOW)
    both = [(TASK, "v1"), (WORKFLOW, "v2")]
    assert listed(descriptions) == listed(descriptions, LAUNCH_PLAN) == both


def test_filters_by_the_columns_of_the_kind_that_is_asked_for(store, descriptions):
    keep(store, identifier(TASK, "t"), SAID, NOW)
    assert listed(descriptions, filters="eq(version,v1)") == [(TASK, "v1")]
    for kind, filters, code, message in (
        (TASK, "eq(nope,1)", "INVALID_ARGUMENT", "'t.nope' is invalid filter"),
        (
            TASK,
            "eq(type,x)",
            "UNKNOWN",
            'failed database operation with column "type" does not exist',
        ),
        (identifier_pb2.DATASET, "eq(version,v1)", "INTERNAL", "unsupported entity ''"),
    ):
        asked = description_entity_pb2.DescriptionEntityListRequest(
            resource_type=kind,
            id=common_pb2.NamedEntityIdentifier(project="p", domain="development", name="t"),
            limit=1,
            filters=filters,
        )
        refused = refusal(descriptions.list_description_entities, asked)
        assert (refused.code, refused.message) == (code, message)


def test_wants_a_name_and_a_limit_and_says_the_wrong_list_of_a_token(descriptions):
    asked = description_entity_pb2.DescriptionEntityListRequest(token="x")
    assert refusal(descriptions.list_description_entities, asked).message == "missing id"
    asked.id.SetInParent()
    for part in ("project", "domain", "name"):
        assert refusal(descriptions.list_description_entities, asked).message == f"missing {part}"
        setattr(asked.id, part, "x")
    assert refusal(descriptions.list_description_entities, asked).message == (
        "invalid value for limit"
    )
    asked.limit = 1
    assert refusal(descriptions.list_description_entities, asked).message == (
        "invalid pagination token x for ListWorkflows"
    )
