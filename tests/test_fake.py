"""The door without fixtures: what it opens, closes, and tells."""

import inspect
import os
import subprocess
import sys
import textwrap
import time
import unittest
from datetime import datetime, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import flyte_testkit
from flyte_testkit import fake_flyte, laws, running
from flyte_testkit.client import FlyteRemote
from flyte_testkit.clock import SystemClock, VirtualClock
from flyte_testkit.errors import FlyteTestkitError, UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin

PLACE = {"default_project": "flytesnacks", "default_domain": "development"}


@pytest.fixture
def told(capsys):
    """Gives what is told below an error; Python 3.10 has no notes, so it is printed there."""
    return lambda error: "\n".join(getattr(error, "__notes__", [])) + capsys.readouterr().err


def test_it_is_server_world_and_environment_in_one():
    with fake_flyte() as admin, FlyteRemote.auto(**PLACE) as remote:
        admin.add_execution("train", running(3600).succeeds())

        ended = remote.wait(remote.fetch_execution(name="train"))
        time.sleep(60)

        assert ended.is_successful
        assert admin.clock.elapsed == 3660
        assert os.environ["FLYTE_PLATFORM_URL"] == admin.endpoint


def test_it_leaves_nothing_behind():
    before = dict(os.environ), time.sleep

    for _ in range(3):
        with fake_flyte():
            pass

    assert (dict(os.environ), time.sleep) == before


def test_it_takes_what_the_server_takes():
    ours = inspect.signature(fake_flyte).parameters
    theirs = inspect.signature(FakeFlyteAdmin).parameters

    assert list(ours) == list(theirs)
    others = {name for name in ours if ours[name].default != theirs[name].default}
    assert others == {"transport"}
    assert (ours["transport"].default, theirs["transport"].default) == ("direct", "tcp")


def test_the_server_is_as_it_is_told():
    clock = VirtualClock(datetime(2030, 5, 1, tzinfo=timezone.utc))

    with fake_flyte(clock=clock, strict=False, project="p", domain="staging") as admin:
        assert (admin.clock, admin.strict) == (clock, False)
        assert (admin.project, admin.domain) == ("p", "staging")
        assert time.time() == pytest.approx(clock.now().timestamp())


def test_a_misspelt_argument_is_told():
    with pytest.raises(TypeError, match=r"fake_flyte\(\) got .* 'strickt'\. Did you mean 'strict'"):
        fake_flyte(strickt=False)


def test_who_forgets_to_enter_it_is_told():
    with pytest.raises(
        AttributeError, match=r"has no 'register'\. Enter it: with fake_flyte\(\) as"
    ):
        fake_flyte().register("nightly")


def test_with_a_system_clock_time_stays_real():
    with SystemClock() as clock, fake_flyte(clock=clock) as admin:
        assert abs(time.time() - admin.clock.now().timestamp()) < 60


def test_the_laws_know_it_by_its_old_name():
    assert laws.backend is fake_flyte is flyte_testkit.fake_flyte


def test_it_takes_over_in_a_governed_world_and_gives_back(flyte_admin):
    flyte_admin.clock.advance(7)

    with fake_flyte() as inner:
        time.sleep(100)
        with fake_flyte() as innermost:
            time.sleep(5)
            assert innermost.clock.elapsed == 5
        assert inner.clock.elapsed == 100

    time.sleep(3)
    assert flyte_admin.clock.elapsed == 10
    assert os.environ["FLYTE_PLATFORM_URL"] == flyte_admin.endpoint


@given(seconds=st.integers(1, 9))
@settings(max_examples=5, deadline=None, derandomize=True)
def test_every_example_has_one_of_its_own(seconds):
    with fake_flyte() as admin:
        assume(seconds != 4)
        time.sleep(seconds)
        assert admin.clock.elapsed == seconds


def test_what_no_script_foresaw_fails_the_block():
    with pytest.raises(UnexpectedUse, match="never launched"), fake_flyte() as admin:
        admin.on_launch("nightly").plays(running(1).succeeds())


