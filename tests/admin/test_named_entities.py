from __future__ import annotations

from datetime import timedelta

import pytest
from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2
from run_builders import refusal

from flyte_testkit.admin.definitions.named_entities import NamedEntityManager, mark_system_generated
from flyte_testkit.admin.lists.listing import Name

TASK, WORKFLOW = identifier_pb2.TASK, identifier_pb2.WORKFLOW
ARCHIVED = common_pb2.NAMED_ENTITY_ARCHIVED


@pytest.fixture
def entities(store, make):
    """Tasks a (two versions), b and c, and what FlyteAdmin makes to run one alone."""
    for name, version in (
        ("b", "v1"),
        ("a", "v1"),
        ("a", "v2"),
        ("c", "v1"),
        (".flytegen.x", "v1"),
    ):
        make.task(name, version=version)
    return NamedEntityManager(store)


def reading(name="a", kind=TASK):
    return common_pb2.NamedEntityGetRequest(resource_type=kind, id=identifier(name))


def identifier(name):
    return common_pb2.NamedEntityIdentifier(project="p", domain="development", name=name)


def writing(name="a", kind=TASK, **metadata):
    return common_pb2.NamedEntityUpdateRequest(
        resource_type=kind,
        id=identifier(name),
        metadata=common_pb2.NamedEntityMetadata(**metadata),
    )


def listing(**fields):
    return common_pb2.NamedEntityListRequest(
        **{
            "resource_type": TASK,
            "project": "p",
            "domain": "development",
            "limit": 10,
            **fields,
        }
    )


def sort(key, *, ascending=True):
    return common_pb2.Sort(
        key=key,
        direction=common_pb2.Sort.ASCENDING if ascending else common_pb2.Sort.DESCENDING,
    )


def listed(entities, now, **fields):
    page = entities.list_named_entities(listing(**fields), now)
    return [entity.id.name for entity in page.entities], page.token


def test_a_name_is_there_with_its_first_version(entities, now):
    found = entities.get_named_entity(reading(), now)
    assert found.HasField("metadata")
    assert found == common_pb2.NamedEntity(
        resource_type=TASK, id=identifier("a"), metadata=common_pb2.NamedEntityMetadata()
    )


def test_a_name_is_there_for_its_own_kind_only(entities, now):
    for request in (reading(kind=WORKFLOW), reading("A"), reading("a ")):
        assert refusal(entities.get_named_entity, request, now) == (
            "NOT_FOUND",
            "entry not found",
        )
    assert refusal(entities.update_named_entity, writing("nope"), now)[0] == "NOT_FOUND"


def test_an_empty_description_clears_nothing(entities, now):
    entities.update_named_entity(writing(description="one"), now)
    entities.update_named_entity(writing(description=""), now)
    assert entities.get_named_entity(reading(), now).metadata.description == "one"
    entities.update_named_entity(writing(description="two"), now)
    assert entities.get_named_entity(reading(), now).metadata.description == "two"


def test_a_state_that_is_not_named_is_active(entities, now):
    entities.update_named_entity(writing(state=ARCHIVED), now)
    assert entities.get_named_entity(reading(), now).metadata.state == ARCHIVED
    entities.update_named_entity(writing(description="d"), now)
    assert entities.get_named_entity(reading(), now).metadata.state == 0


def test_any_number_is_a_state(entities, now):
    for state in (9, -1):
        entities.update_named_entity(writing(state=state), now)
        assert entities.get_named_entity(reading(), now).metadata.state == state


def test_descriptions_have_300_characters_at_most(entities, now):
    entities.update_named_entity(writing(description="\u00e9" * 300), now)
    assert refusal(entities.update_named_entity, writing(description="d" * 301), now) == (
        "UNKNOWN",
        "failed database operation with value too long for type character varying(300)",
    )


def test_requests_are_whole(entities, now):
    for rpc, request in (
        (entities.get_named_entity, reading()),
        (entities.update_named_entity, writing()),
    ):
        for field in ("name", "domain", "project"):
            request.id.ClearField(field)
            assert refusal(rpc, request, now)[1] == f"missing {field}"
        request.ClearField("id")
        assert refusal(rpc, request, now)[1] == "missing id"
        request.ClearField("resource_type")
        assert refusal(rpc, request, now)[1] == "invalid value for resource_type"
    request = writing()
    request.ClearField("metadata")
    assert refusal(entities.update_named_entity, request, now)[1] == "missing metadata"


