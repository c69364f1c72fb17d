"""No socket until somebody needs one, and who needs one."""

import asyncio
import json
import multiprocessing
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import grpc
import pytest
from contract import VERSION
from flyteidl.service import admin_pb2_grpc
from grpc import insecure_channel

from flyte_testkit import fake_flyte
from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire import openings
from flyte_testkit.wire.direct_channel import DirectChannel

ASK = """
import grpc, os, sys
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc
where = sys.argv[1] if len(sys.argv) > 1 else os.environ["FLYTE_PLATFORM_URL"]
with grpc.insecure_channel(where) as channel:
    stub = admin_pb2_grpc.AdminServiceStub(channel)
    stub.GetVersion(version_pb2.GetVersionRequest(), timeout=30, wait_for_ready=True)
"""


def listens(endpoint):
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port))).close()
    except ConnectionRefusedError:
        return False
    return True


def version(channel):
    return admin_pb2_grpc.AdminServiceStub(channel).GetVersion(VERSION, timeout=60)


def test_nobody_listens_and_nobody_else_can(admin, stub):
    stub.GetVersion(VERSION)

    assert not listens(admin.endpoint)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(admin.endpoint.rpartition(":")[2])))


@pytest.mark.parametrize(
    "target", ["{}", "dns:///{}", "ipv4:{}", "localhost:{port}", "dns:LOCALHOST:{port}"]
)
def test_whatever_leads_to_the_port_is_direct(admin, target):
    port = admin.endpoint.rpartition(":")[2]
    with insecure_channel(target.format(admin.endpoint, port=port)) as channel:
        version(channel)

    assert isinstance(channel, DirectChannel)
    assert not listens(admin.endpoint)


def test_so_is_what_is_given_as_bytes(admin):
    with insecure_channel(admin.endpoint.encode()) as channel:
        version(channel)

    assert isinstance(channel, DirectChannel)


@pytest.mark.parametrize(
    "target", ["0.0.0.0:{port}", "[::ffff:127.0.0.1]:{port}", "ipv4:{0},{0}", "dns:0.0.0.0:{port}"]
)
def test_whatever_else_names_the_port_finds_a_socket(admin, target):
    port = admin.endpoint.rpartition(":")[2]
    with insecure_channel(target.format(admin.endpoint, port=port)) as channel:
        version(channel)

    assert listens(admin.endpoint)


def test_so_does_a_channel_with_a_service_config(admin):
    retries = {"maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.01s"}
    policy = {**retries, "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}
    config = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})
    admin.on("GetVersion").fails_with("UNAVAILABLE", attempts=1)
    with insecure_channel(admin.endpoint, options=[("grpc.service_config", config)]) as channel:
        version(channel)

    assert [call.code for call in admin.calls] == ["UNAVAILABLE", "OK"]


def test_so_do_credentials_that_need_no_encryption(admin):
    credentials = grpc.local_channel_credentials()
    with grpc.secure_channel(admin.endpoint, credentials) as channel:
        version(channel)

    assert listens(admin.endpoint)


def test_a_secure_channel_is_answered_too(admin):
    credentials = grpc.ssl_channel_credentials()
    with grpc.secure_channel(admin.endpoint, credentials) as channel:
        version(channel)

    assert not listens(admin.endpoint)


def token(text):
    return grpc.access_token_call_credentials(text)


def test_credentials_add_their_metadata_on_a_secure_channel(admin):
    both = grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), token("channel"))
    with grpc.secure_channel(admin.endpoint, both) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        stub.GetVersion(VERSION, credentials=token("call"), metadata=[("a", "b")])

    assert admin.calls[-1].metadata[1:] == (
        *(("a", "b"), ("authorization", "Bearer channel"), ("authorization", "Bearer call")),
    )


def test_credentials_that_fail_are_told(admin):
    class Broken(grpc.AuthMetadataPlugin):
        def __call__(self, context, callback):
            assert context.service_url.endswith("/flyteidl.service.AdminService")
            assert context.method_name == "GetVersion"
            callback((), ValueError("no token"))

    broken = grpc.metadata_call_credentials(Broken())
    with grpc.secure_channel(admin.endpoint, grpc.ssl_channel_credentials()) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetVersion(VERSION, credentials=broken)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "no token" in caught.value.details()
    assert not admin.calls


