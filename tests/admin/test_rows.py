import dataclasses
from datetime import datetime, timezone

import pytest
from flyteidl.admin import execution_pb2, matchable_resource_pb2

from flyte_testkit.admin.database.rows import AttributesRow, ExecutionRow

NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(params=["execution", "attributes"])
def row(request):
    if request.param == "attributes":
        message = matchable_resource_pb2.MatchingAttributes()
        return AttributesRow(project="p", kind=1, message=message, created_at=NOW, updated_at=NOW)
    return ExecutionRow(
        created_at=NOW,
        updated_at=NOW,
        execution_project="p",
        execution_domain="d",
        execution_name="n",
        phase="RUNNING",
        launch_plan_id=1,
        workflow_id=1,
        task_id=0,
        execution_created_at=NOW,
        execution_updated_at=NOW,
        launch_entity="launch_plan",
        message=execution_pb2.Execution(),
    )


def test_a_changed_row_differs_in_what_was_changed(row):
    before = dataclasses.replace(row)
    later = NOW.replace(hour=1)

    changed = row.changed(updated_at=later, id=7)

    assert changed == dataclasses.replace(row, updated_at=later, id=7)
    assert type(changed) is type(row)
    assert row == before


def test_no_other_column_can_be_changed(row):
    with pytest.raises(TypeError, match="updated"):
        row.changed(updated=NOW)


def test_a_changed_row_cannot_be_written(row):
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.changed(id=7).id = 8
