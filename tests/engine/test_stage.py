"""What an engine tells of an execution, as messages."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from flyteidl.core import identifier_pb2, literals_pb2

from flyte_testkit.engine.stage import Stage, error_of
from flyte_testkit.propeller.wording import Worded

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def stage():
    of = identifier_pb2.WorkflowExecutionIdentifier(project="p", domain="d", name="e1")
    return Stage(of, "s3://b/e1", literals_pb2.LiteralMap(), literals_pb2.LiteralMap())


def fields(act):
    return {descriptor.name for descriptor, _ in act.request.event.ListFields()}


@pytest.mark.parametrize("phase", ["QUEUED", "RUNNING", "ABORTED"])
def test_an_event_without_an_address_has_none_at_all(stage, phase):
    assert "output_uri" not in fields(stage.workflow_event(NOW, phase))
    assert not {"input_uri", "output_uri"} & fields(stage.node_event(NOW, "n0", phase))


def test_the_start_has_outputs_alone_and_the_end_inputs_alone(stage):
    _, start = stage.start(NOW)
    queued, succeeded, _ = stage.wind_up(NOW)

    assert {"input_uri", "output_uri"} & fields(start) == {"output_uri"}
    for end in (queued, succeeded):
        assert {"input_uri", "output_uri"} & fields(end) == {"input_uri"}


def test_a_success_says_where_its_outputs_are(stage):
    assert stage.success(NOW).request.event.output_uri == "s3://b/e1/end-node/data/0/outputs.pb"


def test_an_error_has_a_time_exactly_when_the_process_of_a_task_wrote_it():

    timed = {
        code: error_of(Worded("no", code), NOW).HasField("timestamp")
        for code in ("USER:RuntimeError", "SYSTEM", "RetriesExhausted|USER:Recoverable", "Timeout")
    }
    assert list(timed.values()) == [True, True, False, False]
