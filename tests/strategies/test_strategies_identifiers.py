from __future__ import annotations

import pytest
from flyteidl.core import identifier_pb2
from hypothesis import given

from examples import FEW, MORE, simplest
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.rules import validation
from flyte_testkit.strategies import execution_names, identifiers


@MORE
@given(execution_names())
def test_admin_accepts_legal_names(name):
    validation.execution_name(name)
    assert len(name.encode()) <= 63


@MORE
@given(execution_names(legal=False))
def test_admin_refuses_illegal_names(name):
    with pytest.raises(AdminError):
        validation.execution_name(name)


def test_names_shrink_to_one_letter():
    assert simplest(execution_names()) == "a"
    assert simplest(execution_names(legal=False)) == "0"


@pytest.mark.parametrize(
    "condition",
    [
        lambda name: len(name) == 63,
        lambda name: name.endswith("-"),
        lambda name: not name.islower(),
        lambda name: not name.isascii(),
        lambda name: len(name) == 20,
    ],
    ids=["long", "hyphen", "capitals", "Kelvin", "generated"],
)
def test_odd_legal_names_are_found(condition):
    assert condition(simplest(execution_names(), condition))


@pytest.mark.parametrize(
    "condition",
    [
        lambda name: len(name) > 63,
        lambda name: name[0] == "-",
        lambda name: "_" in name,
        lambda name: name.endswith("\n"),
        lambda name: not name.isascii(),
    ],
    ids=["long", "hyphen", "underscore", "newline", "foreign"],
)
def test_odd_illegal_names_are_found(condition):
    assert condition(simplest(execution_names(legal=False), condition))


@MORE
@given(identifiers())
def test_an_identifier_has_all_its_parts(identifier):
    assert identifier.resource_type
    for part in ("project", "domain", "name", "version"):
        text = getattr(identifier, part)
        assert text
        assert "\0" not in text


@FEW
@given(identifiers(resource_type="WORKFLOW", project="p1", domain="d1"))
def test_given_parts_are_kept(identifier):
    assert identifier.resource_type == identifier_pb2.WORKFLOW
    assert (identifier.project, identifier.domain) == ("p1", "d1")


def test_an_identifier_shrinks_to_an_ordinary_task():
    assert simplest(identifiers()) == identifier_pb2.Identifier(
        resource_type="TASK",
        project="flytesnacks",
        domain="development",
        name="flows.train",
        version="v1",
    )
