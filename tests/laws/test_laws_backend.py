import time
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings

from flyte_testkit import laws, running
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.strategies import timelines


@given(timeline=timelines(max_seconds=60, max_steps=2))
@settings(derandomize=True, max_examples=5, deadline=None)
def test_every_example_has_a_server_that_nobody_has_seen(timeline):
    with laws.backend() as admin:
        assert admin.launches == []
        assert admin.calls == []
        run = admin.add_execution("run", timeline)

        time.sleep(60)

        assert run.phase == timeline.phase
        assert admin.clock.elapsed == 60


def test_time_follows_the_clock_that_is_given():
    clock = VirtualClock(datetime(2030, 5, 1, tzinfo=timezone.utc))

    with laws.backend(clock=clock, seed=7, project="p", domain="staging") as admin:
        assert datetime.now(timezone.utc).year == 2030
        assert (admin.clock, admin.project, admin.domain) == (clock, "p", "staging")

    assert datetime.now(timezone.utc).year != 2030


def test_where_a_clock_governs_another_takes_over_for_a_while(flyte_clock):
    time.sleep(10)

    with laws.backend() as admin:
        time.sleep(1000)
        assert admin.clock.elapsed == 1000

    time.sleep(1)
    assert flyte_clock.elapsed == 11


def test_what_no_script_foresaw_fails_the_block():
    with pytest.raises(UnexpectedUse, match="never launched"), laws.backend() as admin:
        admin.on_launch("nightly").plays(running(60).succeeds())

    with laws.backend(strict=False) as admin:
        admin.on_launch("nightly").plays(running(60).succeeds())


def test_an_exception_in_the_block_is_not_hidden():
    def block():
        with laws.backend() as admin:
            admin.on_launch("nightly").plays(running(60).succeeds())
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        block()
