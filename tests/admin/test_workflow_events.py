from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, execution_id, literals
from flyteidl.admin import event_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.event import event_pb2 as core_event_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin import times
from flyte_testkit.admin.blobs import CONTAINER, read_literals
from flyte_testkit.admin.errors import AdminError

Phase = core_execution_pb2.WorkflowExecution.Phase
TERMINAL = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
ALL = ["UNDEFINED", "QUEUED", "RUNNING", "SUCCEEDING", "FAILING", "ABORTING", *TERMINAL]
ID = 'project:"p" domain:"development" name:"e1"'


@pytest.fixture
def send(executions, make):
    """Sends an event to execution ``e1``, which is there; returns its row afterwards."""
    make.execution()

    def send(phase, at=1, **fields):
        if isinstance(phase, str):
            phase = Phase.Value(phase)
        fields.setdefault("execution_id", execution_id())
        if at is not None:
            fields["occurred_at"] = times.stamp(NOW + timedelta(seconds=at))
        event = core_event_pb2.WorkflowExecutionEvent(phase=phase, **fields)
        executions.create_workflow_event(
            event_pb2.WorkflowExecutionEventRequest(event=event), NOW + timedelta(hours=1)
        )
        return make.store.executions.get("p", "development", "e1")

    return send


@pytest.fixture
def bring_to(send, make, executions):
    """Brings ``e1`` into a phase, if that takes an event."""

    def bring_to(phase):
        if phase != "UNDEFINED":
            send(phase)
        return make.store.executions.get("p", "development", "e1")

    return bring_to


def refusal_of(send, phase, **fields):
    with pytest.raises(AdminError) as refusal:
        send(phase, **fields)
    return refusal.value


def expected_answer(current, coming):  # §9.1's table, cell by cell
    if current == coming and coming != "QUEUED":
        return "ALREADY_EXISTS", f"This phase {coming} was already recorded for workflow execution"
    if current in TERMINAL:
        return (
            "FAILED_PRECONDITION",
            f"Invalid phase change from {current} to {coming} for workflow execution",
        )
    if (current, coming) == ("RUNNING", "QUEUED"):
        return (
            "FAILED_PRECONDITION",
            "Cannot go from RUNNING to QUEUED for workflow execution",
        )
    if current == "ABORTING" and coming not in TERMINAL:
        return (
            "FAILED_PRECONDITION",
            f"Invalid phase change from aborting to {coming} for workflow execution",
        )
    return None


@pytest.mark.parametrize("coming", ALL)
@pytest.mark.parametrize("current", ALL)
def test_every_move_is_taken_or_refused_as_the_table_says(bring_to, send, current, coming):
    before = bring_to(current)
    expected = expected_answer(current, coming)

    if expected is None:
        assert send(coming, at=2).phase == coming
        return
    refusal = refusal_of(send, coming, at=2)
    assert (refusal.code, refusal.message) == (expected[0], f"{expected[1]} {ID}")
    assert bring_to("UNDEFINED") == before


def test_leaving_an_end_is_refused_with_the_phase_it_ended_in(send):
    send("FAILED")

    (detail,) = refusal_of(send, "SUCCEEDED").details

    assert detail.already_in_terminal_state.current_phase == "FAILED"


@pytest.mark.parametrize("phase", ["RUNNING", "FAILED"])
def test_a_repeated_phase_is_refused_without_a_detail(send, phase):
    send(phase)

    assert refusal_of(send, phase).details == ()


def test_an_event_that_is_not_there_is_refused(executions):
    with pytest.raises(AdminError, match=r"^Workflow event handler was called without event$"):
        executions.create_workflow_event(event_pb2.WorkflowExecutionEventRequest(), NOW)


def test_an_event_without_an_execution_is_refused_and_printed(executions):
    event = core_event_pb2.WorkflowExecutionEvent(phase=Phase.Value("RUNNING"))

    with pytest.raises(AdminError) as refusal:
        executions.create_workflow_event(event_pb2.WorkflowExecutionEventRequest(event=event), NOW)

    assert refusal.value.message == (
        "Workflow event handler request event doesn't have an execution id - phase:RUNNING"
    )


def test_an_unknown_execution_is_not_found_whatever_its_org(send):
    id_ = execution_id("e9")
    id_.org = "acme"

    refusal = refusal_of(send, "RUNNING", execution_id=id_)

    assert refusal.code == "NOT_FOUND"
    assert refusal.message == (
        "missing entity of type execution with identifier "
        'project:"p" domain:"development" name:"e9"'
    )


def test_outputs_of_more_than_two_mebibytes_are_refused_before_the_execution_is_looked_up(send):
    outputs = literals(x="a" * (2 * 2**20))

    refusal = refusal_of(send, "SUCCEEDED", execution_id=execution_id("e9"), output_data=outputs)

    assert refusal.code == "RESOURCE_EXHAUSTED"
    assert refusal.message == (
        f"Output data size exceeds platform configured threshold ({outputs.ByteSize()} > 2097152)"
    )


