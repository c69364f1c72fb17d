"""Loops that test runners make: pytest-asyncio's, anyio's, also those older than the fixtures."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SETTINGS = """
[pytest]
asyncio_mode = {mode}
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

POLLER = """
import asyncio
import time

import grpc
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import running


def request_of(launch):
    return execution_pb2.WorkflowExecutionGetRequest(id=launch.id)


async def until_done(admin, launch):
    async with grpc.aio.insecure_channel(admin.endpoint) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        while (await stub.GetExecution(request_of(launch))).closure.phase != 4:
            await asyncio.sleep(30)
"""


@pytest.fixture
def run(pytester, warm, monkeypatch):
    """Runs a test file in a process of its own, with the plugins that it wants."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take half a second

    def run(source, *plugins):
        pytester.makepyfile(source)
        names = ("flyte_testkit.plugin", *plugins)
        options = [option for name in names for option in ("-p", name)]
        return warm(*options, timeout=60)

    return run


def test_pytest_asyncio_that_finds_coroutines_itself(pytester, run):
    pytest.importorskip("pytest_asyncio")
    pytester.makeini(SETTINGS.format(mode="auto"))
    done = run(
        POLLER
        + """
@pytest.fixture
async def slow():
    await asyncio.sleep(10)
    yield "made"
    await asyncio.sleep(10)


async def test_a_poll(flyte_admin, flyte_clock):
    launch = flyte_admin.add_execution("train", running(3600).succeeds())
    await asyncio.wait_for(until_done(flyte_admin, launch), 4000)
    assert flyte_clock.elapsed == 3600


async def test_fixtures(flyte_clock, slow):
    assert flyte_clock.elapsed == 10
    await asyncio.to_thread(time.sleep, 100)
    assert flyte_clock.elapsed == 110


async def test_real_time_in_between():
    began = time.perf_counter()
    await asyncio.sleep(0.05)
    assert 0.02 < time.perf_counter() - began < 10


@pytest.mark.parametrize("number", range(3))
async def test_many_tasks(flyte_clock, number):
    await asyncio.gather(*(asyncio.sleep(n) for n in range(100)))
    assert flyte_clock.elapsed == 99
""",
        "pytest_asyncio.plugin",
    )
    done.assert_outcomes(passed=6)


def test_pytest_asyncio_that_is_told(pytester, run):
    pytest.importorskip("pytest_asyncio")
    pytester.makeini(SETTINGS.format(mode="strict"))
    done = run(
        POLLER
        + """
import pytest_asyncio


@pytest_asyncio.fixture
async def beginning():
    loop = asyncio.get_running_loop()
    return loop.time()


@pytest.mark.asyncio
async def test_a_loop_older_than_the_world(beginning, flyte_admin, flyte_clock):
    launch = flyte_admin.add_execution("train", running(600).succeeds())
    await until_done(flyte_admin, launch)
    assert flyte_clock.elapsed == 600
    assert 600 <= asyncio.get_running_loop().time() - beginning < 610


@pytest.mark.asyncio
async def test_a_loop_younger_than_the_world(flyte_clock, beginning):
    await asyncio.sleep(3600)
    assert flyte_clock.elapsed == 3600
    assert asyncio.get_running_loop().time() - beginning == pytest.approx(3600)
""",
        "pytest_asyncio.plugin",
    )
    done.assert_outcomes(passed=2)


def test_pytest_asyncio_with_one_loop_for_all(pytester, run):
    pytest.importorskip("pytest_asyncio")
    pytester.makeini(SETTINGS.format(mode="strict"))
    done = run(
        POLLER
        + """
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def beats():
    beats = []

    async def beat():
        while True:
            await asyncio.sleep(100)
            beats.append(True)

    task = asyncio.create_task(beat())
    yield beats
    task.cancel()


async def test_real_time_first(beats):
    began = time.perf_counter()
    await asyncio.sleep(0.05)
    assert 0.02 < time.perf_counter() - began < 10


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_hours(flyte_admin, flyte_clock, beats, number):
    launch = flyte_admin.add_execution("train", running(90).succeeds())
    await until_done(flyte_admin, launch)
    await asyncio.sleep(10.5)
    assert flyte_clock.elapsed == 100.5
    assert len(beats) == number


async def test_real_time_again(beats):
    began = time.perf_counter()
    await asyncio.sleep(0.05)
    assert 0.02 < time.perf_counter() - began < 10
    assert len(beats) == 3
""",
        "pytest_asyncio.plugin",
    )
    done.assert_outcomes(passed=5)


def test_the_plugin_of_anyio(pytester, run):
    pytest.importorskip("anyio")
    done = run(
        POLLER
        + """
import anyio

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def service(anyio_backend, flyte_clock):
    async with anyio.create_task_group() as group:
        beats = []

        async def beat():
            while True:
                await anyio.sleep(100)
                beats.append(flyte_clock.elapsed)

        group.start_soon(beat)
        yield beats
        group.cancel_scope.cancel()


async def test_a_poll(flyte_admin, flyte_clock, service):
    launch = flyte_admin.add_execution("train", running(300).succeeds())
    with anyio.fail_after(1000):
        await until_done(flyte_admin, launch)
        await anyio.to_thread.run_sync(time.sleep, 50)
    assert flyte_clock.elapsed == 350
    assert service == [100, 200, 300]
""",
        "anyio.pytest_plugin",
    )
    done.assert_outcomes(passed=1)


def test_the_cases_of_the_standard_library(pytester, run):
    done = run(
        """
import asyncio
import unittest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by


class Case(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.enterContext(governed_by(self.clock)) if hasattr(self, "enterContext") else (
            self.addCleanup(governed_by(self.clock).__enter__().__exit__, None, None, None)
        )

    async def asyncSetUp(self):
        await asyncio.sleep(10)

    async def asyncTearDown(self):
        await asyncio.sleep(10)
        self.assertEqual(self.clock.elapsed, 3620)

    async def test_sleep(self):
        await asyncio.wait_for(asyncio.sleep(3600), 4000)
        self.assertEqual(self.clock.elapsed, 3610)
""",
    )
    done.assert_outcomes(passed=1)


def test_a_hopeless_wait_fails_its_test_with_its_words(pytester, run):
    pytest.importorskip("pytest_asyncio")
    pytester.makeini(SETTINGS.format(mode="auto"))
    done = run(
        """
import asyncio


async def test_it(flyte_clock):
    await asyncio.Event().wait()


async def test_the_next_one(flyte_clock):
    await asyncio.sleep(3600)
    assert flyte_clock.elapsed == 3600
""",
        "pytest_asyncio.plugin",
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*HopelessWait: every thread waits without a timeout*"])
