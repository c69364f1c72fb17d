from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest
from flyteidl.admin import common_pb2

from flyte_testkit.admin.database.columns import ENTITIES
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.lists import sorting
from flyte_testkit.admin.lists.sorting import Order


def request(**sort):
    asked = common_pb2.ResourceListRequest()
    asked.sort_by.SetInParent()
    for field, value in sort.items():
        setattr(asked.sort_by, field, value)
    return asked


def refusal_of(asked, entity):
    with pytest.raises(AdminError) as refusal:
        sorting.parse(asked, entity)
    assert refusal.value.code == "INVALID_ARGUMENT"
    return " ".join(refusal.value.message.split())


def rows(column, *values):
    return [
        SimpleNamespace(number=number, execution_name=f"e{number}", **{column: value})
        for number, value in enumerate(values)
    ]


def numbers(found):
    return [row.number for row in found]


def test_descending_is_what_a_client_gets_that_names_no_direction():
    assert sorting.parse(request(key="name"), "task") == Order("task", "name", ascending=False)


@pytest.mark.parametrize("entity", [name for name in ENTITIES if ENTITIES[name].order])
def test_every_column_is_a_key(entity):
    for name in ENTITIES[entity].columns:
        assert sorting.parse(request(key=name, direction=1), entity).column == name


@pytest.mark.parametrize("key", ["", "Name", "createdAt", "task.name", "name desc", "na\0me"])
def test_nothing_else_is_a_key(key):
    assert refusal_of(request(key=key), "task") == f"invalid sort key '{key}'"


def test_an_empty_sort_has_an_empty_key():
    assert refusal_of(request(), "task") == "invalid sort key ''"


def test_there_are_two_directions():
    problem = refusal_of(request(key="id", direction=7), "task")
    assert problem == 'invalid sort order specified: key:"id" direction:7'


def test_the_key_is_looked_at_before_the_direction():
    assert refusal_of(request(key="nope", direction=7), "task") == "invalid sort key 'nope'"


def test_null_is_greater_than_everything():
    found = rows("started_at", 2, None, 1)
    assert numbers(Order("execution", "started_at").sorted(found)) == [2, 0, 1]
    assert numbers(Order("execution", "started_at", ascending=False).sorted(found)) == [1, 0, 2]


def test_the_youngest_of_equals_comes_first_where_the_latest_is_asked_for():
    found = rows("created_at", 1, 1, 1)
    assert numbers(Order("execution", "created_at").sorted(found)) == [0, 1, 2]
    assert numbers(Order("execution", "created_at", ascending=False).sorted(found)) == [2, 1, 0]


@pytest.mark.parametrize("ascending", [True, False])
def test_the_user_is_no_order_at_all(ascending):
    found = rows("user", "b", "a", "c")
    assert numbers(Order("execution", "user", ascending=ascending).sorted(found)) == [0, 1, 2]


def test_capitals_come_first_and_versions_are_texts():
    found = rows("execution_project", "v9", "v10", "V2")
    assert numbers(Order("execution", "execution_project").sorted(found)) == [2, 1, 0]


def test_without_a_wish_executions_come_by_name():
    found = rows("phase", "x", "y")[::-1]
    assert numbers(sorting.parse(common_pb2.ResourceListRequest(), "execution").sorted(found)) == [
        0,
        1,
    ]


def collections():
    """How often Python has looked for garbage so far."""
    return sum(generation["collections"] for generation in gc.get_stats())


@pytest.mark.parametrize("order", [Order("task"), Order("task", "created_at", ascending=False)])
def test_sorting_leaves_nothing_for_the_garbage_collector_to_look_through(order):
    found = [
        SimpleNamespace(project="p", domain="d", name=f"n{number}", version="v", created_at=number)
        for number in range(20_000)
    ]
    before = collections()

    order.sorted(found)

    assert collections() - before <= 1  # another thread may have made one due


def test_the_order_of_several_columns_is_that_of_the_first_then_of_the_next():
    keys = [("b", 2), ("a", 1), ("b", 0), ("a", 3)]
    found = [
        SimpleNamespace(project="p", domain="d", name=name, version="v", retry_attempt=attempt)
        for name, attempt in keys
    ]

    came = Order("task_execution").sorted(found)
    assert [(row.name, row.retry_attempt) for row in came] == sorted(keys)
