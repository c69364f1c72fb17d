"""Servers that last for a module or the session, from outside: each test runs pytest in pytest."""

import importlib.util

import pytest

APP = """
from flyte_testkit.client import FlyteRemote

REMOTE = FlyteRemote.auto(default_project="flytesnacks", default_domain="development")

def ended(name, **limits):
    '''The application: its client is made when it is imported.'''
    return REMOTE.wait(REMOTE.fetch_execution(name=name), **limits)

def launch(name):
    plan = REMOTE.fetch_launch_plan(name=name)
    return REMOTE.execute(plan, inputs={})
"""


@pytest.fixture
def run(pytester, warm, monkeypatch):
    """Runs test files in the manner of a user, in a process of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source, *options, **files):
        pytester.makepyfile(app=APP, test_it=source, **files)
        return warm("-p", "flyte_testkit.plugin", *options)

    return run


def test_an_application_builds_its_remote_at_import(run):
    result = run(
        """
        import app
        import pytest
        from flyte_testkit import running

        def test_launches_and_waits(flyte_session_admin):
            nightly = flyte_session_admin.on_launch("nightly").plays(running(600).succeeds())
            execution = app.launch("nightly")
            assert app.ended(execution.id.name).is_successful
            assert flyte_session_admin.clock.elapsed == 600
            assert len(nightly.launches) == 1

        def test_finds_the_state_that_the_last_test_left(flyte_session_admin, flyte_clock):
            assert [launch.phase for launch in flyte_session_admin.launches] == ["SUCCEEDED"]
            assert flyte_clock is flyte_session_admin.clock
            assert flyte_clock.elapsed == 600

        def test_without_it_lives_in_real_time():
            import time
            from flyte_testkit import world
            assert world.governing_clock() is None

        def test_has_a_fresh_one_if_it_wants(flyte_admin, flyte_client):
            assert flyte_admin.launches == [] and flyte_admin.clock.elapsed == 0

        def test_goes_on(flyte_session_admin):
            flyte_session_admin.add_execution("late", running(60).succeeds())
            assert app.ended("late", timeout=60).is_successful
        """,
        "-o",
        "flyte_session=true",
        "--strict-config",
        conftest="import app",  # before pytest is configured
    )

    result.assert_outcomes(passed=5)


def test_a_hopeless_wait_ends_one_test_only(run):
    result = run(
        """
        import app
        import pytest
        from flyte_testkit import running

        pytestmark = pytest.mark.usefixtures("flyte_session_admin")

        def test_waits_for_ever(flyte_session_admin):
            flyte_session_admin.add_execution("stuck", running().never_ends())
            app.ended("stuck", poll_interval=86_400)

        def test_swallows_it(flyte_session_admin):
            flyte_session_admin.add_execution("stuck-too", running().never_ends())
            try:
                app.ended("stuck-too", poll_interval=86_400)
            except BaseException:
                pass

        @pytest.mark.parametrize("number", range(3))
        def test_goes_on(flyte_session_admin, number):  # 20 days each: the limit counts anew
            flyte_session_admin.add_execution(f"late-{number}", running(20 * 86_400).succeeds())
            assert app.ended(f"late-{number}", poll_interval=86_400).is_successful
        """,
        "--flyte-session",
    )

    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*HopelessWait: *longer than*", "*stuck is RUNNING since*"])


def test_what_no_script_foresaw_fails_the_test_in_which_it_happened(run):
    result = run(
        """
        import app
        import pytest
        from flyte_testkit import running

        def swallowed(name):
            try:
                app.launch(name)
            except Exception:
                pass

        def test_does_nothing_wrong(flyte_session_admin):
            flyte_session_admin.register("nightly")
            flyte_session_admin.register("hourly")

        def test_swallows_a_refusal(flyte_session_admin):
            swallowed("nightly")

        def test_is_not_blamed(flyte_session_admin):
            pass

        @pytest.fixture
        def cleans_up(flyte_session_admin):
            yield
            swallowed("hourly")

        def test_has_a_fixture_that_does_it(cleans_up):
            pass

        def test_plants_what_is_played_later(flyte_session_admin):
            flyte_session_admin.on_launch("weekly").plays(running(1).succeeds())
            flyte_session_admin.on_launch("yearly").plays(running(1).succeeds())

        def test_plays_it(flyte_session_admin):
            app.launch("weekly")
        """,
        "--flyte-session",
    )

    result.assert_outcomes(passed=5, failed=1, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED test_it.py::test_swallows_a_refusal*",
            "ERROR test_it.py::test_has_a_fixture_that_does_it*",
            "ERROR test_it.py::test_plays_it*",
            "*UnexpectedUse: on_launch('yearly') was scripted, and never launched as often*",
        ]
    )
    result.stdout.no_fnmatch_line("*on_launch('weekly') was scripted, and never*")


def test_a_failing_test_shows_only_what_is_its_own(run):
    result = run(
        """
        import app
        from flyte_testkit import running

        def test_passes(flyte_session_admin):
            flyte_session_admin.add_execution("before", running(60).succeeds())
            flyte_session_admin.on_launch("nightly").plays(running(60).succeeds())
            app.ended("before")

        def test_fails(flyte_session_admin):
            flyte_session_admin.add_execution("mine", running(60).fails("disk full"))
            assert app.ended("mine").is_successful
        """,
        "--flyte-session",
        "-k",
        "test_",
    )

    result.assert_outcomes(passed=1, failed=1, errors=1)
    text = result.stdout.str().partition("- flyte executions -")[2]
    text = text.partition("short test summary info")[0]  # which is told in full where CI is set
    assert "disk full" in text
    assert "before" not in text
    assert "on_launch('nightly') was scripted" not in text


def test_the_server_of_a_module_ends_with_it(run):
    module = """
        import os
        from flyte_testkit import running
        from flyte_testkit.client import FlyteRemote
        import pytest

        @pytest.fixture(scope="module")
        def remote(flyte_module_admin):
            with FlyteRemote.auto(default_project="p", default_domain="staging") as remote:
                yield remote

        pytestmark = pytest.mark.flyte(project="p", domain="staging", limit=90_000.0)

        def test_one(flyte_module_admin, remote):
            flyte_module_admin.add_execution("one", running(80_000).succeeds())
            assert remote.wait(remote.fetch_execution(name="one"), poll_interval=80_000).is_done

        def test_two(flyte_module_admin, remote):
            assert remote.fetch_execution(name="one").is_successful
            assert flyte_module_admin.clock.elapsed == 80_000
            assert flyte_module_admin.project == "p"
    """
    after = """
        import os

        def test_nothing_is_left():
            assert "FLYTE_PLATFORM_URL" not in os.environ

        def test_is_another(flyte_module_admin):
            assert flyte_module_admin.project == "flytesnacks"
            flyte_module_admin.on_launch("never").plays()
    """
    import textwrap

    result = run(module, test_other=textwrap.dedent(module), test_zz=textwrap.dedent(after))

    result.assert_outcomes(passed=5, failed=1)


def test_a_test_may_ask_for_both_on_one_clock(run):
    result = run(
        """
        def test_asks(flyte_session_admin, flyte_module_admin, flyte_clock):
            assert flyte_session_admin.clock is flyte_module_admin.clock is flyte_clock
            assert flyte_session_admin.endpoint != flyte_module_admin.endpoint
        """
    )

    result.assert_outcomes(passed=1)


def test_the_other_fixtures_can_be_those_of_the_session(run):
    result = run(
        """
        import pytest
        from flyte_testkit import running

        @pytest.fixture
        def flyte_admin(flyte_session_admin):
            return flyte_session_admin

        @pytest.mark.parametrize("name", ["one", "two"])
        def test_waits(flyte_admin, flyte_client, flyte_env, name):
            flyte_admin.add_execution(name, running(60).succeeds())
            assert flyte_client.wait(flyte_client.fetch_execution(name=name)).is_done
            assert flyte_env["FLYTE_PLATFORM_URL"] == flyte_admin.endpoint
        """
    )

    result.assert_outcomes(passed=2)


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="needs pytest-xdist")
def test_every_worker_of_xdist_has_its_own(run):
    result = run(
        """
        import os
        import app
        import pytest
        from flyte_testkit import running

        @pytest.mark.parametrize("number", range(6))
        def test_waits(flyte_session_admin, number):
            assert os.environ["FLYTE_PLATFORM_URL"] == flyte_session_admin.endpoint
            flyte_session_admin.add_execution(f"run-{number}", running(60).succeeds())
            assert app.ended(f"run-{number}").is_successful
        """,
        "-p",
        "xdist",
        "-n2",
        "--flyte-session",
    )

    result.assert_outcomes(passed=6)


def test_options_say_how_the_server_of_the_session_is_made(run):
    source = """
        from datetime import timedelta

        def test_is_so(flyte_session_admin):
            assert flyte_session_admin.project == "bakery"
            assert flyte_session_admin.clock.limit == timedelta(hours=1)
    """
    options = ("--flyte-project=bakery", "-o", "flyte_limit=3600")

    run(source, "--flyte-session", *options).assert_outcomes(passed=1)
    run(source, *options).assert_outcomes(passed=1)


def test_a_server_that_cannot_be_made_so_is_refused_with_a_reason(run):
    result = run("", "--flyte-session", "--flyte-domain=devlopment")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*flyte_session: domain='devlopment' is none that a FlyteAdmin*"])


def test_what_is_wrong_with_a_server_fails_the_tests_that_ask_for_it(run):
    result = run(
        """
        import pytest

        def test_asks_for_the_module(flyte_module_admin):
            pass

        def test_asks_for_both(flyte_module_admin, flyte_session_admin):
            pass

        def test_is_fine():
            pass

        def test_asks_too_late(request):
            request.getfixturevalue("flyte_session_admin")
        """,
        test_marked="""
import pytest

pytestmark = pytest.mark.flyte(strickt=False)

def test_asks(flyte_module_admin):
    pass
""",
    )

    result.assert_outcomes(passed=2, failed=1, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "*asks for flyte_module_admin and for flyte_session_admin, whose clocks differ*",
            "*flyte_session_admin was asked for by request.getfixturevalue*",
            "*@pytest.mark.flyte got 'strickt'*",
        ]
    )
