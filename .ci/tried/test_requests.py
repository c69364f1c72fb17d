"""Pauses between retries move the clock (`Retry(backoff_factor=…)`); `timeout=` is the socket's, so real."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from flyte_testkit import running


class Hook(BaseHTTPRequestHandler):
    """Is away for some requests, and takes the rest."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.send_response(503 if self.server.asked <= self.server.away else 204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    """Serve to all tests, and so in real time."""
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(server):
    server.asked = server.away = 0
    return server


@pytest.fixture
def session():
    retry = Retry(total=5, backoff_factor=10, status_forcelist=[503], allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retry))
        yield session


def tell(session, hook, remote, name):
    """The code under test: waits for a run, and tells a web hook how it ended."""
    run = remote.wait(remote.fetch_execution(name=name))
    url = f"http://127.0.0.1:{hook.server_port}/"
    return session.post(url, json={"name": name, "ok": run.is_successful}, timeout=30)


def test_a_hook_is_told_at_once(flyte_admin, flyte_client, session, hook):
    flyte_admin.add_execution("train", running(3600).succeeds())

    answer = tell(session, hook, flyte_client, "train")

    assert answer.status_code == 204
    assert answer.elapsed.total_seconds() < 1
    assert flyte_admin.clock.elapsed == 3600


def test_a_hook_that_is_away_is_told_virtual_minutes_later(
    flyte_admin, flyte_client, session, hook
):
    hook.away = 3
    flyte_admin.add_execution("train", running(3600).succeeds())

    assert tell(session, hook, flyte_client, "train").status_code == 204
    assert flyte_admin.clock.elapsed - 3600 == 20 + 40  # the first comes at once
