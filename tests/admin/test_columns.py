from __future__ import annotations

import dataclasses

import pytest

from flyte_testkit.admin.database import rows
from flyte_testkit.admin.database.columns import ENTITIES, PREFIXES
from flyte_testkit.admin.database.store import Store

ROWS = {
    "execution": rows.ExecutionRow,
    "node_execution": rows.NodeExecutionRow,
    "task_execution": rows.TaskExecutionRow,
    "task": rows.TaskRow,
    "workflow": rows.WorkflowRow,
    "launch_plan": rows.LaunchPlanRow,
    "project": rows.ProjectRow,
    "signal": rows.SignalRow,
    "named_entity_metadata": rows.NamedEntityMetadataRow,
    "description_entity": rows.DescriptionEntityRow,
}
# The database has these as bytes, the rows inside of messages or under another name.
MADE = {"closure", "spec", "internal_data", "node_execution_metadata"}


@pytest.mark.parametrize("entity", ROWS)
def test_columns_are_fields_of_the_rows(entity):
    fields = {field.name for field in dataclasses.fields(ROWS[entity])}
    assert set(ENTITIES[entity].columns) - MADE <= fields


@pytest.mark.parametrize("entity", ROWS)
def test_the_store_has_the_tables(entity):
    assert len(getattr(Store(), ENTITIES[entity].table)) == 0


def test_lists_may_be_ordered_by_what_there_is():
    for entity in ENTITIES.values():
        assert set(entity.order) <= set(entity.columns)


def test_everything_that_can_be_joined_has_a_prefix():
    assert {other for entity in ENTITIES.values() for other in entity.joins} <= set(
        PREFIXES.values()
    )


def test_messages_are_read_as_bytes(make):
    task = make.task()
    closure = ENTITIES["task"].columns["closure"].read(task)
    assert b"container" in closure
    execution = make.execution()
    assert b"p-development" in ENTITIES["execution"].columns["spec"].read(execution)


@pytest.mark.parametrize(
    ("version", "data"), [(0, b""), (1, b"\x08\x01"), (-3, b"\x08\xfd" + b"\xff" * 8 + b"\x01")]
)
def test_internal_data_is_the_version_of_the_first_event(version, data):
    class Node:
        event_version = version

    assert ENTITIES["node_execution"].columns["internal_data"].read(Node) == data
