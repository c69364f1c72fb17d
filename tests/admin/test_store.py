from __future__ import annotations

from dataclasses import replace

import pytest
from builders import NOW, assign
from flyteidl.admin import common_pb2, project_attributes_pb2, project_pb2

from flyte_testkit.admin.database.store import Store, Table, TakenError
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.admin.projects.attributes import Attributes


@pytest.fixture
def projects(make, store):
    make.project("q")
    return store.projects  # p and q


@pytest.fixture
def indexed(make):
    """Executions with an index over project and phase, and one over the column ``error_kind``."""
    table = Table(("error_kind",), ("execution_project", "phase"))
    for name in ("a", "b", "c"):
        table.insert(make.execution(name))
    return table


def names(rows):
    return [row.execution_name for row in rows]


def test_rows_are_numbered_from_one_in_the_order_of_their_insertion(projects):
    assert [(row.identifier, row.id) for row in projects] == [("p", 1), ("q", 2)]
    assert projects.by_id(2).identifier == "q"
    assert projects.by_id(3) is None


def test_a_key_is_taken_once(projects):
    with pytest.raises(TakenError):
        projects.insert(projects.get("p"))

    assert len(projects) == 2


def test_a_key_with_holes_fits_the_first_row_that_has_the_rest(make, store):
    make.execution("e1")
    make.execution("e2")
    make.execution("e2", domain="staging")

    assert store.executions.fitting("p", "", "e2").execution_domain == "development"
    assert store.executions.fitting("p", "staging", "").execution_name == "e2"
    assert store.executions.fitting("", "", "nope") is None
    assert store.executions.fitting("p", "staging", "e2").id == 3


def test_a_copy_and_its_original_go_their_own_ways(indexed, make):
    twin = indexed.copy()
    twin.insert(make.execution("d"))
    twin.update(replace(twin.get("p", "development", "a"), cluster="c"))
    where = {"execution_project": "p", "phase": "UNDEFINED"}

    assert names(indexed.where(where)) == ["a", "b", "c"]
    assert names(twin.where(where)) == ["a", "b", "c", "d"]
    assert indexed.get("p", "development", "a").cluster == ""


def test_where_finds_rows_by_index_and_by_other_columns(indexed):
    assert names(indexed.where({})) == ["a", "b", "c"]
    assert names(indexed.where({"execution_name": "b"})) == ["b"]
    both = {"execution_project": "p", "phase": "UNDEFINED", "execution_name": "b"}
    assert names(indexed.where(both)) == ["b"]
    assert indexed.where({"execution_project": "p", "phase": "RUNNING"}) == []


def test_where_looks_for_null_without_an_index(indexed):
    assert names(indexed.where({"error_kind": None})) == ["a", "b", "c"]
    assert indexed.where({"error_kind": "USER"}) == []


def test_where_shows_rows_as_they_are_now(indexed):
    indexed.update(replace(indexed.get("p", "development", "b"), cluster="c"))

    rows = indexed.where({"execution_project": "p", "phase": "UNDEFINED"})

    assert [row.cluster for row in rows] == ["", "c", ""]


def test_a_discarded_row_is_found_no_more(indexed):
    indexed.discard("p", "development", "b")
    indexed.discard("p", "development", "never there")

    assert names(indexed.where({"execution_project": "p", "phase": "UNDEFINED"})) == ["a", "c"]
    assert indexed.get("p", "development", "b") is None


def test_whoever_watches_a_table_is_told_of_its_changes_and_not_of_those_of_its_copy(indexed, make):
    seen = []
    indexed.on_change = seen.append
    row = indexed.insert(make.execution("d"))
    changed = indexed.update(replace(row, cluster="c"))
    indexed.copy().update(row)

    assert seen == [row, changed]


def test_a_snapshot_of_the_store_keeps_what_it_had(make, store):
    make.execution("e1")
    store.blobs["s3://b/x"] = b"1"
    snapshot = store.copy()
    make.execution("e2")
    store.blobs["s3://b/x"] = b"2"

    assert names(snapshot.executions) == ["e1"]
    assert snapshot.blobs == {"s3://b/x": b"1"}
    assert isinstance(snapshot, Store)


def test_a_snapshot_can_be_served_and_shows_what_there_was(make, store):
    make.execution("e1")
    assign(Attributes(store), execution_cluster_label={"value": "gpu"})
    before = FlyteAdmin(store=store.copy())
    make.execution("e2")
    Attributes(store).table.discard(*next(iter(store.attributes)).key)

    request = common_pb2.NamedEntityIdentifier(project="p", domain="development")
    listing = common_pb2.ResourceListRequest(id=request, limit=10)
    listed = before.answer("ListExecutions", listing, NOW).executions
    asked = project_attributes_pb2.ProjectAttributesGetRequest(project="p", resource_type=3)
    attributes = before.answer("GetProjectAttributes", asked, NOW).attributes

    assert [execution.id.name for execution in listed] == ["e1"]
    assert attributes.matching_attributes.execution_cluster_label.value == "gpu"


def test_what_is_done_to_a_served_snapshot_does_not_touch_the_original(make, store):
    make.project("q")
    later = FlyteAdmin(store=store.copy())

    request = project_pb2.Project(id="q", name="renamed")
    later.answer("UpdateProject", request, NOW)

    assert later.store.projects.get("q").name == "renamed"
    assert store.projects.get("q").name != "renamed"


def test_a_retired_row_is_in_no_list_but_can_be_had_by_key_and_number(indexed, make):
    retired = indexed.get("p", "development", "b")
    assert indexed.retire(*retired.key)
    assert not indexed.retire("p", "development", "never there")
    where = {"execution_project": "p", "phase": "UNDEFINED"}

    assert names(indexed) == names(indexed.where(where)) == ["a", "c"]
    assert retired.key not in indexed
    assert indexed.get(*retired.key) == indexed.by_id(retired.id) == retired
    assert names(indexed.ever()) == ["b", "a", "c"]
    assert names(indexed.copy().ever()) == ["b", "a", "c"]
    changed = indexed.update(replace(retired, cluster="c"))
    assert names(indexed) == ["a", "c"]  # it stays retired, however it changes
    assert indexed.get(*retired.key) == changed


def test_the_key_of_a_retired_row_is_free(indexed):
    retired = indexed.get("p", "development", "b")
    indexed.retire(*retired.key)

    successor = indexed.insert(replace(retired, cluster="c"))

    assert indexed.get(*retired.key) is successor
    assert indexed.by_id(retired.id) == retired
    assert names(indexed) == ["a", "c", "b"]


def test_a_row_may_be_reinstated(indexed):
    indexed.retire("p", "development", "b")

    indexed.reinstate("p", "development", "b")

    assert names(indexed.where({"execution_project": "p", "phase": "UNDEFINED"})) == ["a", "c", "b"]
    assert sorted(names(indexed.ever())) == ["a", "b", "c"]
