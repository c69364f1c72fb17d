"""TLS, tokens, and what a channel is made with."""

from __future__ import annotations

import base64
import contextlib
import json
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import grpc
import pytest
from client_stage import WireServer
from flyteidl.admin import execution_pb2
from flyteidl.service import auth_pb2

from flyte_testkit.client import Config, FlyteRemote, PlatformConfig
from flyte_testkit.client._channel import open_channel
from flyte_testkit.client.exceptions import (
    FlyteAssertion,
    FlyteAuthenticationException,
    FlyteSystemUnavailableException,
)

TLS = Path(__file__).parent / "tls"


def remote_for(platform, **kwargs):
    return FlyteRemote(Config(platform), "flytesnacks", "development", **kwargs)


# --------------------------------------------------------------------------------------------- TLS


class Everything(grpc.GenericRpcHandler):
    def service(self, _):
        return grpc.unary_unary_rpc_method_handler(
            lambda *_: execution_pb2.ExecutionList().SerializeToString()
        )


@pytest.fixture
def tls_port():
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Everything(),))
    pair = ((TLS / "key.pem").read_bytes(), (TLS / "cert.pem").read_bytes())
    # By number: localhost may have two addresses, and a port that is free on one of them only.
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    yield port
    server.stop(None).wait()


def test_a_certificate_of_a_known_authority_is_trusted(tls_port):
    platform = PlatformConfig(f"localhost:{tls_port}", ca_cert_file_path=str(TLS / "cert.pem"))

    with remote_for(platform) as remote:
        assert remote.recent_executions() == []


def test_any_certificate_is_trusted_if_asked_for(tls_port):
    platform = PlatformConfig(f"localhost:{tls_port}", insecure_skip_verify=True)

    with remote_for(platform) as remote:
        assert remote.recent_executions() == []


def test_an_unknown_certificate_is_not_trusted(tls_port):
    platform = PlatformConfig(f"localhost:{tls_port}", rpc_retries=0)

    with remote_for(platform) as remote, pytest.raises(FlyteSystemUnavailableException):
        remote.recent_executions()


