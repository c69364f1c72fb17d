"""What a FlyteAdmin is told is written down in the form in which stories are compared."""

from __future__ import annotations

import json

import pytest
from changed_runs import STORIES, story
from comparing import differences
from doors import Alone, over_grpc
from hearing import Heard
from retold import retold
from story_files import Story
from telling import Teller

from flyte_testkit import failures, running
from flyte_testkit.server import FakeFlyteAdmin


def heard(name, door):
    teller = Teller(STORIES[name], door)
    listener = Heard(door.admin, teller.names)
    teller.tell()
    return listener.written()


@pytest.mark.parametrize("name", STORIES)
def test_a_story_that_is_told_is_written_as_it_was_recorded(name):
    got = Story.read(name, retold(name).heard)

    assert list(differences(story(name), got)) == []
    for key, told in story(name).told.items():
        assert [e.code for e in got.told[key].events] == [e.code for e in told.events]
        assert [e.sent for e in got.told[key].events] == pytest.approx(
            [e.sent for e in told.events], abs=0.001
        )


def test_over_grpc_the_same_is_heard():
    with over_grpc() as door:
        assert heard("launch-plan", door) == retold("launch-plan").heard


def test_what_is_written_holds_no_name_and_no_store():
    text = json.dumps(retold("launch-plan-parent-stopped-early").heard)

    assert "s3://" not in text
    assert "${store}/metadata/propeller/flytesnacks-development-${main}/" in text
    assert "${child1}" in text
    assert "2024-" not in text


def test_the_fakes_own_engine_is_heard_too():
    with FakeFlyteAdmin() as fake:
        names = {}
        listener = Heard(fake._backend.admin, names)
        launch = fake.add_execution("train", running(60).fails(failures.oom_killed()))
        names["main"] = launch.id.name
        fake.clock.advance(120)
        assert launch.phase == "FAILED"  # a look, which lets the engine send what is due
        got = Story.read("x", listener.written())

    events = got.told["main"].events
    phases = [event.phase for event in events if event.kind == "workflow"]
    assert (phases[0], phases[-1]) == ("RUNNING", "FAILED")
    assert all(not event.code for event in events)
    assert events[0].body["execution_id"]["name"] == "${main}"
    assert events[-1].sent == pytest.approx(60, abs=1)


def test_executions_that_have_no_key_are_left_out():
    door = Alone()
    teller = Teller(STORIES["recover-twice"], door)
    listener = Heard(door.admin, {"main": teller.names["main"]})
    teller.tell()

    assert list(listener.written()["executions"]) == ["main"]


def test_nothing_heard_is_written_as_nothing():
    assert Heard(Alone().admin, {"main": "m"}).written() == {"executions": {"main": {"events": []}}}


def test_what_was_refused_is_written_with_the_code():
    told = retold("retried-and-succeeded").heard["executions"]["main"]["events"]

    assert {entry.get("code") for entry in told} == {None, "FAILED_PRECONDITION"}


def test_children_get_their_keys_in_the_order_of_their_creation():
    name, door = "two-launch-plans-one-fails", Alone()
    teller = Teller(STORIES[name], door)
    listener = Heard(door.admin, {"main": teller.names["main"]})
    teller.tell()

    assert listener.names == teller.names
