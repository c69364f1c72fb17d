import contextlib
import os
import re
import signal
import subprocess
import sys

import grpc
import pytest
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import cli, immediately
from flyte_testkit.client import Config, FlyteRemote


def test_the_demo_plays_the_nightly_story(capsys):
    pytest.importorskip("flytekit")

    assert cli.main(["demo"]) == 0

    printed = capsys.readouterr().out
    assert "FAILED" in printed
    assert "SUCCEEDED" in printed
    assert "RetriesExhausted|OOMKilled" in printed
    assert "run_nightly(…) returned 0.91" in printed


def test_the_demo_without_flytekit_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "flytekit", None)
    monkeypatch.setitem(sys.modules, "flytekit.remote", None)

    assert cli.main(["demo"]) == 1

    assert "pip install 'flyte-testkit[flytekit]'" in capsys.readouterr().err


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit):
        cli.main(["dmeo"])

    assert "invalid choice: 'dmeo'" in capsys.readouterr().err


@contextlib.contextmanager
def served(*arguments):
    """Serve in another process, and return what it printed before it was ready."""
    command = [sys.executable, "-m", "flyte_testkit", "serve", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            printed = ""
            while "Ctrl-C" not in printed:
                line = server.stdout.readline()
                assert line, printed
                printed += line
            yield printed
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=20) == 0
        finally:
            server.kill()


def endpoint_of(printed):
    return re.search(r"127\.0\.0\.1:\d+", printed)[0]


def test_a_served_admin_answers_other_processes_until_it_is_interrupted():
    with served() as printed, grpc.insecure_channel(endpoint_of(printed)) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        assert stub.GetVersion(version_pb2.GetVersionRequest(), timeout=20)


def test_a_served_admin_plays_what_it_is_given():
    failed, succeeded = str(immediately.fails("boom")), str(immediately.succeeds(auc=0.9))

    with served("--plays", "nightly", failed, "--plays", "nightly", succeeded) as printed:
        config = Config.for_endpoint(endpoint_of(printed), insecure=True)
        with FlyteRemote(config, "flytesnacks", "development") as remote:
            plan = remote.fetch_launch_plan(name="nightly")
            ends = [remote.execute(plan, inputs={}, wait=True) for _ in range(3)]

    assert f"'nightly' plays {failed}, then {succeeded}.\nOther executions stay" in printed
    assert [end.error.message if end.error else end.outputs["auc"] for end in ends] == [
        "boom",
        0.9,
        0.9,
    ]


def test_a_script_that_is_none_is_pointed_at(capsys):
    assert cli.main(["serve", "--plays", "nightly", "RUNING 10s -> SUCCEEDED"]) == 1

    assert "did you mean 'RUNNING'?\n  column 1\n" in capsys.readouterr().err


def test_a_taken_port_is_named(capsys):
    from flyte_testkit.server import FakeFlyteAdmin

    with FakeFlyteAdmin() as admin:
        port = admin.endpoint.split(":")[1]

        assert cli.main(["serve", "--port", port]) == 1

    assert f"port {port} of 127.0.0.1 cannot be listened on" in capsys.readouterr().err
