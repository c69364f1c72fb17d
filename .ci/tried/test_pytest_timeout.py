"""Its seconds are real, by signal and by thread: virtual days cost none, and what really hangs is ended."""

import time

import pytest

from flyte_testkit import running

pytest_plugins = ["pytester"]


@pytest.mark.timeout(60)
def test_a_virtual_week_is_within_a_minute(flyte_admin, flyte_client):
    flyte_admin.add_execution("train", running(7 * 86_400).succeeds())

    flyte_client.wait(flyte_client.fetch_execution(name="train"), poll_interval=3600)

    assert flyte_admin.clock.elapsed == 7 * 86_400


HANGS = """
import socket
import time

import pytest


def test_all_is_imported_which_takes_real_seconds(flyte_admin):
    pass


@pytest.mark.timeout(3, method="{method}", func_only={func_only})
def test_hangs(flyte_admin):
    time.sleep(3600)
    ours, theirs = socket.socketpair()
    ours.recv(1)
"""


@pytest.mark.parametrize(("method", "func_only"), [("signal", True), ("thread", False)])
def test_what_really_hangs_is_ended(method, func_only, pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(HANGS.format(method=method, func_only=func_only))

    done = pytester.runpytest_subprocess(
        "-p", "flyte_testkit.plugin", "-p", "pytest_timeout", timeout=50
    )

    assert done.ret != 0
    told = done.stdout.str() + done.stderr.str()
    assert "ours.recv(1)" in told
    assert "Timeout" in told


def test_a_time_out_that_is_off_changes_nothing(flyte_clock):
    time.sleep(86_400)
    assert flyte_clock.elapsed == 86_400
