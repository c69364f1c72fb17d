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


def test_a_test_takes_its_server_and_its_clock_with_it(pytester, warm):
    pytester.makepyfile(
        test_before="""
            import weakref
            import pytest

            KEPT = {}

            @pytest.mark.parametrize("fixture", ["flyte_admin", "flyte_clock", "flyte_client"])
            @pytest.mark.parametrize("ends", ["passes", "fails"])
            def test_uses(request, fixture, ends):
                KEPT[fixture, ends] = weakref.ref(request.getfixturevalue(fixture))
                assert ends == "passes"

            @pytest.mark.parametrize("ends", ["passes", "fails"])
            def test_uses_one_that_lasts(flyte_module_admin, ends):
                KEPT["flyte_module_admin", ends] = weakref.ref(flyte_module_admin)
                assert ends == "passes"
        """,
        test_later="""
            import gc
            import time
            from test_before import KEPT

            def test_nothing_is_kept():
                assert len(KEPT) == 8
                until = time.monotonic() + 5  # gRPC's threads take up to a second to end
                while any(kept() is not None for kept in KEPT.values()):
                    assert time.monotonic() < until, [how for how, it in KEPT.items() if it()]
                    time.sleep(0.01)
                    gc.collect()
        """,
    )

    result = warm("-p", "no:randomly")

    result.assert_outcomes(passed=5, failed=4)
