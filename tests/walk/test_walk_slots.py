"""Slots: who takes one, who waits, and who is next."""

import pytest
from flyteidl.core import workflow_pb2

from flyte_testkit.walk.slots import Slots, takes_a_slot


def test_as_many_enter_as_there_are_slots():
    slots = Slots(2)
    assert [slots.enter(one) for one in "abc"] == [True, True, False]
    slots.leave("a")
    assert slots.enter("c")


def test_without_a_number_all_enter():
    slots = Slots(0)
    assert all(slots.enter(str(number)) for number in range(1000))


def test_who_has_one_enters_again():
    slots = Slots(1)
    assert slots.enter("a")
    assert slots.enter("a")


def test_nobody_passes_those_who_wait():
    slots = Slots(1)
    slots.enter("a")
    slots.wait((1,), "b")
    slots.leave("a")
    assert not slots.enter("c")
    assert slots.is_next("b")


def test_the_first_on_the_way_is_next():
    slots = Slots(1)
    slots.enter("a")
    for rank, one in [((3,), "d"), ((1, 2), "b"), ((2,), "c")]:
        slots.wait(rank, one)
    assert not slots.is_next("b")
    slots.leave("a")
    assert [slots.is_next(one) for one in "bcd"] == [True, False, False]
    slots.take("b")
    slots.leave("b")
    assert slots.is_next("c")


def test_who_does_not_wait_any_more_is_not_next():
    slots = Slots(1)
    slots.enter("a")
    slots.wait((1,), "b")
    slots.wait((2,), "c")
    slots.leave("a")
    slots.leave("b")
    assert slots.is_next("c")


@pytest.mark.parametrize(
    ("node", "takes"),
    [
        ({"task_node": {}}, True),
        ({"workflow_node": {"launchplan_ref": {}}}, True),
        ({"workflow_node": {"sub_workflow_ref": {}}}, False),
        ({"branch_node": {}}, False),
        ({"gate_node": {}}, False),
        ({"array_node": {}}, False),
        ({}, False),
    ],
)
def test_tasks_and_launch_plans_count(node, takes):
    assert takes_a_slot(workflow_pb2.Node(**node)) is takes
