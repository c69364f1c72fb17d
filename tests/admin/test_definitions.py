from __future__ import annotations

import pytest
from builders import NOW, identifier
from definition_builders import TASK, WORKFLOW
from flyteidl.admin import common_pb2, description_entity_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.definitions import definitions
from flyte_testkit.admin.errors import AdminError


def refusal_of(check, *arguments):
    with pytest.raises(AdminError) as refusal:
        check(*arguments)
    return refusal.value.message


def test_an_identifier_reads_back_without_its_organization():
    id_ = identifier(WORKFLOW, "w")
    id_.org = "o"
    assert definitions.with_type(id_, TASK) == identifier(TASK, "w")
    assert definitions.parts(id_) == ("p", "development", "w", "v1")


def test_fills_in_a_type_that_is_not_given_and_keeps_one_that_is():
    bare = identifier(identifier_pb2.UNSPECIFIED, "w")
    bare.org = "o"
    filled = definitions.default_type(bare, WORKFLOW)
    assert (filled.resource_type, filled.org) == (WORKFLOW, "o")
    assert bare.resource_type == identifier_pb2.UNSPECIFIED
    assert definitions.default_type(identifier(TASK, "w"), WORKFLOW).resource_type == TASK
    assert definitions.default_type(None, WORKFLOW) is None


def test_makes_the_columns_that_all_versions_have():
    made = definitions.columns(identifier(TASK, "t"), b"digest", NOW)
    assert made["name"] == "t"
    assert made["digest"] == b"digest"
    assert made["created_at"] == made["updated_at"] == NOW


def test_the_database_cannot_be_asked_for_a_nul():
    odd = identifier(TASK, "t\0")
    assert "invalid byte sequence" in refusal_of(definitions.parts, odd)


def test_short_descriptions_may_have_four_thousand_letters():
    said = description_entity_pb2.DescriptionEntity(short_description="é" * 4000)
    assert definitions.short_description(said) == "é" * 4000


def test_a_list_of_versions_needs_a_place_and_a_limit_in_this_order():
    request = common_pb2.ResourceListRequest()
    assert refusal_of(definitions.require_list, request) == "missing id"
    request.id.SetInParent()
    assert refusal_of(definitions.require_list, request) == "missing project"
    request.id.project = "p"
    assert refusal_of(definitions.require_list, request) == "missing domain"
    request.id.domain = "d"
    assert refusal_of(definitions.require_list, request) == "invalid value for limit"
    request.limit = 1
    assert definitions.require_list(request) == {"project": "p", "domain": "d", "name": ""}


def test_a_list_of_names_needs_a_place_and_a_limit_in_this_order():
    request = common_pb2.NamedEntityIdentifierListRequest()
    assert refusal_of(definitions.require_name_list, request) == "missing project"
    request.project = "p"
    assert refusal_of(definitions.require_name_list, request) == "missing domain"
    request.domain = "d"
    assert refusal_of(definitions.require_name_list, request) == "invalid value for limit"
    request.limit = 1
    assert definitions.require_name_list(request) == {"project": "p", "domain": "d"}
