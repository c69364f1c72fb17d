"""A rerun has a fresh server and a fresh clock; `--reruns-delay` is real time. What no script foresaw is rerun, too."""

import pytest

from flyte_testkit import running

OPTIONS = ("--reruns", "1")

began = {}


@pytest.fixture(autouse=True)
def times(request):
    """Count how often a test has begun."""
    began[request.node.name] = began.get(request.node.name, 0) + 1
    return began[request.node.name]


def test_a_rerun_knows_nothing_of_what_was_before(times, flyte_admin, flyte_client):
    assert flyte_admin.clock.elapsed == 0
    assert flyte_admin.launches == []
    flyte_admin.add_execution("train", running(3600).succeeds())

    flyte_client.wait(flyte_client.fetch_execution(name="train"))

    assert times == 2


def test_a_surprise_is_rerun(times, flyte_admin, flyte_client):
    nightly = flyte_admin.on_launch("nightly")
    if times == 2:
        nightly.plays(running(60).succeeds())
    else:
        flyte_admin.register("nightly")
    plan = flyte_client.fetch_launch_plan(name="nightly")
    try:
        flyte_client.execute(plan, inputs={})
    except Exception:
        assert times == 1


def test_a_server_that_lasts_is_asked_again(times, flyte_session_admin):
    flyte_session_admin.add_execution(f"train-{times}", running(3600).succeeds())

    before, remote = flyte_session_admin.clock.elapsed, flyte_session_admin.remote()
    remote.wait(remote.fetch_execution(name=f"train-{times}"))

    assert flyte_session_admin.clock.elapsed - before == 3600
    assert times == 2
