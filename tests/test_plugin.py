"""The plugin, from outside: each test here runs pytest inside pytest, so there are few."""

import pytest


@pytest.fixture
def run(pytester, warm, monkeypatch):
    """Runs a test file in the manner of a user, and returns the result.

    In a process of its own: pytest takes back what an inner run imports, and flytekit cannot be
    imported twice.
    """

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take half a second

    def run(source, *options):
        pytester.makepyfile(source)
        return warm("-p", "flyte_testkit.plugin", *options)

    return run


def test_the_fixtures_tell_what_they_are_for(run):
    result = run("", "--fixtures", "-v")

    result.stdout.fnmatch_lines_random(
        [
            "flyte_clock*",
            "*The virtual clock of this test: sleeping moves it, and takes no time.",
            "flyte_admin*",
            "*A fake FlyteAdmin on a free loopback port that plays scripted executions.",
            "flyte_client*",
            "*A fresh FlyteRemote of flyte_testkit.client that talks to flyte_admin*",
            "flyte_env*",
            "*The environment variables that point at flyte_admin*",
            "flyte_remote*",
            "*A fresh FlyteRemote of flytekit that talks to flyte_admin.",
        ]
    )


def test_what_no_script_foresaw_fails_the_test_and_not_its_teardown(run):
    result = run(
        """
        from flyte_testkit import running

        def test_swallows_the_refusal(flyte_admin, flyte_client):
            flyte_admin.register("nightly")
            plan = flyte_client.fetch_launch_plan(name="nightly")
            try:
                flyte_client.execute(plan, inputs={})
            except Exception:
                pass

        def test_never_launches(flyte_admin):
            flyte_admin.on_launch("nightly").plays(running(1).succeeds())

        def test_is_relaxed(request, flyte_admin):
            pass
        """
    )

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*UnexpectedUse: 'nightly' was launched, but nothing is scripted for it*",
            "*UnexpectedUse: on_launch('nightly') was scripted, and never launched as often*",
        ]
    )


def test_what_fixtures_did_after_the_test_is_told_as_well(run):
    result = run(
        """
        import pytest

        @pytest.fixture
        def cleans_up(flyte_admin, flyte_client):
            yield
            flyte_admin.register("sweeper")
            try:
                flyte_client.execute(flyte_client.fetch_launch_plan(name="sweeper"), inputs={})
            except Exception:
                pass

        def test_passes(cleans_up):
            pass

        def test_fails_over_a_misspelt_name(flyte_admin, flyte_client):
            flyte_admin.register("nightly")
            flyte_client.fetch_launch_plan(name="nightyl")
        """
    )

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines_random(
        [
            "*UnexpectedUse: 'sweeper' was launched, but nothing is scripted for it*",
            "*looked for 'nightyl', which is not registered. Did you mean 'nightly'?",
        ]
    )


