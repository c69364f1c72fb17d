from __future__ import annotations

import pytest
from flyteidl.core.execution_pb2 import TaskExecution

from flyte_testkit.admin.database import enums


@pytest.mark.parametrize("name", TaskExecution.Phase.keys())
def test_a_name_is_kept_and_read_back(name):
    number = TaskExecution.Phase.Value(name)

    assert enums.column(TaskExecution.Phase, number) == name
    assert enums.value(TaskExecution.Phase, name) == number


@pytest.mark.parametrize("number", [99, -1])
def test_a_number_without_a_name_is_kept_and_read_back_as_the_first(number):
    assert enums.column(TaskExecution.Phase, number) == str(number)
    assert enums.value(TaskExecution.Phase, str(number)) == TaskExecution.UNDEFINED
