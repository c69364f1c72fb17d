from types import SimpleNamespace

import pytest
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit.errors import RouteError
from flyte_testkit.naming import entity_name, execution_id

ID = WorkflowExecutionIdentifier(project="p", domain="d", name="e1")


@pytest.mark.parametrize("entity", ["nightly", SimpleNamespace(name="nightly")])
def test_an_entity_is_named_by_text_or_by_an_object_that_has_a_name(entity):
    assert entity_name(entity) == "nightly"


@pytest.mark.parametrize("entity", [None, 7, "", SimpleNamespace(name=7)])
def test_what_has_no_name_is_refused(entity):
    with pytest.raises(RouteError, match="has no name that a launch could go by"):
        entity_name(entity)


@pytest.mark.parametrize("execution", ["e1", ID, SimpleNamespace(id=ID)])
def test_an_execution_is_named_by_text_identifier_or_object(execution):
    assert execution_id(execution, "p", "d") == ID


@pytest.mark.parametrize("execution", [None, "", 7, SimpleNamespace(id="e1")])
def test_what_is_no_execution_is_refused(execution):
    with pytest.raises(RouteError, match="is no execution"):
        execution_id(execution, "p", "d")
