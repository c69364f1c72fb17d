"""Warm children: each begins as the one before it did, and all end as cold ones do."""

import os
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.fixture
def runs(pytester, warm, monkeypatch):
    """Runs the body of a test in a warm child."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def runs(body, *options, **more):
        pytester.makepyfile(f"def test_it():\n    {body}")
        return warm("-p", "no:cacheprovider", *options, **more)

    return runs


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("pass", pytest.ExitCode.OK),
        ("assert [1] == [2]", pytest.ExitCode.TESTS_FAILED),
        ("raise KeyboardInterrupt", pytest.ExitCode.INTERRUPTED),
        ("import os; os._exit(77)", 77),
        ("import os; os.kill(os.getpid(), 9)", -9),
    ],
)
def test_however_a_child_ends_the_next_begins(runs, body, code):
    assert runs(body).ret == code
    assert runs("pass").ret == 0


def test_what_one_imports_patches_or_sets_the_next_does_not_see(runs):
    leaves = """import os, sys, time, random, logging, warnings, json, flyte_testkit.server
    sys.modules["left"] = sys; sys.path.append("left"); os.environ.update(LEFT="1", TZ="Asia/Tokyo")
    time.tzset(); time.sleep = flyte_testkit.server.left = json.left = logging.root.handlers = []
    warnings.simplefilter("ignore"); os.chdir("/"); random.seed(1)
    """
    finds = """import os, sys, time, logging, json, flyte_testkit.server
    assert "left" not in sys.modules and "left" not in sys.path and "LEFT" not in os.environ
    assert time.tzname[0] != "JST" and callable(time.sleep) and not hasattr(json, "left")
    assert not hasattr(flyte_testkit.server, "left")
    """
    runs(leaves).assert_outcomes(passed=1)
    runs(finds).assert_outcomes(passed=1)


def test_numbers_drawn_at_random_differ(runs):
    body = "import random, uuid; print('is', random.random(), uuid.uuid4())"
    one, two = (runs(body, "-s").stdout.str().partition(" is ")[2].split() for _ in range(2))
    assert one[0] != two[0]
    assert one[1] != two[1]


def test_both_outputs_arrive_though_a_thread_and_a_handler_wrote_last(runs):
    result = runs(
        """import atexit, os, sys, threading
    atexit.register(print, "at the end")
    ends = threading.Event()
    threading.Timer(0.05, print, ["of a thread"]).start()
    print("to the error", file=sys.stderr)
    os.write(1, b"without a buffer")
    os.system("echo of a grandchild")
    """,
        "-s",
    )
    result.stdout.fnmatch_lines_random(["*without a buffer*", "*of a grandchild*", "of a thread"])
    assert result.outlines[-1] == "at the end"
    assert result.errlines == ["to the error"]


def test_it_says_what_a_cold_one_says(runs, pytester):
    pytester.makeini("[pytest]\nfilterwarnings = error")
    told = runs("import os; assert os.environ.pop('HOME') == [2]")
    cold = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    assert told.outlines[:-1] == cold.outlines[:-1]  # the last line tells the time
    assert told.errlines == cold.errlines
    assert any("AssertionError: assert '/" in line for line in told.outlines)


def test_a_child_begins_in_its_own_directory_with_its_own_variables(runs, pytester, monkeypatch):
    pytester.mkpydir("elsewhere").joinpath("beside.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "elsewhere"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    body = "import beside, sys, time; print('is', time.tzname[0], sys.path[0], sys.argv[1:3])"
    result = runs(body, "-s")
    result.stdout.fnmatch_lines([f"*is JST {pytester.path} [[]'--basetemp=*', '-p'[]]"])


def test_one_that_does_not_end_is_ended(runs, pytester):
    with pytest.raises(pytester.TimeoutExpired):
        runs("import time; time.sleep(60)", timeout=0.5)
    assert runs("pass").ret == 0


def test_what_python_reads_at_its_start_takes_a_cold_one(runs, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    body = f"import os, sys; assert os.getppid() == {os.getpid()} and sys.flags.hash_randomization"
    runs(body).assert_outcomes(passed=1)
    monkeypatch.delenv("PYTHONHASHSEED")
    runs(body).assert_outcomes(failed=1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted in /proc")
def test_their_parent_has_no_threads_and_imported_only_what_it_may(runs):
    runs(
        """
    import os, sys
    assert len(os.listdir(f"/proc/{os.getppid()}/task")) == 1
    assert not {"hypothesis", "flytekit"} & set(sys.modules)
    assert "grpc" in sys.modules
    """
    ).assert_outcomes(passed=1)
