"""The same test makes the same journal, though it has threads: by the order that is promised."""

from __future__ import annotations

import queue
import threading
import time
from concurrent import futures

import pytest

from flyte_testkit import running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

OLD = futures.ThreadPoolExecutor(3)


@pytest.fixture(scope="session", autouse=True)
def closes_the_old_pool():
    """Wait for the last test of all: whoever steals work comes back to a module after others."""
    yield
    OLD.shutdown()


def journal_of(act):
    with FakeFlyteAdmin(seed=1) as admin, governed_by(admin.clock):
        for number in range(4):
            admin.add_execution(f"e{number}", running(60 + 45 * number).succeeds())
        config = Config.for_endpoint(admin.endpoint, insecure=True)
        with FlyteRemote(config, admin.project, admin.domain, seed=0) as client:
            act(client)
        assert admin.clock.preempted == 0
        return [
            (call.rpc, call.at, call.deadline, call.code, str(call.request)) for call in admin.calls
        ]


def wait_for(client, number, *, every=7, timeout=3600):
    run = client.fetch_execution(name=f"e{number}")
    client.wait(run, timeout=timeout, poll_interval=every)


def threads_that_wait(client):
    threads = [threading.Thread(target=wait_for, args=(client, number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def jobs_of_an_old_pool(client):
    jobs = [OLD.submit(wait_for, client, number) for number in range(4)]
    futures.wait(jobs)
    for job in jobs:
        job.result()


def a_queue_of_work(client):
    work = queue.Queue()

    def worker():
        while (number := work.get()) is not None:
            wait_for(client, number, every=5)

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for thread in workers:
        thread.start()
    for number in (3, 2, 1, 0, None, None):
        work.put(number)
        time.sleep(10)
    for thread in workers:
        thread.join()


@pytest.mark.parametrize("act", [threads_that_wait, jobs_of_an_old_pool, a_queue_of_work])
def test_threads_make_one_journal(act):
    journals = [journal_of(act) for _ in range(5)]
    assert journals[0]
    assert journals[1:] == journals[:1] * 4
