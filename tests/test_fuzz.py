"""Whatever comes over the wire is answered: a short run of ``benchmarks/fuzz.py``."""

import runpy
from pathlib import Path

import pytest

from flyte_testkit.wire.services import methods

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
GET_EXECUTION = "/flyteidl.service.AdminService/GetExecution"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_every_rpc_answers_whatever_it_is_asked(script):
    fuzzer = script["fuzz"](900, share=0.2)

    assert fuzzer.problems == []
    assert {f"/{call.rpc}" for call in fuzzer.admin.calls} == {
        path[path.rindex("/") :] for path in methods()
    }


def test_an_exception_in_the_server_is_found(script, monkeypatch):
    with script["Fuzzer"]() as fuzzer:
        monkeypatch.setitem(fuzzer.admin._backend.admin.handlers, "GetExecution", lambda *_: 1 / 0)

        fuzzer.recorded(GET_EXECUTION)

    ((path, _, story),) = fuzzer.problems
    assert path == GET_EXECUTION
    assert "ZeroDivisionError" in story


@pytest.mark.parametrize(
    ("code", "message", "is_problem"),
    [
        ("UNKNOWN", "boom", True),
        ("UNKNOWN", "failed database operation with a NUL", False),
        ("UNAVAILABLE", "", True),
        ("NOT_FOUND", "", False),
    ],
)
def test_what_counts_as_a_problem(script, code, message, is_problem):
    with script["Fuzzer"]() as fuzzer:
        fuzzer.admin.on("GetExecution").fails_with(code, message=message)

        fuzzer.recorded(GET_EXECUTION)

    assert bool(fuzzer.problems) is is_problem