def test_a_failed_test_shows_what_its_executions_did(run):
    result = run(
        """
        from flyte_testkit import running

        def test_fails(flyte_admin, flyte_client):
            flyte_admin.add_execution("train", running(600).fails("disk full"))
            execution = flyte_client.fetch_execution(name="train")
            assert flyte_client.wait(execution).is_successful
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- flyte executions -*",
            "train  RUNNING ·* FAILED",
            "*USER:RuntimeError: disk full",
            "*running(600).fails('disk full')",
            "*calls: GetExecution ×*; the last at 600 s",
        ]
    )


def test_hopeless_waits_are_told_what_is_stuck_and_why(run):
    pytest.importorskip("flytekit")
    result = run(
        """
        import time
        import pytest
        from flyte_testkit import running

        @pytest.fixture(autouse=True)
        def impatient(monkeypatch):  # the guards wait two real seconds
            from flyte_testkit.clock import _watch
            from flyte_testkit.wire import guard

            monkeypatch.setattr(_watch, "_SILENCE", 0.2)
            monkeypatch.setattr(guard, "MANY", 200)

        def stuck(flyte_admin, flyte_remote):
            flyte_admin.add_execution("stuck", running().never_ends())
            return flyte_remote.fetch_execution(name="stuck")

        def test_flytekits_own_wait_without_a_timeout(flyte_admin, flyte_remote):
            try:
                flyte_remote.wait(stuck(flyte_admin, flyte_remote))
            except Exception:
                pass

        @pytest.mark.flyte(idle_sleeps=50)
        def test_a_loop_that_sleeps(flyte_admin, flyte_remote):
            execution = stuck(flyte_admin, flyte_remote)
            while not execution.is_done:
                try:
                    time.sleep(1)
                    flyte_admin.clock.now()
                except Exception:
                    pass

        def test_a_loop_that_never_sleeps(flyte_admin, flyte_remote):
            execution = stuck(flyte_admin, flyte_remote)
            while not execution.is_done:
                try:
                    execution = flyte_remote.sync(execution)
                except Exception:
                    pass

        def test_a_call_that_is_never_answered(flyte_admin, flyte_remote):
            flyte_admin.on("GetExecution").hangs()
            from flyteidl.admin import execution_pb2
            flyte_remote.client._stub.GetExecution(execution_pb2.WorkflowExecutionGetRequest())
        """
    )

    result.assert_outcomes(failed=4)
    text = result.stdout.str()
    assert text.count("HopelessWait") >= 4
    assert text.count("stuck is RUNNING since 2024-01-01 00:00:00") >= 3


def test_options_come_by_marker(run):
    result = run(
        """
        import datetime
        import pytest
        from hypothesis import given, strategies as st

        START = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)

        @pytest.mark.flyte(project="shop", strict=False, start=START)
        def test_has_them(flyte_admin):
            assert (flyte_admin.project, flyte_admin.strict) == ("shop", False)
            assert flyte_admin.clock.now() == START

        @pytest.mark.flyte(strickt=False)
        def test_is_told_about_a_misspelt_one(flyte_admin):
            pass

        @given(st.integers())
        def test_is_told_that_examples_would_share_it(flyte_admin, number):
            pass

        def test_has_those_of_the_command_line(flyte_admin):
            assert (flyte_admin.project, flyte_admin.clock.limit.days) == ("bakery", 2)
        """,
        "--flyte-project=bakery",
        "--flyte-limit=172800",
    )

    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["*with laws.backend() as admin: …*"])
    result.stdout.fnmatch_lines(["*@pytest.mark.flyte got 'strickt'. It takes keywords only*"])


def test_nothing_is_left_after_tests_that_raise_or_are_interrupted(run):
    result = run(
        """
        import datetime, os, threading, time
        import pytest
        from flyte_testkit import running

        REAL = time.sleep, time.time, time.monotonic, datetime.datetime, threading.Thread.start
        BEFORE = {}

        def test_loads_what_is_loaded_once(flyte_admin):
            pass  # joblib, which flytekit brings, sets a variable for good

        def test_looks_around():
            BEFORE.update(os.environ)

        def test_raises(flyte_admin):
            raise ValueError

        def test_gives_up(flyte_admin):
            pytest.fail("on purpose")

        def test_exits(flyte_admin):
            raise SystemExit

        def test_leaves_nothing():
            now = time.sleep, time.time, time.monotonic, datetime.datetime, threading.Thread.start
            assert now == REAL
            before = {k: v for k, v in BEFORE.items() if k != "PYTEST_CURRENT_TEST"}
            after = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
            assert before == after
            names = [thread.name for thread in threading.enumerate()]
            assert not [name for name in names if name.startswith("flyte-testkit")]
        """
    )

    result.assert_outcomes(passed=3, failed=3)


def test_our_own_client_waits_as_flytekits_does(flyte_admin, flyte_client):
    from flyte_testkit import running

    flyte_admin.register("nightly", inputs={"day": str}, outputs={"auc": float})
    nightly = flyte_admin.on_launch("nightly").plays(running(600).succeeds(auc=0.91))

    plan = flyte_client.fetch_launch_plan(name="nightly")
    execution = flyte_client.execute(plan, inputs={"day": "monday"})
    execution = flyte_client.wait(execution, timeout=600)

    assert execution.outputs["auc"] == 0.91
    assert nightly.launches[0].inputs == {"day": "monday"}
    assert flyte_admin.clock.elapsed == 600


def test_a_missing_flytekit_is_told_in_a_few_lines(run):
    result = run(
        """
        import sys

        sys.modules["flytekit"] = None  # as where it is not installed

        def test_by_fixture(flyte_remote):
            pass

        def test_by_hand(flyte_admin):
            flyte_admin.remote()
        """
    )

    result.assert_outcomes(failed=1, errors=1)
    told, _, rest = result.stdout.str().partition("FAILURES")
    story = told.partition("ERROR at setup of test_by_fixture")[2]
    assert "MissingFlytekit: remote() is flytekit's own, and flytekit is not installed." in story
    assert "pip install 'flyte-testkit[flytekit]'" in story
    assert len(story.splitlines()) < 12
    assert len(rest.partition("- flyte executions -")[0].splitlines()) < 15


def test_a_property_test_is_told_of_the_public_door(run):
    result = run(
        """
        from hypothesis import given, strategies as st

        @given(st.integers())
        def test_shares(flyte_admin, number):
            pass
        """
    )

    result.stdout.fnmatch_lines(["*with flyte_testkit.fake_flyte() as admin: …"])


def test_a_client_that_leads_elsewhere_is_told_below_the_failed_test(run):
    result = run(
        """
        import grpc

        def test_fails(flyte_admin):
            grpc.insecure_channel("localhost:30080").close()
            raise AssertionError
        """
    )

    result.stdout.fnmatch_lines(
        ["*- flyte: what may help -*", "*opened a gRPC channel to 'localhost:30080'*"]
    )


def test_a_nested_freeze_is_told_of_the_marker(run):
    result = run(
        """
        import pytest
        from freezegun import freeze_time

        @freeze_time("2024-03-10")
        def test_freezes_before(flyte_admin):
            pass

        def test_freezes_inside(flyte_admin):
            with freeze_time("2024-03-10"):
                pass

        @pytest.fixture
        def frozen():
            with freeze_time("2024-03-10"):
                yield

        def test_freezes_by_fixture(frozen, flyte_admin):
            pass
        """
    )

    assert result.stdout.str().count("@pytest.mark.flyte(start=...) above the test") >= 2