def test_asyncio_finds_a_socket(admin):
    async def ask():
        async with grpc.aio.insecure_channel(admin.endpoint) as channel:
            await admin_pb2_grpc.AdminServiceStub(channel).GetVersion(VERSION)

    asyncio.run(ask())

    assert [call.rpc for call in admin.calls] == ["GetVersion"]


@pytest.mark.parametrize("told", [True, False])
def test_a_child_process_finds_a_socket(told):
    with fake_flyte() as admin:
        where = [admin.endpoint] if told else []
        subprocess.run([sys.executable, "-c", ASK, *where], check=True)

        assert [call.rpc for call in admin.calls] == ["GetVersion"]


def test_who_reads_the_variables_finds_a_socket():
    with fake_flyte() as admin:
        assert not listens(admin.endpoint)
        assert listens(admin.variables["FLYTE_PLATFORM_URL"])


def test_who_chooses_the_port_finds_a_socket_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with FakeFlyteAdmin(transport="direct", port=port) as admin:
        assert listens(admin.endpoint)


def _in_a_child(endpoint):
    with grpc.insecure_channel(endpoint) as channel:
        version(channel)


def test_a_child_of_multiprocessing_finds_a_socket(admin):
    child = multiprocessing.get_context("spawn").Process(target=_in_a_child, args=(admin.endpoint,))
    child.start()
    child.join()

    assert child.exitcode == 0
    assert [call.rpc for call in admin.calls] == ["GetVersion"]


FORK = """
import os
import grpc
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc
from flyte_testkit.server import FakeFlyteAdmin

with FakeFlyteAdmin(transport="direct") as admin, admin.channel() as channel:
    child = os.fork()
    if not child:
        for each in (channel, grpc.insecure_channel(admin.endpoint)):
            stub = admin_pb2_grpc.AdminServiceStub(each)
            stub.GetVersion(version_pb2.GetVersionRequest(), timeout=30)
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    assert [call.rpc for call in admin.calls] == ["GetVersion"] * 2
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_asks_its_parents_server_and_no_copy():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=False)

    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_listener_that_was_needed_goes_with_its_server(admin):
    with admin.channel() as channel:
        channel.unary_stream("/a.B/c")
        assert listens(admin.endpoint)
    endpoint = admin.endpoint
    admin._host.stop()

    assert not listens(endpoint)


def test_nothing_is_left_patched():
    before = grpc._channel.Channel.__init__, grpc.aio._channel.Channel.__init__
    children = subprocess.Popen.__init__, multiprocessing.process.BaseProcess.start
    with FakeFlyteAdmin(transport="direct"), FakeFlyteAdmin(transport="direct"), fake_flyte():
        assert subprocess.Popen.__init__ is not children[0]

    assert (grpc._channel.Channel.__init__, grpc.aio._channel.Channel.__init__) == before
    assert (subprocess.Popen.__init__, multiprocessing.process.BaseProcess.start) == children
    assert openings._servers == {}


def test_a_server_that_is_gone_is_unavailable_and_one_that_is_back_answers(admin):
    elsewhere = FakeFlyteAdmin(transport="direct")
    with elsewhere.serving():
        channel = elsewhere.channel()
        version(channel)
    with pytest.raises(grpc.RpcError) as caught:
        version(channel)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    with elsewhere.serving():
        version(channel)

    assert len(elsewhere.calls) == 2
    channel.close()


def test_servers_that_stop_cut_off_what_they_hold_back():
    admin = FakeFlyteAdmin(transport="direct", strict=False)
    with admin.serving():
        channel = admin.channel()
        admin.on().hangs()
        future = admin_pb2_grpc.AdminServiceStub(channel).GetVersion.future(VERSION)
        assert not future.done()
    error = future.exception(timeout=60)

    assert (error.code().name, error.details()) == ("UNAVAILABLE", "Cancelling all calls")
    assert (admin.calls[0].code, admin.calls[0].message) == ("CANCELLED", "the client went away")
    channel.close()


def test_two_servers_keep_apart():
    with ExitStack() as stack:
        kinds = ("direct", "tcp", "direct")
        admins = [stack.enter_context(FakeFlyteAdmin(transport=kind)) for kind in kinds]
        for count, admin in enumerate(admins):
            with admin.channel() as channel:
                for _ in range(count + 1):
                    version(channel)
        assert [len(admin.calls) for admin in admins] == [1, 2, 3]


def test_a_guard_still_refuses_what_leads_away():
    with pytest.raises(UnexpectedUse), fake_flyte():
        grpc.insecure_channel("flyte.example.com:443")
