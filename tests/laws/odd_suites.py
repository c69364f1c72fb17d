"""Suites with one bug each, told of with tests that have more to set up than most."""

# ruff: noqa: ARG002, RUF012  these methods are asked for by laws, and so are these attributes
import asyncio
import datetime as dt
import uuid

from broken_suites import Launching, Waiting

from flyte_testkit.client.exceptions import FlyteTimeout


class _Awaitable:
    def __init__(self, coroutine):
        self._coroutine = coroutine

    def __await__(self):
        return self._coroutine.__await__()


async def takes_no_error_for_success(remote, execution, timeout):
    await asyncio.sleep(0)
    try:
        return remote.wait(execution, timeout=timeout, poll_interval=10).error is None
    except FlyteTimeout as error:
        raise TimeoutError from error


class GivesACoroutine(Waiting):
    def wait(self, remote, execution, timeout):
        return takes_no_error_for_success(remote, execution, timeout)


class GivesAnAwaitable(Waiting):
    def wait(self, remote, execution, timeout):
        return _Awaitable(takes_no_error_for_success(remote, execution, timeout))


class GivesTheOutputsOfOthers(Waiting):
    async def wait(self, remote, execution, timeout):
        return await asyncio.to_thread(takes_no_success_for_one, remote, execution, timeout)

    async def outputs(self, remote, execution):
        return {"owner": "run"}


def takes_no_success_for_one(remote, execution, timeout):
    try:
        return remote.wait(execution, timeout=timeout, poll_interval=10).is_successful
    except FlyteTimeout as error:
        raise TimeoutError from error


def twice(remote, **inputs):
    plan = remote.fetch_launch_plan(name="nightly")
    remote.execute(plan, inputs=inputs, execution_name=f"nightly-{uuid.uuid4().hex[:8]}")
    return remote.execute(plan, inputs=inputs, execution_name=f"nightly-{uuid.uuid4().hex[:8]}")


NOON = dt.datetime(2024, 3, 10, 12, tzinfo=dt.timezone.utc)


class LaunchesOfMoments(Launching):
    inputs = {"at": dt.datetime, "within": dt.timedelta}

    def launch(self, remote):
        return twice(remote, at=NOON, within=dt.timedelta(hours=1))


class LaunchesOfLists(Launching):
    inputs = {"days": list[str], "note": str | None, "sizes": dict[str, int]}
    outputs = {"scores": [0.5, 1.0], "at": NOON}

    def launch(self, remote):
        return twice(remote, days=["monday"], note=None, sizes={"small": 1})


class LaunchesByAPlanOfItsOwn(Launching):
    def prepare(self, admin):
        super().prepare(admin)
        admin.register("calendar")

    def launch(self, remote):
        remote.fetch_launch_plan(name="calendar")
        return twice(remote)


ODD = {
    "gives_a_coroutine": (GivesACoroutine, "test_says_success_only_of_success"),
    "gives_an_awaitable": (GivesAnAwaitable, "test_says_success_only_of_success"),
    "gives_the_outputs_of_others": (
        GivesTheOutputsOfOthers,
        "test_threads_do_not_mix_up_executions",
    ),
    "launches_of_moments": (LaunchesOfMoments, "test_launches_exactly_once"),
    "launches_of_moments_in_threads": (LaunchesOfMoments, "test_threads_launch_apart"),
    "launches_of_lists": (LaunchesOfLists, "test_launches_exactly_once"),
    "launches_by_a_plan_of_its_own": (LaunchesByAPlanOfItsOwn, "test_launches_exactly_once"),
}
