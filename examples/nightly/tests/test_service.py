import asyncio

from flyte_testkit import failures, running
from nightly.service import watch


def test_twenty_runs_are_reported_as_they_end(flyte_admin, flyte_remote, flyte_clock):
    names = [f"run-{number}" for number in range(20)]
    for number, name in enumerate(reversed(names), 1):
        flyte_admin.add_execution(name, running(60 * number).succeeds())
    told = []

    asyncio.run(watch(flyte_remote, names, lambda *what: told.append(what), patience=7200))

    assert told == [(name, "SUCCEEDED") for name in reversed(names)]
    assert flyte_clock.elapsed == 1200


def test_a_run_that_never_ends_does_not_keep_the_others(flyte_admin, flyte_remote, flyte_clock):
    flyte_admin.add_execution("stuck", running().never_ends())
    flyte_admin.add_execution("bad", running(60).fails(failures.oom_killed()))
    told = []

    asyncio.run(watch(flyte_remote, ["stuck", "bad"], lambda *what: told.append(what), 3600))

    assert told == [("bad", "FAILED"), ("stuck", "UNKNOWN")]
    assert flyte_clock.elapsed == 3600


def test_a_server_that_is_away_is_waited_for(flyte_admin, flyte_remote, flyte_clock):
    flyte_admin.add_execution("train", running(3600).succeeds())
    flyte_admin.on().fails_with("UNAVAILABLE").between(600, 1200)
    told = []

    asyncio.run(watch(flyte_remote, ["train"], lambda *what: told.append(what), patience=7200))

    assert told == [("train", "SUCCEEDED")]
    assert flyte_clock.elapsed == 3600
