"""On asyncio all of it is on the clock: `sleep`, `move_on_after`, threads, its own pytest plugin; on trio time is real."""

import anyio
import pytest

from flyte_testkit import running

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def patience(flyte_clock):
    """A fixture that is a coroutine."""
    await anyio.sleep(100)
    return 3600 - flyte_clock.elapsed


async def watch(remote, name, ended):
    """The code under test: writes down when a run is over."""
    while not (await anyio.to_thread.run_sync(lambda: remote.fetch_execution(name=name))).is_done:
        await anyio.sleep(15)
    ended.append(name)


async def test_a_task_group_waits_for_all(flyte_admin, flyte_client):
    ended = []
    for hours in (3, 1, 2):
        flyte_admin.add_execution(f"run-{hours}", running(3600 * hours).succeeds())

    async with anyio.create_task_group() as group:
        for hours in (1, 2, 3):
            group.start_soon(watch, flyte_client, f"run-{hours}", ended)

    assert ended == ["run-1", "run-2", "run-3"]
    assert flyte_admin.clock.elapsed == 3 * 3600


async def test_a_scope_gives_up_on_the_clock(flyte_admin, flyte_client, patience):
    flyte_admin.add_execution("stuck", running().never_ends())

    with anyio.move_on_after(patience) as scope:
        await watch(flyte_client, "stuck", [])

    assert scope.cancelled_caught
    assert flyte_admin.clock.elapsed == 3600