@pytest.mark.parametrize(("kind", "printed"), [(identifier_pb2.DATASET, "DATASET"), (77, "77")])
def test_other_kinds_have_no_names(entities, now, kind, printed):
    assert refusal(entities.get_named_entity, reading(kind=kind), now)[1] == (
        f"Cannot get NamedEntityMetadata for resource type: {printed}"
    )
    assert refusal(entities.update_named_entity, writing(kind=kind, state=1), now)[1] == (
        f"Resource [{printed}] cannot have its state updated"
    )
    assert refusal(entities.list_named_entities, listing(resource_type=kind), now)[1] == (
        f"Cannot list entity names for resource type: {printed}"
    )


def test_names_are_listed_once_and_without_those_that_flyteadmin_made(entities, now):
    assert listed(entities, now) == (["a", "b", "c"], "")
    descending = sort("name", ascending=False)
    assert listed(entities, now, sort_by=descending)[0] == ["c", "b", "a"]


def test_hidden_names_take_their_places_on_pages(entities, now):
    assert listed(entities, now, limit=1) == ([], "")
    assert listed(entities, now, limit=1, token="1") == (["a"], "2")


def test_filters_look_at_one_page_only(entities, now):
    assert listed(entities, now, limit=2, filters="eq(name,b)") == ([], "")
    assert listed(entities, now, limit=2, filters="ne(name,x)") == ([".flytegen.x", "a"], "2")
    assert listed(entities, now, filters="eq(name,b)") == (["b"], "")


def test_names_without_metadata_are_active_but_have_no_description(entities, now):
    entities.update_named_entity(writing("b", state=ARCHIVED, description="x"), now)
    assert listed(entities, now, filters="eq(state,1)")[0] == ["b"]
    assert listed(entities, now, filters="ne(state,1)")[0] == [".flytegen.x", "a", "c"]
    assert listed(entities, now, filters="eq(named_entity_metadata.state,1)")[0] == ["b"]
    assert listed(entities, now, filters="ne(description,y)")[0] == ["b"]
    assert listed(entities, now, filters="gt(named_entity_metadata.created_at,2019-01-01)")[0] == [
        "b"
    ]


def test_what_flyteadmin_made_is_not_active(store, entities, now):
    name = Name("p", "development", ".flytegen.x")
    mark_system_generated(store, TASK, name, now)
    assert listed(entities, now, filters="eq(state,0)")[0] == ["a", "b", "c"]
    assert listed(entities, now, filters="eq(state,2)")[0] == [".flytegen.x"]


def test_metadata_know_when_they_were_written(store, entities, now):
    entities.update_named_entity(writing(), now)
    later = now + timedelta(hours=1)
    entities.update_named_entity(writing(state=ARCHIVED), later)
    (row,) = store.named_entity_metadata
    assert (row.created_at, row.updated_at) == (now, later)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"project": "", "domain": ""}, "missing project"),
        ({"domain": "", "limit": 0}, "missing domain"),
        ({"resource_type": 0, "limit": 0}, "invalid value for resource_type"),
        ({"limit": 0, "filters": "x"}, "invalid value for limit"),
        ({"filters": "x", "sort_by": sort("x")}, "invalid value for filters"),
        ({"sort_by": sort("created_at"), "token": "x"}, "invalid sort key 'created_at'"),
        ({"token": "x"}, "invalid pagination token x for ListNamedEntities"),
    ],
)
def test_lists_check_in_this_order(entities, now, fields, message):
    assert refusal(entities.list_named_entities, listing(**fields), now) == (
        "INVALID_ARGUMENT",
        message,
    )


@pytest.mark.parametrize("column", ["description", "state", "resource_type"])
def test_names_cannot_be_sorted_by_their_metadata(entities, now, column):
    request = listing(sort_by=sort(column))
    assert refusal(entities.list_named_entities, request, now) == (
        "UNKNOWN",
        f'failed database operation with column "{column}" does not exist',
    )


def test_names_of_launch_plans_cannot_be_sorted_by_the_state_of_these(entities, now):
    request = listing(sort_by=sort("state"), resource_type=identifier_pb2.LAUNCH_PLAN)
    assert refusal(entities.list_named_entities, request, now) == (
        "UNKNOWN",
        (
            'failed database operation with column "launch_plans.state" must appear in the '
            "GROUP BY clause or be used in an aggregate function"
        ),
    )


def test_names_cannot_be_filtered_by_their_kind(entities, now):
    request = listing(filters="eq(resource_type,1)")
    assert refusal(entities.list_named_entities, request, now) == (
        "UNKNOWN",
        "failed database operation with column entities.resource_type does not exist",
    )
