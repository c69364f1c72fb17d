"""A trigger in the shape of Airflow's deferrable operators: an asynchronous generator that polls.

Airflow runs hundreds of these in one event loop. Each looks now and then, and yields one event when
its run is over. It is tested in virtual hours, without Airflow.
"""

import asyncio

import pytest

from flyte_testkit import failures, running
from flyte_testkit.client import FlyteRemote

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


class ExecutionTrigger:
    """Waits for a run, without a worker's slot."""

    def __init__(self, name, poll_interval=30.0, end_after=None):
        self.name = name
        self.poll_interval = poll_interval
        self.end_after = end_after

    def serialize(self):
        """Return what the triggerer stores: where the class is, and what it is made of."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(vars(self))

    async def run(self):
        """Yield one event."""
        loop = asyncio.get_running_loop()
        end = None if self.end_after is None else loop.time() + self.end_after
        with FlyteRemote.auto(**HOME) as remote:
            while True:
                run = await asyncio.to_thread(remote.fetch_execution, name=self.name)
                if run.is_done:
                    phase = "success" if run.is_successful else "failed"
                    yield {"status": phase, "error": run.error and run.error.code}
                    return
                if end is not None and loop.time() + self.poll_interval > end:
                    yield {"status": "timeout", "error": None}
                    return
                await asyncio.sleep(self.poll_interval)


async def first_event(trigger):
    """Do as a triggerer does: build it anew from what is stored, and await one event."""
    _, arguments = trigger.serialize()
    async for event in type(trigger)(**arguments).run():
        return event
    return None


@pytest.fixture
def triggered(flyte_env):
    """Runs triggers side by side in one loop."""

    def run(*triggers):
        async def main():
            return await asyncio.gather(*map(first_event, triggers))

        return asyncio.run(main())

    return run


def test_it_sees_the_end_of_a_night(flyte_admin, flyte_clock, triggered):
    flyte_admin.add_execution("nightly", running(8 * 3600).succeeds())

    assert triggered(ExecutionTrigger("nightly")) == [{"status": "success", "error": None}]
    assert flyte_clock.elapsed == 8 * 3600


def test_it_tells_a_failure_by_its_code(flyte_admin, triggered):
    flyte_admin.add_execution("nightly", running(600).fails(failures.oom_killed()))

    (event,) = triggered(ExecutionTrigger("nightly"))
    assert event["status"] == "failed"
    assert "OOMKilled" in event["error"]


def test_it_gives_up_when_its_time_is_up(flyte_admin, flyte_clock, triggered):
    flyte_admin.add_execution("nightly", running(7200).succeeds())

    (event,) = triggered(ExecutionTrigger("nightly", end_after=3600))
    assert event["status"] == "timeout"
    assert flyte_clock.elapsed == 3600


def test_fifty_of_them_share_a_loop(flyte_admin, flyte_clock, triggered):
    for number in range(50):
        flyte_admin.add_execution(f"run-{number}", running(60 * (number + 1)).succeeds())

    events = triggered(*(ExecutionTrigger(f"run-{number}") for number in range(50)))
    assert [event["status"] for event in events] == ["success"] * 50
    assert flyte_clock.elapsed == 3000
