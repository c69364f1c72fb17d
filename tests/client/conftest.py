"""A scripted server without sockets, and a time that only sleeping moves."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from flyte_testkit.client import Config, FlyteRemote, _time


class Failure(grpc.RpcError, grpc.Call):
    """What a client meets when a call fails."""

    def __init__(self, code: grpc.StatusCode, details: str = "boom") -> None:
        super().__init__()
        self._code, self._text = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._text

    def _nothing(self, *_: Any) -> None:
        return None

    initial_metadata = trailing_metadata = is_active = time_remaining = cancel = add_callback = (
        _nothing
    )


class ScriptedServer(grpc.Channel):
    """A channel that answers from functions: ``server.on(GetExecution=lambda request: ...)``.

    An answer that is an exception is raised. ``calls`` remembers (rpc, request, timeout, metadata).
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.calls: list[Any] = []

    def on(self, **answers: Any) -> ScriptedServer:
        self.answers.update(answers)
        return self

    @property
    def rpcs(self) -> list[str]:
        return [call[0] for call in self.calls]

    def unary_unary(self, method: str, *_: Any, **__: Any) -> Any:
        rpc = method.rpartition("/")[2]

        def call(request: Any, timeout: Any = None, metadata: Any = None) -> Any:
            self.calls.append((rpc, request, timeout, metadata))
            if rpc not in self.answers:
                raise Failure(grpc.StatusCode.UNIMPLEMENTED, f"{rpc} is not scripted")
            answer = self.answers[rpc](request)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return call

    def _unused(self, *_: Any, **__: Any) -> Any:
        return None

    unary_stream = stream_unary = stream_stream = subscribe = unsubscribe = close = _unused
    __enter__ = __exit__ = _unused


class FakeTime:
    """Time that sleeping moves, and ``spend``."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    @property
    def elapsed(self) -> float:
        return round(self.now - 1_000.0, 6)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def spend(self, seconds: float) -> None:
        self.now += seconds


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
