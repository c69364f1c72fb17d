"""Each test has a server on a port of its own, so workers share nothing; a server that lasts for the session lasts for a worker."""

import time

import pytest

from flyte_testkit import running

OPTIONS = ("-n", "2")


@pytest.mark.parametrize("hours", range(1, 5))
def test_runs_of_one_name_do_not_meet(hours, flyte_admin, flyte_client):
    flyte_admin.add_execution("train", running(3600 * hours).succeeds())

    assert flyte_client.wait(flyte_client.fetch_execution(name="train")).is_successful
    assert flyte_admin.clock.elapsed == 3600 * hours


@pytest.mark.parametrize("number", range(4))
def test_a_worker_has_one_server_for_its_session(
    number, flyte_session_admin, worker_id, tmp_path_factory
):
    flyte_session_admin.add_execution(f"run-{number}", running(60).succeeds())
    time.sleep(60)
    shared = tmp_path_factory.getbasetemp().parent

    told = shared / f"{worker_id}.endpoint"
    assert not told.exists() or told.read_text() == flyte_session_admin.endpoint
    told.write_text(flyte_session_admin.endpoint)
    endpoints = [other.read_text() for other in shared.glob("*.endpoint")]
    assert endpoints.count(flyte_session_admin.endpoint) == 1
