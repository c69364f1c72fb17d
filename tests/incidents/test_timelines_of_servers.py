"""Servers that fail while somebody waits, as users told it."""

import pytest

from flyte_testkit import running
from tests.conftest import needs_flytekit
from tests.playing import launched

pytestmark = pytest.mark.flyte(transport="direct")

STORY = running(200).succeeds(auc=0.9)


@needs_flytekit
def test_half_a_minute_without_a_server_ends_the_wait_of_flytekit_and_not_ours(
    flyte_admin, flyte_remote, flyte_client
):
    from flytekit.exceptions.system import FlyteSystemUnavailableException

    flyte_admin.on_launch("etl").plays(STORY)
    execution = launched(flyte_remote)
    ours = flyte_client.fetch_execution(name=execution.id.name)
    outage = flyte_admin.on().fails_with("UNAVAILABLE").between(120, 150)

    with pytest.raises(FlyteSystemUnavailableException):
        flyte_remote.wait(execution)
    assert flyte_admin.clock.elapsed == 120

    assert flyte_client.wait(ours, timeout=600).outputs["auc"] == 0.9
    assert outage.struck > 4


@needs_flytekit
def test_a_lost_reply_makes_flytekit_launch_twice_and_us_once(
    flyte_admin, flyte_remote, flyte_client
):
    flyte_admin.on_launch("etl").plays(STORY, STORY, STORY)
    plan = flyte_remote.fetch_launch_plan(name="etl")
    flyte_admin.on("CreateExecution").loses_reply(attempts=1)
    flyte_remote.execute(plan, inputs={})
    assert len(flyte_admin.launches) == 2

    flyte_admin.on("CreateExecution").loses_reply(attempts=1)
    execution = launched(flyte_client)

    assert len(flyte_admin.launches) == 3
    assert execution.id.name == flyte_admin.launches[-1].id.name
