"""Jobs come at their virtual instants, an hour of `interval` in milliseconds: let the test sleep, and shut the scheduler down in it."""

import asyncio
import time
from datetime import datetime, timezone

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler

from flyte_testkit import running


def launch(remote):
    """The job: launches a run that is named after its hour."""
    plan = remote.fetch_launch_plan(name="hourly")
    name = f"at-{datetime.now(timezone.utc):%Hh}"
    remote.execute(plan, inputs={}, execution_name=name)


def names_of(route):
    return [launch.id.name for launch in route.launches]


def test_an_interval_launches_each_virtual_hour(flyte_admin, flyte_client):
    hourly = flyte_admin.on_launch("hourly").always_plays(running(600).succeeds())
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(launch, "interval", [flyte_client], hours=1)
    scheduler.start()

    time.sleep(3 * 3600 + 60)
    scheduler.shutdown()

    assert names_of(hourly) == ["at-01h", "at-02h", "at-03h"]
    assert flyte_admin.clock.elapsed == 3 * 3600 + 60


def test_a_cron_job_launches_each_virtual_night(flyte_admin, flyte_client):
    hourly = flyte_admin.on_launch("hourly").always_plays(running(600).succeeds())
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(launch, "cron", [flyte_client], hour=4)
    scheduler.start()

    time.sleep(86_400)
    scheduler.shutdown()

    assert names_of(hourly) == ["at-04h"]


def test_a_scheduler_of_asyncio_launches_as_well(flyte_admin, flyte_client):
    hourly = flyte_admin.on_launch("hourly").always_plays(running(600).succeeds())

    async def main():
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.add_job(launch, "interval", [flyte_client], hours=1)
        scheduler.start()
        await asyncio.sleep(2 * 3600 + 60)
        scheduler.shutdown()

    asyncio.run(main())
    assert names_of(hourly) == ["at-01h", "at-02h"]
