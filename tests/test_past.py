"""What a server can be asked about the past."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from flyte_testkit import immediately, running
from flyte_testkit.errors import FlyteTestkitError

pytestmark = pytest.mark.flyte(transport="direct")


def launch(admin, client, name="nightly"):
    return client.execute(client.fetch_launch_plan(name=name), inputs={})


def test_executions_that_overlap_were_there_at_once(flyte_admin, flyte_client):
    nightly = flyte_admin.on_launch("nightly").always_plays(running(100).succeeds())
    hourly = flyte_admin.on_launch("hourly").always_plays(running(100).succeeds())

    for _ in range(3):
        launch(flyte_admin, flyte_client)
        time.sleep(40)
    launch(flyte_admin, flyte_client, "hourly")

    assert flyte_admin.most_at_once() == 3
    assert flyte_admin.most_at_once(nightly) == flyte_admin.most_at_once("nightly") == 3
    assert flyte_admin.most_at_once(hourly) == 1
    assert flyte_admin.most_at_once("weekly") == 0


def test_one_after_the_other_is_never_two(flyte_admin, flyte_client):
    flyte_admin.on_launch("nightly").always_plays(running(60).succeeds())

    for _ in range(3):
        flyte_client.wait(launch(flyte_admin, flyte_client), poll_interval=60)

    assert flyte_admin.most_at_once() == 1


def test_what_takes_no_time_counts_alone(flyte_admin):
    for name in ("one", "two"):
        flyte_admin.add_execution(name, immediately.succeeds())

    assert flyte_admin.most_at_once() == 1
    flyte_admin.add_execution("three", running().never_ends())
    flyte_admin.add_execution("four", running().never_ends())
    flyte_admin.clock.advance(5)
    assert flyte_admin.most_at_once() == 2


def test_nothing_is_none_at_once(flyte_admin):
    assert flyte_admin.most_at_once() == 0


def test_a_pool_of_four_is_seen(flyte_admin, flyte_client):
    nightly = flyte_admin.on_launch("nightly").always_plays(running(60).succeeds())
    plan = flyte_client.fetch_launch_plan(name="nightly")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: flyte_client.execute(plan, {}, wait=True), range(12)))

    assert nightly.launches
    assert flyte_admin.most_at_once(nightly) == 4


def test_what_is_neither_a_route_nor_a_name_is_refused(flyte_admin):
    with pytest.raises(
        FlyteTestkitError, match=r"most_at_once\(7\): it takes a route, or the name"
    ):
        flyte_admin.most_at_once(7)
