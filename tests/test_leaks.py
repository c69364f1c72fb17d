"""Nothing leaks: the toolkit can be started as often as a test run likes."""

import gc
import os
import threading
import time
from pathlib import Path

import pytest

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

FD = Path("/proc/self/fd")


def settled(measure, at_most):
    """The measure, once it is low enough: gRPC's threads take up to a second to end."""
    until = time.monotonic() + 5
    while measure() > at_most and time.monotonic() < until:
        gc.collect()
        threading.Event().wait(0.01)
    return measure()


@pytest.mark.skipif(not FD.is_dir(), reason="file descriptors are counted in /proc")
def test_five_hundred_servers_leave_nothing():
    def cycle():
        with FakeFlyteAdmin() as admin, governed_by(admin.clock), admin.env():
            admin.add_execution("train", running(60).succeeds())
            with admin.channel():
                time.sleep(60)

    def descriptors():
        return len(list(FD.iterdir()))

    for _ in range(3):  # what is loaded or opened once in a process
        cycle()
    environment = dict(os.environ)
    patched = time.sleep, time.time, threading.Event.wait, threading.Thread.start
    gc.collect()
    threads, files = threading.active_count(), descriptors()

    for _ in range(500):
        cycle()

    assert settled(threading.active_count, threads) <= threads
    assert settled(descriptors, files) <= files
    assert dict(os.environ) == environment
    assert (time.sleep, time.time, threading.Event.wait, threading.Thread.start) == patched
