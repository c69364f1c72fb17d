"""Its pauses move the clock, in functions that were decorated at import and in coroutines; budgets (`stop_after_delay`) are exact."""

import asyncio

import grpc
import pytest
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from flyte_testkit import running
from flyte_testkit.client import exceptions

AWAY = retry_if_exception_type((grpc.RpcError, exceptions.FlyteSystemUnavailableException))


@retry(wait=wait_exponential(multiplier=10), stop=stop_after_delay(600), retry=AWAY)
def state(remote, name):
    """The code under test: asks until the server is back."""
    return remote.fetch_execution(name=name)


def test_pauses_grow_on_the_clock(flyte_admin, flyte_client):
    flyte_admin.add_execution("train", running(3600).succeeds())
    flyte_admin.on("GetExecution").fails_with("UNAVAILABLE").between(0, 60)

    assert not state(flyte_client, "train").is_done
    assert flyte_admin.clock.elapsed // 10 == 7  # 10, 20 and 40 s, and the client's own retries
    assert state.statistics["attempt_number"] == 4


def test_a_budget_is_kept(flyte_admin, flyte_client):
    flyte_admin.on("GetExecution").fails_with("UNAVAILABLE")

    with pytest.raises(RetryError):
        state.retry_with(wait=wait_fixed(100))(flyte_client, "train")
    assert flyte_admin.clock.elapsed // 10 == 60


def test_coroutines_pause_on_the_clock_as_well(flyte_admin, flyte_client):
    flyte_admin.add_execution("train", running(3600).succeeds())

    class NotOverError(Exception):
        """Not yet."""

    async def end():
        async for attempt in AsyncRetrying(wait=wait_fixed(30), stop=stop_after_attempt(1000)):
            with attempt:
                run = await asyncio.to_thread(flyte_client.fetch_execution, name="train")
                if not run.is_done:
                    raise NotOverError
        return run

    assert asyncio.run(end()).is_successful
    assert flyte_admin.clock.elapsed == 3600
