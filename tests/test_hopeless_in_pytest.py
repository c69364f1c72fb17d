"""What pytest says of hopeless waits, from outside: one run of one file of tests."""

import pytest

TESTS = """
    import threading, time
    from concurrent.futures import ThreadPoolExecutor

    import pytest
    from flyte_testkit import HopelessWait, running

    pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.flyte(idle_sleeps=20)]

    def wait():
        while True:
            time.sleep(1)

    def start():
        thread = threading.Thread(target=wait, name="worker")
        thread.start()
        return thread

    def test_fails_in_a_thread(flyte_clock):
        start().join()

    def test_fails_in_a_job(flyte_admin):
        with ThreadPoolExecutor() as pool:
            pool.submit(wait)

    def test_fails_though_swallowed(flyte_admin):
        try:
            wait()
        except:
            pass

    def test_fails_though_skipped_after_it(flyte_admin):
        try:
            wait()
        except:
            pytest.skip("the server does not answer")

    def test_is_skipped(flyte_admin):
        pytest.skip("on purpose")

    def test_fails_of_something_else(flyte_clock):
        start().join()
        raise ValueError("on purpose")

    def test_passes_as_it_is_expected(flyte_admin):
        with pytest.raises(HopelessWait):
            wait()

    def test_passes_as_it_is_forgiven(flyte_clock):
        start().join()
        assert "nothing is scheduled" in str(flyte_clock.forgive())

    @pytest.mark.xfail(raises=HopelessWait, strict=True)
    def test_is_expected_to_fail(flyte_clock):
        start().join()

    def test_leaves_a_poller_behind(flyte_admin, flyte_client):
        def poll():
            while True:
                flyte_client.recent_executions()
                time.sleep(2)

        threading.Thread(target=poll, daemon=True).start()
        flyte_admin.add_execution("run", running(600).succeeds())
        time.sleep(60)

    def test_passes_after_it(flyte_admin):
        threading.Event().wait(60)

    @pytest.fixture
    def late(flyte_clock):
        yield
        start().join()

    def test_errs_in_a_fixture(late):
        pass

    def test_passes_after_a_fixture_that_erred(flyte_clock):
        assert flyte_clock.elapsed == 0
        time.sleep(3)

    @pytest.fixture
    def two(flyte_clock, late):
        yield
        start().join()

    @pytest.fixture(scope="module")
    def of_the_module():
        yield
        print("module left")

    def test_errs_in_two_fixtures(two, of_the_module):
        pass
"""


@pytest.fixture
def result(pytester, warm, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take half a second
    pytester.makepyfile(TESTS)
    return warm("-p", "flyte_testkit.plugin", "-rA")


def test_a_hopeless_wait_fails_its_own_test_wherever_it_happens(result):
    result.assert_outcomes(passed=7, failed=5, skipped=1, xfailed=1, errors=2)
    told = result.stdout.str()
    failed = {line.split("::")[1].split()[0] for line in result.outlines if "FAILED " in line}
    assert all(name.startswith("test_fails") for name in failed)
    assert "Unhandled" not in told
    assert "module left" in told
    assert told.count("flyte: a wait was hopeless") == 1
    result.stdout.fnmatch_lines(
        [
            "*'MainThread' waits since 0 s, without a timeout, at *:*, in test_fails_in_a_thread",
            "*'worker' has slept 20 times since 0 s, at *:*, in wait",
        ]
    )
