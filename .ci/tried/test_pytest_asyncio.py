"""Loops are on the clock, whatever their scope and whoever made them; fixtures that are coroutines, too."""

import asyncio

import pytest
import pytest_asyncio

from flyte_testkit import running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def slow(flyte_clock):
    """Take an hour to be made, and one to be cleaned up."""
    await asyncio.sleep(3600)
    yield flyte_clock.elapsed
    await asyncio.sleep(3600)


async def until_done(remote, name):
    while not (await asyncio.to_thread(remote.fetch_execution, name=name)).is_done:
        await asyncio.sleep(30)
    return name


async def test_runs_are_awaited_together(flyte_admin, flyte_client):
    for hours in range(1, 4):
        flyte_admin.add_execution(f"run-{hours}", running(3600 * hours).succeeds())

    waits = [until_done(flyte_client, f"run-{hours}") for hours in (3, 1, 2)]
    done = [await first for first in asyncio.as_completed(waits)]

    assert done == ["run-1", "run-2", "run-3"]
    assert flyte_admin.clock.elapsed == 3 * 3600


async def test_a_time_out_is_virtual(flyte_admin, flyte_client):
    flyte_admin.add_execution("stuck", running().never_ends())

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(until_done(flyte_client, "stuck"), 3600)
    assert flyte_admin.clock.elapsed == 3600


async def test_a_fixture_may_take_its_time(slow, flyte_clock):
    assert slow == flyte_clock.elapsed == 3600


@pytest.mark.asyncio(loop_scope="function")
async def test_a_loop_of_its_own_is_on_the_clock_as_well(flyte_clock):
    await asyncio.sleep(60)
    assert flyte_clock.elapsed == 60
