"""A service of anyio that watches runs: a task group, a stream, a scope that gives up."""

import pytest

from flyte_testkit import failures, running
from flyte_testkit.client import FlyteRemote

anyio = pytest.importorskip("anyio")

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


async def watch(remote, name, reports):
    """Report how a run ended; looks each quarter of a minute."""
    async with reports:
        while True:
            run = await anyio.to_thread.run_sync(lambda: remote.fetch_execution(name=name))
            if run.is_done:
                await reports.send((name, "well" if run.is_successful else "badly"))
                return
            await anyio.sleep(15)


async def report_on(names, patience):
    """Return what is known of some runs when all are over, or patience is at an end."""
    told = {}
    send, receive = anyio.create_memory_object_stream(len(names))
    with FlyteRemote.auto(**HOME) as remote, anyio.move_on_after(patience):
        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(watch, remote, name, send.clone())
            send.close()
            async with receive:
                async for name, how in receive:
                    told[name] = how
    receive.close()
    return told


def test_it_reports_on_all(flyte_admin, flyte_clock, flyte_env):
    flyte_admin.add_execution("train", running(3600).succeeds())
    flyte_admin.add_execution("score", running(600).fails(failures.oom_killed()))

    assert anyio.run(report_on, ["train", "score"], 7200) == {"score": "badly", "train": "well"}
    assert flyte_clock.elapsed == 3600


def test_it_tells_what_it_knows_when_its_patience_is_at_an_end(flyte_admin, flyte_clock, flyte_env):
    flyte_admin.add_execution("train", running(3600).succeeds())
    flyte_admin.add_execution("score", running(600).succeeds())

    assert anyio.run(report_on, ["train", "score"], 1000) == {"score": "well"}
    assert flyte_clock.elapsed == 1000
