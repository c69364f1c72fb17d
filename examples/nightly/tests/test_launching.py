import pytest
from flytekit.exceptions.system import FlyteSystemUnavailableException

from flyte_testkit import nodes, running
from nightly.launching import NameTakenError, launch

DAY = "2024-03-10"


def test_a_day_is_launched_with_its_name(pipeline, flyte_remote):
    pipeline.plays(nodes.where(extract=nodes.task(running(60).succeeds(o0=9))))

    execution = launch(flyte_remote, DAY)

    assert execution.id.name == "nightly-2024-03-10"
    assert pipeline.launches[0].inputs == {"day": DAY}


def test_whoever_asks_twice_gets_the_same_run(pipeline, flyte_remote):
    pipeline.plays(running(60).succeeds(o0="models/x"))

    assert launch(flyte_remote, DAY).id == launch(flyte_remote, DAY).id
    assert len(pipeline.launches) == 1


def test_a_lost_reply_launches_no_second_run(pipeline, flyte_remote, flyte_admin):
    pipeline.plays(running(60).succeeds(o0="models/x"))
    flyte_admin.on("CreateExecution").loses_reply(times=1)

    launch(flyte_remote, DAY)

    assert len(pipeline.launches) == 1


def test_a_server_that_is_away_is_waited_for(pipeline, flyte_remote, flyte_admin):
    pipeline.plays(running(60).succeeds(o0="models/x"))
    flyte_admin.on().fails_with("UNAVAILABLE").between(0, 25)

    launch(flyte_remote, DAY)

    assert flyte_admin.clock.elapsed == 30


def test_a_server_that_stays_away_is_not_waited_for_for_ever(flyte_remote, flyte_admin):
    flyte_admin.on().fails_with("UNAVAILABLE")

    with pytest.raises(FlyteSystemUnavailableException):
        launch(flyte_remote, DAY, patience=60)
    assert flyte_admin.clock.elapsed == 60


def test_a_name_that_was_taken_for_another_day_is_no_run_of_this_one(pipeline, flyte_remote):
    pipeline.plays(running(60).succeeds(o0="models/x"))
    plan = flyte_remote.fetch_launch_plan(name="nightly.workflows.nightly")
    flyte_remote.execute(plan, inputs={"day": "yesterday"}, execution_name=f"nightly-{DAY}")

    with pytest.raises(NameTakenError, match="was launched for yesterday"):
        launch(flyte_remote, DAY)
