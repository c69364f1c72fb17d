"""flytekit's models and our client's read what strategies draw: ``benchmarks/soak.py``, briefly."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
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
    unasked = soak.counts["read"] if name in SCRIPT["UNREAD"] or not SCRIPT["FLYTEKIT"] else 0
    assert soak.counts["unasked"] == unasked


def test_a_message_that_cannot_be_read_is_found_and_shrunk(monkeypatch):
    def refuse(value):
        assert not value.message, "no messages, please"

    monkeypatch.setitem(Soak.read.__globals__, "read_all", refuse)
    soak = Soak("execution_errors")

    assert not soak.draw(25, within=QUICK)
    assert soak.failing == core.ExecutionError(code="USER:RuntimeError", message="0", kind="USER")
    assert "no messages, please" in str(soak.error)
