"""Waits and launches that are coroutines are taken as they are, and live on the clock."""

# ruff: noqa: ARG002  these methods are asked for by laws
from __future__ import annotations

import asyncio
import functools
import os
from contextlib import closing

import grpc
import hypothesis
import pytest
from flyteidl.service.admin_pb2_grpc import AdminServiceStub
from hypothesis.errors import InvalidArgument
from launchers import RIGHT_LAUNCHERS
from waiting_loops import POLL, RIGHT

from flyte_testkit import laws
from flyte_testkit.errors import BrokenLaw

FEW = hypothesis.settings(derandomize=True, max_examples=2, database=None)


def laws_of(suite):
    return sorted(name for name in dir(suite) if name.startswith("test_"))


async def wait_for_ever(execution):
    """A right loop without a time-out: whoever awaits it has one."""
    with closing(grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])) as channel:
        while True:
            verdict = await asyncio.to_thread(
                RIGHT._look, AdminServiceStub(channel), execution.id, 1
            )
            if verdict is not None:
                return verdict
            await asyncio.sleep(POLL)


class Waits(laws.WaitingLaws):
    client = "testkit"
    settings = FEW
    poll_interval = POLL
    survives = 25
    rpc_timeout = 1


@pytest.mark.parametrize("law", laws_of(laws.WaitingLaws))
def test_a_right_coroutine_keeps(law):
    class TestWait(Waits):
        async def wait(self, remote, execution, timeout):
            return await asyncio.wait_for(wait_for_ever(execution), timeout)

    getattr(TestWait(), law)()


@pytest.mark.parametrize(
    "law", ["test_ends_with_every_outcome", "test_keeps_its_time_budget", "test_survives_blips"]
)
def test_a_coroutine_without_a_timeout_is_given_up_when_its_time_is_up(law):
    class TestWait(Waits):
        async def wait(self, remote, execution):
            return await wait_for_ever(execution)

    class TestDerived(TestWait):
        pass

    getattr(TestWait(), law)()
    getattr(TestDerived(), law)()


class _Awaitable:
    def __init__(self, coroutine):
        self._coroutine = coroutine

    def __await__(self):
        return self._coroutine.__await__()


async def in_time(remote, execution, timeout):
    return await asyncio.wait_for(wait_for_ever(execution), timeout)


async def passed_on(*args, **kwargs):
    return await in_time(*args[1:], **kwargs)


async def without(remote, execution):
    return await wait_for_ever(execution)


@pytest.mark.parametrize(
    "wait",
    [
        passed_on,
        staticmethod(in_time),
        staticmethod(without),
        lambda _, *args: _Awaitable(in_time(*args)),
        functools.partial(in_time),
    ],
    ids=["whatever it takes", "static", "static without", "awaitable", "partial"],
)
def test_however_it_is_a_coroutine(wait):
    suite = type("TestWait", (Waits,), {"wait": wait})

    suite().test_keeps_its_time_budget()
    suite().test_says_success_only_of_success()


def test_a_timeout_that_has_a_default_is_its_own():
    given = set()

    class TestWait(Waits):
        async def wait(self, remote, execution, timeout=5):
            given.add(timeout)
            return await in_time(remote, execution, timeout)

    TestWait().test_keeps_its_time_budget()
    assert given
    assert 5 not in given


@pytest.mark.parametrize("law", ["test_launches_exactly_once", "test_threads_launch_apart"])
def test_a_right_launch_that_is_a_coroutine_keeps(law):
    class TestLaunch(laws.LaunchingLaws):
        client = "testkit"
        settings = FEW

        async def launch(self, remote):
            await asyncio.sleep(1)
            launcher = next(iter(RIGHT_LAUNCHERS.values()))
            return await asyncio.to_thread(launcher, remote)

    getattr(TestLaunch(), law)()


def test_a_coroutine_that_breaks_a_law_is_told_with_a_test_that_runs_it():
    class TestWait(Waits):
        settings = hypothesis.settings(derandomize=True, max_examples=30, database=None)

        async def wait(self, remote, execution, timeout):
            await asyncio.sleep(1)
            return True

    with pytest.raises(BrokenLaw) as broken:
        TestWait().test_says_success_only_of_success()
    assert "import asyncio" in str(broken.value)
    assert "asyncio.run(" in str(broken.value)
    assert ").wait(flyte_client, execution, " in str(broken.value)


def test_a_coroutine_that_hangs_is_stopped():
    class TestWait(Waits):
        async def wait(self, remote, execution, timeout):
            while True:
                await asyncio.sleep(POLL)

    with pytest.raises(BrokenLaw, match="had to be stopped"):
        TestWait().test_ends_with_every_outcome()


def test_a_coroutine_that_takes_something_else_is_refused():
    async def wait(self, remote):
        return True

    with pytest.raises(InvalidArgument, match=r"Write async def wait\(self, remote, execution, ti"):
        type("TestOurs", (laws.WaitingLaws,), {"wait": wait})