def test_an_empty_part_of_the_id_fits_any_execution_and_the_outputs_go_under_the_events_id(send):
    row = send("SUCCEEDED", execution_id=execution_id("", domain=""), output_data=literals(x=1))

    assert row.message.closure.outputs.uri == f"{CONTAINER}/metadata/p///offloaded_outputs"


def test_an_event_without_a_time_is_an_internal_error_and_changes_nothing(send, make):
    before = make.store.executions.get("p", "development", "e1")

    refusal = refusal_of(send, "SUCCEEDED", at=None, output_data=literals(x=1))

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        "Failed to parse OccurredAt: timestamp: nil Timestamp",
    )
    assert make.store.executions.get("p", "development", "e1") == before
    assert not make.store.blobs


# --- clusters


@pytest.mark.parametrize("phase", ["RUNNING", "UNDEFINED", "SUCCEEDED"])
def test_a_cluster_that_does_not_run_the_execution_is_refused(send, phase):
    send("SUCCEEDING")

    refusal = refusal_of(send, phase, producer_id="east")

    assert refusal.message == (
        "Cluster/producer from event [east] does not match existing workflow execution "
        "clusterInDB: []"
    )
    assert refusal.details[0].incompatible_cluster.cluster == "east"


def test_the_phase_is_compared_before_the_cluster_and_the_cluster_before_the_end(send):
    send("SUCCEEDED")

    assert refusal_of(send, "SUCCEEDED", producer_id="east").code == "ALREADY_EXISTS"
    assert refusal_of(send, "FAILED", producer_id="east").message.startswith("Cluster/producer")


@pytest.mark.parametrize("producer", ["", "propeller"])
def test_a_nameless_engine_may_always_speak(send, producer):
    send("QUEUED", producer_id="west")

    assert send("RUNNING", producer_id=producer).cluster == "west"


@pytest.mark.parametrize("producer", ["Propeller", "propeller ", " "])
def test_only_the_exact_name_of_the_engine_is_nameless(send, producer):
    assert refusal_of(send, "RUNNING", producer_id=producer).code == "FAILED_PRECONDITION"


def test_a_queued_event_moves_the_execution_to_its_cluster(send):
    send("QUEUED", producer_id="west")
    row = send("QUEUED", producer_id="east")

    assert row.cluster == "east"
    assert row.message.spec.metadata.system_metadata.execution_cluster == "east"
    assert send("RUNNING", producer_id="east").phase == "RUNNING"


def test_a_queued_event_of_a_cluster_does_not_wake_what_has_ended(send):
    send("SUCCEEDED")

    assert refusal_of(send, "QUEUED", producer_id="east").code == "FAILED_PRECONDITION"


# --- phases without a name


def test_an_unknown_phase_is_stored_and_then_taken_for_undefined(send):
    assert send(42).phase == "42"
    assert send(42).message.closure.phase == 42
    assert refusal_of(send, "UNDEFINED").message.startswith("This phase UNDEFINED was already")
    assert send("RUNNING").phase == "RUNNING"


def test_an_unknown_phase_is_no_way_out_of_aborting_or_of_an_end(send):
    send("ABORTING")
    assert refusal_of(send, 42).message.startswith("Invalid phase change from aborting to 42 for")
    send("ABORTED")
    assert refusal_of(send, 42).message.startswith("Invalid phase change from ABORTED to 42 for")


# --- times


def test_running_starts_the_execution_each_time_and_nothing_stops_it_again(send):
    send("RUNNING", at=10)
    send("UNDEFINED", at=11)
    row = send("QUEUED", at=12)
    assert row.started_at == NOW + timedelta(seconds=10)

    row = send("RUNNING", at=20)
    assert row.started_at == NOW + timedelta(seconds=20)
    assert row.message.closure.started_at == times.stamp(row.started_at)


def test_an_end_has_a_duration_if_there_was_a_start(send):
    send("RUNNING", at=10)

    row = send("SUCCEEDED", at=70)

    assert row.duration == 60 * 10**9
    assert row.message.closure.duration.ToJsonString() == "60s"


def test_an_end_at_the_start_has_a_duration_of_nothing(send):
    send("RUNNING", at=10)

    assert send("FAILED", at=10).message.closure.HasField("duration")


def test_an_end_without_a_start_has_no_duration(send):
    row = send("FAILED", at=70)

    assert row.duration == 0
    assert not row.message.closure.HasField("duration")
    assert not row.message.closure.HasField("started_at")


def test_the_duration_counts_from_the_start_cut_to_microseconds(send):
    send("RUNNING", at=None, occurred_at=Timestamp(seconds=10, nanos=123_456_789))

    row = send("SUCCEEDED", at=None, occurred_at=Timestamp(seconds=20, nanos=123_456_789))

    assert row.message.closure.duration.ToJsonString() == "10.000000789s"


