from __future__ import annotations

import pytest
from flyteidl.admin.node_execution_pb2 import NodeExecutionClosure
from google.protobuf.timestamp_pb2 import Timestamp
from run_builders import at, node_event, refusal

from flyte_testkit.admin.runs import event_parts

TOO_LATE = Timestamp(seconds=253_402_300_800)


def test_a_time_out_of_range_is_refused_wherever_it_is_read():
    event, closure = node_event("RUNNING", TOO_LATE), NodeExecutionClosure()
    start = event_parts.started_at(node_event("RUNNING", 1), closure)

    assert refusal(event_parts.column_time, event, reported=False, refusal="no time") == (
        "INTERNAL",
        "no time",
    )
    for call in (
        lambda: event_parts.started_at(event, closure),
        lambda: event_parts.ended_after(event, closure, start, kind="node execution"),
    ):
        code, message = refusal(call)
        assert code == "INTERNAL"
        assert "after 10000-01-01" in message


@pytest.mark.parametrize("report", [None, at(0)])
def test_an_event_that_was_not_reported_happened_when_it_happened(report):
    event, closure = node_event("QUEUED", 10, reported_at=report), NodeExecutionClosure()

    event_parts.copy_times(event, closure, first=True)

    assert closure.created_at == closure.updated_at == at(10)


def test_an_event_without_any_time_leaves_the_closure_without():
    closure = NodeExecutionClosure(updated_at=at(9))

    event_parts.copy_times(node_event("QUEUED"), closure, first=False)

    assert not closure.HasField("updated_at")


def test_durations_end_at_292_years():
    closure = NodeExecutionClosure()
    start = event_parts.started_at(node_event("RUNNING", -62_000_000_000), closure)

    length = event_parts.ended_after(
        node_event("SUCCEEDED", 200_000_000_000), closure, start, kind="node execution"
    )

    assert length == 2**63 - 1
    assert closure.duration.seconds == 9_223_372_036
