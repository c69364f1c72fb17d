"""flytekit's models and our client's read what strategies draw: ``benchmarks/soak.py``, briefly."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core
from hypothesis import HealthCheck, settings

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "soak.py"))
Soak = SCRIPT["Soak"]
# Other tests may share the machine.
QUICK = settings(SCRIPT["SETTINGS"], suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", SCRIPT["STRATEGIES"])
def test_both_readers_read_every_message(name):
    soak = Soak(name)

    assert soak.draw(25, within=QUICK), f"{soak.error!r}\n{soak.failing}"


def test_what_flytekit_does_not_read_is_read_by_our_client():
    soak = Soak("messages(Execution)")

    soak.read(execution_pb2.Execution(closure={"outputs": {"values": {}}}))

    assert soak.counts == {"read": 1, "unasked": 1}


@pytest.mark.skipif(not SCRIPT["FLYTEKIT"], reason="flytekit is an extra")
@pytest.mark.parametrize("name", ["executions", "messages(Execution)"])
def test_what_a_server_sends_is_never_kept_from_flytekit(name):
    soak = Soak(name)

    soak.read(execution_pb2.Execution(closure={"outputs": {"uri": "s3://b/outputs.pb"}}))

    assert soak.counts == {"read": 1}


def test_a_message_that_cannot_be_read_is_found_and_shrunk(monkeypatch):
    def refuse(value):
        assert not value.message, "no messages, please"

    monkeypatch.setitem(Soak.read.__globals__, "read_all", refuse)
    soak = Soak("execution_errors")

    assert not soak.draw(25, within=QUICK)
    assert soak.failing == core.ExecutionError(code="USER:RuntimeError", message="0", kind="USER")
    assert "no messages, please" in str(soak.error)
