"""The fixtures without a socket, by marker, command line and ini file, and who still finds one."""

import subprocess
import sys

import grpc
import pytest
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import running

pytest_plugins = ["pytester"]

ASK = """
import grpc, os
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc
with grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"]) as channel:
    stub = admin_pb2_grpc.AdminServiceStub(channel)
    stub.GetVersion(version_pb2.GetVersionRequest(), timeout=30)
"""
SEES = """
def test_it(flyte_admin, flyte_client):
    assert flyte_admin.transport == "{}"
"""


def listens(admin):
    return admin._host._listener.listens


def test_the_fixtures_have_a_socket_by_default(flyte_admin):
    assert flyte_admin.transport == "tcp"


@pytest.mark.flyte(transport="direct")
def test_our_client_needs_none(flyte_admin, flyte_client):
    flyte_admin.add_execution("train", running(3600).succeeds(auc=0.91))

    ended = flyte_client.wait(flyte_client.fetch_execution(name="train"))

    assert ended.outputs["auc"] == 0.91
    assert flyte_admin.clock.elapsed == 3600
    assert not listens(flyte_admin)


@pytest.fixture
def flytekit():
    """Import it before there is a server: that starts a child process, which wants a socket."""
    pytest.importorskip("flytekit.remote")


@pytest.mark.flyte(transport="direct")
def test_neither_does_flytekit_however_its_client_is_made(flytekit, flyte_admin):
    from flytekit.clients.auth_helper import get_authenticated_channel, get_channel
    from flytekit.configuration import Config, PlatformConfig
    from flytekit.remote import FlyteRemote

    flyte_admin.add_execution("train", running(3600).succeeds(auc=0.91))
    remote = FlyteRemote(Config.auto(), flyte_admin.project, flyte_admin.domain)
    ended = remote.wait(remote.fetch_execution(name="train"))
    assert ended.outputs["auc"] == 0.91
    platform = PlatformConfig(endpoint=flyte_admin.endpoint, insecure=True)
    for make in (get_channel, get_authenticated_channel):
        for insecure in (True, False):
            config = PlatformConfig(endpoint=platform.endpoint, insecure=insecure)
            channel = make(config)
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            stub.GetVersion(version_pb2.GetVersionRequest())

    assert not listens(flyte_admin)


@pytest.mark.flyte(transport="direct")
def test_a_child_with_the_environment_finds_one(flyte_admin, flyte_env):
    assert listens(flyte_admin)
    subprocess.run([sys.executable, "-c", ASK], env=dict(flyte_env), check=True)

    assert [call.rpc for call in flyte_admin.calls] == ["GetVersion"]


@pytest.mark.flyte(transport="direct")
def test_what_it_holds_back_is_told_below_a_failure(flyte_admin):
    flyte_admin.on("GetVersion").hangs()
    with flyte_admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        with pytest.raises(grpc.RpcError):
            stub.GetVersion(version_pb2.GetVersionRequest(), timeout=60)

    assert flyte_admin.clock.elapsed == 60


@pytest.mark.parametrize("way", ["line", "ini"])
def test_it_is_chosen_for_a_whole_run(pytester, way):
    pytester.makepyfile(SEES.format("direct"))
    if way == "ini":
        pytester.makeini("[pytest]\nflyte_transport = direct")
    result = pytester.runpytest_inprocess(*(["--flyte-transport=direct"] if way == "line" else []))

    result.assert_outcomes(passed=1)


def test_a_session_may_have_it_too(pytester, warm):
    pytester.makepyfile(
        app="""
        import os, grpc
        CHANNEL = grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])
        """,
        test_it="""
        import app
        from flyteidl.admin import version_pb2
        from flyteidl.service import admin_pb2_grpc

        def test_one(flyte_session_admin):
            ask(flyte_session_admin)

        def test_two(flyte_session_admin):
            ask(flyte_session_admin)

        def ask(admin):
            before = len(admin.calls)
            stub = admin_pb2_grpc.AdminServiceStub(app.CHANNEL)
            stub.GetVersion(version_pb2.GetVersionRequest())
            assert type(app.CHANNEL).__name__ == "DirectChannel"
            assert len(admin.calls) == before + 1
        """,
    )
    pytester.makeini("[pytest]\nflyte_session = true\nflyte_transport = direct")

    warm().assert_outcomes(passed=2)
