"""Which phase an execution may go to from which (§9.1), as a table, held to what was recorded."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, execution_id
from flyteidl.admin import event_pb2
from flyteidl.core.execution_pb2 import WorkflowExecution
from flyteidl.event import event_pb2 as events
from google.protobuf import json_format

from flyte_testkit.admin.database import times
from flyte_testkit.admin.errors import AdminError

RECORDED = Path(__file__).parents[2] / "fixtures" / "recordings" / "events.jsonl.gz"

PHASES = WorkflowExecution.Phase.keys()

# Rows are phases, columns the phases that events bring, both in the order of PHASES:
# . taken, = recorded already, < back to the queue, x stopping, # ended.
TABLE = """
                 U Q R s S f F A T a
    UNDEFINED    = . . . . . . . . .
    QUEUED       . . . . . . . . . .
    RUNNING      . < = . . . . . . .
    SUCCEEDING   . . . = . . . . . .
    SUCCEEDED    # # # # = # # # # #
    FAILING      . . . . . = . . . .
    FAILED       # # # # # # = # # #
    ABORTED      # # # # # # # = # #
    TIMED_OUT    # # # # # # # # = #
    ABORTING     x x x x . x . . . =
"""
CELLS = {
    (row.split()[0], coming): cell
    for row in TABLE.strip().splitlines()[1:]
    for coming, cell in zip(PHASES, row.split()[1:], strict=True)
}

SAID = {
    "=": ("ALREADY_EXISTS", "This phase {coming} was already recorded for"),
    "<": ("FAILED_PRECONDITION", "Cannot go from {current} to {coming} for"),
    "x": ("FAILED_PRECONDITION", "Invalid phase change from aborting to {coming} for"),
    "#": ("FAILED_PRECONDITION", "Invalid phase change from {current} to {coming} for"),
}
PLAIN = {"", "propeller"}  # producers that are no cluster


def expected(current, coming):
    """Code, beginning of the text, and the phase in the details; or that the event is taken."""
    cell = CELLS[current, coming]
    if cell == ".":
        return ("OK", "", None)
    code, text = SAID[cell]
    text = f"{text.format(current=current, coming=coming)} workflow execution "
    return code, text, current if cell == "#" else None


def recorded_moves():
    """Every event that a real server was sent for an execution whose phase is known."""
    for line in gzip.decompress(RECORDED.read_bytes()).splitlines():
        phases = {}
        for step in json.loads(line)["steps"]:
            rpc = step.get("call", "").rpartition("/")[2]
            request, answer = step.get("request", {}), step["answer"]
            if rpc == "CreateExecution" and answer["code"] == "OK":
                phases[tuple(sorted(answer["reply"]["id"].items()))] = "UNDEFINED"
            elif rpc == "TerminateExecution" and answer["code"] == "OK":
                phases[tuple(sorted(request["id"].items()))] = "ABORTING"
            elif rpc == "CreateWorkflowEvent":
                event = request.get("event", {})
                key = tuple(sorted(event.get("execution_id", {}).items()))
                coming = event.get("phase", "UNDEFINED")
                current = phases.get(key)
                if current in PHASES and coming in PHASES and is_plain(event, answer):
                    yield current, coming, answer
                if answer["code"] == "OK":
                    phases[key] = coming


def is_plain(event, answer):
    """Whether only its phase spoke against an event: not its time, its sender or its content."""
    about_content = answer["code"] in {"RESOURCE_EXHAUSTED", "UNKNOWN"}
    return "occurred_at" in event and event.get("producer_id", "") in PLAIN and not about_content


@pytest.fixture
def send(executions, make):
    """Sends an event to execution ``e1``, which is there."""
    make.execution()

    def send(phase, seconds):
        event = events.WorkflowExecutionEvent(phase=phase, execution_id=execution_id())
        event.occurred_at.CopyFrom(times.stamp(NOW + timedelta(seconds=seconds)))
        request = event_pb2.WorkflowExecutionEventRequest(event=event)
        executions.create_workflow_event(request, NOW + timedelta(seconds=seconds))

    return send


@pytest.mark.parametrize("coming", PHASES)
@pytest.mark.parametrize("current", PHASES)
def test_an_event_is_taken_or_refused_as_the_table_says(send, make, current, coming):
    if current != "UNDEFINED":
        send(current, 1)
    before = make.store.executions.get("p", "development", "e1")
    code, text, phase = expected(current, coming)

    if code == "OK":
        send(coming, 2)
        assert make.store.executions.get("p", "development", "e1").phase == coming
        return
    with pytest.raises(AdminError) as refusal:
        send(coming, 2)
    assert refusal.value.code == code
    assert refusal.value.message == f'{text}project:"p" domain:"development" name:"e1"'
    details = [detail.already_in_terminal_state.current_phase for detail in refusal.value.details]
    assert details == ([phase] if phase else [])
    assert make.store.executions.get("p", "development", "e1") == before


def test_the_table_is_what_a_real_server_did():
    seen = set()
    for current, coming, answer in recorded_moves():
        code, text, phase = expected(current, coming)
        assert answer["code"] == code, (current, coming, answer)
        assert answer.get("message", "").startswith(text), (current, coming, answer)
        assert [current_phase(detail) for detail in answer.get("details", ())] == (
            [phase] if phase else []
        )
        seen.add((current, coming))

    assert {CELLS[pair] for pair in seen} == set(CELLS.values())  # every kind of answer is recorded


def current_phase(detail):
    reason = event_pb2.EventFailureReason()
    plain = {key: value for key, value in detail.items() if key != "@type"}
    return json_format.ParseDict(plain, reason).already_in_terminal_state.current_phase
