import contextlib
import os
import re
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import grpc
import pytest
from flyteidl.admin import execution_pb2, version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import cli, immediately
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.server import FakeFlyteAdmin


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dmeo"], "there is no command 'dmeo', only demo and serve. Did you mean 'demo'?"),
        (["serve", "--port", "99999"], "'99999' is no port: they go up to 65535, and 0 finds a"),
        (["serve", "--port", "-1"], "'-1' is no port"),
        (["serve", "--port", "http"], "'http' is no port"),
        (["serve", "--prot", "5"], "unrecognized arguments: --prot. Did you mean '--port'?"),
        (["serve", "--qiet"], "unrecognized arguments: --qiet. Did you mean '--quiet'?"),
    ],
)
def test_a_wrong_command_line_is_told_what_is_right(capsys, arguments, told):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["serve"], ["demo"]])
def test_it_knows_its_version(capsys, command):
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"flyte-testkit {metadata.version('flyte-testkit')}\n"


@contextlib.contextmanager
def served(*arguments, ends_by=signal.SIGINT):
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
            yield printed, server
            server.send_signal(ends_by)
            assert server.wait(timeout=20) == 0
        finally:
            server.kill()


def endpoint_of(printed):
    return re.search(r"127\.0\.0\.1:\d+", printed)[0]


def test_a_served_admin_answers_other_processes_until_it_is_interrupted():
    with served() as (printed, _), grpc.insecure_channel(endpoint_of(printed)) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        assert stub.GetVersion(version_pb2.GetVersionRequest(), timeout=20)


def test_a_served_admin_plays_what_it_is_given():
    failed, succeeded = str(immediately.fails("boom")), str(immediately.succeeds(auc=0.9))

    with served("--plays", "nightly", failed, "--plays", "nightly", succeeded) as (printed, _):
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


def test_a_line_tells_of_each_call():
    with served() as (printed, server), grpc.insecure_channel(endpoint_of(printed)) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        stub.GetVersion(version_pb2.GetVersionRequest(), timeout=20)
        lines = [server.stdout.readline()]
        request = execution_pb2.WorkflowExecutionGetRequest()
        request.id.project, request.id.domain, request.id.name = "p", "development", "nobody"
        with pytest.raises(grpc.RpcError):
            stub.GetExecution(request, timeout=20)
        lines.append(server.stdout.readline())

    assert re.fullmatch(r"\d\d:\d\d:\d\d  GetVersion  OK  \d+\.\d ms\n", lines[0])
    assert re.fullmatch(
        r"[\d:]+  GetExecution 'nobody'  NOT_FOUND: missing entity of type \S.*  \d+\.\d ms\n",
        lines[1],
    )


def test_a_quiet_server_tells_of_no_call():
    with served("--quiet") as (printed, server):
        with grpc.insecure_channel(endpoint_of(printed)) as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            stub.GetVersion(version_pb2.GetVersionRequest(), timeout=20)
        server.send_signal(signal.SIGINT)
        assert server.stdout.read().strip() == ""


def test_who_does_not_read_what_is_told_of_calls_does_not_hold_up_the_server():
    with served() as (printed, _), grpc.insecure_channel(endpoint_of(printed)) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for _ in range(3000):  # more than fits into a pipe
            stub.GetVersion(version_pb2.GetVersionRequest(), timeout=20)


@pytest.mark.parametrize("ends_by", [signal.SIGINT, signal.SIGTERM])
def test_the_file_for_older_clients_is_there_while_it_serves(ends_by):
    with served(ends_by=ends_by) as (printed, _):
        (line,) = re.findall(r"export FLYTE_PLATFORM_URL=.*", printed)
        file = Path(re.search(r"FLYTECTL_CONFIG=(\S+)", line)[1])
        assert f"endpoint: dns:///{endpoint_of(printed)}\n" in file.read_text()
        assert "insecure: true" in file.read_text()

    assert not file.exists()
    assert not file.parent.exists()


def test_flytekit_finds_the_server_by_the_file():
    configuration = pytest.importorskip("flytekit.configuration")
    with served() as (printed, _):
        file = re.search(r"FLYTECTL_CONFIG=(\S+)", printed)[1]
        found = configuration.Config.auto(file)

    assert found.platform.endpoint == endpoint_of(printed)
    assert found.platform.insecure


@pytest.mark.parametrize("port", [99999, -1, True, "80", None, 5.0])
def test_a_server_is_not_given_a_port_that_is_none(port):
    with pytest.raises(FlyteTestkitError) as refused:
        FakeFlyteAdmin(port=port)

    assert str(refused.value) == (
        f"port={port!r} is no port: they go up to 65535, and 0 finds a free one."
    )


def test_a_script_that_is_none_is_pointed_at(capsys):
    assert cli.main(["serve", "--plays", "nightly", "RUNING 10s -> SUCCEEDED"]) == 1

    assert "did you mean 'RUNNING'?\n  column 1\n" in capsys.readouterr().err


def test_a_taken_port_is_named(capsys):
    with FakeFlyteAdmin() as admin:
        port = admin.endpoint.split(":")[1]

        assert cli.main(["serve", "--port", port]) == 1

    assert capsys.readouterr().err == (
        f"flyte-testkit: port {port} of 127.0.0.1 cannot be listened on: another server has it.\n"
        "Leave the port out to get a free one, or stop the other server.\n"
    )
