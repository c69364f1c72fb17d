import os
import re
import signal
import subprocess
import sys

import grpc
import pytest
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import cli


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


def test_a_served_admin_answers_other_processes_until_it_is_interrupted():
    command = [sys.executable, "-m", "flyte_testkit", "serve"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            first = server.stdout.readline()
            endpoint = re.search(r"127\.0\.0\.1:\d+", first)[0]
            with grpc.insecure_channel(endpoint) as channel:
                stub = admin_pb2_grpc.AdminServiceStub(channel)
                assert stub.GetVersion(version_pb2.GetVersionRequest(), timeout=20)
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=20) == 0
        finally:
            server.kill()


def test_a_taken_port_is_named(capsys):
    from flyte_testkit.server import FakeFlyteAdmin

    with FakeFlyteAdmin() as admin:
        port = admin.endpoint.split(":")[1]

        assert cli.main(["serve", "--port", port]) == 1

    assert f"port {port} of 127.0.0.1 cannot be listened on" in capsys.readouterr().err
