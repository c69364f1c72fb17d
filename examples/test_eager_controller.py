"""flytekit's own controller of eager workflows: a thread that polls beside a loop that waits."""

import asyncio

import pytest

from flyte_testkit import failures, running

pytest.importorskip("flytekit")
from flytekit import task
from flytekit.configuration import ImageConfig, SerializationSettings
from flytekit.core.worker_queue import Controller
from flytekit.exceptions.eager import EagerException


@task
def score(day: str) -> float:
    return 0.5


@pytest.fixture
def controller(flyte_admin, flyte_remote, caplog):
    """A controller as an eager workflow has one."""
    flyte_admin.register(score)
    caplog.set_level("ERROR", "flytekit")  # it tells at each poll that nobody looks at its deck
    settings = SerializationSettings(image_config=ImageConfig.auto_default_image(), version="v1")
    made = Controller(flyte_remote, settings, tag="night", root_tag="night", exec_prefix="e")
    yield made
    made.stopping_condition.set()
    made._Controller__runner_thread.join()


def test_runs_that_are_awaited_together_run_side_by_side(flyte_admin, flyte_clock, controller):
    flyte_admin.on_launch(score).always_plays(running(60).succeeds(o0=0.91))

    async def main():
        days = ("2024-03-10", "2024-03-11", "2024-03-12")
        return await asyncio.gather(*(controller.add(score, {"day": day}) for day in days))

    assert asyncio.run(main()) == [0.91] * 3
    assert 60 <= flyte_clock.elapsed < 70


def test_a_failure_is_raised_where_it_is_awaited(flyte_admin, controller):
    failure = failures.user_error(message="no such day")
    flyte_admin.on_launch(score).plays(running(60).fails(failure))

    with pytest.raises(EagerException, match="USER:RuntimeError"):
        asyncio.run(controller.add(score, {"day": "2024-02-30"}))
