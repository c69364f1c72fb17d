"""An application of FastAPI that starts a run, answers at once, and sees to its end by itself."""

import asyncio
import warnings

import pytest

from flyte_testkit import failures, running
from flyte_testkit.client import FlyteRemote

fastapi = pytest.importorskip("fastapi")
pytest.importorskip("httpx")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


def make_app():
    app = fastapi.FastAPI()
    app.state.ended = {}

    async def see_to_the_end(name):
        with FlyteRemote.auto(**HOME) as remote:
            while True:
                run = await asyncio.to_thread(remote.fetch_execution, name=name)
                if run.is_done:
                    app.state.ended[name] = "done" if run.is_successful else run.error.code
                    return
                await asyncio.sleep(30)

    @app.post("/watches/{name}", status_code=202)
    async def watch(name: str, background: fastapi.BackgroundTasks):
        background.add_task(see_to_the_end, name)
        return {"watching": name}

    @app.get("/watches/{name}")
    async def tell(name: str):
        return {"ended": app.state.ended.get(name)}

    @app.get("/watches/{name}/end")
    async def wait_for_the_end(name: str, patience: float = 60):
        try:
            await with_patience(see_to_the_end(name), patience)
        except asyncio.TimeoutError:
            raise fastapi.HTTPException(504, "not yet") from None
        return {"ended": app.state.ended[name]}

    return app


async def with_patience(what, patience):
    return await asyncio.wait_for(what, patience)


@pytest.fixture
def client(flyte_env):
    with TestClient(make_app()) as client:
        yield client


def test_a_background_task_sees_the_end(flyte_admin, flyte_clock, client):
    flyte_admin.add_execution("train", running(3600).succeeds())

    assert client.post("/watches/train").json() == {"watching": "train"}
    assert client.get("/watches/train").json() == {"ended": "done"}
    assert flyte_clock.elapsed == 3600


def test_a_failure_has_its_code(flyte_admin, client):
    flyte_admin.add_execution("train", running(60).fails(failures.oom_killed()))

    client.post("/watches/train")
    assert "OOMKilled" in client.get("/watches/train").json()["ended"]


def test_a_request_waits_no_longer_than_its_patience(flyte_admin, flyte_clock, client):
    flyte_admin.add_execution("train", running(3600).succeeds())

    assert client.get("/watches/train/end?patience=100").status_code == 504
    assert flyte_clock.elapsed == 100
    assert client.get("/watches/train/end?patience=4000").json() == {"ended": "done"}
    assert flyte_clock.elapsed == 3610