def test_the_update_time_is_the_events_and_may_go_back_before_the_creation(send):
    send("RUNNING", at=10)

    row = send("SUCCEEDED", at=-10)

    assert row.execution_updated_at == NOW - timedelta(seconds=10)
    assert row.message.closure.updated_at == times.stamp(row.execution_updated_at)
    assert row.message.closure.created_at == times.stamp(NOW)
    assert row.duration == -20 * 10**9
    assert row.updated_at == NOW + timedelta(hours=1)


# --- results


def error(**fields):
    return core_execution_pb2.ExecutionError(**fields)


@pytest.mark.parametrize("phase", ["RUNNING", "FAILING", "SUCCEEDED", "FAILED"])
def test_an_output_uri_is_kept_in_any_phase(send, phase):
    assert send(phase, output_uri="any text").message.closure.outputs.uri == "any text"


@pytest.mark.parametrize("phase", ["QUEUED", "SUCCEEDED", "FAILED"])
def test_inline_outputs_are_written_to_the_store_in_any_phase(send, make, phase):
    row = send(phase, output_data=literals(x=1))

    uri = f"{CONTAINER}/metadata/p/development/e1/offloaded_outputs"
    assert row.message.closure.outputs.uri == uri
    assert read_literals(make.store, uri) == literals(x=1)
    assert not row.message.closure.outputs.HasField("values")


def test_an_error_is_kept_in_message_and_columns(send):
    failed = error(code="C", message="m", kind=core_execution_pb2.ExecutionError.SYSTEM)

    row = send("RUNNING", error=failed)

    assert row.message.closure.error == failed
    assert (row.error_kind, row.error_code) == ("SYSTEM", "C")


def test_an_empty_error_wipes_the_last_one(send):
    send("FAILING", error=error(code="C", message="m", kind=core_execution_pb2.ExecutionError.USER))

    row = send("FAILED", error=error())

    assert row.message.closure.HasField("error")
    assert row.message.closure.error.message == ""
    assert (row.error_kind, row.error_code) == ("UNKNOWN", "")


def test_an_error_kind_without_a_name_is_its_number(send):
    assert send("FAILED", error=error(kind=7)).error_kind == "7"


def test_the_error_of_failing_survives_an_end_without_one_even_success(send):
    send("FAILING", error=error(code="C"))

    assert send("SUCCEEDED").message.closure.error.code == "C"


def test_outputs_replace_an_error_in_the_message_and_not_in_the_columns(send):
    send("FAILING", error=error(code="C"))

    row = send("SUCCEEDED", output_data=literals())

    assert row.message.closure.WhichOneof("output_result") == "outputs"
    assert row.error_code == "C"


def test_an_empty_output_uri_is_no_result(send):
    send("FAILING", error=error(code="C"))

    assert send("FAILED", output_uri="").message.closure.error.code == "C"


def test_a_nul_in_an_error_code_is_refused_by_the_database_and_one_in_its_message_is_kept(send):
    refusal = refusal_of(send, "FAILED", error=error(code="\0"))

    assert (refusal.code, refusal.message) == (
        "UNKNOWN",
        'failed database operation with invalid byte sequence for encoding "UTF8": 0x00',
    )
    assert send("FAILED", error=error(message="a\0b")).message.closure.error.message == "a\0b"


def test_an_end_that_nobody_asked_for_shows_an_empty_cause(send):
    row = send("ABORTED", error=error(code="C"))

    assert row.message.closure.WhichOneof("output_result") == "abort_metadata"
    assert row.message.closure.abort_metadata.cause == ""
    assert row.error_code == "C"


def test_the_cause_of_a_termination_survives_every_end_without_a_result(send, executions, identity):
    with identity.acting_as("ada"):
        executions.terminate_execution(
            execution_pb2.ExecutionTerminateRequest(id=execution_id(), cause="enough"), NOW
        )

    metadata = send("FAILED").message.closure.abort_metadata

    assert (metadata.cause, metadata.principal) == ("enough", "ada")


@pytest.mark.parametrize("result", [{"error": error(code="C")}, {"output_uri": "s3://b/k"}])
def test_an_abortion_with_a_result_shows_the_cause_and_forgets_who_it_was(
    send, executions, identity, result
):
    with identity.acting_as("ada"):
        executions.terminate_execution(
            execution_pb2.ExecutionTerminateRequest(id=execution_id(), cause="enough"), NOW
        )

    metadata = send("ABORTED", **result).message.closure.abort_metadata

    assert (metadata.cause, metadata.principal) == ("enough", "")


def test_an_event_leaves_the_row_that_was_read_before_alone(send, make):
    before = make.store.executions.get("p", "development", "e1")
    copied = before.message.SerializeToString(deterministic=True)

    send("SUCCEEDED", output_uri="u")

    assert before.phase == "UNDEFINED"
    assert before.message.SerializeToString(deterministic=True) == copied
