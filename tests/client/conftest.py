"""The stage of the client's tests: see ``client_stage`` for who plays on it."""

from __future__ import annotations

import grpc
import pytest
from client_stage import STORIES, Failure, FakeTime, Nodes, ScriptedServer, Story, WireServer

from flyte_testkit.client import Config, FlyteRemote, _time


@pytest.fixture
def server():
    return ScriptedServer()


@pytest.fixture
def fake_time(monkeypatch):
    time = FakeTime()
    monkeypatch.setattr(_time, "monotonic", time.monotonic)
    monkeypatch.setattr(_time, "sleep", time.sleep)
    return time


@pytest.fixture
def remote(server, fake_time):
    config = Config.for_endpoint("localhost:1", insecure=True)
    return FlyteRemote(config, "flytesnacks", "development", channel=server, seed=0)


@pytest.fixture
def failure():
    return lambda code, details="boom": Failure(grpc.StatusCode[code], details)


@pytest.fixture
def wire(server):
    running = WireServer(server)
    yield running
    running.stop()


@pytest.fixture
def story(server):
    """Let the scripted server tell a recorded story, by its name."""

    def tell(name: str) -> ScriptedServer:
        Story(STORIES[name]).tell(server)
        return server

    return tell


@pytest.fixture
def nodes(server):
    return Nodes(server)