def test_an_error_of_the_block_is_not_covered_by_a_script_that_was_never_played():
    with pytest.raises(ZeroDivisionError), fake_flyte() as admin:
        admin.on_launch("nightly").plays(running(1).succeeds())
        raise ZeroDivisionError


def test_an_error_tells_what_the_executions_did(told):
    with pytest.raises(AssertionError) as caught, fake_flyte() as admin:
        admin.add_execution("train", running(600).fails("disk full"))
        admin.clock.advance(600)
        raise AssertionError

    report = told(caught.value)
    assert "What the executions of the fake Flyte did:" in report
    assert "USER:RuntimeError: disk full" in report


@pytest.mark.parametrize("kind", [unittest.SkipTest, KeyboardInterrupt, SystemExit])
def test_what_is_no_failure_tells_nothing(told, kind):
    with pytest.raises(kind) as caught, fake_flyte():
        raise kind

    assert told(caught.value) == ""


def test_a_skip_of_pytests_tells_nothing(told):
    with pytest.raises(pytest.skip.Exception) as caught, fake_flyte():
        pytest.skip("not today")

    assert told(caught.value) == ""


@pytest.mark.parametrize("outcome", ["fails", "passes"])
def test_unittest_users_see_the_picture_of_a_test_that_failed(tmp_path, outcome):
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(
            f"""
            import unittest
            from flyte_testkit import fake_flyte, running

            class Runs(unittest.TestCase):
                def setUp(self):
                    flyte = fake_flyte()
                    self.admin = flyte.__enter__()
                    self.addCleanup(flyte.__exit__, None, None, None)

                def test_it(self):
                    self.admin.add_execution("train", running(600).fails("disk full"))
                    self.admin.clock.advance(600)
                    self.assertEqual({outcome!r}, "passes")
            """
        )
    )
    run = subprocess.run(
        [sys.executable, "-m", "unittest", "test_it"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == (outcome == "fails")
    assert ("USER:RuntimeError: disk full" in run.stderr) == (outcome == "fails")


def test_a_client_made_before_the_fake_is_told_where_it_leads():
    pytest.importorskip("flytekit")
    from flytekit.configuration import Config
    from flytekit.remote import FlyteRemote

    early = FlyteRemote(Config.for_endpoint("localhost:30080", insecure=True))  # as at import

    with fake_flyte(strict=False) as admin:
        early.client  # noqa: B018  it connects now

        (story,) = admin.strangers()
        assert "opened a gRPC channel to 'localhost:30080'" in story
        assert f"the fake listens on {admin.endpoint!r}" in story


def test_clients_of_any_fake_that_the_environment_has_named_are_no_strangers(flyte_admin):
    with fake_flyte() as inner:
        inner.channel().close()
        flyte_admin.channel().close()

        assert inner.strangers() == ()
    assert flyte_admin.strangers() == ()


def test_a_channel_through_a_socket_file_is_no_stranger():
    import grpc

    with fake_flyte() as admin, grpc.insecure_channel("unix:/tmp/x"):
        assert admin.strangers() == ()


def test_a_report_that_cannot_be_made_does_not_hide_the_error(told, monkeypatch):
    from flyte_testkit import render

    monkeypatch.setattr(render, "text", lambda _: 1 / 0)

    with pytest.raises(KeyError) as caught, fake_flyte():
        raise KeyError

    assert "did cannot be told: ZeroDivisionError" in told(caught.value)


def test_a_hundred_in_a_row_leave_nothing():
    from flyte_testkit import environment, world

    before = dict(os.environ), list(environment._pointed), world.governing_clock()
    for _ in range(100):
        with fake_flyte():
            pass

    assert (dict(os.environ), list(environment._pointed), world.governing_clock()) == before


def test_a_door_that_was_entered_before_is_told_to_be_used_up():
    door = fake_flyte()
    with door:
        pass

    with pytest.raises(FlyteTestkitError, match="was entered before, and its server serves once"):
        door.__enter__()
