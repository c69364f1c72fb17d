"""A poll by 200 threads that wait through flytekit, against a poll by one thread.

Both sides make as many polls, of runs that are as long; the one side in turns of 200 threads on one
clock, which hand on to each other at every wait and at every end of one.
"""

from __future__ import annotations

import sys
import threading
from datetime import timedelta

from measuring import ratio, verdict

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

THREADS = 200
POLLS = 5
INTERVAL = 30
ROUNDS = 5


def waiting(threads: int, polls: int):
    """Let so many threads wait, each for a run of so many polls."""

    def act():
        with FakeFlyteAdmin() as admin, governed_by(admin.clock), admin.env():
            admin.add_execution("train", running(polls * INTERVAL).succeeds())
            remote = admin.remote()
            before = len(admin.calls)

            def wait():
                execution = remote.fetch_execution(name="train")
                remote.wait(execution, poll_interval=timedelta(seconds=INTERVAL))

            started = [threading.Thread(target=wait) for _ in range(threads)]
            for thread in started:
                thread.start()
            for thread in started:
                thread.join()
            assert admin.clock.elapsed == polls * INTERVAL
            return len(admin.calls) - before

    return act


def main():
    many, one = waiting(THREADS, POLLS), waiting(1, THREADS * POLLS)
    calls = many(), one()
    print(f"{calls[0]:,} RPCs by {THREADS} threads, {calls[1]:,} by one")
    measured = ratio(many, one, rounds=ROUNDS)
    per_call = measured * calls[1] / calls[0]
    return verdict(f"a poll by {THREADS} threads, against a poll by one", per_call, 1.5)


if __name__ == "__main__":
    sys.exit(main())