def test_loopback_needs_no_proxy(wire, server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.on(ListExecutions=lambda _: execution_pb2.ExecutionList())

    with remote_for(PlatformConfig(wire.endpoint, insecure=True)) as remote:
        assert remote.recent_executions() == []


# ------------------------------------------------------------------------------------------ tokens


@pytest.fixture
def token_server():
    """Gives token-1, token-2, … and remembers what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.append((form, self.headers["Authorization"]))
            body = json.dumps({"access_token": f"token-{len(asked)}"}).encode()
            if form.get("scope") == ["broken"]:
                body = b"{}"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    http.asked = asked
    http.url = f"http://127.0.0.1:{http.server_port}/token"
    yield http
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def guarded(server, token_server, failure):
    """Let the scripted server take one token only; returns what sets which."""
    good = {"token": "token-1"}

    def listing(_):
        metadata = dict(server.calls[-1][3] or ())
        if metadata.get("flyte-authorization") != f"Bearer {good['token']}":
            return failure("UNAUTHENTICATED", "who are you")
        return execution_pb2.ExecutionList()

    server.on(
        ListExecutions=listing,
        GetPublicClientConfig=lambda _: auth_pb2.PublicClientAuthConfigResponse(
            scopes=["all"], authorization_metadata_key="flyte-authorization", audience="them"
        ),
        GetOAuth2Metadata=lambda _: auth_pb2.OAuth2MetadataResponse(
            token_endpoint=token_server.url
        ),
    )
    return good


def credentials(**more):
    return PlatformConfig(
        "localhost:1",
        insecure=True,
        auth_mode="ClientSecret",
        client_id="me",
        client_credentials_secret="hu/sh",
        **more,
    )


def test_a_token_is_fetched_once_and_sent_with_every_call(server, guarded, token_server):
    remote = remote_for(credentials(), channel=server)
    remote.recent_executions()
    remote.recent_executions()

    form, authorization = token_server.asked[0]
    assert len(token_server.asked) == 1
    assert form == {"grant_type": ["client_credentials"], "scope": ["all"], "audience": ["them"]}
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"me:hu%2Fsh"


def test_scopes_and_audience_can_be_configured(server, guarded, token_server):
    remote_for(credentials(scopes=("a", "b"), audience="us"), channel=server).recent_executions()

    form, _ = token_server.asked[0]
    assert (form["scope"], form["audience"]) == (["a b"], ["us"])


def test_a_token_that_has_expired_is_fetched_anew(server, guarded, token_server):
    remote = remote_for(credentials(), channel=server)
    remote.recent_executions()
    guarded["token"] = "token-2"

    assert remote.recent_executions() == []
    assert len(token_server.asked) == 2


def test_a_server_that_takes_no_token_is_told_as_such(server, guarded, token_server):
    guarded["token"] = "another"

    with pytest.raises(FlyteAuthenticationException, match="UNAUTHENTICATED: who are you"):
        remote_for(credentials(), channel=server).recent_executions()
    assert len(token_server.asked) == 2


def test_without_credentials_unauthenticated_says_what_this_client_can_do(server, guarded):
    remote = remote_for(PlatformConfig("localhost:1", insecure=True), channel=server)

    with pytest.raises(FlyteAuthenticationException, match="auth_mode is 'client_credentials'"):
        remote.recent_executions()


def test_a_server_without_authentication_is_told_as_such(server, token_server):
    with pytest.raises(FlyteAuthenticationException, match="does not tell where tokens are given"):
        remote_for(credentials(), channel=server).recent_executions()


@pytest.mark.parametrize("scope", ["broken", "gone"])
def test_a_token_that_is_not_given_is_told_with_the_place(server, guarded, token_server, scope):
    if scope == "gone":
        server.on(
            GetOAuth2Metadata=lambda _: auth_pb2.OAuth2MetadataResponse(
                token_endpoint="http://127.0.0.1:9/token"
            )
        )
    with pytest.raises(FlyteAuthenticationException, match="No token for client 'me' from 'http"):
        remote_for(credentials(scopes=(scope,)), channel=server).recent_executions()


def test_credentials_must_be_complete():
    with pytest.raises(FlyteAssertion, match="client_id is None, the secret is not set"):
        remote_for(PlatformConfig("localhost:1", auth_mode="client_credentials"))


# ------------------------------------------------------------------------------------- connecting


class SlowDoor:
    """A port in front of a server that lets a connection wait, before it passes anything on.

    It waits for the client to hang up, and when the client has shown its patience it opens.
    """

    def __init__(self, port, patience):
        self._port, self._patience = port, patience
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.hung_up = 0
        self._ends = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        for end in (self._listening, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # which wakes accept and recv
        self._thread.join()
        for end in (self._listening, *self._ends):
            end.close()

    def _serve(self):
        with contextlib.suppress(OSError), ThreadPoolExecutor() as pool:
            while True:
                client, _ = self._listening.accept()
                if self._waits(client):
                    server = socket.create_connection(("127.0.0.1", self._port))
                    self._ends += [client, server]
                    pool.submit(self._pass_on, client, server)
                    pool.submit(self._pass_on, server, client)

    def _waits(self, client):
        """Whether a client is still there after all this time; what it says is left unread."""
        watched = select.poll()
        watched.register(client, select.POLLRDHUP)
        gone = bool(watched.poll(self._patience * 1000))
        self.hung_up += gone
        if gone:
            client.close()
        return not gone

    def _pass_on(self, here, there):
        with contextlib.suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="Linux alone tells who hung up")
def test_a_server_that_is_far_away_is_not_unavailable(wire, server):
    server.on(ListExecutions=lambda _: execution_pb2.ExecutionList())
    door = SlowDoor(wire.port, patience=0.4)

    platform = PlatformConfig(door.endpoint, insecure=True, rpc_retries=0)
    with contextlib.closing(door), remote_for(platform) as remote:
        assert remote.recent_executions() == []
    assert door.hung_up == 0


def test_a_server_that_comes_back_is_found_soon(server):
    server.on(ListExecutions=lambda _: execution_pb2.ExecutionList())
    first = WireServer(server)
    platform = PlatformConfig(first.endpoint, insecure=True, rpc_retries=0)
    with remote_for(platform) as remote:
        remote.recent_executions()
        first.stop()
        for _ in range(20):  # an outage, in which gRPC could learn to wait for longer and longer
            with pytest.raises(FlyteSystemUnavailableException):
                remote.recent_executions()

        second = WireServer(server, first.port)
        came_back = time.monotonic()
        while True:
            try:
                remote.recent_executions()
            except FlyteSystemUnavailableException:
                assert time.monotonic() - came_back < 10
            else:
                break
        second.stop()


@pytest.mark.parametrize("host", ["localhost", "flyte.example.com"])
def test_a_connection_may_take_its_time_and_is_tried_again_soon(host, monkeypatch):
    opened = {}
    monkeypatch.setattr(grpc, "insecure_channel", lambda _, options: opened.update(options))
    open_channel(PlatformConfig(f"{host}:81", insecure=True))

    assert opened["grpc.min_reconnect_backoff_ms"] == 20_000  # which is the time of an attempt
    assert opened["grpc.initial_reconnect_backoff_ms"] == 100
