"""Pauses of your own move the clock; `timeout=` is the socket's, so real. With `ASGITransport` the application's waits are virtual, too."""

import asyncio
import json

import httpx

from flyte_testkit import failures, running
from flyte_testkit.client import FlyteRemote

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


async def gateway(scope, receive, send):
    """An application that answers when a run is over."""
    name = scope["path"].strip("/")
    with FlyteRemote.auto(**HOME) as remote:
        while not (run := await asyncio.to_thread(remote.fetch_execution, name=name)).is_done:
            await asyncio.sleep(30)
    body = json.dumps({"ok": run.is_successful}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def ends(*names):
    """The code under test: asks the gateway about several runs."""
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answers = await asyncio.gather(*(client.get(f"/{name}") for name in names))
    return [answer.json()["ok"] for answer in answers]


def test_requests_side_by_side_take_as_long_as_the_longest(flyte_admin, flyte_env):
    flyte_admin.add_execution("train", running(3600).succeeds())
    flyte_admin.add_execution("score", running(600).fails(failures.oom_killed()))

    assert asyncio.run(ends("train", "score")) == [True, False]
    assert flyte_admin.clock.elapsed == 3600


def test_a_deadline_around_a_request_is_virtual(flyte_admin, flyte_env):
    flyte_admin.add_execution("stuck", running().never_ends())

    async def impatient():
        try:
            await asyncio.wait_for(ends("stuck"), 100)
        except asyncio.TimeoutError:
            return "gave up"

    assert asyncio.run(impatient()) == "gave up"
    assert flyte_admin.clock.elapsed == 100


def test_a_client_that_pauses_between_two_requests_moves_the_clock(flyte_clock):
    answers = iter([503, 503, 200])
    transport = httpx.MockTransport(lambda _: httpx.Response(next(answers)))

    async def patient():
        async with httpx.AsyncClient(transport=transport) as client:
            while (answer := await client.get("http://gateway/")).status_code != 200:
                await asyncio.sleep(600)
        return answer.status_code

    assert asyncio.run(patient()) == 200
    assert flyte_clock.elapsed == 1200
