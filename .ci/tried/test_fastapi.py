"""`TestClient`'s loop is on the clock: endpoints, background tasks, and a watcher that the lifespan starts."""

import asyncio
import contextlib
import warnings

import fastapi
import pytest

from flyte_testkit import running
from flyte_testkit.client import FlyteRemote

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells what its own client of tests will be made of
    from fastapi.testclient import TestClient

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


@contextlib.asynccontextmanager
async def lifespan(app):
    """Look once a minute which runs are over, for as long as the application lives."""
    app.state.over = set()

    async def watch():
        with FlyteRemote.auto(**HOME) as remote:
            while True:
                runs = await asyncio.to_thread(remote.recent_executions)
                app.state.over |= {run.id.name for run in runs if run.is_done}
                await asyncio.sleep(60)

    watcher = asyncio.create_task(watch())
    yield
    watcher.cancel()


@pytest.fixture
def client(flyte_env):
    app = fastapi.FastAPI(lifespan=lifespan)

    @app.get("/over")
    def over():
        return sorted(app.state.over)

    @app.post("/later", status_code=202)
    async def later(background: fastapi.BackgroundTasks):
        background.add_task(asyncio.sleep, 600)

    @app.get("/slow")
    async def slow(seconds: float):
        await asyncio.sleep(seconds)
        return sorted(app.state.over)

    with TestClient(app) as client:
        yield client


def test_a_watcher_of_the_lifespan_sees_virtual_hours(flyte_admin, client):
    flyte_admin.add_execution("train", running(3000).succeeds())
    flyte_admin.add_execution("score", running(9000).succeeds())

    assert client.get("/over").json() == []
    assert client.get("/slow", params={"seconds": 3601}).json() == ["train"]
    assert flyte_admin.clock.elapsed == 3601


def test_a_background_task_takes_virtual_minutes(flyte_clock, client):
    assert client.post("/later").status_code == 202
    assert flyte_clock.elapsed == 600
