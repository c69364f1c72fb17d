import dataclasses

import pytest
from builders import NOW, assign

from flyte_testkit.admin.projects.attributes import Attributes


@pytest.fixture(params=["execution", "attributes"])
def row(request, make, store):
    if request.param == "execution":
        return make.execution()
    assign(Attributes(store), execution_cluster_label={"value": "gpu"})
    return next(iter(store.attributes))


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
